/*
 * state_weather: the weather, for any number of programs to follow.
 *
 *   state_weather follow             print it, and again whenever it changes
 *   state_weather set SKY DEGREES    change it
 *
 * Let it follow in as many terminals as you like, and set it to "sunny 21" in another. Kill any of
 * them at any time: the others do not notice.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shmbroker/shmbroker.h>

struct weather {
	char sky[16];
	int degrees;
};

/* Whoever comes first creates it. */
static struct shmb_state *open_weather(struct shmb_connection *broker, bool writes)
{
	struct shmb_state_options options = {
		.segment.flags = SHMB_CREATE,
		.segment.lifetime = SHMB_LIFETIME_KEEP,
		.value_size = sizeof(struct weather),
		.writes = writes,
	};
	struct shmb_state *state;

	if (shmb_state_open(broker, "demo/weather", &options, &state) < 0)
		errx(EXIT_FAILURE, "%s", shmb_last_error());
	return state;
}

static void set(struct shmb_state *state, const char *sky, const char *degrees)
{
	struct weather weather = {.degrees = atoi(degrees)};

	strncpy(weather.sky, sky, sizeof(weather.sky) - 1);
	/* Others who set it at the same moment are waited for, a second at most. */
	if (shmb_state_publish(state, &weather, sizeof(weather), shmb_deadline_in_ms(1000), NULL) <
	    0)
		errx(EXIT_FAILURE, "%s", shmb_last_error());
}

/* What the last version says. Whoever may write may write anything: its size is looked at. */
static void print_weather(const struct shmb_state *state, uint64_t *version)
{
	struct weather weather;
	size_t size = 0;
	int r = shmb_state_read(state, &weather, sizeof(weather), version, &size);

	if (r < 0)
		errx(EXIT_FAILURE, "%s", shmb_last_error());
	if (r == SHMB_EMPTY)
		puts("nobody has looked out of the window yet");
	else if (size == sizeof(weather))
		printf("%.15s, %d degrees\n", weather.sky, weather.degrees);
	fflush(stdout);
}

static void follow(const struct shmb_state *state)
{
	uint64_t version = 0;

	for (;;) {
		print_weather(state, &version);
		/* Sleeps until there is another version than that. */
		if (shmb_state_wait(state, version, SHMB_NO_DEADLINE, NULL) < 0)
			errx(EXIT_FAILURE, "%s", shmb_last_error());
	}
}

int main(int argc, char **argv)
{
	bool sets = argc == 4 && strcmp(argv[1], "set") == 0;
	struct shmb_connection *broker;
	struct shmb_state *state;

	if (!sets && !(argc == 2 && strcmp(argv[1], "follow") == 0))
		errx(2, "usage: state_weather follow | state_weather set SKY DEGREES");
	if (shmb_connect(NULL, &broker) < 0)
		errx(EXIT_FAILURE, "%s", shmb_last_error());
	state = open_weather(broker, sets);
	if (sets)
		set(state, argv[2], argv[3]);
	else
		follow(state);
	shmb_state_close(state);
	shmb_disconnect(broker);
	return EXIT_SUCCESS;
}
