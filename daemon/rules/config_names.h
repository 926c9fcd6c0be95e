/*
 * Names of users and groups, and what numbers they stand for. This asks the databases of the
 * machine, which can take its time, so it belongs to loading alone.
 *
 * Each call returns 0; -EINVAL with *ret_fault saying what is wrong, as the end of a sentence; or
 * -ENOMEM.
 */
#ifndef RULES_CONFIG_NAMES_H
#define RULES_CONFIG_NAMES_H

#include <sys/types.h>

/* TEXT is a name that exists, or a number. */
int config_find_user(const char *text, uid_t *ret_uid, const char **ret_fault);
int config_find_group(const char *text, gid_t *ret_gid, const char **ret_fault);

/* The own group of a user. */
int config_find_group_of(uid_t uid, gid_t *ret_gid, const char **ret_fault);

/* Whether the group lists no member but UID, nor is the own group of anybody else; a fault when it
 * is. */
int config_check_private(gid_t gid, uid_t uid, const char **ret_fault);

#endif
