/*
 * The file may be another by now than the one that was loaded, or no such file at all. So it is
 * read and not mapped, all that it says is taken with its bounds, and the worst outcome is the
 * wrong name.
 */
#include "formats/vars_symbol.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define TABLE_MAX ((size_t)64 << 20) /* of what is read at once */

static bool read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, buffer, size, (off_t)offset) == (ssize_t)size;
}

/* What SECTION has, as N items of ITEM bytes. NULL when there is none. */
static void *read_section(int fd, const Elf64_Shdr *section, size_t item, size_t *ret_n)
{
	void *bytes;

	if (section->sh_size < item || section->sh_size > TABLE_MAX)
		return NULL;
	bytes = malloc(section->sh_size);
	if (bytes && !read_at(fd, bytes, section->sh_size, section->sh_offset)) {
		free(bytes);
		return NULL;
	}
	*ret_n = section->sh_size / item;
	return bytes;
}

/* The section headers of the file. */
static Elf64_Shdr *read_headers(int fd, size_t *ret_n)
{
	Elf64_Ehdr file;
	Elf64_Shdr all = {0};

	if (!read_at(fd, &file, sizeof(file), 0) || memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 ||
	    file.e_ident[EI_CLASS] != ELFCLASS64 || file.e_shentsize != sizeof(all))
		return NULL;
	all.sh_offset = file.e_shoff;
	all.sh_size = (uint64_t)file.e_shnum * sizeof(all);
	return read_section(fd, &all, sizeof(all), ret_n);
}

static void find_name(int fd, const Elf64_Shdr *symbols, const Elf64_Shdr *texts, uint64_t address,
		      char *name, size_t size)
{
	size_t n = 0;
	size_t n_texts = 0;
	Elf64_Sym *table = read_section(fd, symbols, sizeof(*table), &n);
	char *text = read_section(fd, texts, 1, &n_texts);

	for (size_t i = 0; table && text && i < n; i++) {
		size_t from = table[i].st_name;

		if (ELF64_ST_TYPE(table[i].st_info) != STT_OBJECT || from >= n_texts ||
		    address < table[i].st_value || address - table[i].st_value >= table[i].st_size)
			continue;
		n = strnlen(text + from, n_texts - from < size ? n_texts - from : size - 1);
		memcpy(name, text + from, n);
		name[n] = '\0';
		break;
	}
	free(table);
	free(text);
}

void vars_symbol_name(const char *path, uint64_t address, char *name, size_t size)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	Elf64_Shdr *headers = fd < 0 ? NULL : read_headers(fd, &n);

	name[0] = '\0';
	for (size_t i = 0; headers && i < n; i++)
		if (headers[i].sh_type == SHT_SYMTAB && headers[i].sh_link < n) {
			find_name(fd, &headers[i], &headers[headers[i].sh_link], address, name,
				  size);
			break;
		}
	free(headers);
}
