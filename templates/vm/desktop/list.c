/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-list-apps, behind qubes.GetAppmenus (specs/qubesdb.md, section 3): every line of every
 * desktop entry that belongs into a menu, as ID:key=value. The peer, dom0, does not trust a word of
 * it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/base/cleanup.h"
#include "templates/vm/desktop/apps.h"
#include "templates/vm/desktop/desktop.h"

/* More are no menu. */
#define APPS_MAX 4096

struct seen {
	char *ids[APPS_MAX];
	size_t n;
};

static bool seen_before(struct seen *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->ids[i], id) == 0)
			return true;
	s->ids[s->n] = strdup(id);
	if (s->ids[s->n])
		s->n++;
	return false;
}

/* The lines of the group, with the command that starts it here in place of its own. */
static void print_lines(const char *id, const char *text)
{
	bool inside = false;

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (text[0] == '[')
			inside = strncmp(text, "[Desktop Entry]", 15) == 0;
		else if (inside && strncmp(text, "Exec", 4) == 0 && strspn(text + 4, " =") &&
			 memchr(text, '=', n))
			printf("%s:Exec=qubes-desktop-run %s\n", id, id);
		else if (inside && text[0] != '#' && memchr(text, '=', n))
			printf("%s:%.*s\n", id, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static bool is_screensaver(const char *path)
{
	return strstr(path, "/screensavers/") != NULL;
}

static bool print_app(void *ctx, const char *id, const char *path)
{
	_cleanup_free_ char *text = NULL;
	struct seen *s = ctx;
	struct desktop_entry e;

	/* The user's own entry hides the system's, also when it only says Hidden. */
	if (is_screensaver(path) || seen_before(s, id))
		return s->n < APPS_MAX;
	text = apps_read(path);
	if (!text || desktop_parse(text, &e) < 0)
		return s->n < APPS_MAX;
	if (e.application && e.exec && !e.no_display && !e.hidden)
		print_lines(id, text);
	desktop_clear(&e);
	return s->n < APPS_MAX;
}

int main(int argc, char **argv)
{
	static struct seen s;
	bool own = argc == 2 && strcmp(argv[1], "--own") == 0;

	if (argc > 2 || (argc == 2 && !own)) {
		fprintf(stderr, "Usage: qubes-list-apps [--own]\n");
		return 2;
	}
	apps_walk(own, print_app, &s);
	for (size_t i = 0; i < s.n; i++)
		free(s.ids[i]);
	return fflush(stdout) == 0 ? 0 : 1;
}
