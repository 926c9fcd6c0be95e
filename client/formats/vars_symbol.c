/*
 * The file may be another by now than the one that was loaded, or no such file at all. So it is
 * read and not mapped, all that it says is taken with its bounds, and the worst outcome is the
 * wrong name.
 */
#include "formats/vars_symbol.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define TABLE_MAX ((uint64_t)64 << 20) /* of what is read at once */

struct file {
	int fd;
	uint64_t size;
};

/* What SECTION has, as N items of ITEM bytes. NULL when there is none. */
static void *read_section(const struct file *file, const Elf64_Shdr *section, size_t item,
			  size_t *ret_n)
{
	uint64_t size = section->sh_size;
	void *bytes;

	if (size < item || size > TABLE_MAX || size > file->size ||
	    section->sh_offset > file->size - size)
		return NULL;
	bytes = malloc(size);
	if (bytes && pread(file->fd, bytes, size, (off_t)section->sh_offset) != (ssize_t)size) {
		free(bytes);
		return NULL;
	}
	*ret_n = size / item;
	return bytes;
}

/* The section headers of the file. */
static Elf64_Shdr *read_headers(const struct file *file, size_t *ret_n)
{
	Elf64_Ehdr head;
	Elf64_Shdr all = {0};

	if (pread(file->fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_shentsize != sizeof(all))
		return NULL;
	all.sh_offset = head.e_shoff;
	all.sh_size = (uint64_t)head.e_shnum * sizeof(all);
	return read_section(file, &all, sizeof(all), ret_n);
}

static void find_name(const struct file *file, const Elf64_Shdr *symbols, const Elf64_Shdr *texts,
		      uint64_t address, char *name, size_t size)
{
	size_t n = 0;
	size_t n_texts = 0;
	Elf64_Sym *table = read_section(file, symbols, sizeof(*table), &n);
	char *text = read_section(file, texts, 1, &n_texts);

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
	struct file file = {.fd = fd};
	Elf64_Shdr *headers = NULL;
	struct stat st;
	size_t n = 0;

	name[0] = '\0';
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
		file.size = (uint64_t)st.st_size;
		headers = read_headers(&file, &n);
	}
	for (size_t i = 0; headers && i < n; i++)
		if (headers[i].sh_type == SHT_SYMTAB && headers[i].sh_link < n) {
			find_name(&file, &headers[i], &headers[headers[i].sh_link], address, name,
				  size);
			break;
		}
	free(headers);
}
