/*
 * The subject, loaded by a test.
 */
#ifndef VARS_LOADED_H
#define VARS_LOADED_H

#include <check.h>
#include <dlfcn.h>
#include <stdio.h>

#include "subject.h"

struct loaded {
	void *module;
	const struct subject *subject;
};

/* Load BUILD of it. */
static inline struct loaded loaded_open(const char *build)
{
	char path[512];
	struct loaded loaded;
	subject_fn *function;

	snprintf(path, sizeof(path), SHMB_TEST_VARS "%s.so", build);
	loaded.module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(loaded.module != NULL, "%s", dlerror());
	*(void **)&function = dlsym(loaded.module, "subject_get");
	ck_assert_msg(function != NULL, "%s", dlerror());
	loaded.subject = function();
	return loaded;
}

static inline void loaded_close(struct loaded *loaded)
{
	ck_assert_int_eq(dlclose(loaded->module), 0);
	loaded->subject = NULL;
}

#endif
