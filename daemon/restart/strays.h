/*
 * What an earlier broker had and no object has: it is nobody's, and ends. As long as files lie
 * aside it may be what these tell of, and is left.
 */
#ifndef RESTART_STRAYS_H
#define RESTART_STRAYS_H

struct findings;
struct store;

/* After the objects have what is theirs. FIFOs of ours in the directory are removed, descriptors
 * closed and given up by the service manager; each is said. Returns how many are left: with the
 * manager they count. */
unsigned strays_sweep_fifos(const struct findings *findings, int fifo_directory);
unsigned strays_close(const struct findings *findings, struct store *store);

/* Say which System V segments this user has made that no object has. None is removed: nothing tells
 * who made them. */
void strays_name_segments(const struct findings *findings);

#endif
