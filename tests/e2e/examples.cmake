# The programs of docs/examples.
add_test(NAME e2e.tally
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_tally.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>
    $<TARGET_FILE:tallysell> $<TARGET_FILE:tallyboard>)
set_tests_properties(e2e.tally PROPERTIES TIMEOUT 60 LABELS e2e)

add_test(NAME e2e.wordcount
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_wordcount.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>
    $<TARGET_FILE:wordcount> $<TARGET_FILE:wordtop>)
set_tests_properties(e2e.wordcount PROPERTIES TIMEOUT 180 COST 20 LABELS e2e)
add_test(NAME e2e.prefork
  COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/test_prefork.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> $<TARGET_FILE:prefork>)
set_tests_properties(e2e.prefork PROPERTIES TIMEOUT 120 COST 5 LABELS e2e)

add_test(NAME e2e.state_weather
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_state_weather.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> $<TARGET_FILE:state_weather>)
set_tests_properties(e2e.state_weather PROPERTIES TIMEOUT 120 LABELS e2e)

foreach(example linecount logmerge)
  add_test(NAME e2e.${example}
    COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_${example}.sh
      $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl> $<TARGET_FILE:${example}>)
  set_tests_properties(e2e.${example} PROPERTIES TIMEOUT 120 COST 5 LABELS e2e)
endforeach()

add_test(NAME e2e.libneeds
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_libneeds.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>
    $<TARGET_FILE:libneeds> $<TARGET_FILE:libusers>)
set_tests_properties(e2e.libneeds PROPERTIES TIMEOUT 180 COST 10 LABELS e2e)

add_executable(memcached_calls memcached_calls.c)
target_link_libraries(memcached_calls PRIVATE shmbroker shmb_build)
add_test(NAME e2e.memcached
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/test_memcached.sh
    $<TARGET_FILE:shmbrokerd> $<TARGET_FILE:shmctl>
    $<TARGET_FILE:memcached_hits> $<TARGET_FILE:memcached_calls> ${CMAKE_C_COMPILER})
set_tests_properties(e2e.memcached PROPERTIES TIMEOUT 120 COST 5 LABELS e2e)
