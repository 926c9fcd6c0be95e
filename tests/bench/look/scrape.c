#include "look/scrape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "support/bench.h"

static int ask(const char *path)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n"
				      "Host: localhost\r\n"
				      "Accept: application/openmetrics-text\r\n"
				      "Connection: close\r\n\r\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	text_copy(address.sun_path, sizeof(address.sun_path), path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		bench_fail("cannot ask for the figures at %s: %s", path, strerror(errno));
	return fd_steal(&fd);
}

void scrape_run(const void *data)
{
	static char text[65536];
	const struct scrape *scrape = data;
	size_t size = 0;
	autofd fd = -1;
	ssize_t n;

	if (scrape->place)
		place_pin_to_both(scrape->place);
	fd = ask(scrape->socket);
	while ((n = recv(fd, text + size, sizeof(text) - 1 - size, 0)) > 0)
		size += (size_t)n;
	text[size] = '\0';
	if (n < 0 || strncmp(text, "HTTP/1.1 200 ", 13) != 0 || !strstr(text, "\n# EOF\n"))
		bench_fail("%s answers with no figures", scrape->socket);
}
