# Two versions of the protocol. The second is built by the test itself, in a directory within this one.
if(SHMB_WIRE_NEXT)
  # The core of the library beside the calls of the shared one: the operation has no public call.
  shmb_e2e_test(test_next SOURCES test_next.c library.c LIBS client_core support)
elseif(NOT SHMB_SANITIZE)
  add_test(NAME e2e.two_versions
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_two_versions.sh ${PROJECT_BINARY_DIR}
      ${PROJECT_SOURCE_DIR})
  set_tests_properties(e2e.two_versions PROPERTIES TIMEOUT 900 COST 100 LABELS e2e)
endif()
