/*
 * A name service that hangs, to be preloaded into the broker: whoever asks for the user "slow"
 * waits as long as the file SHMB_SLOW_NAMES is there, and is then told uid 64501. Where
 * SHMB_SLOW_NAMES is "PATH", the file "PATH.asked" is made as soon as somebody asks.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef int getpwnam_r_fn(const char *name, struct passwd *entry, char *buffer, size_t size,
			  struct passwd **ret);

static void wait_at(const char *path)
{
	static const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
	char asked[256];
	int fd;

	(void)snprintf(asked, sizeof(asked), "%s.asked", path);
	fd = open(asked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
	while (access(path, F_OK) == 0)
		(void)nanosleep(&pause, NULL);
}

__attribute__((visibility("default"))) int getpwnam_r(const char *name, struct passwd *entry,
						      char *buffer, size_t size,
						      struct passwd **ret)
{
	const char *path = getenv("SHMB_SLOW_NAMES");
	getpwnam_r_fn *next;
	void *found = dlsym(RTLD_NEXT, "getpwnam_r");

	if (path && strcmp(name, "slow") == 0) {
		wait_at(path);
		*entry = (struct passwd){.pw_uid = 64501, .pw_gid = 64501};
		*ret = entry;
		return 0;
	}
	memcpy(&next, &found, sizeof(next));
	return next ? next(name, entry, buffer, size, ret) : ENOSYS;
}
