/*
 * The program headers say what is loaded where, the dynamic section has the relocations and the
 * symbols that others may bind to. A static program has no dynamic section, and neither of them.
 */
#include "formats/vars_module.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

static_assert(sizeof(void *) == 8, "relocations are read as those of 64-bit machines");

struct search {
	uintptr_t address;
	struct vars_module *found;
};

static bool is_in(struct vars_range range, uintptr_t address)
{
	return address >= range.begin && address < range.end;
}

static struct vars_range range_of(const struct vars_module *module, const Elf64_Phdr *header,
				  size_t size)
{
	uintptr_t begin = module->base + header->p_vaddr;

	return (struct vars_range){begin, begin + size};
}

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;
	const struct vars_module module = {
		.base = info->dlpi_addr,
		.headers = info->dlpi_phdr,
		.n_headers = info->dlpi_phnum,
		.path = info->dlpi_name ? info->dlpi_name : "",
	};

	(void)size;
	for (size_t i = 0; i < module.n_headers; i++) {
		const Elf64_Phdr *header = &module.headers[i];

		if (header->p_type == PT_LOAD &&
		    is_in(range_of(&module, header, header->p_memsz), search->address)) {
			*search->found = module;
			return 1;
		}
	}
	return 0;
}

bool vars_module_find(const void *address, struct vars_module *ret_module)
{
	struct search search = {.address = (uintptr_t)address, .found = ret_module};

	return dl_iterate_phdr(look, &search) != 0;
}

/* What the dynamic linker makes read-only when it is done. */
static struct vars_range protected_range(const struct vars_module *module, const Elf64_Phdr *header)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct vars_range range = range_of(module, header, header->p_memsz);

	return (struct vars_range){range.begin & ~(page - 1), range.end & ~(page - 1)};
}

bool vars_module_has(const struct vars_module *module, struct vars_range range)
{
	bool has = false;

	for (size_t i = 0; i < module->n_headers; i++) {
		const Elf64_Phdr *header = &module->headers[i];

		if (header->p_type == PT_LOAD && header->p_flags & PF_W) {
			struct vars_range loaded = range_of(module, header, header->p_filesz);

			has = has || (range.begin >= loaded.begin && range.end <= loaded.end);
		} else if (header->p_type == PT_GNU_RELRO) {
			struct vars_range protected = protected_range(module, header);

			if (range.begin < protected.end && protected.begin < range.end)
				return false;
		}
	}
	return has;
}

static const Elf64_Dyn *dynamic_section(const struct vars_module *module)
{
	for (size_t i = 0; i < module->n_headers; i++)
		if (module->headers[i].p_type == PT_DYNAMIC)
			return (const Elf64_Dyn *)(module->base + module->headers[i].p_vaddr);
	return NULL;
}

/* The value of an entry of the dynamic section, 0 when there is none. */
static uint64_t dynamic_value(const struct vars_module *module, int64_t tag)
{
	const Elf64_Dyn *entry = dynamic_section(module);

	for (; entry && entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == tag)
			return entry->d_un.d_val;
	return 0;
}

/* The same for one that is an address; some dynamic linkers have added the base to it already. */
static uintptr_t dynamic_address(const struct vars_module *module, int64_t tag)
{
	uintptr_t value = dynamic_value(module, tag);

	return value == 0 || value >= module->base ? value : module->base + value;
}

static bool is_relocated_plainly(const struct vars_module *module, struct vars_range range,
				 uintptr_t *ret_at)
{
	const Elf64_Rela *entries = (const Elf64_Rela *)dynamic_address(module, DT_RELA);
	size_t n = entries ? dynamic_value(module, DT_RELASZ) / sizeof(*entries) : 0;

	for (size_t i = 0; i < n; i++)
		if (is_in(range, module->base + entries[i].r_offset)) {
			*ret_at = module->base + entries[i].r_offset;
			return true;
		}
	return false;
}

/*
 * Packed relocations: an even entry is an address; an odd one has, above its lowest bit, a bit for
 * each of the 63 words that follow what was said before.
 */
static bool is_relocated_packed(const struct vars_module *module, struct vars_range range,
				uintptr_t *ret_at)
{
	const uint64_t *entries = (const uint64_t *)dynamic_address(module, DT_RELR);
	size_t n = entries ? dynamic_value(module, DT_RELRSZ) / sizeof(*entries) : 0;
	uintptr_t next = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_bitmap = entries[i] & 1;
		uintptr_t at = is_bitmap ? next : module->base + entries[i];

		for (uint64_t bits = is_bitmap ? entries[i] >> 1 : 1; bits; bits >>= 1) {
			if (bits & 1 && is_in(range, at)) {
				*ret_at = at;
				return true;
			}
			at += sizeof(*entries);
		}
		next = is_bitmap ? next + 63 * sizeof(*entries) : at;
	}
	return false;
}

bool vars_module_relocates(const struct vars_module *module, struct vars_range range,
			   uintptr_t *ret_at)
{
	return is_relocated_plainly(module, range, ret_at) ||
	       is_relocated_packed(module, range, ret_at);
}

/* How many symbols the GNU hash table knows: the last one of the longest chain ends them. */
static size_t count_by_gnu_hash(const uint32_t *table)
{
	uint32_t n_buckets = table[0];
	uint32_t first = table[1];
	uint32_t n_bloom = table[2];
	const uint32_t *buckets = table + 4 + n_bloom * (sizeof(Elf64_Addr) / sizeof(*table));
	const uint32_t *chains = buckets + n_buckets;
	uint32_t last = 0;

	for (uint32_t i = 0; i < n_buckets; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < first)
		return 0;
	while (!(chains[last - first] & 1))
		last++;
	return (size_t)last + 1;
}

static size_t count_symbols(const struct vars_module *module)
{
	const uint32_t *gnu = (const uint32_t *)dynamic_address(module, DT_GNU_HASH);
	const uint32_t *classic = (const uint32_t *)dynamic_address(module, DT_HASH);

	if (classic)
		return classic[1];
	return gnu ? count_by_gnu_hash(gnu) : 0;
}

const char *vars_module_exports(const struct vars_module *module, struct vars_range range)
{
	const Elf64_Sym *symbols = (const Elf64_Sym *)dynamic_address(module, DT_SYMTAB);
	const char *texts = (const char *)dynamic_address(module, DT_STRTAB);
	size_t n = symbols && texts ? count_symbols(module) : 0;

	for (size_t i = 0; i < n; i++)
		if (symbols[i].st_shndx != SHN_UNDEF &&
		    ELF64_ST_TYPE(symbols[i].st_info) == STT_OBJECT &&
		    is_in(range, module->base + symbols[i].st_value))
			return texts + symbols[i].st_name;
	return NULL;
}

uint64_t vars_hash(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* The notes of one segment; what is not whole ends them. */
static uint64_t fold_notes(struct vars_range range, const char *owner, uint32_t type, uint64_t hash)
{
	size_t owner_size = strlen(owner) + 1;
	const Elf64_Nhdr *note;

	while (range.end - range.begin >= sizeof(*note)) {
		const char *name;
		size_t size;

		note = (const Elf64_Nhdr *)range.begin;
		name = (const char *)(note + 1);
		size = sizeof(*note) + padded(note->n_namesz) + padded(note->n_descsz);
		if (size > range.end - range.begin)
			break;
		if (note->n_type == type && note->n_namesz == owner_size &&
		    memcmp(name, owner, owner_size) == 0)
			hash = vars_hash(hash, name + padded(owner_size), note->n_descsz);
		range.begin += size;
	}
	return hash;
}

uint64_t vars_module_notes(const struct vars_module *module, const char *owner, uint32_t type,
			   uint64_t hash)
{
	for (size_t i = 0; i < module->n_headers; i++) {
		const Elf64_Phdr *header = &module->headers[i];

		/* Those with another alignment are of the loader and the compiler. */
		if (header->p_type == PT_NOTE && header->p_align <= 4)
			hash = fold_notes(range_of(module, header, header->p_memsz), owner, type,
					  hash);
	}
	return hash;
}
