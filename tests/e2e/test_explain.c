/*
 * What EXPLAIN says is what then happens. Objects with any mode and list are made by several users;
 * each user asks about each of them, and tries; root asks about him too. And the same for creating
 * under a policy and limits.
 */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "library.h"
#include "support/chance.h"
#include "support/child.h"
#include "support/says.h"
#include "support/suite.h"

#define N_OBJECTS 72
#define STAFF     64510
#define GUESTS    64511

/* Who there is: of one group, of several, of one that is another's; and root. */
static const struct person {
	uid_t uid;
	gid_t gid;
	unsigned n;
	gid_t groups[2];
} people[] = {
	{UID_ALICE, UID_ALICE, 0, {0}},     {UID_BOB, UID_BOB, 1, {STAFF}},  {64503, STAFF, 0, {0}},
	{64504, 64504, 2, {GUESTS, STAFF}}, {64505, GUESTS, 1, {UID_ALICE}}, {0, 0, 0, {0}},
};

static struct making {
	char name[16];
	unsigned owner; /* index of people */
	bool is_fifo;
	unsigned mode;
	unsigned acl_n;
	struct shmb_acl_entry acl[4];
} makings[N_OBJECTS];

static char directory[] = "/tmp/shmbroker-explain-XXXXXX";
static char config[64];
static struct broker broker;
static struct shmb_connection *root;
static struct chance chance;

#define POLICY                                                                                     \
	"[Prefix claimed]\nCreate=u:64501 g:64510\n"                                               \
	"[Prefix claimed/pipes]\nCreate=*\nBackings=fifo\n"                                        \
	"[Prefix sysv]\nCreate=*\nBackings=sysv\n"                                                 \
	"[Prefix sysv/open]\nCreate=*\nMode=0666\nBackings=sysv\n"                                 \
	"[Prefix bare]\nCreate=*\nBackings=memfd\n"                                                \
	"[Quota u:64502]\nObjects=3\nBytes=4097\nSysvSegments=1\nHolds=4\n"

static void make_directory(void)
{
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(config, sizeof(config), "%s/shmbrokerd.conf", directory);
	file = fopen(config, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(POLICY, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void remove_directory(void)
{
	(void)unlink(config);
	(void)rmdir(directory);
}

static void start(void)
{
	const char *const options[] = {"--config", config, NULL};

	broker_start(&broker, options);
	root = library_connect(&broker);
}

static void stop(void)
{
	shmb_disconnect(root);
	broker_stop(&broker);
}

static void become_person(const struct person *person)
{
	ck_assert_int_eq(setgroups(person->n, person->groups), 0);
	ck_assert_int_eq(setresgid(person->gid, person->gid, person->gid), 0);
	ck_assert_int_eq(setresuid(person->uid, person->uid, person->uid), 0);
}

static struct shmb_question question_about(const struct person *person, enum shmb_deed deed)
{
	return (struct shmb_question){.deed = deed,
				      .uid = person->uid,
				      .gid = person->gid,
				      .groups = person->groups,
				      .groups_n = person->n};
}

static struct shmb_verdict ask(struct shmb_connection *connection, const char *name,
			       const struct person *person, enum shmb_deed deed)
{
	struct shmb_question question = question_about(person, deed);
	struct shmb_verdict verdict;

	expect_ok(shmb_explain(connection, name, &question, &verdict));
	ck_assert_msg(verdict.rule[0] != '\0', "%s: no rule decides", name);
	return verdict;
}

static unsigned any_mode(bool is_fifo)
{
	static const unsigned bits[] = {0, 4, 6, 2};
	unsigned n = is_fifo ? 4 : 3, mode = 0;

	for (int i = 0; i < 3; i++)
		mode = mode << 3 | bits[chance_below(&chance, n)];
	return mode ? mode : SHMB_MODE_NONE;
}

/* A list of up to four of the people and their groups, none twice, none that the mode is for. */
static void make_list(struct making *making)
{
	const struct person *owner = &people[making->owner];
	uint64_t n = chance_below(&chance, ARRAY_SIZE(making->acl) + 1);

	while (making->acl_n < n) {
		const struct person *person = &people[chance_below(&chance, ARRAY_SIZE(people))];
		bool is_user = chance_below(&chance, 2);
		uint32_t id = is_user ? person->uid : person->gid;
		bool is_taken = id == (is_user ? owner->uid : owner->gid);

		for (unsigned i = 0; i < making->acl_n; i++)
			is_taken |= making->acl[i].id == id &&
				    (making->acl[i].subject == SHMB_SUBJECT_USER) == is_user;
		if (is_taken) {
			n--; /* there may be nobody left */
			continue;
		}
		making->acl[making->acl_n++] = (struct shmb_acl_entry){
			.subject = is_user ? SHMB_SUBJECT_USER : SHMB_SUBJECT_GROUP,
			.access = making->is_fifo ? 1 + (unsigned)chance_below(&chance, 3)
						  : 1 + 2 * (unsigned)chance_below(&chance, 2),
			.id = id,
		};
	}
}

static void make_up(void)
{
	/* Bob, who has limits, owns none of them. */
	static const unsigned owners[] = {0, 2, 3, 5};

	chance_init(&chance);
	memset(makings, 0, sizeof(makings));
	for (unsigned i = 0; i < N_OBJECTS; i++) {
		struct making *making = &makings[i];

		snprintf(making->name, sizeof(making->name), "made/%u", i);
		making->owner = owners[chance_below(&chance, ARRAY_SIZE(owners))];
		making->is_fifo = chance_below(&chance, 3) == 0;
		making->mode = any_mode(making->is_fifo);
		if (making->is_fifo || chance_below(&chance, 2))
			make_list(making);
		else if (chance_below(&chance, 2))
			making->mode = 0666; /* which System V can say */
	}
}

static int make_own(struct child *self, void *data)
{
	const unsigned *owner = data;
	struct shmb_connection *connection;

	(void)self;
	become_person(&people[*owner]);
	connection = library_connect(&broker);
	for (unsigned i = 0; i < N_OBJECTS; i++) {
		const struct making *making = &makings[i];
		struct shmb_segment_options segment = {.size = 1,
						       .flags = SHMB_CREATE | SHMB_EXCLUSIVE,
						       .lifetime = SHMB_LIFETIME_KEEP,
						       .mode = making->mode,
						       .acl = making->acl,
						       .acl_n = making->acl_n};
		struct shmb_fifo_options pipe = {.flags = SHMB_CREATE | SHMB_EXCLUSIVE,
						 .lifetime = SHMB_LIFETIME_KEEP,
						 .mode = making->mode,
						 .acl = making->acl,
						 .acl_n = making->acl_n};
		struct shmb_fifo *fifo;

		if (making->owner != *owner)
			continue;
		if (making->is_fifo)
			expect_ok(shmb_fifo_open(connection, making->name, SHMB_FIFO_READ, &pipe,
						 &fifo));
		else
			(void)library_create(connection, making->name, &segment);
	}
	shmb_disconnect(connection);
	return 0;
}

static int try_access(struct shmb_connection *connection, const struct making *making,
		      enum shmb_deed deed)
{
	struct shmb_segment_options options = {.flags = deed == SHMB_DEED_READ ? SHMB_READ : 0};
	struct shmb_segment *segment = NULL;
	struct shmb_fifo *fifo = NULL;
	int r;

	if (making->is_fifo)
		r = shmb_fifo_open(connection, making->name,
				   deed == SHMB_DEED_READ ? SHMB_FIFO_READ : SHMB_FIFO_WRITE, NULL,
				   &fifo);
	else
		r = shmb_segment_open(connection, making->name, &options, &segment);
	shmb_fifo_close(fifo);
	shmb_segment_detach(segment);
	return r;
}

/* To the mode that it was made with. Where System V cannot say that mode, the change was allowed
 * all the same, and it was for another reason that it did not come to it. */
static int try_to_manage(struct shmb_connection *connection, const struct making *making)
{
	struct shmb_change change = {.kind = SHMB_CHANGE_MODE,
				     .mode = making->mode == SHMB_MODE_NONE ? 0 : making->mode};
	int r = shmb_permit(connection, making->name, &change, NULL);

	return r == -EOPNOTSUPP ? 0 : r;
}

static int try_deed(struct shmb_connection *connection, const struct making *making,
		    enum shmb_deed deed)
{
	return deed == SHMB_DEED_MANAGE ? try_to_manage(connection, making)
					: try_access(connection, making, deed);
}

static int compare_access(struct child *self, void *data)
{
	static const enum shmb_deed deeds[] = {SHMB_DEED_READ, SHMB_DEED_WRITE, SHMB_DEED_MANAGE};
	const struct person *person = data;
	struct shmb_connection *above = library_connect(&broker);
	struct shmb_connection *connection;
	unsigned n_allowed = 0;

	(void)self;
	become_person(person);
	connection = library_connect(&broker);
	for (unsigned i = 0; i < N_OBJECTS * ARRAY_SIZE(deeds); i++) {
		const struct making *making = &makings[i / ARRAY_SIZE(deeds)];
		enum shmb_deed deed = deeds[i % ARRAY_SIZE(deeds)];
		struct shmb_verdict own = ask(connection, making->name, person, deed);
		struct shmb_verdict roots = ask(above, making->name, person, deed);
		int r = try_deed(connection, making, deed);

		ck_assert_msg(own.allowed == (r >= 0),
			      "uid %u, deed %d on %s: explained as %d (%s), and then %d (%s)",
			      person->uid, deed, making->name, own.allowed, own.rule, r,
			      shmb_last_error());
		ck_assert(r >= 0 || r == (deed == SHMB_DEED_MANAGE ? -EPERM : -EACCES));
		ck_assert_int_eq(roots.allowed, own.allowed);
		ck_assert_str_eq(roots.rule, own.rule);
		n_allowed += r >= 0;
	}
	/* Else nothing was compared. */
	ck_assert_uint_gt(n_allowed, 0);
	ck_assert(person->uid == 0 || n_allowed < N_OBJECTS * ARRAY_SIZE(deeds));
	shmb_disconnect(connection);
	shmb_disconnect(above);
	return 0;
}

START_TEST(what_is_explained_of_an_object_is_what_happens)
{
	if (!is_root_or_says_skipped())
		return;
	start();
	make_up();
	for (unsigned i = 0; i < ARRAY_SIZE(people); i++)
		child_run(make_own, &i);
	for (unsigned i = 0; i < ARRAY_SIZE(people); i++)
		child_run(compare_access, (void *)&people[i]);
	for (unsigned i = 0; i < N_OBJECTS; i++)
		expect_ok(shmb_remove(root, makings[i].name, NULL));
	stop();
}
END_TEST

/* Create the smallest segment NAME, or a FIFO, with what the policy has for it. */
static int try_create(struct shmb_connection *connection, const char *name, bool is_fifo)
{
	struct shmb_segment_options segment_options = {.size = 1,
						       .flags = SHMB_CREATE | SHMB_EXCLUSIVE};
	struct shmb_fifo_options fifo_options = {.flags = SHMB_CREATE | SHMB_EXCLUSIVE};
	struct shmb_segment *segment = NULL;
	struct shmb_fifo *fifo = NULL;
	int r = is_fifo ? shmb_fifo_open(connection, name, SHMB_FIFO_READ, &fifo_options, &fifo)
			: shmb_segment_open(connection, name, &segment_options, &segment);

	if (r >= 0)
		expect_ok(shmb_remove(connection, name, NULL));
	shmb_segment_detach(segment);
	shmb_fifo_close(fifo);
	return r;
}

/* What is explained of creating NAME is so: something can be had, or nothing. The rule says TEXT.
 */
static void compare_creation(struct shmb_connection *connection, const char *name,
			     const struct person *person, const char *text)
{
	struct shmb_verdict verdict = ask(connection, name, person, SHMB_DEED_CREATE);
	int segment = try_create(connection, name, false);
	int fifo = try_create(connection, name, true);

	ck_assert_msg(verdict.allowed == (segment >= 0 || fifo >= 0),
		      "uid %u, %s: explained as %d (%s), and then %d and %d (%s)", person->uid,
		      name, verdict.allowed, verdict.rule, segment, fifo, shmb_last_error());
	ck_assert_msg(!strstr(verdict.rule, "as a FIFO alone") == (segment >= 0 || fifo < 0) &&
			      !strstr(verdict.rule, "not as a FIFO") == (fifo >= 0 || segment < 0),
		      "%s: \"%s\", and then %d and %d", name, verdict.rule, segment, fifo);
	ck_assert_msg(!text || strstr(verdict.rule, text), "%s: \"%s\" does not say \"%s\"", name,
		      verdict.rule, text);
}

static int compare_creations(struct child *self, void *data)
{
	static const char *const names[] = {"free/x",  "claimed/x",   "claimed/pipes/x",
					    "sysv/x",  "sysv/open/x", "bare/x",
					    "claimed", "existing"};
	const struct person *person = data;
	struct shmb_connection *connection;

	(void)self;
	become_person(person);
	connection = library_connect(&broker);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		compare_creation(connection, names[i], person, NULL);
	compare_creation(connection, "existing", person, "exists already");
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_is_explained_of_a_name_is_what_happens)
{
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	start();
	segment = library_create(root, "existing", &page);
	for (unsigned i = 0; i < ARRAY_SIZE(people); i++)
		child_run(compare_creations, (void *)&people[i]);
	shmb_segment_detach(segment);
	stop();
}
END_TEST

/* Bob uses up one limit after the other. */
static int use_up(struct child *self, void *data)
{
	struct shmb_segment_options options = {.size = 1, .flags = SHMB_CREATE};
	struct shmb_connection *connection;
	struct shmb_segment *held[3], *more, *another;
	struct shmb_verdict verdict;
	const struct person *bob = data;

	(void)self;
	become_person(bob);
	connection = library_connect(&broker);
	compare_creation(connection, "free/x", bob,
			 "left to uid 64502: 3 objects, 4097 bytes, 1 System V segments");
	held[0] = library_create(connection, "sysv/open/one", &options);
	compare_creation(connection, "sysv/open/x", bob, "has 1 System V segments");
	compare_creation(connection, "free/x", bob, "2 objects, 4096 bytes, 0 System V segments");
	options.size = 4096;
	held[1] = library_create(connection, "bare/two", &options);
	compare_creation(connection, "free/x", bob, "has 4097 bytes");
	compare_creation(connection, "bare/x", bob, "has 4097 bytes");
	shmb_segment_detach(held[1]);
	eventually(!library_exists(connection, "bare/two"));
	options.size = 1;
	held[1] = library_create(connection, "bare/two", &options);
	held[2] = library_create(connection, "free/three", &options);
	compare_creation(connection, "free/x", bob, "has 3 objects");
	shmb_segment_detach(held[1]);
	eventually(!library_exists(connection, "bare/two"));
	held[1] = library_open(connection, "free/three", NULL);
	more = library_open(connection, "free/three", NULL);
	compare_creation(connection, "free/x", bob, "has 4 entries of the ledger");
	verdict = ask(connection, "free/three", bob, SHMB_DEED_READ);
	ck_assert_int_eq(verdict.allowed, 0);
	ck_assert_ptr_nonnull(strstr(verdict.rule, "has 4 entries of the ledger"));
	expect_refused(shmb_segment_open(connection, "free/three", NULL, &another), -EDQUOT);
	shmb_segment_detach(more);
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
		shmb_segment_detach(held[i]);
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_is_used_up_is_explained)
{
	if (!is_root_or_says_skipped())
		return;
	start();
	child_run(use_up, (void *)&people[1]);
	stop();
}
END_TEST

static int be_nobody(struct child *self, void *data)
{
	struct shmb_connect_options options = {.socket = broker.socket, .no_start = true};
	struct shmb_connection *connection;

	(void)self;
	become_person(data);
	expect_refused(shmb_connect(&options, &connection), -EACCES);
	return 0;
}

START_TEST(who_is_not_admitted_may_do_nothing)
{
	static const struct person nobody = {65534, 65534, 0, {0}};
	static const enum shmb_deed deeds[] = {SHMB_DEED_CREATE, SHMB_DEED_READ, SHMB_DEED_WRITE,
					       SHMB_DEED_MANAGE};
	struct shmb_segment_options options = {.size = 1, .flags = SHMB_CREATE, .mode = 0666};
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	start();
	segment = library_create(root, "open", &options);
	for (unsigned i = 0; i < ARRAY_SIZE(deeds); i++) {
		const char *name = deeds[i] == SHMB_DEED_CREATE ? "free/x" : "open";
		struct shmb_verdict verdict = ask(root, name, &nobody, deeds[i]);

		ck_assert_int_eq(verdict.allowed, 0);
		ck_assert_ptr_nonnull(strstr(verdict.rule, "uid 65534"));
	}
	child_run(be_nobody, (void *)&nobody);
	shmb_segment_detach(segment);
	stop();
}
END_TEST

/* Lists are shown to those who may open the object: so nobody can ask them out, group by group. */
static int ask_beyond_own(struct child *self, void *data)
{
	const struct person *bob = data;
	struct shmb_question alice = question_about(&people[0], SHMB_DEED_READ);
	struct shmb_question own = question_about(bob, SHMB_DEED_READ), many = own;
	const gid_t guests = GUESTS;
	struct shmb_connection *connection;
	struct shmb_verdict verdict;

	(void)self;
	become_person(bob);
	connection = library_connect(&broker);
	expect_ok(shmb_explain(connection, "listed", &own, &verdict));
	ck_assert_int_eq(verdict.allowed, 0);
	expect_refused(shmb_explain(connection, "listed", &alice, &verdict), -EPERM);
	many.groups_n = 257;
	expect_refused(shmb_explain(connection, "listed", &many, &verdict), -EINVAL);
	says("257 groups are more than can be asked about");
	own.groups = &guests;
	expect_refused(shmb_explain(connection, "listed", &own, &verdict), -EPERM);
	ck_assert_ptr_nonnull(strstr(shmb_last_error(), "group 64511"));
	own.groups_n = 0;
	own.gid = GUESTS;
	expect_refused(shmb_explain(connection, "listed", &own, &verdict), -EPERM);
	own.gid = STAFF;
	expect_ok(shmb_explain(connection, "listed", &own, &verdict));
	own.gid = (gid_t)-1; /* none */
	expect_ok(shmb_explain(connection, "listed", &own, &verdict));
	shmb_disconnect(connection);
	return 0;
}

START_TEST(what_other_groups_may_is_not_told)
{
	static const struct shmb_acl_entry for_guests = {SHMB_SUBJECT_GROUP, SHMB_ACCESS_READ,
							 GUESTS};
	struct shmb_segment_options options = {
		.size = 1, .flags = SHMB_CREATE, .mode = 0600, .acl = &for_guests, .acl_n = 1};
	struct shmb_segment *segment;

	if (!is_root_or_says_skipped())
		return;
	start();
	segment = library_create(root, "listed", &options);
	child_run(ask_beyond_own, (void *)&people[1]);
	shmb_segment_detach(segment);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tcase = tcase_create("explain");

	tcase_add_unchecked_fixture(tcase, make_directory, remove_directory);
	tcase_add_test(tcase, what_is_explained_of_an_object_is_what_happens);
	tcase_add_test(tcase, what_is_explained_of_a_name_is_what_happens);
	tcase_add_test(tcase, what_is_used_up_is_explained);
	tcase_add_test(tcase, who_is_not_admitted_may_do_nothing);
	tcase_add_test(tcase, what_other_groups_may_is_not_told);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
