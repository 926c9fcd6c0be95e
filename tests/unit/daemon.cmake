# The rooms of the daemon, each alone.
shmb_unit_test(test_log LIBS daemon_log)
shmb_unit_test(test_access LIBS daemon_rules)
shmb_unit_test(test_backing LIBS daemon_rules)
shmb_unit_test(test_credentials LIBS daemon_rules)
shmb_unit_test(test_policy LIBS daemon_rules)
shmb_unit_test(test_quota LIBS daemon_rules)
shmb_unit_test(test_config LIBS daemon_rules)
shmb_unit_test(test_segment LIBS daemon_objects)
shmb_unit_test(test_fifo_object SOURCES test_fifo_object.c LIBS daemon_objects)
shmb_unit_test(test_registry LIBS daemon_objects)
shmb_unit_test(test_outbox LIBS daemon_server)
shmb_unit_test(test_runtime LIBS daemon_broker)
shmb_unit_test(test_journal LIBS daemon_broker)

# Sanitizers have an allocator of their own in front.
if(NOT SHMB_SANITIZE)
  shmb_unit_test(test_config_allocation LIBS daemon_rules failing_malloc)
endif()
