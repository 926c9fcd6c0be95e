/*
 * No screen.
 */
#include "screen.h"
#include "words/complain.h"

int top_screen_check(void)
{
	return complain_failed("this shmctl was built without ncurses and has no screen; "
			       "\"shmctl top --count 1\" prints plain lines");
}

int top_screen_begin(void)
{
	return top_screen_check();
}

void top_screen_size(int *ret_width, int *ret_height)
{
	*ret_width = *ret_height = 1;
}

void top_screen_draw(const struct top_page *page)
{
	(void)page;
}

int top_screen_key(void)
{
	return TOP_KEY_NONE;
}

void top_screen_end(void)
{
}
