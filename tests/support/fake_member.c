/*
 * The file is a memfd that is mapped twice. In front of what members map is a page of our own.
 */
#include "support/fake_member.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OWN_SIZE ROSTER_WORDS

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void *map(int fd, size_t size, int protection, off_t offset)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, offset);

	if (memory == MAP_FAILED)
		give_up("mmap of a roster");
	return memory;
}

void fake_roster_start(struct fake_roster *roster, uint32_t n_slots)
{
	size_t size = roster_size(n_slots);
	int fd = memfd_create("roster", MFD_CLOEXEC);
	char *memory;

	if (fd < 0 || ftruncate(fd, (off_t)(OWN_SIZE + size)) < 0)
		give_up("memfd of a roster");
	memory = map(fd, OWN_SIZE + size, PROT_READ | PROT_WRITE, 0);
	roster->next = (_Atomic uint32_t *)(void *)memory;
	roster->shared = (struct wire_roster *)(void *)(memory + OWN_SIZE);
	roster->shared->magic = ROSTER_MAGIC;
	roster->shared->version = ROSTER_VERSION;
	roster->shared->n_slots = n_slots;
	roster->view = (struct roster){map(fd, size, PROT_READ, OWN_SIZE), size, n_slots,
				       roster_tag_of(roster->shared)};
	(void)close(fd);
}

void fake_roster_stop(struct fake_roster *roster)
{
	(void)munmap((void *)(uintptr_t)roster->view.shared, roster->view.size);
	(void)munmap((void *)roster->next, OWN_SIZE + roster->view.size);
}

uint64_t fake_roster_admit(struct fake_roster *roster)
{
	for (;;) {
		uint32_t slot = atomic_fetch_add(roster->next, 1) % roster->view.n_slots;
		uint64_t word = atomic_load(&roster->shared->words[slot]);
		uint64_t id = roster_id(roster_generation(word) + 1, slot);

		if (word != 0 && !(word & ROSTER_DEAD))
			continue;
		if (atomic_compare_exchange_strong(&roster->shared->words[slot], &word, id))
			return id;
	}
}

void fake_roster_mark_dead(struct fake_roster *roster, uint64_t id)
{
	atomic_store_explicit(&roster->shared->words[roster_slot(id)], id | ROSTER_DEAD,
			      memory_order_release);
}

int fake_roster_announce(struct fake_roster *roster)
{
	_Atomic uint32_t *epoch = &roster->shared->epoch;

	(void)atomic_fetch_add_explicit(epoch, 1, memory_order_release);
	return (int)syscall(SYS_futex, epoch, FUTEX_WAKE, INT_MAX);
}

void fake_roster_bury(struct fake_roster *roster, uint64_t id)
{
	fake_roster_mark_dead(roster, id);
	(void)fake_roster_announce(roster);
}

struct shmb_member fake_member(const struct fake_roster *roster, uint64_t id)
{
	return (struct shmb_member){.id = id, .process = process_here(), .roster = roster->view};
}

struct shmb_member fake_member_new(struct fake_roster *roster)
{
	return fake_member(roster, fake_roster_admit(roster));
}
