#include "style.h"

#include "words/terminal.h"

static struct {
	bool has_colours;
	unsigned width;
} paper;

void style_set(bool has_colours, unsigned width)
{
	paper.has_colours = has_colours;
	paper.width = width;
}

void style_begin(int fd)
{
	style_set(terminal_has_colours(fd), terminal_width(fd));
}

unsigned style_width(void)
{
	return paper.width;
}

void style_print(FILE *out, enum style style, const char *text)
{
	static const char *const beginnings[] = {
		[STYLE_TITLE] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WARNING] = "\033[33m",
		[STYLE_PROBLEM] = "\033[1;31m",
	};

	if (style == STYLE_PLAIN || !paper.has_colours)
		fputs(text, out);
	else
		fprintf(out, "%s%s\033[0m", beginnings[style], text);
}
