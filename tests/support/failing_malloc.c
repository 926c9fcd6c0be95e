/*
 * malloc and its kin in front of those of glibc. When the chosen allocation fails in a preloaded
 * process, the file SHMB_FAIL_MARK is made, so that a test knows when K has gone beyond all that
 * there are.
 */
#include "support/failing_malloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long left; /* allocations until the one that fails; 0 and less: disarmed */
static atomic_bool is_paused;
static atomic_bool fired;

static void mark(void)
{
	const char *path = getenv("SHMB_FAIL_MARK");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		(void)close(fd);
}

static bool fails(void)
{
	if (atomic_load(&is_paused) || atomic_load_explicit(&left, memory_order_relaxed) <= 0 ||
	    atomic_fetch_sub_explicit(&left, 1, memory_order_relaxed) != 1)
		return false;
	atomic_store(&fired, true);
	mark();
	errno = ENOMEM;
	return true;
}

__attribute__((constructor)) static void arm_from_environment(void)
{
	const char *k = getenv("SHMB_FAIL_ALLOCATION");

	if (k)
		failing_malloc_arm(strtol(k, NULL, 10));
}

void failing_malloc_arm(long k)
{
	atomic_store(&fired, false);
	atomic_store(&left, k);
}

void failing_malloc_pause(void)
{
	atomic_store(&is_paused, true);
}

void failing_malloc_resume(void)
{
	atomic_store(&is_paused, false);
}

bool failing_malloc_fired(void)
{
	return atomic_load(&fired);
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

__attribute__((visibility("default"))) int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *got = fails() ? NULL : __libc_memalign(alignment, size);

	if (!got)
		return ENOMEM;
	*ret = got;
	return 0;
}

/*
 * glibc 2.36 dies where it looks up a name and has no memory for its lists of services
 * (nss/nss_database.c), so allocations do not count there.
 */
__attribute__((visibility("default"))) struct passwd *getpwuid(uid_t uid)
{
	struct passwd *(*next)(uid_t uid);
	struct passwd *entry;
	void *found;

	failing_malloc_pause();
	found = dlsym(RTLD_NEXT, "getpwuid");
	memcpy(&next, &found, sizeof(next));
	entry = next(uid);
	failing_malloc_resume();
	return entry;
}

__attribute__((visibility("default"))) struct group *getgrgid(gid_t gid)
{
	struct group *(*next)(gid_t gid);
	struct group *entry;
	void *found;

	failing_malloc_pause();
	found = dlsym(RTLD_NEXT, "getgrgid");
	memcpy(&next, &found, sizeof(next));
	entry = next(gid);
	failing_malloc_resume();
	return entry;
}
