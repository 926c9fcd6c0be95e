/*
 * Lists that come in pages. A page keeps the entries as they came and decodes one at a time.
 */
#include <shmbroker/error.h>
#include <shmbroker/object.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "core/check.h"
#include "core/error.h"
#include "core/object.h"

struct shmb_page {
	bool of_holders;
	unsigned version;
	size_t offset;
	struct wire_blob entries;
};

static int page_new(bool of_holders, unsigned version, const struct wire_blob *entries,
		    struct shmb_page **ret_page)
{
	struct shmb_page *page = malloc(sizeof(*page));

	if (!page)
		return error_no_memory();
	page->of_holders = of_holders;
	page->version = version;
	page->offset = 0;
	page->entries.size = entries->size;
	memcpy(page->entries.data, entries->data, entries->size);
	*ret_page = page;
	return 0;
}

/* Finish a request for a page, whose reply begins with CURSOR. */
static int finish_page(struct shmb_request *request, bool of_holders, uint64_t cursor,
		       const struct wire_blob *entries, uint64_t *ret_cursor,
		       struct shmb_page **ret_page)
{
	int r = page_new(of_holders, request->version, entries, ret_page);

	if (r == 0)
		*ret_cursor = cursor;
	call_end(request);
	return r;
}

static int prepare_list(struct shmb_connection *connection, const char *prefix, uint64_t cursor,
			struct shmb_request **ret_request)
{
	struct wire_list_request message = {.cursor = cursor};

	if (prefix && strnlen(prefix, sizeof(message.prefix)) > WIRE_NAME_MAX)
		return error_set(-EINVAL,
				 "the prefix to list is longer than the %d bytes that a name can "
				 "have",
				 WIRE_NAME_MAX);
	if (prefix)
		strcpy(message.prefix, prefix);
	return request_new(connection, WIRE_LIST, &message, ret_request);
}

int shmb_list(struct shmb_connection *connection, const char *prefix, uint64_t *cursor,
	      struct shmb_page **ret_page)
{
	struct shmb_request *request;
	int r = prepare_list(connection, prefix, *cursor, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_list_finish(request, cursor, ret_page);
}

int shmb_list_submit(struct shmb_connection *connection, const char *prefix, uint64_t cursor,
		     shmb_done_fn *done, void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_list(connection, prefix, cursor, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_list_finish(struct shmb_request *request, uint64_t *ret_cursor,
		     struct shmb_page **ret_page)
{
	const struct wire_list_reply *reply = request->answer;
	int r = call_take(request, WIRE_LIST);

	if (r < 0)
		return r;
	return finish_page(request, false, reply->cursor, &reply->entries, ret_cursor, ret_page);
}

static int prepare_who(struct shmb_connection *connection, const char *name, uint64_t cursor,
		       struct shmb_request **ret_request)
{
	struct wire_who_request message = {.cursor = cursor};
	int r;

	if (name && name[0]) {
		r = check_name(name);
		if (r < 0)
			return r;
		strcpy(message.name, name);
	}
	return request_new(connection, WIRE_WHO, &message, ret_request);
}

int shmb_who(struct shmb_connection *connection, const char *name, uint64_t *cursor,
	     struct shmb_page **ret_page)
{
	struct shmb_request *request;
	int r = prepare_who(connection, name, *cursor, &request);

	if (r == 0)
		r = call_perform(request, SHMB_TIMEOUT_DEFAULT);
	return r < 0 ? r : shmb_who_finish(request, cursor, ret_page);
}

int shmb_who_submit(struct shmb_connection *connection, const char *name, uint64_t cursor,
		    shmb_done_fn *done, void *data, struct shmb_request **ret_request)
{
	struct shmb_request *request;
	int r = prepare_who(connection, name, cursor, &request);

	return r < 0 ? r : call_submit(request, SHMB_TIMEOUT_DEFAULT, done, data, ret_request);
}

int shmb_who_finish(struct shmb_request *request, uint64_t *ret_cursor, struct shmb_page **ret_page)
{
	const struct wire_who_reply *reply = request->answer;
	int r = call_take(request, WIRE_WHO);

	if (r < 0)
		return r;
	return finish_page(request, true, reply->cursor, &reply->entries, ret_cursor, ret_page);
}

/* Returns 0 with the next entry, SHMB_EMPTY, or -errno with a text. */
static int next_entry(struct shmb_page *page, bool of_holders, const struct wire_shape *shape,
		      void *entry)
{
	int r;

	if (page->of_holders != of_holders)
		return error_set(-EINVAL, "this page is of %s, not of %s",
				 page->of_holders ? "holders" : "objects",
				 of_holders ? "holders" : "objects");
	r = wire_next(&page->entries, &page->offset, shape, page->version, entry);
	if (r < 0)
		return error_set(r, "the broker sent a list that cannot be read; it is no "
				    "shmbrokerd, or a broken one");
	return r > 0 ? 0 : SHMB_EMPTY;
}

int shmb_page_next_object(struct shmb_page *page, struct shmb_object *ret_object)
{
	struct wire_object entry;
	int r = next_entry(page, false, &wire_object_shape, &entry);

	if (r == 0)
		object_from_wire(&entry, ret_object);
	return r;
}

int shmb_page_next_holder(struct shmb_page *page, struct shmb_holder *ret_holder)
{
	struct wire_holder entry;
	int r = next_entry(page, true, &wire_holder_shape, &entry);

	if (r != 0)
		return r;
	*ret_holder = (struct shmb_holder){
		.object = entry.object,
		.member = entry.member,
		.pid = entry.pid,
		.uid = entry.uid,
		.access = entry.access,
		.holding = entry.holding,
		.age_ms = entry.age_ms,
	};
	strcpy(ret_holder->program, entry.program);
	strcpy(ret_holder->name, entry.name);
	return 0;
}

void shmb_page_free(struct shmb_page *page)
{
	free(page);
}
