/*
 * Every terminal but a dumb one is taken to understand the colours of ECMA-48, as all do that are
 * still around.
 */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

unsigned terminal_width(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

bool terminal_has_colours(int fd)
{
	const char *forbidden = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((forbidden && forbidden[0]) || !term || !term[0] || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fd);
}
