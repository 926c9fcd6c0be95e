# The examples of the library's manual pages. What is compiled here has no sanitizer, and a library
# that has one wants that.
if(NOT SHMB_SANITIZE)
  add_test(NAME e2e.manual_library
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_manual_library.sh
      $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${CMAKE_C_COMPILER} ${PROJECT_SOURCE_DIR}
      $<TARGET_FILE_DIR:shmbroker>)
  set_tests_properties(e2e.manual_library PROPERTIES TIMEOUT 240 COST 10 LABELS e2e)
endif()
