/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Desktop entries (desktop.h). They were installed in this qube, or made by its user: what is
 * wrong in one must not matter to the others.
 */
#include "templates/vm/desktop/desktop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Resolves \s \n \t \r \\ in the n bytes at s. Owned, or NULL. */
static char *unescape(const char *s, size_t n)
{
	static const char from[] = "sntr\\", to[] = " \n\t\r\\";
	char *ret = malloc(n + 1), *out = ret;

	if (!ret)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *at = s[i] == '\\' && i + 1 < n ? memchr(from, s[i + 1], 5) : NULL;

		if (at)
			i++;
		*out++ = at ? to[at - from] : s[i];
	}
	*out = '\0';
	return ret;
}

static bool is(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

static int take_string(char **field, const char *value, size_t n)
{
	free(*field);
	*field = unescape(value, n);
	return *field ? 0 : -ENOMEM;
}

static int take_key(struct desktop_entry *e, const char *key, size_t n_key, const char *value,
		    size_t n)
{
	bool yes = is(value, n, "true");

	if (is(key, n_key, "Exec"))
		return take_string(&e->exec, value, n);
	if (is(key, n_key, "Name"))
		return take_string(&e->name, value, n);
	if (is(key, n_key, "Icon"))
		return take_string(&e->icon, value, n);
	if (is(key, n_key, "Path"))
		return take_string(&e->path, value, n);
	if (is(key, n_key, "Terminal"))
		e->terminal = yes;
	else if (is(key, n_key, "NoDisplay"))
		e->no_display = yes;
	else if (is(key, n_key, "Hidden"))
		e->hidden = yes;
	else if (is(key, n_key, "Type"))
		e->application = is(value, n, "Application");
	return 0;
}

static size_t without_trailing(const char *s, size_t n)
{
	while (n && strchr(" \t\r", s[n - 1]))
		n--;
	return n;
}

/* A line inside the group. */
static int take_line(struct desktop_entry *e, const char *line, size_t n)
{
	const char *eq = memchr(line, '=', n), *value;
	size_t n_key;

	if (!eq || line[0] == '#')
		return 0;
	n_key = without_trailing(line, (size_t)(eq - line));
	n = without_trailing(line, n);
	value = eq + 1;
	while (value < line + n && (*value == ' ' || *value == '\t'))
		value++;
	if (value > line + n)
		value = line + n;
	return take_key(e, line, n_key, value, (size_t)(line + n - value));
}

int desktop_parse(const char *text, struct desktop_entry *ret)
{
	bool inside = false, found = false;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	while (*text && !r) {
		size_t n = strcspn(text, "\n");

		if (text[0] == '[') {
			inside = is(text, without_trailing(text, n), "[Desktop Entry]");
			found = found || inside;
		} else if (inside) {
			r = take_line(ret, text, n);
		}
		text += n + (text[n] == '\n');
	}
	if (!r && !found)
		r = -EINVAL;
	if (r)
		desktop_clear(ret);
	return r;
}

void desktop_clear(struct desktop_entry *e)
{
	free(e->exec);
	free(e->name);
	free(e->icon);
	free(e->path);
	memset(e, 0, sizeof(*e));
}

/* --- commands ------------------------------------------------------------------- */

struct words {
	char **argv;
	size_t n;
	char *word; /* being put together, as long as the longest that can come */
	size_t len, size;
	bool failed;
};

static void put(struct words *w, const char *s, size_t n)
{
	if (w->len + n + 1 > w->size) {
		size_t size = (w->len + n + 1) * 2;
		char *p = realloc(w->word, size);

		if (!p) {
			w->failed = true;
			return;
		}
		w->word = p;
		w->size = size;
	}
	memcpy(w->word + w->len, s, n);
	w->len += n;
}

static void end_word(struct words *w)
{
	char *copy;

	put(w, "", 0);
	copy = w->failed || w->n == DESKTOP_ARGS_MAX ? NULL : strndup(w->word, w->len);
	if (copy)
		w->argv[w->n++] = copy;
	else
		w->failed = true;
	w->len = 0;
}

/* What stands behind a %. True when the word so far is to be kept even if it is empty. */
static bool put_field(struct words *w, char code, const struct desktop_entry *e, const char *file)
{
	switch (code) {
	case '%':
		put(w, "%", 1);
		return true;
	case 'c':
		put(w, e->name ? e->name : "", e->name ? strlen(e->name) : 0);
		return true;
	case 'k':
		put(w, file, strlen(file));
		return true;
	case 'i':
		if (!e->icon || !*e->icon)
			return false;
		put(w, "--icon", 6);
		end_word(w);
		put(w, e->icon, strlen(e->icon));
		return true;
	case 'f':
	case 'F':
	case 'u':
	case 'U':
	case 'd':
	case 'D':
	case 'n':
	case 'N':
	case 'v':
	case 'm':
		return false;
	default:
		w->failed = true;
		return false;
	}
}

/* The text between quotes at s; returns behind the closing one, NULL when there is none. */
static const char *put_quoted(struct words *w, const char *s)
{
	for (; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1] && strchr("\"`$\\", s[1]))
			s++;
		put(w, s, 1);
	}
	return *s ? s + 1 : NULL;
}

/* One word at s, which is not a space; returns behind it, NULL when it is malformed. */
static const char *put_word(struct words *w, const char *s, const struct desktop_entry *e,
			    const char *file)
{
	bool keep = false;

	while (s && *s && *s != ' ' && *s != '\t' && *s != '\n') {
		if (*s == '"') {
			s = put_quoted(w, s + 1);
			keep = true;
		} else if (*s == '%' && s[1]) {
			keep = put_field(w, s[1], e, file) || keep;
			s += 2;
		} else {
			put(w, s++, 1);
			keep = true;
		}
	}
	if (s && keep)
		end_word(w);
	return s;
}

char **desktop_argv(const struct desktop_entry *e, const char *file)
{
	struct words w = {.argv = calloc(DESKTOP_ARGS_MAX + 1, sizeof(char *))};
	const char *s = e->exec;

	if (!w.argv)
		return NULL;
	while (s && *s && !w.failed) {
		s += strspn(s, " \t\n");
		if (*s)
			s = put_word(&w, s, e, file);
	}
	free(w.word);
	if (s && w.n && !w.failed)
		return w.argv;
	desktop_free_argv(w.argv);
	return NULL;
}

void desktop_free_argv(char **argv)
{
	for (char **p = argv; p && *p; p++)
		free(*p);
	free(argv);
}

bool desktop_id(const char *rel, char *buf, size_t n)
{
	static const char suffix[] = ".desktop";
	size_t len = strlen(rel), n_suffix = sizeof(suffix) - 1;

	if (len <= n_suffix || len >= n || strcmp(rel + len - n_suffix, suffix) != 0)
		return false;
	for (size_t i = 0; i <= len; i++)
		buf[i] = rel[i] == '/' ? '-' : rel[i];
	return true;
}
