/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assignments of devices to qubes (device.h). The peer is qubesd; device-line.c has checked. Pure.
 */
#include <string.h>

#include "dom0/admin/device-line.h"
#include "dom0/admin/device.h"

void assignment_free(struct assignment *a)
{
	if (!a)
		return;
	g_free(a->backend);
	g_free(a->port);
	g_free(a->devclass);
	g_free(a->id);
	g_free(a->mode);
	g_free(a->frontend);
	g_array_unref(a->opts);
	g_free(a);
}

static bool check_assignment(struct assignment *a, GArray *props, GError **err)
{
	const char *id = pairs_get(props, "device_id"), *mode = pairs_get(props, "mode");

	if (!pairs_agree(props, "backend_domain", a->backend, err) ||
	    !pairs_agree(props, "port_id", a->port, err) ||
	    !pairs_agree(props, "devclass", a->devclass, err))
		return false;
	if (strcmp(a->id, "*") != 0 && id && strcmp(id, a->id) != 0)
		return line_malformed(err, "unexpected identity", id);
	if (id) {
		g_free(a->id);
		a->id = g_strdup(id);
	}
	a->mode = g_strdup(mode ? mode : "manual");
	a->frontend = g_strdup(pairs_get(props, "frontend_domain"));
	return true;
}

struct assignment *assignment_parse(const char *line, const char *devclass, GError **err)
{
	g_autoptr(Assignment) a = g_new0(struct assignment, 1);
	g_autoptr(GArray) props = pairs_new();
	size_t head = strcspn(line, " "), plus = strcspn(line, "+");
	g_autofree char *identity = NULL;

	a->opts = pairs_new();
	a->devclass = g_strdup(devclass);
	if (plus >= head) {
		line_malformed(err, "no BACKEND+PORT", line);
		return NULL;
	}
	a->backend = plus == 1 && *line == '_' ? g_strdup("*") : g_strndup(line, plus);
	identity = g_strndup(line + plus + 1, head - plus - 1);
	line_split_identity(identity, '+', &a->port, &a->id);
	if (!a->id)
		a->id = g_strdup("*");
	if (!pairs_parse(line + head, props, a->opts, err) || !check_assignment(a, props, err))
		return NULL;
	return g_steal_pointer(&a);
}

struct assignment *assignment_new(const struct device *d, const char *mode, const char *frontend)
{
	struct assignment *a = g_new0(struct assignment, 1);

	a->backend = g_strdup(d->backend);
	a->port = g_strdup(d->port);
	a->devclass = g_strdup(d->devclass);
	a->id = g_strdup(d->id);
	a->mode = g_strdup(mode);
	a->frontend = g_strdup(frontend);
	a->opts = pairs_new();
	return a;
}

void assignment_set_option(struct assignment *a, const char *key, const char *value)
{
	for (guint i = 0; i < a->opts->len; i++) {
		struct device_pair *p = &g_array_index(a->opts, struct device_pair, i);

		if (!strcmp(p->key, key)) {
			g_free(p->value);
			p->value = g_strdup(value);
			return;
		}
	}
	pairs_add(a->opts, key, value);
}

char *assignment_take_option(struct assignment *a, const char *key)
{
	char *value = g_strdup(pairs_get(a->opts, key));

	pairs_drop(a->opts, key);
	return value;
}

static void put(GString *s, const char *prefix, const char *key, const char *value)
{
	g_autofree char *quoted = line_replace(value, "'", "\\'");

	g_string_append_printf(s, "%s%s%s='%s'", s->len ? " " : "", prefix, key, quoted);
}

char *assignment_payload(const struct assignment *a)
{
	g_autoptr(GString) s = g_string_new(NULL);

	put(s, "", "device_id", a->id);
	put(s, "", "port_id", a->port);
	put(s, "", "devclass", a->devclass);
	put(s, "", "backend_domain", a->backend);
	put(s, "", "mode", a->mode);
	if (a->frontend)
		put(s, "", "frontend_domain", a->frontend);
	for (guint i = 0; i < a->opts->len; i++) {
		const struct device_pair *p = &g_array_index(a->opts, struct device_pair, i);

		put(s, "_", p->key, p->value);
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}

bool assignment_matches(const struct assignment *a, const struct device *d)
{
	return !strcmp(a->devclass, d->devclass) && !strcmp(a->backend, d->backend) &&
	       (!strcmp(a->port, "*") || !strcmp(a->port, d->port)) &&
	       (!strcmp(a->id, "*") || !strcmp(a->id, d->id));
}
