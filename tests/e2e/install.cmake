# What is installed. A sanitized build is not, and its library needs more than libc on purpose.
if(NOT SHMB_SANITIZE)
  add_test(NAME e2e.install
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_install.sh
      ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER} ${CMAKE_CXX_COMPILER})
  set_tests_properties(e2e.install PROPERTIES TIMEOUT 180 COST 20 LABELS e2e)
endif()
