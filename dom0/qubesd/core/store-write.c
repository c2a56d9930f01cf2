// SPDX-License-Identifier: GPL-2.0-or-later
/* The state as qubes.xml, laid out as upstream does. Pure. */
#include "dom0/qubesd/core/store.h"

#include "dom0/qubesd/core/assignment.h"
#include "dom0/qubesd/core/pool.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/volume.h"

/* Printable in XML 1.0; other control characters cannot be written at all. */
static void add_escaped(GString *s, const char *text)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '<')
			g_string_append(s, "&lt;");
		else if (c == '>')
			g_string_append(s, "&gt;");
		else if (c == '&')
			g_string_append(s, "&amp;");
		else if (c == '"')
			g_string_append(s, "&quot;");
		else if (c == '\t' || c == '\n' || c == '\r')
			g_string_append_printf(s, "&#%d;", c);
		else if (c >= 0x20)
			g_string_append_c(s, (char)c);
	}
}

static void add_attr(GString *s, const char *name, const char *value)
{
	g_string_append_printf(s, " %s=\"", name);
	add_escaped(s, value);
	g_string_append_c(s, '"');
}

static void add_attr_bool(GString *s, const char *name, bool value)
{
	add_attr(s, name, value ? "True" : "False");
}

static void add_attr_int(GString *s, const char *name, gint64 value)
{
	g_string_append_printf(s, " %s=\"%" G_GINT64_FORMAT "\"", name, value);
}

/* <tag name="...">text</tag> */
static void add_named(GString *s, const char *indent, const char *tag, const char *name,
		      const char *text)
{
	g_string_append_printf(s, "%s<%s", indent, tag);
	add_attr(s, "name", name);
	g_string_append_c(s, '>');
	add_escaped(s, text);
	g_string_append_printf(s, "</%s>\n", tag);
}

static void add_properties(GString *s, const char *indent, const Holder *h)
{
	const Catalog *c = h->app->catalog;
	g_autofree char *inner = g_strconcat(indent, "  ", NULL);
	size_t start = s->len;
	bool any = false;

	g_string_append_printf(s, "%s<properties>\n", indent);
	for (size_t i = 0; i < c->n[h->cls]; i++) {
		PropId id = c->order[h->cls][i];
		g_autofree char *text = NULL;

		if (prop_is_default(h, id))
			continue;
		text = value_text(&h->values[id], "");
		add_named(s, inner, "property", prop_name(id), text);
		any = true;
	}
	if (!any)
		g_string_truncate(s, start);
	g_string_append_printf(s, "%s%s\n", indent, any ? "</properties>" : "<properties/>");
}

static void add_features(GString *s, const Domain *d)
{
	if (!d->features->len) {
		g_string_append(s, "      <features/>\n");
		return;
	}
	g_string_append(s, "      <features>\n");
	for (guint i = 0; i < d->features->len; i++) {
		const Feature *f = g_ptr_array_index(d->features, i);

		add_named(s, "        ", "feature", f->name, f->value);
	}
	g_string_append(s, "      </features>\n");
}

static void add_tags(GString *s, const Domain *d)
{
	if (!d->tags->len) {
		g_string_append(s, "      <tags/>\n");
		return;
	}
	g_string_append(s, "      <tags>\n");
	for (guint i = 0; i < d->tags->len; i++) {
		g_string_append(s, "        <tag");
		add_attr(s, "name", g_ptr_array_index(d->tags, i));
		g_string_append(s, "/>\n");
	}
	g_string_append(s, "      </tags>\n");
}

static void add_device(GString *s, const Assignment *a)
{
	g_string_append(s, "        <device");
	add_attr(s, "backend-domain", a->backend);
	add_attr(s, "id", a->port);
	add_attr(s, "mode", device_mode_name(a->mode));
	add_attr(s, "identity", a->id);
	if (!a->options->len) {
		g_string_append(s, "/>\n");
		return;
	}
	g_string_append(s, ">\n");
	for (guint i = 0; i < a->options->len; i++) {
		const DevPair *o = g_ptr_array_index(a->options, i);

		add_named(s, "          ", "option", o->key, o->value);
	}
	g_string_append(s, "        </device>\n");
}

/* One group per class, in the order of first appearance. */
static void add_devices(GString *s, const Domain *d)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < d->devices->len; i++) {
		const Assignment *first = g_ptr_array_index(d->devices, i);

		if (!g_hash_table_add(done, first->devclass))
			continue;
		g_string_append(s, "      <devices");
		add_attr(s, "class", first->devclass);
		g_string_append(s, ">\n");
		for (guint k = i; k < d->devices->len; k++) {
			const Assignment *dev = g_ptr_array_index(d->devices, k);

			if (g_str_equal(dev->devclass, first->devclass))
				add_device(s, dev);
		}
		g_string_append(s, "      </devices>\n");
	}
}

static void add_volume(GString *s, Domain *d, const Volume *v)
{
	g_autofree char *vid = volume_vid(d, v->id);
	guint64 size = volume_size(d, v->id);

	g_string_append(s, "        <volume");
	add_attr(s, "name", volume_id_name(v->id));
	add_attr(s, "pool", v->pool->name);
	add_attr(s, "vid", vid ? vid : "");
	add_attr_int(s, "revisions_to_keep", v->revisions_to_keep);
	add_attr_bool(s, "rw", v->rw);
	add_attr_bool(s, "save_on_stop", v->save_on_stop);
	add_attr_bool(s, "snap_on_start", v->snap_on_start);
	if (v->ephemeral >= 0)
		add_attr_bool(s, "ephemeral", v->ephemeral);
	if (size)
		add_attr_int(s, "size", (gint64)size);
	if (v->source_vid)
		add_attr(s, "source", v->source_vid);
	g_string_append(s, "/>\n");
}

static void add_domain(GString *s, Domain *d)
{
	g_string_append_printf(s, "    <domain id=\"domain-%d\" class=\"%s\">\n", d->qid,
			       class_name(d->h.cls));
	add_properties(s, "      ", &d->h);
	add_features(s, d);
	add_tags(s, d);
	add_devices(s, d);
	if (domain_is_qube(d)) {
		g_string_append(s, "      <volume-config>\n");
		for (int i = 0; i < VOL_N; i++)
			if (d->volumes[i])
				add_volume(s, d, d->volumes[i]);
		g_string_append(s, "      </volume-config>\n");
	}
	g_string_append(s, "    </domain>\n");
}

static void add_pool(GString *s, const Pool *p)
{
	g_autoptr(GList) keys =
		g_list_sort(g_hash_table_get_keys(p->params), (GCompareFunc)g_strcmp0);

	g_string_append(s, "    <pool");
	add_attr(s, "name", p->name);
	add_attr(s, "driver", p->driver);
	for (GList *k = keys; k; k = k->next)
		add_attr(s, k->data, g_hash_table_lookup(p->params, k->data));
	if (pool_has_settings(p->driver)) {
		add_attr_int(s, "revisions_to_keep", p->revisions_to_keep);
		add_attr_bool(s, "ephemeral_volatile", p->ephemeral_volatile);
	}
	g_string_append(s, "/>\n");
}

char *store_write(App *app)
{
	GString *s = g_string_sized_new(4096 + 2048 * (gsize)app->domains->len);

	g_string_append(s, "<qubes>\n  <labels>\n");
	for (guint i = 0; i < app->labels->len; i++) {
		const Label *l = g_ptr_array_index(app->labels, i);

		g_string_append_printf(s, "    <label id=\"label-%d\" color=\"%s\">", l->index,
				       l->color);
		add_escaped(s, l->name);
		g_string_append(s, "</label>\n");
	}
	g_string_append(s, "  </labels>\n  <pools>\n");
	for (guint i = 0; i < app->pools->len; i++)
		add_pool(s, g_ptr_array_index(app->pools, i));
	g_string_append(s, "  </pools>\n");
	add_properties(s, "  ", &app->h);
	g_string_append(s, "  <domains>\n");
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (!d->incomplete)
			add_domain(s, d);
	}
	g_string_append(s, "  </domains>\n</qubes>\n");
	return g_string_free(s, FALSE);
}
