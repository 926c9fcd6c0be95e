/*
 * ncurses handles SIGWINCH, and SIGTSTP by giving the terminal back meanwhile; the signals that end
 * the program are its caller's.
 */
#include "screen.h"

#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>

#include "words/complain.h"

#define ESCAPE_DELAY_MS 25 /* in which the rest of a key comes that begins as escape does */
#define DELETE          127

static SCREEN *screen;

int top_screen_check(void)
{
	return STATUS_DONE;
}

int top_screen_begin(void)
{
	const char *term = getenv("TERM");

	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return complain_failed(
			"the terminal \"%s\" is not known here, or cannot do this; set "
			"TERM, or print plain lines with --count",
			term ? term : "");
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)nodelay(stdscr, true);
	(void)keypad(stdscr, true);
	(void)set_escdelay(ESCAPE_DELAY_MS);
	(void)curs_set(0);
	return STATUS_DONE;
}

void top_screen_size(int *ret_width, int *ret_height)
{
	getmaxyx(stdscr, *ret_height, *ret_width);
}

void top_screen_draw(const struct top_page *page)
{
	static const attr_t attributes[] = {
		[TOP_PLAIN] = A_NORMAL, [TOP_TITLES] = A_REVERSE, [TOP_NOTE] = A_BOLD};

	(void)erase();
	for (size_t i = 0; i < page->n; i++) {
		(void)attrset((int)attributes[page->lines[i].style]);
		(void)mvaddstr((int)i, 0, page->lines[i].text);
	}
	(void)attrset(A_NORMAL);
	(void)refresh();
}

int top_screen_key(void)
{
	static const struct {
		int code;
		enum top_key key;
	} keys[] = {
		{KEY_UP, TOP_KEY_UP},         {KEY_DOWN, TOP_KEY_DOWN},
		{KEY_LEFT, TOP_KEY_LEFT},     {KEY_RIGHT, TOP_KEY_RIGHT},
		{KEY_PPAGE, TOP_KEY_PAGE_UP}, {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
		{KEY_HOME, TOP_KEY_HOME},     {KEY_END, TOP_KEY_END},
		{KEY_ENTER, TOP_KEY_ENTER},   {'\r', TOP_KEY_ENTER},
		{'\n', TOP_KEY_ENTER},        {KEY_BACKSPACE, TOP_KEY_BACKSPACE},
		{DELETE, TOP_KEY_BACKSPACE},
	};
	int code = getch();

	if (code == ERR)
		return TOP_KEY_NONE;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return (int)keys[i].key;
	return code > 0 && code < TOP_KEY_OTHER ? code : TOP_KEY_OTHER;
}

void top_screen_end(void)
{
	if (!screen)
		return;
	(void)endwin();
	delscreen(screen);
	screen = NULL;
}
