/*
 * LMDB (package liblmdb-dev), without syncing and with a writable map, in memory. One key; a
 * transaction for each publish and each read, and the reader's is kept and renewed.
 */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/design.h"

#define MAP_SIZE ((size_t)64 << 20)

struct database {
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *reading;
};

static char key_bytes[] = "value";
static MDB_val key = {sizeof(key_bytes), key_bytes};

static void must(int r, const char *what)
{
	if (r)
		bench_fail("LMDB: %s: %s", what, mdb_strerror(r));
}

static void *prepare(const struct traffic *traffic attr_unused,
		     const struct server *broker attr_unused)
{
	struct server *place = calloc(1, sizeof(*place));

	if (!place)
		bench_fail("no memory");
	server_prepare(place);
	return place;
}

static void dispose(void *prepared)
{
	server_end(prepared);
	free(prepared);
}

static void *open_database(void *prepared, bool writes)
{
	const struct server *place = prepared;
	struct database *database = calloc(1, sizeof(*database));
	char path[sizeof(place->directory) + 16];
	MDB_txn *txn;

	if (!database)
		bench_fail("no memory");
	snprintf(path, sizeof(path), "%s/values", place->directory);
	must(mdb_env_create(&database->env), "create");
	must(mdb_env_set_mapsize(database->env, MAP_SIZE), "size");
	must(mdb_env_open(database->env, path, MDB_NOSUBDIR | MDB_NOSYNC | MDB_WRITEMAP, 0600),
	     path);
	must(mdb_txn_begin(database->env, NULL, 0, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, 0, &database->dbi), "open");
	must(mdb_txn_commit(txn), "commit");
	if (writes)
		return database;
	must(mdb_txn_begin(database->env, NULL, MDB_RDONLY, &database->reading), "begin");
	mdb_txn_reset(database->reading);
	return database;
}

static void close_database(void *opened)
{
	struct database *database = opened;

	if (database->reading)
		mdb_txn_abort(database->reading);
	mdb_env_close(database->env);
	free(database);
}

static void publish(void *opened, const void *value, size_t size)
{
	struct database *database = opened;
	MDB_val entry = {size, (void *)value};
	MDB_txn *txn;

	must(mdb_txn_begin(database->env, NULL, 0, &txn), "begin");
	must(mdb_put(txn, database->dbi, &key, &entry, 0), "put");
	must(mdb_txn_commit(txn), "commit");
}

static bool read_value(void *opened, void *value, size_t size)
{
	struct database *database = opened;
	MDB_val entry;

	must(mdb_txn_renew(database->reading), "renew");
	must(mdb_get(database->reading, database->dbi, &key, &entry), "get");
	if (entry.mv_size != size)
		bench_fail("LMDB: a value of %zu bytes", entry.mv_size);
	memcpy(value, entry.mv_data, size);
	mdb_txn_reset(database->reading);
	return true;
}

static void write_all(void *database, struct traffic *traffic)
{
	design_write(database, traffic, publish);
}

static uint64_t read_all(void *database, struct traffic *traffic, uint64_t reads)
{
	return design_read(database, traffic, reads, read_value);
}

const struct design design_lmdb = {
	.name = "LMDB",
	.prepare = prepare,
	.open = open_database,
	.close = close_database,
	.dispose = dispose,
	.write = write_all,
	.read = read_all,
};
