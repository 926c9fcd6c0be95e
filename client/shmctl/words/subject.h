/*
 * Users and groups as people write them, and the entries of access control lists: u:alice:rw,
 * g:ops:r, or numbers for names.
 */
#ifndef SHMCTL_WORDS_SUBJECT_H
#define SHMCTL_WORDS_SUBJECT_H

#include <stdint.h>

#include <shmbroker/permission.h>

/* Enough for any of the texts below. */
#define SUBJECT_TEXT_MAX 80

/* Each returns NULL, or what is wrong with TEXT as the end of a sentence. */
const char *subject_read_user(const char *text, uint32_t *ret_uid);
const char *subject_read_group(const char *text, uint32_t *ret_gid);

/* u:NAME or g:NAME, with :ACCESS behind it in the second form. */
const char *subject_read(const char *text, struct shmb_acl_entry *ret_entry);
const char *subject_read_entry(const char *text, struct shmb_acl_entry *ret_entry);

/* By name where the machine knows one, as it did when that was first asked. Each returns TEXT. Not
 * for several threads. */
char *subject_user_text(uint32_t uid, char text[static SUBJECT_TEXT_MAX]);
char *subject_group_text(uint32_t gid, char text[static SUBJECT_TEXT_MAX]);
char *subject_entry_text(const struct shmb_acl_entry *entry, char text[static SUBJECT_TEXT_MAX]);

#endif
