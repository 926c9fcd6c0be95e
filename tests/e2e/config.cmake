# The check of the configuration, on the files that come with the broker.
add_test(NAME e2e.check_config
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_check_config.sh
    $<TARGET_FILE:shmbrokerd> ${PROJECT_SOURCE_DIR})
set_tests_properties(e2e.check_config PROPERTIES TIMEOUT 60 LABELS e2e)
