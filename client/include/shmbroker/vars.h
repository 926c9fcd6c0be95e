/*
 * Vars: the variables of a library, or of a program, shared by every process that loads it.
 *
 *     SHMB_SHARED _Atomic long visits = 1000;
 *     SHMB_SHARED struct row table[64];
 *
 *     shmb_vars_attach(broker, "lib/tally", "1", NULL);
 *
 * From that call on their pages, at their own address, are those of the segment "lib/tally.1":
 * plain loads and stores, no call of the library. Who is first puts his values into it, which at
 * load are the initial ones; all others get the values that are there.
 *
 *                 | attach  detach  info  use of the variables
 *   attach        |  busy    busy   busy        (1)
 *   detach        |  busy    busy   busy        (1)
 *   info          |  busy    busy   busy        yes
 *   use           |  (1)     (1)    yes         (2)
 *
 *   yes: by any threads at the same time; busy: of different modules together, of one module one
 *   call at a time, and the other one answers -EBUSY. (1) also together, but what this process
 *   writes while the call runs may be lost, and each variable of up to 8 bytes is whole. (2) as
 *   between threads: an unguarded `counter++` of two processes is a race; _Atomic types, and locks
 *   among the variables (lock.h), work across them.
 *
 * Progress. Using the variables never waits. Attaching waits for the broker, and for the process
 * that has to put its values in, up to the timeout; when that dies the next one does it. Detaching
 * waits for nobody.
 *
 * Before attach and after detach the variables are ordinary ones of this process: with their
 * initial values, or what was written to them; detaching leaves the shared values in them. An
 * attach that fails changes nothing. So a library works without a broker too, for each process
 * alone.
 *
 * Hostile peers. Who may write the object may write anything into the variables, at any moment: a
 * number that is an index or a length is to be checked after it was read, once. Nothing that a peer
 * writes makes attaching or detaching fail otherwise than with an error.
 *
 * What can be shared. Variables at file scope, of a shared library or of a program, PIE or not, of
 * as many source files as there are, each of which begins a page of its own in the file. They lie
 * in the library's file with all their bytes: what is large belongs into a segment. No pointers as
 * initial values (-EINVAL): an address means nothing in another process. And the variables are
 * their module's alone: hidden, so that no program gets a copy of one instead. Others reach them
 * through its functions.
 *
 * Versions. Raise the version when the variables change, in number, order, type or meaning: then
 * old and new programs each have their own. A library that was rebuilt with other variables under
 * the same version is refused (-ESTALE) as far as that shows in their sizes. Compilers keep the
 * order of the source; a struct that holds them all has an order that is certain.
 *
 * Forking. A child keeps the variables and shares them on. The broker knows nothing of it: when all
 * others have gone, the next process begins with values of its own. A child that lives longer than
 * its parent, or uses locks among them, calls shmb_rejoin() (member.h), with which they are its own
 * as they are its parent's; or it connects and attaches anew.
 *
 * Locks among the variables. Who detaches keeps the lock as it is at that moment, as all values:
 * held by another, it looks so until that one ends. So take it before detaching, or zero it after.
 *
 * In a constructor (__attribute__((constructor))) this works, with care. The call may wait, and
 * other threads' dlopen(3) with it: give the connection a short timeout. Without no_start it may
 * start a broker, and the program then sees a child end that it does not know. Constructors that
 * ran before have seen this process's own values. When the module is unloaded it is detached, if
 * it has not been, after its destructors; one that has the static library in it has to detach by
 * itself. At the end of the process nothing is done.
 */
#ifndef SHMBROKER_VARS_H
#define SHMBROKER_VARS_H

#include <stddef.h>

#include <shmbroker/connection.h>
#include <shmbroker/segment.h>

SHMB_BEGIN_DECLS

/* Before a definition, at file scope. */
#define SHMB_SHARED                                                                                \
	SHMB_SHARED_WHOLE_PAGES                                                                    \
	__attribute__((SHMB_SHARED_SECTION, visibility("hidden")))

/* Instead of `static` before a definition. */
#define SHMB_SHARED_STATIC SHMB_SHARED_WHOLE_PAGES static __attribute__((SHMB_SHARED_SECTION))

/* Instead of `extern`, where other files of the same module are to know the variable. */
#define SHMB_SHARED_EXTERN extern __attribute__((visibility("hidden")))

/*
 * Share the variables of the module that contains this call, through the segment NAME.VERSION,
 * which is created when there is none. OPTIONS are those of shmb_segment_open(), NULL for the
 * defaults; size and layout follow from the variables and have to be 0. By default the values last
 * as long as any process has them attached.
 *
 * Returns 0; -EINVAL when the variables cannot be shared, for a reason that is said with what to
 * do: the module has no whole pages of them, exports one, or initialises one with an address; also
 * for a faulty name, version or option, as SHMB_READ; -EALREADY when they are shared already;
 * -EBUSY when another thread is attaching or detaching them; -ESTALE when the segment is of other
 * variables, or of something else; -EACCES when writing is not granted; -EBADMSG when what the
 * segment begins with makes no sense; else as shmb_segment_open() and shmb_segment_ready(). Then
 * nothing has changed.
 *
 * Threads: as said above. Processes: a forked child may attach anew, through its own connection.
 * Since 0.1.
 */
static inline int shmb_vars_attach(struct shmb_connection *connection, const char *name,
				   const char *version, const struct shmb_segment_options *options);

/*
 * Make the variables ordinary ones of this process again, with the values that they have now. With
 * the connection's end they are that, too. When there is no memory for that they keep the pages
 * that they have, which nobody may share with them any more.
 *
 * Returns 0, also when they were not shared; -EBUSY as above; -EOWNERDEAD in a forked child that
 * has not attached them itself.
 */
static inline int shmb_vars_detach(void);

struct shmb_vars_facts {
	void *address; /* of the first page */
	size_t size;   /* of all, in bytes */
	struct shmb_segment_facts segment;
};

/*
 * What they are shared through. Texts last until detach. Returns 0; -ENOTCONN when they are not
 * shared; -EBUSY; -EOWNERDEAD as above, where they are shared all the same.
 */
static inline int shmb_vars_info(struct shmb_vars_facts *ret_info);

/*
 * The rest is what the above is made of, for other languages and those who are curious.
 */

/* Where the variables of a module are, and what names the module: the address of its __dso_handle.
 */
struct shmb_vars_section {
	void *begin;
	void *end;
	void *module;
};

SHMB_EXPORT int shmb_vars_section_attach(const struct shmb_vars_section *section,
					 struct shmb_connection *connection, const char *name,
					 const char *version,
					 const struct shmb_segment_options *options);
SHMB_EXPORT int shmb_vars_section_detach(const struct shmb_vars_section *section);
SHMB_EXPORT int shmb_vars_section_info(const struct shmb_vars_section *section,
				       struct shmb_vars_facts *ret_info);

/* The largest page of any machine of the kind. */
#if defined(__x86_64__) || defined(__riscv)
#define SHMB_SHARED_PAGE "4096"
#else
#define SHMB_SHARED_PAGE "65536"
#endif

/*
 * The variables of a source file begin on a page, and end on one: behind them, in a subsection that
 * comes after all that the compiler puts into the section, the assembler fills up the page. It
 * leaves a note of how much that is, by which versions are told apart. Saying it once for each file
 * is enough, so only the first function of these does.
 *
 * Why a function: where the linker optimises, gcc deals the code out to several assemblers, and
 * only what is not to be reordered stays with the variables. An instruction of its own at file
 * scope would go to the first of them.
 */
#define SHMB_SHARED_WHOLE_PAGES                                                                    \
	static SHMB_SHARED_ORDERED void SHMB_SHARED_NAME(__COUNTER__)(void)                        \
	{                                                                                          \
		__asm__(".ifndef .Lshmb_shared_pages\n"                                            \
			".set .Lshmb_shared_pages, 1\n"                                            \
			".pushsection shmb_shared, \"aw\", %progbits\n"                            \
			".subsection 8000\n"                                                       \
			"68841: .balign " SHMB_SHARED_PAGE "\n"                                    \
			"68842:\n"                                                                 \
			".popsection\n"                                                            \
			".pushsection .note.shmbroker, \"a\", %note\n"                             \
			".balign 4\n"                                                              \
			".long 10, 8, 1\n"                                                         \
			".asciz \"shmbroker\"\n"                                                   \
			".balign 4\n"                                                              \
			".quad 68842b - 68841b\n"                                                  \
			".popsection\n"                                                            \
			".endif\n");                                                               \
	}

#ifdef __clang__
#define SHMB_SHARED_ORDERED __attribute__((used, cold))
#define SHMB_SHARED_SECTION section("shmb_shared")
#else
#define SHMB_SHARED_ORDERED __attribute__((used, cold, no_reorder))
#define SHMB_SHARED_SECTION section("shmb_shared"), no_reorder
#endif

#define SHMB_SHARED_NAME(number)  SHMB_SHARED_NAME_(number)
#define SHMB_SHARED_NAME_(number) shmb_shared_pages_##number

/* From the linker and the compiler; hidden, so that each module has its own. */
SHMB_SHARED_EXTERN char __start_shmb_shared[];
SHMB_SHARED_EXTERN char __stop_shmb_shared[];
SHMB_SHARED_EXTERN void *__dso_handle;

static inline struct shmb_vars_section shmb_vars_section_here(void)
{
	struct shmb_vars_section section;

	section.begin = __start_shmb_shared;
	section.end = __stop_shmb_shared;
	section.module = &__dso_handle;
	return section;
}

static inline int shmb_vars_attach(struct shmb_connection *connection, const char *name,
				   const char *version, const struct shmb_segment_options *options)
{
	const struct shmb_vars_section here = shmb_vars_section_here();

	return shmb_vars_section_attach(&here, connection, name, version, options);
}

static inline int shmb_vars_detach(void)
{
	const struct shmb_vars_section here = shmb_vars_section_here();

	return shmb_vars_section_detach(&here);
}

static inline int shmb_vars_info(struct shmb_vars_facts *ret_info)
{
	const struct shmb_vars_section here = shmb_vars_section_here();

	return shmb_vars_section_info(&here, ret_info);
}

SHMB_END_DECLS

#endif
