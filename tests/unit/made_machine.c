#include "made_machine.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOMEBODY 65534

struct machine machine;
struct findings findings;
static char top[] = "/tmp/shmbroker-unit-XXXXXX"; /* around those of all tests */
static char root[sizeof(top) + 8];

static void remove_tree(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "chmod -R u+rwX %s; rm -rf %s", path, path);
	ck_assert_int_eq(system(command), 0);
}

void machines_begin(void)
{
	strcpy(top + sizeof(top) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(chmod(top, 0755), 0);
}

void machines_end(void)
{
	remove_tree(top);
}

void machine_make(void)
{
	snprintf(root, sizeof(root), "%s/XXXXXX", top);
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, 0755), 0);
	machine = (struct machine){
		.root = root,
		.now = NOW,
		.broker = {.sysv = true},
		.totals = {.pid = 4000, .directory = "/run/shmbroker"},
	};
}

void machine_remove(void)
{
	findings_free(&findings);
	remove_tree(root);
}

/* Make the directories that PATH leads through. */
static char *place(const char *path, char whole[static PATH_MAX])
{
	ck_assert_int_lt(snprintf(whole, PATH_MAX, "%s%s", root, path), PATH_MAX);
	for (char *at = strchr(whole + strlen(root) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(whole, 0755);
		*at = '/';
	}
	return whole;
}

void machine_write_bytes(const char *path, const char *bytes, size_t size)
{
	char whole[PATH_MAX];
	FILE *file = fopen(place(path, whole), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(whole, 0644), 0);
}

void machine_write(const char *path, const char *text)
{
	machine_write_bytes(path, text, strlen(text));
}

void machine_mode(const char *path, unsigned mode)
{
	char whole[PATH_MAX];

	ck_assert_int_eq(chmod(place(path, whole), mode), 0);
}

void machine_link(const char *path, const char *target)
{
	char whole[PATH_MAX];

	ck_assert_int_eq(symlink(target, place(path, whole)), 0);
}

void machine_fifo(const char *path)
{
	char whole[PATH_MAX];

	ck_assert_int_eq(mkfifo(place(path, whole), 0644), 0);
}

void machine_directory(const char *path)
{
	char whole[PATH_MAX];

	ck_assert_int_eq(mkdir(place(path, whole), 0755), 0);
}

void machine_segment(int key, unsigned id, const char *size, unsigned maker, unsigned attached,
		     unsigned uid, unsigned maker_uid)
{
	char whole[PATH_MAX];
	FILE *file = fopen(place(SYSV_FILE, whole), "a");

	ck_assert_ptr_nonnull(file);
	if (ftell(file) == 0)
		fputs("       key      shmid perms                  size  cpid  lpid nattch   uid  "
		      " "
		      "gid  cuid  cgid      atime      dtime      ctime                   rss     "
		      "             swap\n",
		      file);
	fprintf(file,
		"%10d %10u  1600 %21s %5u %5u  %5u %5u %5u %5u %5u %10d %10d %10d %21d %21d\n", key,
		id, size, maker, maker, attached, uid, 0, maker_uid, 0, 0, NOW - 7200, NOW - 9000,
		4096, 0);
	ck_assert_int_eq(fclose(file), 0);
}

void become_somebody(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(SOMEBODY), 0);
}

void become_root(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

void examine(const char *check)
{
	findings_free(&findings);
	findings.check = check;
	machine.sysv_fault = sysv_read(root, &machine.sysv);
	for (size_t i = 0; i < check_table_n; i++)
		if (strcmp(check_table[i].name, check) == 0) {
			check_table[i].run(&machine, &findings);
			sysv_free(&machine.sysv);
			ck_assert(!findings.is_short_of_memory);
			return;
		}
	ck_abort_msg("there is no check \"%s\"", check);
}

static void print_findings(void)
{
	for (size_t i = 0; i < findings.n; i++)
		fprintf(stderr, "%s: %s: %s -> %s\n", severity_words[findings.all[i].severity],
			findings.all[i].subject, findings.all[i].text,
			findings.all[i].mend ? findings.all[i].mend : "");
}

void expect_bad(size_t n)
{
	size_t bad = findings.n - findings_count(&findings, SEVERITY_OK);

	if (bad != n)
		print_findings();
	ck_assert_uint_eq(bad, n);
}

void expect(enum severity severity, const char *subject, const char *text, const char *mend)
{
	for (size_t i = 0; i < findings.n; i++) {
		const struct finding *finding = &findings.all[i];

		if (finding->severity == severity && strcmp(finding->subject, subject) == 0 &&
		    strstr(finding->text, text) &&
		    (mend ? finding->mend && strstr(finding->mend, mend) : !finding->mend))
			return;
	}
	print_findings();
	ck_abort_msg("no %s of %s that says \"%s\", and to mend it \"%s\"",
		     severity_words[severity], subject, text, mend ? mend : "");
}
