# The modules of the client's core, against the code itself and not the shared library.
find_package(Threads REQUIRED)

add_library(scripted STATIC scripted.c)
target_link_libraries(scripted PUBLIC client_core shmb_build PkgConfig::CHECK)

foreach(part requests comeback permission garbage locate error)
  shmb_unit_test(test_${part} LIBS scripted client_core support Threads::Threads)
endforeach()
shmb_unit_test(test_pollable LIBS scripted client_core support Threads::Threads THREADS)
shmb_unit_test(test_deadline LIBS client_core)
shmb_unit_test(test_futex LIBS client_core support Threads::Threads THREADS)

# Locks want members, and nothing else of a broker.
foreach(part lock lock_peers lock_namespaces condition)
  shmb_unit_test(test_${part} LIBS fake_member client_core support Threads::Threads TIMEOUT 240 THREADS)
endforeach()

# The formats.
add_library(format_memory STATIC cache_memory.c state_memory.c stream_memory.c twin_memory.c)
target_link_libraries(format_memory PUBLIC client_core client_formats cache_audit fake_member proto_layout
  PRIVATE shmb_build PkgConfig::CHECK)
foreach(part layout module)
  shmb_unit_test(test_vars_${part} LIBS scripted client_formats client_core support Threads::Threads)
endforeach()
set(format_libs format_memory client_formats client_core support Threads::Threads)
shmb_unit_test(test_poll LIBS ${format_libs} event_core THREADS)
shmb_unit_test(test_cache_evict LIBS ${format_libs})
foreach(part change get fill time hostile)
  shmb_unit_test(test_cache_${part} LIBS ${format_libs} THREADS)
endforeach()
foreach(part read publish wait hostile)
  shmb_unit_test(test_state_${part} LIBS ${format_libs} THREADS)
endforeach()
foreach(part send overwrite take queue position time seat wait poll hostile)
  shmb_unit_test(test_stream_${part} LIBS ${format_libs} THREADS)
endforeach()
foreach(format cache state)
  shmb_unit_test(test_${format}_crowd LIBS ${format_libs} TIMEOUT 300 COST 20 THREADS)
endforeach()

# What of shmctl stands by itself.
foreach(part subject systemd_unit)
  shmb_unit_test(test_${part} LIBS shmctl_words)
endforeach()

# What "shmctl doctor" says, of machines that are made up.
add_library(made_machine STATIC made_machine.c)
target_link_libraries(made_machine PUBLIC shmctl_doctor PRIVATE shmb_build PkgConfig::CHECK)
foreach(part kernel segments systemd)
  shmb_unit_test(test_doctor_${part} LIBS made_machine shmctl_doctor support)
endforeach()
target_compile_definitions(test_doctor_systemd PRIVATE
  SHMB_TEST_SYSTEMD="${PROJECT_SOURCE_DIR}/systemd")

# Tables, how far a transfer is, and what shmctl top shows.
foreach(part interruption progress table)
  shmb_unit_test(test_${part} LIBS shmctl_lines)
endforeach()
shmb_unit_test(test_top LIBS shmctl_top)

# JSON, and what has colours. The lines stand beside what is printed as JSON.
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
shmb_unit_test(test_colours LIBS shmctl_doctor shmctl_lines)
foreach(file facts/happening output/doctor output/shape output/watch_human)
  target_sources(test_colours PRIVATE ${PROJECT_SOURCE_DIR}/client/shmctl/${file}.c)
endforeach()
target_link_libraries(test_colours PRIVATE PkgConfig::JANSSON)
shmb_unit_test(test_shape)
target_sources(test_shape PRIVATE ${PROJECT_SOURCE_DIR}/client/shmctl/output/shape.c)
target_include_directories(test_shape PRIVATE ${PROJECT_SOURCE_DIR}/client/shmctl)
target_link_libraries(test_shape PRIVATE PkgConfig::JANSSON)
