/*
 * A loaded module, library or program, as the dynamic linker describes it. What is read here lies
 * in the module itself, and is believed as its code is.
 */
#ifndef FORMATS_VARS_MODULE_H
#define FORMATS_VARS_MODULE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vars_module {
	uintptr_t base; /* what its own addresses are relative to */
	const Elf64_Phdr *headers;
	size_t n_headers;
	const char *path; /* "" for the program */
};

/* A part of the module's memory, by addresses in this process. */
struct vars_range {
	uintptr_t begin;
	uintptr_t end;
};

/* The module that ADDRESS is in. False when there is none. Lasts as long as it is loaded. */
bool vars_module_find(const void *address, struct vars_module *ret_module);

/* Whether all of RANGE is loaded from the module's file, and writable for ever. */
bool vars_module_has(const struct vars_module *module, struct vars_range range);

/* Whether the dynamic linker writes addresses into RANGE: where the first one is. */
bool vars_module_relocates(const struct vars_module *module, struct vars_range range,
			   uintptr_t *ret_at);

/* The name of a variable in RANGE that other modules can bind to, or NULL. */
const char *vars_module_exports(const struct vars_module *module, struct vars_range range);

/* Fold all notes of OWNER that are of TYPE into HASH. */
uint64_t vars_module_notes(const struct vars_module *module, const char *owner, uint32_t type,
			   uint64_t hash);

/* FNV-1a, to be begun with VARS_HASH. */
#define VARS_HASH UINT64_C(0xcbf29ce484222325)
uint64_t vars_hash(uint64_t hash, const void *bytes, size_t size);

#endif
