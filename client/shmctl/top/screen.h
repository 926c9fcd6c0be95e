/*
 * The terminal that top is shown on. screen.c is the only file that knows ncurses;
 * screen_missing.c takes its place where that was not there to build with.
 */
#ifndef SHMCTL_TOP_SCREEN_H
#define SHMCTL_TOP_SCREEN_H

#include "page.h"

/* Returns STATUS_DONE, or STATUS_FAILED when this program has no screens, which has been said. */
int top_screen_check(void);

/* Take the terminal. Returns STATUS_DONE, or STATUS_FAILED when that has been said. */
int top_screen_begin(void);

void top_screen_size(int *ret_width, int *ret_height);
void top_screen_draw(const struct top_page *page);

/* The next key that was pressed, or TOP_KEY_NONE; never waits. TOP_KEY_OTHER also when the window
 * has got another size. */
int top_screen_key(void);

/* Give the terminal back as it was. */
void top_screen_end(void);

#endif
