/*
 * The examination of the machine and of its broker. It connects by itself, since it has to say what
 * it sees also where no broker answers.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <shmbroker/error.h>

#include "doctor/doctor.h"
#include "facts/gather.h"
#include "families.h"
#include "session.h"
#include "wire/place.h"

/* Whether a broker should be there: somebody named one, or the machine has one. */
static bool is_wanted(const struct session *session)
{
	const char *named = getenv("SHMBROKER_SOCKET");
	struct stat st;

	return session->arguments.socket || (named && named[0]) ||
	       stat(WIRE_PLACE_SYSTEM, &st) == 0;
}

/* Ask the broker what it knows. Returns STATUS_DONE, also where none answers. */
static int ask(struct session *session, struct machine *machine, struct gathering *objects)
{
	const struct shmb_connect_options options = {.socket = session->arguments.socket,
						     .program = "shmctl",
						     .no_start = true};
	int status;

	if (shmb_connect(&options, &session->broker) < 0 ||
	    shmb_broker_info(session->broker, &machine->broker) < 0 ||
	    shmb_status(session->broker, &machine->totals) < 0) {
		machine->no_broker = shmb_last_error();
		return STATUS_DONE;
	}
	status = gather_objects(session->broker, NULL, objects);
	machine->objects = objects->elements;
	machine->objects_n = objects->n;
	return status;
}

/* The exit status, and the line that goes with it. */
static int conclude(const struct findings *findings)
{
	size_t problems = findings_count(findings, SEVERITY_PROBLEM);
	size_t warnings = findings_count(findings, SEVERITY_WARNING);

	return problems + warnings == 0
		       ? STATUS_DONE
		       : complain_failed(
				 "problems: %zu, warnings: %zu; standard output says what to "
				 "do about each",
				 problems, warnings);
}

int doctor(struct session *session)
{
	autogathering objects = {.size = sizeof(struct shmb_object)};
	struct machine machine = {.root = "",
				  .uid = geteuid(),
				  .now = time(NULL),
				  .wants_broker = is_wanted(session)};
	autofindings findings = {0};
	int status = ask(session, &machine, &objects);

	if (status == STATUS_DONE)
		status = complain_output(doctor_examine(&machine, &findings));
	if (status == STATUS_DONE)
		status = complain_output(session->output->doctor(session->out, &findings));
	if (status == STATUS_DONE)
		status = conclude(&findings);
	shmb_disconnect(session->broker);
	return status;
}
