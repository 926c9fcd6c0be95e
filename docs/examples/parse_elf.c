/*
 * The way through the file: its header says where the program headers are; one of them where the
 * dynamic section is, which has the address of the strings and, as offsets into them, the names;
 * and the segments that are loaded say where in the file that address is.
 */
#include "parse_elf.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define SEGMENTS_MAX 64u
#define DYNAMIC_MAX  1024u
#define NAME_SIZE    256u /* of one library, with its 0 */

#if BYTE_ORDER == LITTLE_ENDIAN
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

struct elf {
	int fd;
	unsigned n_segments;
	Elf64_Phdr segments[SEGMENTS_MAX];
	size_t n_dynamic;
	Elf64_Dyn dynamic[DYNAMIC_MAX];
	uint64_t strings; /* where in the file they are */
	uint64_t strings_size;
};

/* Where the names go. */
struct names {
	char *text;
	size_t size;
	size_t room;
};

/* Read SIZE bytes at OFFSET, which is what the file says. -ELIBBAD when it does not have them. */
static int read_at(const struct elf *elf, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	if (offset > INT64_MAX - size)
		return -ELIBBAD;
	while (done < size) {
		ssize_t n =
			pread(elf->fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ELIBBAD;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static int read_segments(struct elf *elf)
{
	Elf64_Ehdr header;
	int r = read_at(elf, 0, &header, sizeof(header));

	if (r < 0)
		return r == -ELIBBAD ? -ENOEXEC : r;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != OUR_ORDER)
		return -ENOEXEC;
	if (header.e_phnum == 0)
		return 0;
	if (header.e_phnum > SEGMENTS_MAX || header.e_phentsize != sizeof(Elf64_Phdr))
		return -ELIBBAD;
	elf->n_segments = header.e_phnum;
	return read_at(elf, header.e_phoff, elf->segments, elf->n_segments * sizeof(Elf64_Phdr));
}

static const Elf64_Phdr *find_dynamic(const struct elf *elf)
{
	for (unsigned i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].p_type == PT_DYNAMIC)
			return &elf->segments[i];
	return NULL;
}

/* Where the strings at ADDRESS are in the file, and cut to what is loaded of it there. */
static int place_strings(struct elf *elf, uint64_t address, uint64_t size)
{
	for (unsigned i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t into = address - segment->p_vaddr;

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    into >= segment->p_filesz)
			continue;
		if (segment->p_offset > UINT64_MAX - into)
			return -ELIBBAD;
		elf->strings = segment->p_offset + into;
		elf->strings_size =
			size < segment->p_filesz - into ? size : segment->p_filesz - into;
		return 0;
	}
	return -ELIBBAD;
}

/* Read the entries of the dynamic section, up to its end. Without one there are none. */
static int read_dynamic(struct elf *elf)
{
	const Elf64_Phdr *dynamic = find_dynamic(elf);
	size_t n = dynamic ? dynamic->p_filesz / sizeof(Elf64_Dyn) : 0;
	int r;

	if (n > DYNAMIC_MAX)
		return -ELIBBAD;
	r = n > 0 ? read_at(elf, dynamic->p_offset, elf->dynamic, n * sizeof(Elf64_Dyn)) : 0;
	while (r == 0 && elf->n_dynamic < n && elf->dynamic[elf->n_dynamic].d_tag != DT_NULL)
		elf->n_dynamic++;
	return r;
}

static int find_strings(struct elf *elf)
{
	uint64_t address = 0, size = 0;

	for (size_t i = 0; i < elf->n_dynamic; i++) {
		if (elf->dynamic[i].d_tag == DT_STRTAB)
			address = elf->dynamic[i].d_un.d_ptr;
		else if (elf->dynamic[i].d_tag == DT_STRSZ)
			size = elf->dynamic[i].d_un.d_val;
	}
	return elf->n_dynamic > 0 ? place_strings(elf, address, size) : 0;
}

static bool is_sound(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return length > 0;
}

static int add_name(const struct elf *elf, uint64_t offset, struct names *names)
{
	char name[NAME_SIZE];
	size_t size = sizeof(name), length;
	int r;

	if (offset >= elf->strings_size)
		return -ELIBBAD;
	if (size > elf->strings_size - offset)
		size = elf->strings_size - offset;
	r = read_at(elf, elf->strings + offset, name, size);
	if (r < 0)
		return r;
	length = strnlen(name, size);
	if (length == size || !is_sound(name, length) || length >= names->room - names->size)
		return -ELIBBAD;
	memcpy(names->text + names->size, name, length + 1);
	names->size += length + 1;
	return 0;
}

int parse_elf_needs(int fd, char *text, size_t room, size_t *ret_size)
{
	struct elf elf = {.fd = fd};
	struct names names = {.text = text, .room = room};
	int r = read_segments(&elf);

	if (r == 0)
		r = read_dynamic(&elf);
	if (r == 0)
		r = find_strings(&elf);
	for (size_t i = 0; r == 0 && i < elf.n_dynamic; i++)
		if (elf.dynamic[i].d_tag == DT_NEEDED)
			r = add_name(&elf, elf.dynamic[i].d_un.d_val, &names);
	if (r == 0)
		*ret_size = names.size;
	return r;
}

bool elf_names_are_sound(const char *names, size_t size)
{
	for (size_t at = 0, length; at < size; at += length + 1) {
		length = strnlen(names + at, size - at);
		if (length == size - at || !is_sound(names + at, length))
			return false;
	}
	return true;
}
