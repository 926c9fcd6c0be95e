/*
 * A refusal is cheap, since who is refused may try again at once, on all cores. To find out which
 * programs use up a user's connections thousands of them are looked at: so that is done once in a
 * period for each user, and for so many users; meanwhile the others hear what is counted.
 */
#include "server/door.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "log.h"
#include "rules/credentials.h"
#include "server/closing.h"
#include "server/overdraft.h"
#include "server/peer.h"
#include "server/rights.h"
#include "server/server.h"
#include "wire/packet.h"

#define PERIOD_MS 1000

static void send_refusal(int socket, int status, const char *reason)
{
	struct wire_header header = {.version = WIRE_VERSION_OLDEST,
				     .type = WIRE_ANSWER,
				     .status = status};
	struct wire_refusal refusal;
	uint8_t bytes[WIRE_PACKET_MAX];
	size_t size;

	text_copy(refusal.reason, sizeof(refusal.reason), reason);
	if (wire_encode_packet(&header, &wire_refusal_shape, &refusal, bytes, &size) == 0)
		(void)!packet_send(socket, bytes, size, -1);
}

/* Nobody is charged for it. */
static void close_unpaid(struct server *server, int take_fd, uid_t uid)
{
	struct charge nothing = {.account = NULL};

	closing_end(server, take_fd, uid, rights_may_come(take_fd), &nothing);
}

/* REASON goes on after "the broker". */
static void turn_away(struct server *server, int take_fd, const struct credentials *credentials,
		      int status, const char *reason)
{
	char sentence[WIRE_REASON_MAX + 1];
	const struct denial denial = {.credentials = credentials,
				      .program = "",
				      .operation = "CONNECT",
				      .name = "",
				      .reason = sentence,
				      .status = status,
				      .at_door = true};

	snprintf(sentence, sizeof(sentence), "the broker %s", reason);
	registry_deny(server->registry, &denial);
	send_refusal(take_fd, status, reason);
	close_unpaid(server, take_fd, credentials->uid);
}

/* Who is behind SOCKET, as far as he is to be named. */
static struct credentials name(int socket)
{
	struct credentials credentials = {.uid = CREDENTIALS_UID_UNMAPPED,
					  .gid = CREDENTIALS_GID_UNMAPPED};

	(void)credentials_without_groups(socket, &credentials);
	return credentials;
}

const char *door_no_descriptor(void)
{
	return "has no file descriptor left for another client; try again later, or raise its "
	       "limit (LimitNOFILE)";
}

void door_turn_away(struct server *server, int take_fd)
{
	const struct credentials credentials = name(take_fd);

	turn_away(server, take_fd, &credentials, -EMFILE, door_no_descriptor());
}

static bool was_told(const struct door *door, uid_t uid)
{
	for (unsigned i = 0; i < door->n_told; i++)
		if (door->told[i] == uid)
			return true;
	return false;
}

/* Whether UID is to be told now which programs have his connections. */
static bool may_survey(struct door *door, uid_t uid)
{
	uint64_t now = clock_now_ms();

	if (now - door->since_ms >= PERIOD_MS)
		*door = (struct door){.since_ms = now};
	if (door->n_told == DOOR_SURVEYS_MAX || was_told(door, uid))
		return false;
	door->told[door->n_told++] = uid;
	return true;
}

static void refuse_more(struct server *server, const struct peer *peer, int take_fd)
{
	char words[OVERDRAFT_WORDS_MAX], reason[WIRE_REASON_MAX + 1];
	const struct credentials *user = &peer->credentials;

	if (may_survey(&server->door, user->uid))
		overdraft_tell(peer, user, RESOURCE_CONNECTIONS, "", words);
	else
		overdraft_describe(server->registry, user, RESOURCE_CONNECTIONS, words);
	snprintf(reason, sizeof(reason), "takes no more of this user's: %s", words);
	turn_away(server, take_fd, user, -EDQUOT, reason);
}

static void refuse_groups(struct server *server, int take_fd, const struct credentials *user)
{
	char reason[WIRE_REASON_MAX + 1];

	snprintf(reason, sizeof(reason),
		 "judges at most %u groups of a user, and uid %u is in more",
		 CREDENTIALS_GROUPS_MAX, user->uid);
	turn_away(server, take_fd, user, -E2BIG, reason);
}

void door_refuse(struct server *server, const struct peer *peer, int take_fd, int r)
{
	struct credentials user;

	if (r == -EDQUOT) {
		refuse_more(server, peer, take_fd);
		return;
	}
	user = name(take_fd);
	if (r == -E2BIG) {
		refuse_groups(server, take_fd, &user);
	} else {
		log_peer("a connection is refused: %s", strerror(-r));
		close_unpaid(server, take_fd, user.uid);
	}
}
