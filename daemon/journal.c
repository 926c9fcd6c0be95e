/*
 * A datagram for each entry. A value without a line feed is written as FIELD=value; values with one
 * would need a length in front, so there are none.
 */
#include "journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

void journal_open(struct journal *journal, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*journal = (struct journal){.socket = -1};
	text_copy(address.sun_path, sizeof(address.sun_path), path ? path : JOURNAL_SOCKET);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		journal->socket = fd_steal(&fd);
}

void journal_close(struct journal *journal)
{
	journal->socket = fd_close(journal->socket);
}

void journal_put(struct journal_entry *entry, const char *field, const char *format, ...)
{
	char *line = entry->bytes + entry->used;
	size_t room = sizeof(entry->bytes) - entry->used;
	size_t name_size = strlen(field) + 1;
	va_list arguments;
	int n;

	if (room <= name_size + 1)
		return;
	snprintf(line, room, "%s=", field);
	va_start(arguments, format);
	n = vsnprintf(line + name_size, room - name_size, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= room - name_size)
		return;
	text_one_line(line + name_size);
	line[name_size + (size_t)n] = '\n';
	entry->used += name_size + (size_t)n + 1;
}

bool journal_send(struct journal *journal, const struct journal_entry *entry)
{
	if (journal->socket >= 0 &&
	    send(journal->socket, entry->bytes, entry->used, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	journal->n_dropped++;
	return false;
}
