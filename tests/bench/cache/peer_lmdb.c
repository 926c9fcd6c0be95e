/*
 * LMDB (package liblmdb-dev), without syncing and with a writable map, in memory. A transaction for
 * each set and each get, or for a crowd of gets; the reader's is kept and renewed.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/design.h"

#define MAP_TIMES    4u /* of keys and values */
#define MAP_LEAST    ((size_t)16 << 20)
#define IN_ONE_WRITE 10000u /* keys, while all of them are set */

struct database {
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *reading;
};

struct named {
	struct server place;
	size_t map_size;
};

static void must(int r, const char *what)
{
	if (r)
		bench_fail("LMDB: %s: %s", what, mdb_strerror(r));
}

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused,
		     int core attr_unused)
{
	struct named *named = calloc(1, sizeof(*named));

	if (!named)
		bench_fail("no memory");
	server_prepare(&named->place);
	named->map_size = MAP_LEAST + MAP_TIMES * traffic->n_keys * (TRAFFIC_KEY + traffic->size);
	return named;
}

static void dispose(void *prepared)
{
	struct named *named = prepared;

	server_end(&named->place);
	free(named);
}

static void *open_database(void *prepared, const struct traffic *traffic attr_unused)
{
	const struct named *named = prepared;
	struct database *database = calloc(1, sizeof(*database));
	char path[sizeof(named->place.directory) + 16];
	MDB_txn *txn;

	if (!database)
		bench_fail("no memory");
	snprintf(path, sizeof(path), "%s/values", named->place.directory);
	must(mdb_env_create(&database->env), "create");
	must(mdb_env_set_mapsize(database->env, named->map_size), "size");
	must(mdb_env_open(database->env, path,
			  MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP |
				  MDB_NOMEMINIT | MDB_NORDAHEAD,
			  0600),
	     path);
	must(mdb_txn_begin(database->env, NULL, 0, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, 0, &database->dbi), "open");
	must(mdb_txn_commit(txn), "commit");
	must(mdb_txn_begin(database->env, NULL, MDB_RDONLY, &database->reading), "begin");
	mdb_txn_reset(database->reading);
	return database;
}

static bool get_in(struct database *database, const char *key, void *value, size_t size)
{
	MDB_val name = {TRAFFIC_KEY, (void *)key}, entry;
	int r = mdb_get(database->reading, database->dbi, &name, &entry);

	if (r == MDB_NOTFOUND)
		return false;
	must(r, "get");
	if (entry.mv_size != size)
		bench_fail("LMDB: a value of %zu bytes", entry.mv_size);
	memcpy(value, entry.mv_data, size);
	return true;
}

static bool get(void *opened, const char *key, void *value, size_t size)
{
	struct database *database = opened;
	bool is_there;

	must(mdb_txn_renew(database->reading), "renew");
	is_there = get_in(database, key, value, size);
	mdb_txn_reset(database->reading);
	return is_there;
}

static uint32_t get_many(void *opened, const struct draw *draws, const struct traffic *traffic)
{
	struct database *database = opened;
	uint32_t found = 0;

	must(mdb_txn_renew(database->reading), "renew");
	for (unsigned i = 0; i < TRAFFIC_CROWD; i++)
		found |= (uint32_t)get_in(database, draws[i].key,
					  traffic->values + i * traffic->stride, traffic->size)
			 << i;
	mdb_txn_reset(database->reading);
	return found;
}

static void put(struct database *database, MDB_txn *txn, const char *key, const void *value,
		size_t size)
{
	MDB_val name = {TRAFFIC_KEY, (void *)key}, entry = {size, (void *)value};

	must(mdb_put(txn, database->dbi, &name, &entry, 0), "put");
}

static void set(void *opened, const char *key, const void *value, size_t size)
{
	struct database *database = opened;
	MDB_txn *txn;

	must(mdb_txn_begin(database->env, NULL, 0, &txn), "begin");
	put(database, txn, key, value, size);
	must(mdb_txn_commit(txn), "commit");
}

static void load(void *opened, struct traffic *traffic)
{
	struct database *database = opened;
	MDB_txn *txn = NULL;
	char key[TRAFFIC_KEY];

	for (uint32_t number = 0; number < traffic->n_keys; number++) {
		if (!txn)
			must(mdb_txn_begin(database->env, NULL, 0, &txn), "begin");
		traffic_key(number, key);
		value_mark(traffic->values, traffic->size, number);
		put(database, txn, key, traffic->values, traffic->size);
		if (number % IN_ONE_WRITE == IN_ONE_WRITE - 1 || number == traffic->n_keys - 1) {
			must(mdb_txn_commit(txn), "commit");
			txn = NULL;
		}
	}
}

static void touch(void *database, struct traffic *traffic)
{
	design_touch(database, traffic, get);
}

static void run(void *database, struct traffic *traffic, uint64_t n)
{
	design_run(database, traffic, n, get, set);
}

static void run_many(void *database, struct traffic *traffic, uint64_t n)
{
	design_run_many(database, traffic, n, get_many);
}

const struct design design_lmdb = {
	.name = "LMDB",
	.prepare = prepare,
	.open = open_database,
	.load = load,
	.touch = touch,
	.dispose = dispose,
	.run = run,
	.run_many = run_many,
};
