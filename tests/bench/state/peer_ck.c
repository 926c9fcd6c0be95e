/*
 * ck_sequence of Concurrency Kit (package libck-dev): headers alone.
 */
#include <ck_sequence.h>

#include "base/payload.h"
#include "state/design.h"

struct sequenced {
	ck_sequence_t sequence;
	_Alignas(64) unsigned char value[];
};

static void *prepare(const struct traffic *traffic, const struct server *broker attr_unused)
{
	struct sequenced *sequenced = design_share(sizeof(*sequenced) + traffic->size);

	ck_sequence_init(&sequenced->sequence);
	return sequenced;
}

static void publish(void *opened, const void *value, size_t size)
{
	struct sequenced *sequenced = opened;

	ck_sequence_write_begin(&sequenced->sequence);
	payload_write(sequenced->value, value, size);
	ck_sequence_write_end(&sequenced->sequence);
}

static bool read_value(void *opened, void *value, size_t size)
{
	struct sequenced *sequenced = opened;
	unsigned version = ck_sequence_read_begin(&sequenced->sequence);

	payload_read(value, sequenced->value, size);
	return !ck_sequence_read_retry(&sequenced->sequence, version);
}

static void write_all(void *sequenced, struct traffic *traffic)
{
	design_write(sequenced, traffic, publish);
}

static uint64_t read_all(void *sequenced, struct traffic *traffic, uint64_t reads)
{
	return design_read(sequenced, traffic, reads, read_value);
}

const struct design design_ck = {
	.name = "ck_sequence",
	.prepare = prepare,
	.write = write_all,
	.read = read_all,
};
