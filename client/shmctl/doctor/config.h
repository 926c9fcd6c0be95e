/*
 * Configuration in the manner of systemd: a file, the first that is found of /etc, /run,
 * /usr/local/lib and /usr/lib, and beside it drop-ins, which are the files that end in .conf in the
 * directories NAME.d of all four, in the order of their names; of one name the first of the four
 * counts. What a later file says counts.
 */
#ifndef SHMCTL_DOCTOR_CONFIG_H
#define SHMCTL_DOCTOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_BASES 4

extern const char *const config_bases[CONFIG_BASES];

/* Called for each line KEY=VALUE. */
typedef void config_take(void *data, const char *section, const char *key, const char *value);

/*
 * Read NAME, which begins with "/" and is below each base, and its drop-ins, and those in GENERAL,
 * which may be NULL. What is masked, that is a link to /dev/null, is empty. Returns 0; -ENOENT when
 * there is no file NAME, though drop-ins are read; or else -errno for a file that could not be
 * read, when all others have been.
 */
int config_read(const char *root, const char *name, const char *general, config_take *take,
		void *data);

/* Whether VALUE means yes, or no; *ret is as it was when it means neither, as systemd has it. */
void config_take_truth(const char *value, bool *ret);

#endif
