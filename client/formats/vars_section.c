/*
 * Each check is for a mistake that would not show: values that are shared with nobody, neighbours
 * that are shared too, addresses of another process. The program is told, and goes on with
 * variables of its own.
 */
#include "formats/vars_section.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "formats/vars_module.h"
#include "formats/vars_symbol.h"

#define NAME_MAX_SHOWN 128

/* As SHMB_SHARED leaves them: how much of its last page a source file does not use. */
#define NOTE_OWNER "shmbroker"
#define NOTE_TYPE  1

static const char *title(const struct vars_module *module)
{
	return module->path[0] ? module->path : "this program";
}

static int check_bounds(const struct vars_module *module, struct vars_range range)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (range.begin >= range.end)
		return error_set(-EINVAL,
				 "%s has no variables to share; mark them with SHMB_SHARED",
				 title(module));
	if (range.begin % page != 0 || range.end % page != 0)
		return error_set(-EINVAL,
				 "the variables of %s that are to be shared do not fill whole "
				 "pages, so that others lie beside them: mark each with "
				 "SHMB_SHARED, and compile the files that do with -fno-lto where "
				 "the linker optimises",
				 title(module));
	if (!vars_module_has(module, range))
		return error_set(-EINVAL,
				 "the variables that %s asks to be shared are not among its own "
				 "writable data: is its __start_shmb_shared hidden, and no linker "
				 "script in the way?",
				 title(module));
	return 0;
}

static int refuse_address(const struct vars_module *module, struct vars_range range, uintptr_t at)
{
	char name[NAME_MAX_SHOWN];

	vars_symbol_name(module->path[0] ? module->path : "/proc/self/exe", at - module->base, name,
			 sizeof(name));
	if (name[0])
		return error_set(-EINVAL,
				 "the shared variable %s of %s begins with an address in it, which "
				 "means nothing in another process; let it hold an index, or set "
				 "it later",
				 name, title(module));
	return error_set(-EINVAL,
			 "a shared variable of %s, byte %zu of the section shmb_shared, begins "
			 "with an address, which means nothing in another process; let it hold an "
			 "index, or set it later",
			 title(module), (size_t)(at - range.begin));
}

static int check_contents(const struct vars_module *module, struct vars_range range)
{
	const char *exported = vars_module_exports(module, range);
	uintptr_t at;

	if (exported)
		return error_set(-EINVAL,
				 "the shared variable %s of %s is exported, and a program may use "
				 "a copy of its own instead: let it be hidden, as SHMB_SHARED "
				 "makes it, and reach it through a function",
				 exported, title(module));
	if (vars_module_relocates(module, range, &at))
		return refuse_address(module, range, at);
	return 0;
}

static uint64_t fingerprint(const struct vars_module *module, uint64_t size)
{
	uint64_t hash = vars_hash(VARS_HASH, &size, sizeof(size));

	return vars_module_notes(module, NOTE_OWNER, NOTE_TYPE, hash);
}

int vars_section_check(const struct shmb_vars_section *section, struct vars_extent *ret_extent)
{
	const struct vars_range range = {(uintptr_t)section->begin, (uintptr_t)section->end};
	struct vars_module module;
	int r;

	if (!vars_module_find(section->module, &module))
		return error_set(-EINVAL, "there is no module at %p that could have variables",
				 section->module);
	r = check_bounds(&module, range);
	if (r == 0)
		r = check_contents(&module, range);
	if (r < 0)
		return r;
	ret_extent->size = range.end - range.begin;
	ret_extent->fingerprint = fingerprint(&module, ret_extent->size);
	return 0;
}
