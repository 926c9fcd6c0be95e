/*
 * What an earlier broker had and no object has: it is nobody's, and ends.
 */
#ifndef RESTART_STRAYS_H
#define RESTART_STRAYS_H

struct findings;
struct store;

/* After the objects have what is theirs. FIFOs of ours in the directory are removed, descriptors
 * closed and given up by the service manager; each is said. */
void strays_sweep_fifos(const struct findings *findings, int fifo_directory);
void strays_close(const struct findings *findings, struct store *store);

#endif
