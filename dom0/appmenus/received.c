/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a qube's applications (received.h). The peer is a qube, hostile. */
#include "dom0/appmenus/received.h"

#include <errno.h>
#include <string.h>

#include "dom0/appmenus/categories.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define TEXT ALNUM "/.,:&()_ +-"
#define ID ALNUM "._-"

/* Keys that are looked at, and the characters of their values; no other is let through. */
static const struct {
	const char *name, *allowed;
} keys[RECEIVED_KEYS] = {
	[RECEIVED_NAME] = {"Name", TEXT},
	[RECEIVED_GENERIC_NAME] = {"GenericName", TEXT},
	[RECEIVED_COMMENT] = {"Comment", TEXT},
	[RECEIVED_WM_CLASS] = {"StartupWMClass", ALNUM "/_.-"},
	[RECEIVED_CATEGORIES] = {"Categories", ALNUM "/.;:'() -"},
	[RECEIVED_EXEC] = {"Exec", ALNUM "()_&>/{}:.= -"},
	[RECEIVED_ICON] = {"Icon", ALNUM "/_.-"},
};

struct received {
	char line[RECEIVED_LINE_MAX + 1];
	gsize n_line; /* RECEIVED_LINE_MAX + 1: too long, skip to its end */
	gsize bytes, lines;
	GPtrArray *apps;  /* owned; struct received_app */
	GHashTable *byid; /* borrows */
	gboolean failed;
};

void received_app_free(struct received_app *a)
{
	if (!a)
		return;
	g_free(a->id);
	for (int i = 0; i < RECEIVED_KEYS; i++)
		g_free(a->values[i]);
	g_free(a);
}

struct received *received_new(void)
{
	struct received *r = g_new0(struct received, 1);

	r->apps = g_ptr_array_new_with_free_func((GDestroyNotify)received_app_free);
	r->byid = g_hash_table_new(g_str_hash, g_str_equal);
	return r;
}

void received_free(struct received *r)
{
	if (!r)
		return;
	g_hash_table_unref(r->byid);
	g_ptr_array_unref(r->apps);
	g_free(r);
}

static bool id_is_good(const char *id)
{
	return *id && *id != '.' && strlen(id) <= RECEIVED_ID_MAX && !id[strspn(id, ID)];
}

/*
 * The id of the file in the n bytes at path; NULL when it is none. What it may start with is not
 * looked at: a dot would hide the file.
 */
static char *take_id(const char *path, gsize n)
{
	static const char suffix[] = ".desktop";
	const char *slash = g_strrstr_len(path, (gssize)n, "/");
	g_autofree char *id = NULL;

	if (slash) {
		n -= (gsize)(slash + 1 - path);
		path = slash + 1;
	}
	id = g_strndup(path, n);
	if (g_str_has_suffix(id, suffix))
		id[strlen(id) - strlen(suffix)] = '\0';
	return id_is_good(id) ? g_steal_pointer(&id) : NULL;
}

static struct received_app *app_of(struct received *r, const char *path, gsize n)
{
	g_autofree char *id = take_id(path, n);
	struct received_app *a = id ? g_hash_table_lookup(r->byid, id) : NULL;

	if (a || !id)
		return a;
	if (r->apps->len == RECEIVED_APPS_MAX) {
		r->failed = TRUE;
		return NULL;
	}
	a = g_new0(struct received_app, 1);
	a->id = g_steal_pointer(&id);
	g_ptr_array_add(r->apps, a);
	g_hash_table_insert(r->byid, a->id, a);
	return a;
}

static char *known_categories(const char *untrusted_value)
{
	g_auto(GStrv) words = g_strsplit(untrusted_value, ";", -1);
	g_autoptr(GString) s = g_string_new(NULL);

	for (char **w = words; *w; w++)
		if (category_is_known(g_strstrip(*w)))
			g_string_append_printf(s, "%s;", *w);
	return g_string_free(g_steal_pointer(&s), FALSE);
}

/*
 * A name is needed, so that odd characters in it are replaced, where other values are left out. A
 * name without a letter or digit is none.
 */
static char *checked_name(const char *untrusted_name)
{
	g_autofree char *valid = g_utf8_make_valid(untrusted_name, -1);
	g_autoptr(GString) s = g_string_new(NULL);

	for (const char *p = valid; *p; p = g_utf8_next_char(p))
		g_string_append_c(s, strchr(TEXT, *p) ? *p : '_');
	return strpbrk(s->str, ALNUM) ? g_string_free(g_steal_pointer(&s), FALSE) : NULL;
}

static char *checked_value(enum received_key key, const char *untrusted_value)
{
	if (key == RECEIVED_NAME)
		return checked_name(untrusted_value);
	if (untrusted_value[strspn(untrusted_value, keys[key].allowed)])
		return NULL;
	return key == RECEIVED_CATEGORIES ? known_categories(untrusted_value)
					  : g_strdup(untrusted_value);
}

/* The line is NUL-terminated and has no other NUL. */
static void take_line(struct received *r, char *line)
{
	char *colon = strchr(line, ':'), *eq = colon ? strchr(colon, '=') : NULL;
	struct received_app *a;
	char *value;

	if (!eq)
		return;
	*eq = '\0';
	value = g_strstrip(eq + 1);
	for (int key = 0; key < RECEIVED_KEYS; key++) {
		char *checked;

		if (strcmp(g_strchomp(colon + 1), keys[key].name) != 0)
			continue;
		checked = checked_value(key, value);
		a = checked ? app_of(r, line, (gsize)(colon - line)) : NULL;
		if (a) {
			g_free(a->values[key]);
			a->values[key] = g_steal_pointer(&checked);
		}
		g_free(checked);
	}
}

static void end_line(struct received *r)
{
	gsize n = r->n_line;

	r->n_line = 0;
	if (++r->lines > RECEIVED_LINES_MAX)
		r->failed = TRUE;
	if (r->failed || n > RECEIVED_LINE_MAX || memchr(r->line, '\0', n))
		return;
	r->line[n] = '\0';
	take_line(r, r->line);
}

int received_feed(struct received *r, const void *untrusted_data, gsize n)
{
	const char *untrusted = untrusted_data;

	if (n > RECEIVED_BYTES_MAX - r->bytes)
		r->failed = TRUE;
	else
		r->bytes += n;
	for (gsize i = 0; i < n && !r->failed; i++) {
		if (untrusted[i] == '\n')
			end_line(r);
		else if (r->n_line < RECEIVED_LINE_MAX)
			r->line[r->n_line++] = untrusted[i];
		else
			r->n_line = RECEIVED_LINE_MAX + 1;
	}
	return r->failed ? -E2BIG : 0;
}

static gint by_id(gconstpointer a, gconstpointer b)
{
	const struct received_app *const *one = a, *const *other = b;

	return strcmp((*one)->id, (*other)->id);
}

const GPtrArray *received_end(struct received *r)
{
	if (r->n_line && !r->failed)
		end_line(r);
	if (r->failed)
		g_ptr_array_set_size(r->apps, 0);
	g_ptr_array_sort(r->apps, by_id);
	return r->apps;
}

void received_pack(const struct received_app *a, struct received_record *ret)
{
	memset(ret, 0, sizeof(*ret));
	g_strlcpy(ret->id, a->id, sizeof(ret->id));
	for (int key = 0; key < RECEIVED_KEYS; key++) {
		ret->has[key] = a->values[key] != NULL;
		if (a->values[key])
			g_strlcpy(ret->values[key], a->values[key], sizeof(ret->values[key]));
	}
}

static bool is_text(const char *untrusted_field, gsize size)
{
	return memchr(untrusted_field, '\0', size) != NULL;
}

struct received_app *received_unpack(const struct received_record *untrusted)
{
	g_autoptr(ReceivedApp) a = g_new0(struct received_app, 1);

	if (!is_text(untrusted->id, sizeof(untrusted->id)) || !id_is_good(untrusted->id))
		return NULL;
	a->id = g_strdup(untrusted->id);
	for (int key = 0; key < RECEIVED_KEYS; key++) {
		const char *value = untrusted->values[key];

		if (!untrusted->has[key])
			continue;
		if (!is_text(value, sizeof(untrusted->values[key])) ||
		    value[strspn(value, keys[key].allowed)])
			return NULL;
		a->values[key] = g_strdup(value);
	}
	return g_steal_pointer(&a);
}
