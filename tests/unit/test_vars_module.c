/*
 * What is read of a loaded module: relocations of both kinds, exported variables by both kinds of
 * hash table, what is writable for ever, notes. The modules are made up here, with addresses that
 * the dynamic linker has and has not moved; and names are looked for in files that are no modules.
 */
#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "formats/vars_module.h"
#include "formats/vars_symbol.h"
#include "support/chance.h"
#include "support/suite.h"

#define PAGE 4096u

/* The module: a page of headers and tables, and pages of data that stand for the variables. */
static _Alignas(PAGE) struct {
	Elf64_Dyn dynamic[16];
	Elf64_Rela relocations[8];
	uint64_t packed[8];
	Elf64_Sym symbols[8];
	uint32_t hash[32];
	char texts[64];
	uint32_t notes[32];
	_Alignas(PAGE) char before[PAGE];
	char variables[2 * PAGE];
	char behind[PAGE];
} image;

static Elf64_Phdr headers[6];
static struct vars_module module;
static struct vars_range range;
static bool is_moved; /* the addresses in the dynamic section */

static uint64_t own_address(const void *at)
{
	return (uintptr_t)at - module.base;
}

static void set_up(void)
{
	memset(&image, 0, sizeof(image));
	memset(headers, 0, sizeof(headers));
	module = (struct vars_module){.base = (uintptr_t)&image,
				      .headers = headers,
				      .n_headers = ARRAY_SIZE(headers)};
	range = (struct vars_range){(uintptr_t)image.variables, (uintptr_t)image.behind};
	headers[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				  .p_flags = PF_R | PF_W,
				  .p_vaddr = own_address(image.before),
				  .p_filesz = 4 * PAGE,
				  .p_memsz = 4 * PAGE};
	headers[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_vaddr = own_address(image.dynamic)};
}

static void add_number(Elf64_Sxword tag, uint64_t value)
{
	Elf64_Dyn *entry = image.dynamic;

	while (entry->d_tag != DT_NULL)
		entry++;
	entry->d_tag = tag;
	entry->d_un.d_val = value;
}

static void add_address(Elf64_Sxword tag, const void *at)
{
	add_number(tag, is_moved ? (uintptr_t)at : own_address(at));
}

/* Once with addresses that are moved, once without. */
#define each_way(i) (is_moved = (i) % 2, set_up())

static void relocate(size_t i, const void *at)
{
	image.relocations[i].r_offset = own_address(at);
	image.relocations[i].r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE);
}

START_TEST(a_relocation_within_is_found)
{
	uintptr_t at = 0;

	each_way(_i);
	ck_assert(!vars_module_relocates(&module, range, &at));
	add_address(DT_RELA, image.relocations);
	add_number(DT_RELASZ, 3 * sizeof(image.relocations[0]));
	relocate(0, image.variables - 8);
	relocate(1, image.behind);
	relocate(2, image.texts);
	relocate(3, image.variables);
	ck_assert(!vars_module_relocates(&module, range, &at));
	relocate(1, image.behind - 8);
	ck_assert(vars_module_relocates(&module, range, &at));
	ck_assert_uint_eq(at, (uintptr_t)image.behind - 8);
	relocate(0, image.variables);
	ck_assert(vars_module_relocates(&module, range, &at));
	ck_assert_uint_eq(at, (uintptr_t)image.variables);
}
END_TEST

/* An address, and bits for the 63 words behind it, and for the 63 behind those. */
START_TEST(a_packed_relocation_within_is_found)
{
	uintptr_t at = 0;

	each_way(_i);
	add_address(DT_RELR, image.packed);
	add_number(DT_RELRSZ, 3 * sizeof(image.packed[0]));
	image.packed[0] = own_address(image.variables - 66 * 8);
	image.packed[1] = 1 | UINT64_C(1) << 63; /* the word at -3 */
	image.packed[2] = 1 | 1 << 1 | 1 << 2;   /* at -2 and -1 */
	ck_assert(!vars_module_relocates(&module, range, &at));
	image.packed[2] |= 1 << 3; /* at 0 */
	ck_assert(vars_module_relocates(&module, range, &at));
	ck_assert_uint_eq(at, (uintptr_t)image.variables);
	image.packed[2] = 1;
	ck_assert(!vars_module_relocates(&module, range, &at));
	image.packed[2] = own_address(image.variables + 16);
	ck_assert(vars_module_relocates(&module, range, &at));
	ck_assert_uint_eq(at, (uintptr_t)image.variables + 16);
	image.packed[2] = own_address(image.behind);
	ck_assert(!vars_module_relocates(&module, range, &at));
}
END_TEST

static void name_symbol(size_t i, uint32_t text, const void *at, int type)
{
	strcpy(image.texts + 1, "first");
	strcpy(image.texts + 7, "second");
	image.symbols[i] = (Elf64_Sym){.st_name = text,
				       .st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, type),
				       .st_shndx = 9,
				       .st_value = own_address(at),
				       .st_size = 4};
}

static void add_symbols(void)
{
	add_address(DT_SYMTAB, image.symbols);
	add_address(DT_STRTAB, image.texts);
	name_symbol(1, 1, image.behind, STT_OBJECT);
	name_symbol(2, 1, image.variables, STT_FUNC);
	name_symbol(3, 1, image.variables, STT_OBJECT);
	image.symbols[3].st_shndx = SHN_UNDEF;
	name_symbol(4, 7, image.variables + 8, STT_OBJECT);
	name_symbol(5, 1, image.variables, STT_OBJECT); /* behind the last one */
}

START_TEST(an_exported_variable_is_found_by_the_classic_table)
{
	each_way(_i);
	add_symbols();
	ck_assert_ptr_null(vars_module_exports(&module, range));
	add_address(DT_HASH, image.hash);
	image.hash[1] = 4;
	ck_assert_ptr_null(vars_module_exports(&module, range));
	image.hash[1] = 5;
	ck_assert_str_eq(vars_module_exports(&module, range), "second");
}
END_TEST

/* Two buckets, one word of bloom filter; the first symbol that is hashed is number 2. */
START_TEST(an_exported_variable_is_found_by_the_gnu_table)
{
	uint32_t *chains = image.hash + 4 + 2 + 2;

	each_way(_i);
	add_symbols();
	add_address(DT_GNU_HASH, image.hash);
	image.hash[0] = 2;
	image.hash[1] = 2;
	image.hash[2] = 1;
	ck_assert_ptr_null(vars_module_exports(&module, range));
	image.hash[6] = 3;
	image.hash[7] = 2;
	chains[0] = 1; /* symbol 2 ends its chain, */
	chains[1] = 1; /* and 3 */
	ck_assert_ptr_null(vars_module_exports(&module, range));
	chains[1] = 4;
	chains[2] = 5;
	ck_assert_str_eq(vars_module_exports(&module, range), "second");
}
END_TEST

START_TEST(only_what_stays_writable_will_do)
{
	set_up();
	ck_assert(vars_module_has(&module, range));
	headers[0].p_filesz = 3 * PAGE;
	ck_assert(vars_module_has(&module, range));
	headers[0].p_filesz -= 1;
	ck_assert(!vars_module_has(&module, range));
	headers[0].p_filesz = 4 * PAGE;
	headers[0].p_flags = PF_R;
	ck_assert(!vars_module_has(&module, range));
	headers[0].p_flags = PF_R | PF_W;
	range.begin -= 2 * PAGE;
	ck_assert(!vars_module_has(&module, range));
	range.begin += 2 * PAGE;
	/* What the linker protects ends on the page in which its last byte is. */
	headers[2] = (Elf64_Phdr){.p_type = PT_GNU_RELRO,
				  .p_vaddr = own_address(image.before),
				  .p_memsz = 2 * PAGE - 1};
	ck_assert(vars_module_has(&module, range));
	headers[2].p_memsz++;
	ck_assert(!vars_module_has(&module, range));
	headers[2].p_vaddr = own_address(image.behind);
	ck_assert(vars_module_has(&module, range));
}
END_TEST

static size_t put_note(size_t at, const char *owner, uint32_t type, uint64_t value)
{
	uint32_t size = (uint32_t)strlen(owner) + 1;

	image.notes[at++] = size;
	image.notes[at++] = sizeof(value);
	image.notes[at++] = type;
	strcpy((char *)&image.notes[at], owner);
	at += (size + 3) / 4;
	memcpy(&image.notes[at], &value, sizeof(value));
	return at + 2;
}

static uint64_t notes(void)
{
	return vars_module_notes(&module, "shmbroker", 1, VARS_HASH);
}

START_TEST(notes_of_one_kind_are_told_from_others)
{
	uint64_t none, one, two;
	size_t at;

	set_up();
	none = notes();
	at = put_note(0, "other", 1, 5);
	at = put_note(at, "shmbroker", 2, 5);
	headers[2] = (Elf64_Phdr){.p_type = PT_NOTE,
				  .p_vaddr = own_address(image.notes),
				  .p_memsz = at * 4,
				  .p_align = 4};
	ck_assert_uint_eq(notes(), none);
	at = put_note(at, "shmbroker", 1, 5);
	ck_assert_uint_eq(notes(), none);
	headers[2].p_memsz = at * 4;
	one = notes();
	ck_assert_uint_ne(one, none);
	at = put_note(at, "shmbroker", 1, 6);
	headers[2].p_memsz = at * 4;
	two = notes();
	ck_assert_uint_ne(two, one);
	(void)put_note(at - 8, "shmbroker", 1, 7);
	ck_assert_uint_ne(notes(), two);
	headers[2].p_memsz -= 1; /* cut in its last one: not read, since it is not whole */
	image.notes[at - 8 + 1] = UINT32_MAX - 8;
	ck_assert_uint_eq(notes(), one);
}
END_TEST

START_TEST(an_address_has_its_module)
{
	int on_the_stack;

	ck_assert(vars_module_find(&image, &module));
	ck_assert_str_eq(module.path, "");
	ck_assert(vars_module_find((const void *)(uintptr_t)malloc, &module));
	ck_assert(!vars_module_find(&on_the_stack, &module));
	ck_assert(!vars_module_find(NULL, &module));
}
END_TEST

int a_variable_to_be_named = 3;

START_TEST(a_variable_is_named_from_the_file)
{
	char name[32];

	ck_assert(vars_module_find(&a_variable_to_be_named, &module));
	vars_symbol_name("/proc/self/exe", (uintptr_t)&a_variable_to_be_named + 3 - module.base,
			 name, sizeof(name));
	ck_assert_str_eq(name, "a_variable_to_be_named");
	vars_symbol_name("/proc/self/exe", (uintptr_t)&a_variable_to_be_named - module.base, name,
			 5);
	ck_assert_str_eq(name, "a_va");
	vars_symbol_name("/proc/self/exe", UINT64_MAX, name, sizeof(name));
	ck_assert_str_eq(name, "");
	vars_symbol_name("/nowhere", 0, name, sizeof(name));
	ck_assert_str_eq(name, "");
	vars_symbol_name("/dev/zero", 0, name, sizeof(name));
	ck_assert_str_eq(name, "");
}
END_TEST

/* Copies of this program with garbage in the headers and tables: any name, but no fault. */
START_TEST(a_file_of_garbage_is_read_safely)
{
	int fd = memfd_create("garbage", MFD_CLOEXEC);
	int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct chance chance;
	Elf64_Ehdr file;
	Elf64_Shdr sections[64];
	char path[64];
	char name[32];

	ck_assert_int_ge(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	chance_init(&chance);
	ck_assert_int_eq(pread(program, &file, sizeof(file), 0), sizeof(file));
	ck_assert_uint_le(file.e_shnum, ARRAY_SIZE(sections));
	ck_assert_int_gt(pread(program, sections, sizeof(sections), (off_t)file.e_shoff), 0);
	for (int round = 0; round < 2000; round++) {
		Elf64_Ehdr bad = file;
		Elf64_Shdr bad_sections[64];

		memcpy(bad_sections, sections, sizeof(sections));
		bad.e_shoff = sizeof(bad);
		if (round % 3 == 0)
			chance_fill(&chance, (char *)&bad + chance_below(&chance, sizeof(bad) - 4),
				    4);
		chance_fill(&chance,
			    (char *)bad_sections + chance_below(&chance, sizeof(bad_sections) - 16),
			    chance_below(&chance, 16));
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(pwrite(fd, &bad, sizeof(bad), 0), sizeof(bad));
		ck_assert_int_eq(pwrite(fd, bad_sections, sizeof(bad_sections), sizeof(bad)),
				 sizeof(bad_sections));
		ck_assert_int_eq(ftruncate(fd, (off_t)chance_below(&chance, 100000)), 0);
		vars_symbol_name(path, chance_below(&chance, 100000), name, sizeof(name));
		ck_assert_uint_lt(strnlen(name, sizeof(name)), sizeof(name));
	}
	close(program);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modules with shared variables");
	TCase *tcase = tcase_create("modules");

	tcase_add_loop_test(tcase, a_relocation_within_is_found, 0, 2);
	tcase_add_loop_test(tcase, a_packed_relocation_within_is_found, 0, 2);
	tcase_add_loop_test(tcase, an_exported_variable_is_found_by_the_classic_table, 0, 2);
	tcase_add_loop_test(tcase, an_exported_variable_is_found_by_the_gnu_table, 0, 2);
	tcase_add_test(tcase, only_what_stays_writable_will_do);
	tcase_add_test(tcase, notes_of_one_kind_are_told_from_others);
	tcase_add_test(tcase, an_address_has_its_module);
	tcase_add_test(tcase, a_variable_is_named_from_the_file);
	tcase_add_test(tcase, a_file_of_garbage_is_read_safely);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
