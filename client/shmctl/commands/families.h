/*
 * The functions behind the commands, a family a file. Each does its command, reports what went
 * wrong, and returns the exit status. A check looks at the command line alone.
 */
#ifndef SHMCTL_COMMANDS_FAMILIES_H
#define SHMCTL_COMMANDS_FAMILIES_H

struct session;

/* look.c: changes nothing. */
int look_status(struct session *session);
int look_list(struct session *session);
int look_show(struct session *session);
int look_key(struct session *session);

/* who.c: who holds what; watch.c: what happens to it. */
int who_holds(struct session *session);
int watch_objects(struct session *session);

/* change.c: objects come and go. */
int change_check_create(struct session *session);
int change_create(struct session *session);
int change_fifo(struct session *session);
int change_remove(struct session *session);

/* permit.c: who may do what. */
int permit_check_mode(struct session *session);
int permit_check_group(struct session *session);
int permit_check_entry(struct session *session);
int permit_check_subject(struct session *session);
int permit_chmod(struct session *session);
int permit_chgrp(struct session *session);
int permit_grant(struct session *session);
int permit_revoke(struct session *session);
int permit_replace(struct session *session);

/* explain.c: what somebody would be allowed. */
int explain_check(struct session *session);
int explain(struct session *session);

/* bytes.c: what is in a segment. */
int bytes_check_dump(struct session *session);
int bytes_dump(struct session *session);
int bytes_check_load(struct session *session);
int bytes_load(struct session *session);

/* state.c: values with versions. */
int state_get(struct session *session);
int state_check_set(struct session *session);
int state_set(struct session *session);
int state_watch(struct session *session);
int state_history(struct session *session);

/* stream.c: records from many to many; stream_bench.c: how fast. */
int stream_check_send(struct session *session);
int stream_send(struct session *session);
int stream_check_recv(struct session *session);
int stream_recv(struct session *session);
int stream_stat(struct session *session);
int stream_evict(struct session *session);
int stream_bench(struct session *session);

/* cache.c: keys to values. */
int cache_check_get(struct session *session);
int cache_get(struct session *session);
int cache_check_set(struct session *session);
int cache_set(struct session *session);
int cache_check_delete(struct session *session);
int cache_delete(struct session *session);
int cache_stats(struct session *session);
int cache_flush(struct session *session);
int cache_keys(struct session *session);

/* facts/graph.c: who shares what, as a picture. */
int graph_draw(struct session *session);

/* metrics/metrics.c: figures for monitoring. */
int metrics_check(struct session *session);
int metrics_print(struct session *session);

/* doctor/doctor.c: what will hurt. */
int doctor(struct session *session);

/* top.c: the same look again and again. */
int top_check(struct session *session);
int top(struct session *session);

/* about.c: shmctl itself. */
int about_version(struct session *session);
int about_help(struct session *session);

#endif
