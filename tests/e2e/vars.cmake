# Shared variables: a small library (vars/subject.c) built in many ways, which a test loads, and a
# program of the same.
set(subject_dir ${CMAKE_CURRENT_LIST_DIR}/vars)
set(subject_sources ${subject_dir}/subject.c ${subject_dir}/other.c)
set(builds_dir ${CMAKE_CURRENT_BINARY_DIR}/vars)
file(MAKE_DIRECTORY ${builds_dir})

# Compilers and linkers other than the one that builds the rest; those that are not here are left out.
foreach(tool gcc clang ld.bfd ld.gold ld.lld)
  string(MAKE_C_IDENTIFIER "SUBJECT_${tool}" variable)
  find_program(${variable} ${tool})
endforeach()

# vars_build(<name> <compiler> <linker> <flag>...): one build of the library; its name goes into
# builds_made.
function(vars_build name compiler linker)
  string(MAKE_C_IDENTIFIER "SUBJECT_${compiler}" with)
  string(MAKE_C_IDENTIFIER "SUBJECT_ld.${linker}" by)
  if(NOT ${with} OR NOT ${by})
    message(STATUS "Shared variables are not tested with ${name}: no ${compiler} or ld.${linker}")
    return()
  endif()
  set(output ${builds_dir}/${name}.so)
  add_custom_command(OUTPUT ${output}
    COMMAND ${${with}} -shared -fPIC -fuse-ld=${linker} ${ARGN}
      -I${PROJECT_SOURCE_DIR}/client/include ${subject_sources} -o ${output}
      $<TARGET_FILE:shmbroker>
    DEPENDS ${subject_sources} ${subject_dir}/subject.h shmbroker
      ${PROJECT_SOURCE_DIR}/client/include/shmbroker/vars.h
    COMMENT "Building the shared variables ${name}" VERBATIM)
  set(builds_made ${builds_made} ${name} PARENT_SCOPE)
  set(builds_outputs ${builds_outputs} ${output} PARENT_SCOPE)
endfunction()

set(gc -O2 -ffunction-sections -fdata-sections -Wl,--gc-sections)
set(builds_made)
set(builds_outputs)
foreach(compiler gcc clang)
  foreach(linker bfd gold lld)
    vars_build(${compiler}-${linker} ${compiler} ${linker} -O2)
    vars_build(${compiler}-${linker}-gc ${compiler} ${linker} ${gc})
  endforeach()
  vars_build(${compiler}-debug ${compiler} bfd -O0 -g)
endforeach()
vars_build(gcc-lto gcc bfd -O2 -flto=auto)
# A large library, which the linker's optimiser deals out to several assemblers.
vars_build(gcc-lto-parts gcc bfd -O2 -flto=auto --param=lto-min-partition=1 --param=lto-partitions=4)
vars_build(gcc-gold-lto gcc gold -O2 -flto=auto)
vars_build(clang-lto clang lld -O2 -flto)
vars_build(clang-thinlto clang lld -O2 -flto=thin)
vars_build(gcc-relr gcc bfd -O2 -Wl,-z,pack-relative-relocs)
set(good_builds ${builds_made})

# What is refused, or is another version. The stray variable is linked last.
set(builds_made)
vars_build(exported gcc bfd -O2 -DSUBJECT_EXPORTED)
vars_build(exported-classic gcc bfd -O2 -DSUBJECT_EXPORTED -Wl,--hash-style=sysv)
vars_build(pointer gcc bfd -O2 -DSUBJECT_POINTER)
vars_build(pointer-packed gcc bfd -O2 -DSUBJECT_POINTER -Wl,-z,pack-relative-relocs)
vars_build(pointer-stripped gcc bfd -O2 -DSUBJECT_POINTER -s)
vars_build(stray gcc bfd -O2 -DSUBJECT_STRAY)
vars_build(empty gcc bfd -O2 -DSUBJECT_EMPTY)
vars_build(grown gcc bfd -O2 -DSUBJECT_GROWN)
add_custom_target(vars_builds DEPENDS ${builds_outputs})

# As everything else is built: under a sanitizer, with it.
add_library(vars_own MODULE ${subject_sources})
target_link_libraries(vars_own PRIVATE shmb_build shmbroker)
set_target_properties(vars_own PROPERTIES PREFIX "" OUTPUT_NAME own
  LIBRARY_OUTPUT_DIRECTORY ${builds_dir})
list(APPEND good_builds own)

# The program: as a PIE, at a fixed address, and with everything in it.
foreach(kind pie fixed static)
  add_executable(vars_${kind} ${subject_dir}/program.c ${subject_sources})
  target_link_libraries(vars_${kind} PRIVATE shmb_build)
endforeach()
target_link_libraries(vars_pie PRIVATE shmbroker)
target_compile_options(vars_pie PRIVATE -fPIE)
target_link_options(vars_pie PRIVATE -pie)
target_link_libraries(vars_fixed PRIVATE shmbroker)
set_target_properties(vars_fixed PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_compile_options(vars_fixed PRIVATE -fno-pic)
target_link_options(vars_fixed PRIVATE -no-pie)
target_link_libraries(vars_static PRIVATE shmbroker_static)
if(NOT SHMB_SANITIZE)
  target_link_options(vars_static PRIVATE -static)
endif()

shmb_e2e_test(test_vars LIBS e2e_library ${CMAKE_DL_LIBS} TIMEOUT 180 COST 10 THREADS)
shmb_e2e_test(test_vars_lock LIBS e2e_library ${CMAKE_DL_LIBS} COST 3 THREADS)
shmb_e2e_test(test_vars_hostile LIBS e2e_library ${CMAKE_DL_LIBS} COST 5)
shmb_e2e_test(test_vars_builds LIBS e2e_library ${CMAKE_DL_LIBS} TIMEOUT 400 COST 15)
shmb_e2e_test(test_vars_faults LIBS e2e_library ${CMAKE_DL_LIBS} TIMEOUT 180 COST 10)
foreach(test test_vars test_vars_lock test_vars_hostile test_vars_builds test_vars_faults)
  add_dependencies(${test} vars_builds vars_own vars_pie vars_fixed vars_static)
  string(REPLACE ";" "," list "${good_builds}")
  target_compile_definitions(${test} PRIVATE SHMB_TEST_VARS="${builds_dir}/"
    SHMB_TEST_VARS_GOOD="${list}" SHMB_TEST_PROGRAMS="${CMAKE_CURRENT_BINARY_DIR}/vars_")
endforeach()
