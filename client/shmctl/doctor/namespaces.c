/*
 * Whether shmctl, and with it the programs that are started as it is, sees what the broker sees.
 */
#include <inttypes.h>

#include "doctor.h"

static bool has_no_broker(const struct machine *machine, struct findings *findings)
{
	if (machine->no_broker)
		findings_add(findings, SEVERITY_OK, "namespace",
			     "there is no broker to compare it with");
	return machine->no_broker;
}

void check_ipc_namespace(const struct machine *machine, struct findings *findings)
{
	if (has_no_broker(machine, findings) || machine->broker.sysv)
		return;
	findings_add(findings, SEVERITY_NOTE, "IPC namespace",
		     "this is another one than the broker's: segments that are made from here are "
		     "memfds, System V segments and --key are refused, and what is said here of "
		     "System V segments holds for this namespace");
	findings_mend(findings, "make memfds, or share the namespace (--ipc=host), and without "
				"PrivateIPC= in the unit; see docs/CONTAINERS.md");
}

/* Of a broker in another namespace, or of one that /proc hides, there is nothing, or another. */
void check_process_namespace(const struct machine *machine, struct findings *findings)
{
	char command[COMMAND_MAX];

	if (has_no_broker(machine, findings) ||
	    doctor_is_broker(machine->root, machine->totals.pid, command))
		return;
	if (!command[0])
		findings_add(findings, SEVERITY_NOTE, "process namespace",
			     "the broker's process %" PRIu32 " is not seen here: this is another "
			     "namespace than its, or /proc hides it",
			     machine->totals.pid);
	else
		findings_add(findings, SEVERITY_NOTE, "process namespace",
			     "process %" PRIu32 ", which the broker says it is, is another program "
			     "here (%s): this is another namespace than its",
			     machine->totals.pid, command);
	findings_mend(findings, "take process ids that shmctl prints for those of the broker's "
				"namespace; see docs/CONTAINERS.md");
}
