/*
 * The ledger for programs.
 */
#include <shmbroker/object.h>

#include "shape.h"
#include "who.h"
#include "wire/vocabulary.h"

static struct shape describe(const struct whereabouts *whereabouts)
{
	const struct shmb_holder *holder = whereabouts->holder;
	struct shape shape = shape_object();

	shape_put_text(&shape, "name", holder->name);
	shape_put_id(&shape, "id", holder->object);
	shape_put_id(&shape, "member", holder->member);
	shape_put_number(&shape, "pid", holder->pid);
	shape_put_number(&shape, "uid", holder->uid);
	shape_put_text(&shape, "program", holder->program);
	shape_put_text(&shape, "access", wire_access_text(holder->access));
	shape_put_text(&shape, "holding", wire_holding_text(holder->holding));
	shape_put_number(&shape, "age_ms", holder->age_ms);
	shape_put_text_or_null(&shape, "unit", whereabouts->unit);
	return shape;
}

int output_who_json(FILE *out, const struct whereabouts *holders, size_t n)
{
	struct shape_rows rows = shape_rows(out, "holders");

	for (size_t i = 0; i < n; i++)
		shape_rows_add(&rows, describe(&holders[i]));
	return shape_rows_end(&rows);
}
