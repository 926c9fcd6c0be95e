# The command line tool, against the real broker.
add_test(NAME e2e.shmctl
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/SHMCTL-JSON.md)
set_tests_properties(e2e.shmctl PROPERTIES TIMEOUT 240 COST 20 LABELS e2e)

foreach(family state stream)
  add_test(NAME e2e.shmctl_${family}
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_${family}.sh
      $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/SHMCTL-JSON.md)
  set_tests_properties(e2e.shmctl_${family} PROPERTIES TIMEOUT 240 COST 10 LABELS e2e)
endforeach()

add_test(NAME e2e.shmctl_cache
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_cache.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/SHMCTL-JSON.md)
set_tests_properties(e2e.shmctl_cache PROPERTIES TIMEOUT 240 COST 15 LABELS e2e)

add_test(NAME e2e.shmctl_watch
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_watch.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/SHMCTL-JSON.md)
set_tests_properties(e2e.shmctl_watch PROPERTIES TIMEOUT 240 COST 20 LABELS e2e)

add_test(NAME e2e.shmctl_graph
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_graph.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/SHMCTL-JSON.md
    $<TARGET_FILE:state_weather>)
set_tests_properties(e2e.shmctl_graph PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS e2e)

add_test(NAME e2e.shmctl_metrics
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_metrics.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/METRICS.md)
set_tests_properties(e2e.shmctl_metrics PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS e2e)

add_test(NAME e2e.exporter
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_exporter.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/METRICS.md)
set_tests_properties(e2e.exporter PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS e2e)

# The machine and its broker, as they are.
add_test(NAME e2e.shmctl_doctor
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_doctor.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> ${PROJECT_SOURCE_DIR}/docs/SHMCTL-JSON.md)
set_tests_properties(e2e.shmctl_doctor PROPERTIES TIMEOUT 120 LABELS e2e)

add_test(NAME e2e.shmctl_top
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_top.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>)
set_tests_properties(e2e.shmctl_top PROPERTIES TIMEOUT 240 COST 20 SKIP_RETURN_CODE 77 LABELS e2e)

# On a terminal, and when everything goes wrong.
add_test(NAME e2e.shmctl_terminal
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_terminal.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>)
set_tests_properties(e2e.shmctl_terminal PROPERTIES TIMEOUT 240 COST 20 SKIP_RETURN_CODE 77 LABELS e2e)

if(TARGET shmctl_reference)
  add_test(NAME e2e.shmctl_hardship
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_hardship.sh
      $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>
      ${PROJECT_BINARY_DIR}/client/shmctl/reference/shmctl.bash)
  set_tests_properties(e2e.shmctl_hardship PROPERTIES TIMEOUT 300 COST 30 LABELS e2e)
endif()

# What shmctl says when something fails under it. Sanitizers let nothing be preloaded before them.
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
add_executable(shmctl_without_screen ${PROJECT_SOURCE_DIR}/client/shmctl/top/screen_missing.c
  $<FILTER:$<TARGET_OBJECTS:shmctl>,EXCLUDE,screen[_a-z]*[.]c[.]o$>)
target_link_libraries(shmctl_without_screen PRIVATE shmctl_doctor shmctl_lines shmctl_top
  shmbroker proto_figures shmb_build PkgConfig::JANSSON)
if(NOT SHMB_SANITIZE)
  add_test(NAME e2e.shmctl_faults
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_faults.sh
      $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> $<TARGET_FILE:shmctl_without_screen>
      $<TARGET_FILE:failing_calls> $<TARGET_FILE:lying_broker>)
  add_test(NAME e2e.shmctl_memory
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_memory.sh
      $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> $<TARGET_FILE:failing_malloc>)
  set_tests_properties(e2e.shmctl_faults e2e.shmctl_memory PROPERTIES TIMEOUT 240 COST 20
    LABELS e2e)
endif()

add_test(NAME e2e.shmctl_start
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_shmctl_start.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>)
set_tests_properties(e2e.shmctl_start PROPERTIES TIMEOUT 120 COST 20 LABELS e2e)

# The tutorial, typed as it stands.
add_test(NAME e2e.tutorial
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_tutorial.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> $<TARGET_FILE_DIR:state_weather>
    ${PROJECT_SOURCE_DIR}/docs/TUTORIAL.md)
set_tests_properties(e2e.tutorial PROPERTIES TIMEOUT 120 LABELS e2e)

# A program in namespaces of its own.
add_test(NAME e2e.container
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_container.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>)
set_tests_properties(e2e.container PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77 LABELS e2e)

# A cache that others use.
shmb_e2e_test(test_cache_turns LIBS e2e_library proto_layout)
target_compile_definitions(test_cache_turns PRIVATE SHMB_TEST_SHMCTL="$<TARGET_FILE:shmctl>")
add_dependencies(test_cache_turns shmctl)

# Probes for tracers.
add_test(NAME e2e.probes
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_probes.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmbroker> $<TARGET_FILE:shmctl>
    ${PROJECT_SOURCE_DIR}/docs/TRACING.md)
set_tests_properties(e2e.probes PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77 LABELS e2e)

# Its completions, asked as the shells ask them.
if(TARGET shmctl_reference)
  foreach(shell bash zsh)
    add_test(NAME e2e.completion_${shell}
      COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_completion_${shell}.sh
        $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>
        ${PROJECT_BINARY_DIR}/client/shmctl/reference/shmctl.${shell})
    set_tests_properties(e2e.completion_${shell} PROPERTIES TIMEOUT 120 COST 5
      SKIP_RETURN_CODE 77 LABELS e2e)
  endforeach()
endif()
