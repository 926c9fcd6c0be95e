/*
 * Which shared libraries an ELF file needs.
 *
 * What is read here may be any bytes at all, and may change while it is read: so it is read by
 * pread(2) and not mapped, where a file that is cut short would be a fault; each offset and count
 * is compared with what there is before it is used; and how much is read of one file is bounded.
 */
#ifndef PARSE_ELF_H
#define PARSE_ELF_H

#include <stdbool.h>
#include <stddef.h>

/* Room that is enough for the names of every file that makes sense. */
#define ELF_NAMES_SIZE 16384u

/*
 * The names of the libraries that the file FD needs (DT_NEEDED), in the order in which it names
 * them, each with a 0 after it, into NAMES of ROOM bytes; how many bytes these are is in *ret_size,
 * 0 when it needs none. FD is borrowed, and where it is read next does not change.
 *
 * Returns 0; -ENOEXEC when it is no ELF file, or one for machines of another word or order of
 * bytes; -ELIBBAD when it says that it is one and does not make sense, or has more names than
 * room; else what pread(2) failed with.
 *
 * Threads: safe.
 */
int parse_elf_needs(int fd, char *names, size_t room, size_t *ret_size);

/* Whether SIZE bytes of NAMES can be what parse_elf_needs() gave: printable names, none of them
 * empty, each with a 0 after it. */
bool elf_names_are_sound(const char *names, size_t size);

#endif
