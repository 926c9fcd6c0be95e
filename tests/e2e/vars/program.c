/*
 * A program with shared variables of its own, the subject's. It counts as often as it is told, says
 * what the counter then is, and stays until its input ends.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include <shmbroker/shmbroker.h>

#include "subject.h"

int main(int argc, char **argv)
{
	struct shmb_connection *broker;

	if (argc != 3)
		errx(2, "usage: program NAME N");
	if (shmb_connect(NULL, &broker) < 0 ||
	    subject_get()->attach(broker, argv[1], "1", NULL) < 0)
		errx(1, "%s", shmb_last_error());
	subject_get()->count(strtol(argv[2], NULL, 10));
	printf("%ld\n", *subject_get()->counter);
	fflush(stdout);
	while (getchar() != EOF)
		;
	if (subject_get()->detach() < 0)
		errx(1, "%s", shmb_last_error());
	shmb_disconnect(broker);
	return 0;
}
