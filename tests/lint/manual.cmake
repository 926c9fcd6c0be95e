# The manual pages say what there is, and show without a warning.
if(TARGET manual_source)
  get_property(manual_pages GLOBAL PROPERTY SHMB_MANUAL)
  set(manual_arguments $<TARGET_FILE:shmctl> $<TARGET_FILE:shmbrokerd>
    ${PROJECT_SOURCE_DIR}/daemon/main.c ${PROJECT_BINARY_DIR}/docs/man/shmctl.1.scd ${PROJECT_SOURCE_DIR}/docs/man)
  add_test(NAME lint.manual COMMAND sh ${lint}/manual.sh ${manual_arguments})
  add_test(NAME lint.manual_self COMMAND sh ${lint}/manual_self_test.sh ${manual_arguments})
  add_test(NAME lint.manual_pages COMMAND sh ${lint}/manual_pages.sh ${manual_pages})
  set_tests_properties(lint.manual lint.manual_self lint.manual_pages
    PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77 LABELS lint)
endif()
