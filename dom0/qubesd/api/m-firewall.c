// SPDX-License-Identifier: GPL-2.0-or-later
/* Firewall rules and notes: the small files of a qube. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/firewall.h"
#include "dom0/qubesd/core/netvm.h"
#include "qrexec/base/io.h"

#include <string.h>

#define NOTES_MAX 256000

/* DIR/name of the qube; NULL with an error for classes without a folder; g_free. */
static char *file_of(const Call *c, const char *name, GError **error)
{
	g_autofree char *dir = domain_dir(c->dest); /* made of what never changes */

	if (!*dir) {
		fail(error, E_NOT_IMPLEMENTED, "A %s has no %s here", class_name(c->dest->h.cls),
		     name);
		return NULL;
	}
	return g_build_filename(dir, name, NULL);
}

static bool store_file(const char *path, const char *text, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autoptr(GError) why = NULL;

	io_mkdir_p(dir, 0770);
	return g_file_set_contents(path, text, -1, &why) ||
	       fail(error, E_QUBES, "%s cannot be written: %s; nothing was changed", path,
		    why->message);
}

/* --- firewall --- */

FLOW(m_firewall_get)
{
	g_autofree char *path = file_of(c, "firewall.xml", error);
	g_autoptr(GPtrArray) rules = path ? firewall_load(path, error) : NULL;
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;
	GString *s;

	if (!rules)
		return NULL;
	s = g_string_new(NULL);
	for (guint i = 0; i < rules->len; i++)
		if (!firewall_expired(g_ptr_array_index(rules, i), now))
			g_string_append_printf(s, "%s\n", (char *)g_ptr_array_index(rules, i));
	return g_string_free(s, FALSE);
}

typedef struct {
	Call *c;
	gint64 next;
} Changed;

static void tell_changed(gpointer p)
{
	Changed *ch = p;

	event_fire(ch->c->app, ch->c->dest, "firewall-changed", NULL);
	netvm_expire_at(ch->c->dest, ch->next);
}

FLOW(m_firewall_set)
{
	g_autofree char *path = file_of(c, "firewall.xml", error);
	g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) line = g_strsplit(c->payload, "\n", -1);
	Changed ch = {.c = c};

	if (!path)
		return NULL;
	for (char **l = line; *l; l++) {
		char *rule;

		if (!**l && !l[1])
			break; /* the end of the last line */
		rule = firewall_rule(*l, error);
		if (!rule)
			return NULL;
		g_ptr_array_add(rules, rule);
	}
	if (!firewall_save(path, rules, &ch.next, error))
		return NULL;
	flow_main(f, tell_changed, &ch);
	return body("");
}

SYNC(m_firewall_reload)
{
	event_fire(c->app, c->dest, "firewall-changed", NULL);
	return body("");
}

/* --- notes --- */

FLOW(m_notes_get)
{
	g_autofree char *path = file_of(c, "notes.txt", error);
	char *text = NULL;

	if (!path)
		return NULL;
	return g_file_get_contents(path, &text, NULL, NULL) ? text : body("");
}

/* Shown in terminals and dialogs: nothing that moves a cursor or turns text around. */
static bool safe_to_show(gunichar ch)
{
	GUnicodeType type = g_unichar_type(ch);

	if (ch == '\t' || ch == '\n')
		return true;
	return ch < 0x3000 && type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
	       type != G_UNICODE_UNASSIGNED && type != G_UNICODE_PRIVATE_USE &&
	       type != G_UNICODE_SURROGATE && type != G_UNICODE_NON_SPACING_MARK &&
	       type != G_UNICODE_ENCLOSING_MARK && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

FLOW(m_notes_set)
{
	g_autofree char *path = file_of(c, "notes.txt", error);
	g_autoptr(GString) clean = g_string_new(NULL);

	if (!path)
		return NULL;
	if (c->payload_len > NOTES_MAX ||
	    !g_utf8_validate(c->payload, (gssize)c->payload_len, NULL)) {
		fail(error, E_PROTOCOL, "Notes must be UTF-8 text of at most %d bytes", NOTES_MAX);
		return NULL;
	}
	for (const char *p = c->payload; *p; p = g_utf8_next_char(p)) {
		gunichar ch = g_utf8_get_char(p);

		g_string_append_unichar(clean, safe_to_show(ch) ? ch : '_');
	}
	return store_file(path, clean->str, error) ? body("") : NULL;
}
