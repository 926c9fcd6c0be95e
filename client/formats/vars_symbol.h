/*
 * The name of a variable, for a sentence: from the symbol table of the module's file, which the
 * dynamic linker does not load.
 */
#ifndef FORMATS_VARS_SYMBOL_H
#define FORMATS_VARS_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * The variable of the file PATH at ADDRESS, which is the file's own, is put into NAME, cut to SIZE
 * bytes; "" when it cannot be told, as with a file that was stripped.
 */
void vars_symbol_name(const char *path, uint64_t address, char *name, size_t size);

#endif
