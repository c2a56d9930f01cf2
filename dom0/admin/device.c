/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and assignments (device.h). The lines come from qubesd, but much in them was
 * said by the qube that has the device: only printable ASCII gets through. Pure.
 */
#include "dom0/admin/device.h"

#include <string.h>

#include "dom0/admin/error.h"

#define UNKNOWN_INTERFACE "?******"
#define INTERFACE_LEN 7

static void pair_clear(gpointer p)
{
	struct device_pair *pair = p;

	g_free(pair->key);
	g_free(pair->value);
}

static GArray *pairs_new(void)
{
	GArray *a = g_array_new(FALSE, TRUE, sizeof(struct device_pair));

	g_array_set_clear_func(a, pair_clear);
	return a;
}

static const char *pairs_get(const GArray *a, const char *key)
{
	for (guint i = 0; i < a->len; i++) {
		const struct device_pair *p = &g_array_index(a, struct device_pair, i);

		if (!strcmp(p->key, key))
			return p->value;
	}
	return NULL;
}

static void pairs_add(GArray *a, const char *key, const char *value)
{
	struct device_pair p = {g_strdup(key), g_strdup(value)};

	g_array_append_val(a, p);
}

static GArray *pairs_copy(const GArray *from)
{
	GArray *a = pairs_new();

	for (guint i = 0; i < from->len; i++) {
		const struct device_pair *p = &g_array_index(from, struct device_pair, i);

		pairs_add(a, p->key, p->value);
	}
	return a;
}

void device_free(struct device *d)
{
	if (!d)
		return;
	g_free(d->backend);
	g_free(d->port);
	g_free(d->devclass);
	g_free(d->id);
	g_array_unref(d->props);
	g_array_unref(d->opts);
	g_free(d);
}

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

struct device *device_unknown(const char *backend, const char *port, const char *devclass,
			      const char *id)
{
	struct device *d = g_new0(struct device, 1);

	d->backend = g_strdup(backend);
	d->port = g_strdup(port);
	d->devclass = g_strdup(devclass);
	d->id = g_strdup(id ? id : DEVICE_UNKNOWN_ID);
	d->props = pairs_new();
	d->opts = pairs_new();
	return d;
}

struct device *device_copy(const struct device *d)
{
	struct device *n = g_new0(struct device, 1);

	*n = *d;
	n->backend = g_strdup(d->backend);
	n->port = g_strdup(d->port);
	n->devclass = g_strdup(d->devclass);
	n->id = g_strdup(d->id);
	n->props = pairs_copy(d->props);
	n->opts = pairs_copy(d->opts);
	return n;
}

static bool malformed(GError **err, const char *what, const char *text)
{
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_PROTOCOL, "device: %s: %.80s", what, text);
	return false;
}

/* Length of a key and its "='", or 0 when no key is here. */
static size_t key_length(const char *s)
{
	size_t n = 0;

	while (s[n] > ' ' && s[n] < 0x7f && s[n] != '=' && s[n] != '\'' && s[n] != '"')
		n++;
	return n && s[n] == '=' && s[n + 1] == '\'' ? n + 2 : 0;
}

/* A quote ends the value when the line or the next key follows it. */
static bool ends_value(const char *quote)
{
	const char *next = quote + 1;

	while (*next == ' ')
		next++;
	return !*next || (next > quote + 1 && key_length(next));
}

/* Splits key='value' … into props, and into opts those whose key starts with "_". */
static bool parse_pairs(const char *s, GArray *props, GArray *opts, GError **err)
{
	while (*(s += strspn(s, " "))) {
		size_t n = key_length(s);
		g_autofree char *key = n ? g_strndup(s, n - 2) : NULL;
		g_autoptr(GString) value = g_string_new(NULL);

		if (!n)
			return malformed(err, "no key='value'", s);
		for (s += n; *s && !(*s == '\'' && ends_value(s)); s++) {
			if (*s < ' ' || *s >= 0x7f)
				return malformed(err, "not printable", key);
			if (!(*s == '\\' && s[1] == '\'' && !ends_value(s + 1)))
				g_string_append_c(value, *s);
		}
		if (!*s++)
			return malformed(err, "value without end", key);
		if (*key == '_')
			pairs_add(opts, key + 1, value->str);
		else
			pairs_add(props, key, value->str);
	}
	return true;
}

static char *replace(const char *s, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(s, from, -1);

	return g_strjoinv(to, parts);
}

/* Splits "PORT[sepID]" as it is written in heads of lines and arguments. */
static void split_identity(const char *s, char sep, char **ret_port, char **ret_id)
{
	g_autofree char *text = g_strdup(s);
	char *colon;

	g_strdelimit(text, (char[]){sep, 0}, ':');
	colon = strchr(text, ':');
	if (colon)
		*colon++ = 0;
	*ret_port = g_strdup(strcmp(text, "_") ? text : "*");
	*ret_id = !colon || !*colon    ? NULL
		  : strcmp(colon, "_") ? replace(colon, "_______", UNKNOWN_INTERFACE)
				       : g_strdup("*");
}

/* What the line says has to agree with where it came from. */
static bool agrees(const GArray *props, const char *key, const char *expected, GError **err)
{
	const char *v = pairs_get(props, key);

	if (v && strcmp(v, expected) != 0)
		return malformed(err, key, v);
	return true;
}

static void drop_pair(GArray *a, const char *key)
{
	for (guint i = a->len; i-- > 0;)
		if (!strcmp(g_array_index(a, struct device_pair, i).key, key))
			g_array_remove_index(a, i);
}

static bool check_device(struct device *d, GError **err)
{
	const char *id = pairs_get(d->props, "device_id");

	if (!agrees(d->props, "backend_domain", d->backend, err) ||
	    !agrees(d->props, "port_id", d->port, err) ||
	    !agrees(d->props, "devclass", d->devclass, err))
		return false;
	if (strcmp(d->id, "*") != 0 && id && strcmp(id, d->id) != 0)
		return malformed(err, "unexpected identity", id);
	if (id) {
		g_free(d->id);
		d->id = g_strdup(id);
	}
	drop_pair(d->props, "backend_domain");
	drop_pair(d->props, "port_id");
	drop_pair(d->props, "devclass");
	drop_pair(d->props, "device_id");
	return true;
}

struct device *device_parse(const char *line, const char *backend, const char *devclass,
			    GError **ret_err)
{
	size_t head = strcspn(line, " ");
	g_autofree char *first = g_strndup(line, head);
	g_autofree char *port = NULL;
	g_autofree char *id = NULL;
	struct device *d;

	split_identity(first, ':', &port, &id);
	d = device_unknown(backend, port, devclass, id ? id : "*");
	d->known = parse_pairs(line + head, d->props, d->opts, ret_err) && check_device(d, ret_err);
	if (!d->known) {
		g_array_set_size(d->props, 0);
		g_array_set_size(d->opts, 0);
	}
	return d;
}

const char *device_prop(const struct device *d, const char *key)
{
	const char *v = pairs_get(d->props, key);

	return v && *v && strcmp(v, "unknown") != 0 ? v : NULL;
}

const char *device_opt(const struct device *d, const char *key)
{
	return pairs_get(d->opts, key);
}

char *device_interfaces(const struct device *d)
{
	const char *v = pairs_get(d->props, "interfaces");

	return g_strdup(v && *v && strlen(v) % INTERFACE_LEN == 0 ? v : UNKNOWN_INTERFACE);
}

/* What kind of thing it is: a category, else the name of an interface, else its bus. */
static char *device_kind(const struct device *d)
{
	g_autofree char *codes = device_interfaces(d);
	g_autofree char *upper = g_ascii_strup(d->devclass, -1);
	char *bus = g_strconcat(upper, " device", NULL);

	for (const char *c = codes; *c; c += INTERFACE_LEN) {
		g_autofree char *code = g_strndup(c, INTERFACE_LEN);
		const char *category = interface_category(code);

		if (strcmp(category, "Other") != 0) {
			g_free(bus);
			return g_strdup(category);
		}
	}
	for (const char *c = codes; *c; c += INTERFACE_LEN) {
		g_autofree char *code = g_strndup(c, INTERFACE_LEN);
		g_autofree char *name = interface_name(code);

		if (strcmp(name, bus) != 0) {
			g_free(bus);
			return g_strdelimit(g_steal_pointer(&name), "_", ' ');
		}
	}
	return bus;
}

char *device_description(const struct device *d)
{
	static const char *const product_keys[] = {"product", "name", "serial"};
	const char *product = NULL, *vendor = device_prop(d, "vendor");
	const char *parent = pairs_get(d->props, "parent_port_id");
	g_autofree char *none = g_strdup_printf("unknown %s device", d->devclass);
	g_autofree char *kind = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(product_keys) && !product; i++)
		product = device_prop(d, product_keys[i]);
	if (!product && parent)
		return g_strdup_printf("sub-device of %s:%s", d->backend, parent);
	if (!vendor)
		vendor = device_prop(d, "manufacturer");
	kind = device_kind(d);
	return g_strdup_printf("%s: %s %s", kind, vendor ? vendor : "unknown vendor",
			       product ? product : none);
}

static bool pattern_matches(const char *pattern, const char *code)
{
	for (int i = 0; i < INTERFACE_LEN; i++)
		if (pattern[i] != '*' && pattern[i] != code[i])
			return false;
	return true;
}

bool device_denied(const struct device *d, const char *deny_list)
{
	g_autofree char *codes = device_interfaces(d);

	if (strlen(deny_list) % INTERFACE_LEN)
		return false;
	for (; *deny_list; deny_list += INTERFACE_LEN)
		for (const char *c = codes; *c; c += INTERFACE_LEN)
			if (pattern_matches(deny_list, c))
				return true;
	return false;
}

static bool check_assignment(struct assignment *a, GArray *props, GError **err)
{
	const char *id = pairs_get(props, "device_id"), *mode = pairs_get(props, "mode");

	if (!agrees(props, "backend_domain", a->backend, err) ||
	    !agrees(props, "port_id", a->port, err) || !agrees(props, "devclass", a->devclass, err))
		return false;
	if (strcmp(a->id, "*") != 0 && id && strcmp(id, a->id) != 0)
		return malformed(err, "unexpected identity", id);
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
		malformed(err, "no BACKEND+PORT", line);
		return NULL;
	}
	a->backend = plus == 1 && *line == '_' ? g_strdup("*") : g_strndup(line, plus);
	identity = g_strndup(line + plus + 1, head - plus - 1);
	split_identity(identity, '+', &a->port, &a->id);
	if (!a->id)
		a->id = g_strdup("*");
	if (!parse_pairs(line + head, props, a->opts, err) || !check_assignment(a, props, err))
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

	drop_pair(a->opts, key);
	return value;
}

static void put(GString *s, const char *prefix, const char *key, const char *value)
{
	g_autofree char *quoted = replace(value, "'", "\\'");

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

char *device_qarg(const char *backend, const char *port, const char *id)
{
	g_autofree char *plain = g_strdup_printf("%s+%s+%s", backend, port, id);
	g_autofree char *arg = replace(plain, UNKNOWN_INTERFACE, "_______");

	return g_strdelimit(g_strdelimit(g_steal_pointer(&arg), ":", '+'), "*", '_');
}

bool assignment_matches(const struct assignment *a, const struct device *d)
{
	return !strcmp(a->devclass, d->devclass) && !strcmp(a->backend, d->backend) &&
	       (!strcmp(a->port, "*") || !strcmp(a->port, d->port)) &&
	       (!strcmp(a->id, "*") || !strcmp(a->id, d->id));
}
