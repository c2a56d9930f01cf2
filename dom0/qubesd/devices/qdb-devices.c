// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoder of the devices in a qube's QubesDB. The qube is hostile. */
#include "dom0/qubesd/devices/qdb-devices.h"

#include <string.h>

#define NAME_MAX_LEN 12
/* How long a chain "part of a part of a ..." may be before it counts as unknown. */
#define PARENTS_MAX 8
#define PORT_MAX 64
#define TEXT_MAX 255
#define INTERFACES_MAX 32

/* The entries of one device. */
typedef struct {
	char *port; /* owned; as in the path */
	const char *untrusted_desc, *untrusted_size, *untrusted_mode, *untrusted_parent;
	const char *untrusted_interfaces, *untrusted_connected;
} Entry;

static void entry_free(gpointer p)
{
	g_free(((Entry *)p)->port);
	g_free(p);
}

/* --- names --- */

static bool block_name_ok(const char *s)
{
	size_t n = strlen(s);

	return n >= 1 && n <= NAME_MAX_LEN &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* BUS-PORT[_PORT...], all numbers. */
static bool usb_name_ok(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (!n || s[n] != '-' || strlen(s) > PORT_MAX)
		return false;
	s += n + 1;
	for (;;) {
		n = strspn(s, "0123456789");
		if (!n)
			return false;
		if (!s[n])
			return true;
		if (s[n] != '_')
			return false;
		s += n + 1;
	}
}

/* --- cleaning --- */

/* Bytes that are not in extra or alphanumeric become '_'; those above 127 go. */
static char *clean(const char *untrusted_text, const char *extra)
{
	GString *s = g_string_new(NULL);

	for (const char *p = untrusted_text; *p && s->len < TEXT_MAX; p++) {
		if ((unsigned char)*p >= 0x80)
			continue;
		g_string_append_c(s, g_ascii_isalnum(*p) || strchr(extra, *p) ? *p : '_');
	}
	return g_string_free(s, FALSE);
}

static bool printable(char c)
{
	return c >= ' ' && c < 0x7f;
}

/* udev's way to write what it does not like: \x20. */
static char *clean_udev(const char *untrusted_text)
{
	GString *s = g_string_new(NULL);

	for (const char *p = untrusted_text; *p && s->len < TEXT_MAX; p++) {
		char c = *p;

		if (c == '\\' && p[1] == 'x' && g_ascii_isxdigit(p[2]) && g_ascii_isxdigit(p[3])) {
			c = (char)(g_ascii_xdigit_value(p[2]) * 16 + g_ascii_xdigit_value(p[3]));
			p += 3;
		} else if (c == '\\' && p[1] && p[1] != 'x') {
			c = *++p;
		}
		g_string_append_c(s, printable(c) ? c : '_');
	}
	return g_string_free(s, FALSE);
}

/* NULL for what says nothing. Takes text. */
static char *known(char *text)
{
	g_strstrip(text);
	if (*text && strcmp(text, "unknown") != 0)
		return text;
	g_free(text);
	return NULL;
}

/* --- block --- */

/* "MODEL_NAME (LABEL)" */
static void block_desc(Device *d, const char *untrusted_desc)
{
	g_autofree char *text = clean(untrusted_desc, "()+,-.:=_/ ");
	char *label = strchr(text, ' ');

	if (label)
		*label++ = '\0';
	d->serial = known(g_strdelimit(g_strdup(text), "_", ' '));
	if (!label || strlen(label) <= 2)
		return;
	label[strlen(label) - 1] = '\0';
	d->name = known(g_strdelimit(g_strdup(label + 1), "_", ' '));
}

static guint64 block_size(const char *untrusted_size)
{
	guint64 n;

	return untrusted_size && g_ascii_string_to_unsigned(untrusted_size, 10, 0, G_MAXUINT64, &n,
							    NULL)
		       ? n
		       : 0;
}

/* "4-4.1:1.0" is interface 1.0 of a USB device, "sda" a disk. */
static void block_parent(Device *d, const char *untrusted_parent, char **ret_interface)
{
	g_autofree char *text = clean(untrusted_parent, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
	char *colon = strchr(text, ':');

	if (colon)
		*colon++ = '\0';
	if (!*text)
		return;
	d->parent = g_strdup(text);
	d->parent_class = colon ? DEV_USB : DEV_BLOCK;
	if (colon && *colon)
		*ret_interface = g_strdup(colon);
}

/* The number at the end of a name: of a partition, mostly. "None" when there is none. */
static char *trailing_number(const char *port)
{
	const char *p = port + strlen(port);
	guint64 n;

	while (p > port && g_ascii_isdigit(p[-1]))
		p--;
	if (!*p)
		return g_strdup("None");
	n = g_ascii_strtoull(p, NULL, 10);
	return g_strdup_printf("%" G_GUINT64_FORMAT, n);
}

static Device *block_device(const char *backend, const Entry *e)
{
	Device *d = device_new(DEV_BLOCK, backend, e->port);
	g_autofree char *interface = NULL;

	g_free(d->interfaces);
	d->interfaces = g_strdup("b******");
	if (e->untrusted_desc)
		block_desc(d, e->untrusted_desc);
	d->size = block_size(e->untrusted_size);
	d->read_only = e->untrusted_mode && !strcmp(e->untrusted_mode, "r");
	if (e->untrusted_parent)
		block_parent(d, e->untrusted_parent, &interface);
	d->manufacturer = d->parent ? g_strdup_printf("sub-device of %s:%s", backend, d->parent)
				    : g_strdup_printf("hosted by %s", backend);
	/* For now the own part of the identity only. */
	g_free(d->id);
	d->id = interface ? g_steal_pointer(&interface) : trailing_number(e->port);
	return d;
}

/* The identity begins with that of what the device is part of. */
static char *full_id(const Device *d, const GPtrArray *block, const GPtrArray *usb, int depth)
{
	g_autofree char *up = NULL;
	const Device *parent;

	if (!d->parent)
		return g_strdup_printf(":%s", d->id);
	parent = device_list_find(d->parent_class == DEV_USB ? usb : block, d->parent);
	if (!parent || depth >= PARENTS_MAX)
		up = g_strdup(DEV_UNKNOWN_ID);
	else
		up = parent->cls == DEV_USB ? g_strdup(parent->id)
					    : full_id(parent, block, usb, depth + 1);
	return g_strdup_printf("%s:%s", up, d->id);
}

static void complete_ids(GPtrArray *block, const GPtrArray *usb)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < block->len; i++)
		g_ptr_array_add(ids, full_id(g_ptr_array_index(block, i), block, usb, 0));
	for (guint i = 0; i < block->len; i++) {
		Device *d = g_ptr_array_index(block, i);

		g_free(d->id);
		d->id = g_strdup(g_ptr_array_index(ids, i));
	}
}

/* --- USB --- */

/* Codes like ":030102:080650:" */
static char *usb_interfaces(const char *untrusted_interfaces)
{
	g_auto(GStrv) code = g_strsplit(untrusted_interfaces, ":", INTERFACES_MAX + 1);
	GString *s = g_string_new(NULL);

	for (char **c = code; *c && s->len < INTERFACES_MAX * 7; c++) {
		if (!**c)
			continue;
		g_string_append_c(s, 'u');
		for (size_t i = 0, n = strlen(*c); i < 6; i++) {
			char digit = i < n ? (*c)[i] : '*';

			g_string_append_c(s, i >= n || g_ascii_isxdigit(digit) ? digit : '_');
		}
	}
	if (!s->len)
		g_string_append(s, DEV_UNKNOWN_INTERFACE);
	return g_string_free(s, FALSE);
}

/* "VID:PID VENDOR MODEL SERIAL"; anything else is shown as the name. */
static void usb_desc(Device *d, const char *untrusted_desc, const HwIds *ids, char **ret_numbers)
{
	g_auto(GStrv) word = g_strsplit(untrusted_desc, " ", 6);
	g_auto(GStrv) number = g_strsplit(word[0] ? word[0] : "", ":", 3);
	g_autofree char *vid = NULL, *pid = NULL;

	if (g_strv_length(word) != 4 || g_strv_length(number) != 2) {
		g_autofree char *text = clean_udev(untrusted_desc);

		d->name = known(g_strdelimit(g_strdup(text), " ", '_'));
		return;
	}
	vid = clean_udev(number[0]);
	pid = clean_udev(number[1]);
	if (ids)
		hwids_names(ids, vid, pid, &d->vendor, &d->product);
	d->manufacturer = known(clean_udev(word[1]));
	d->name = known(clean_udev(word[2]));
	d->serial = known(clean_udev(word[3]));
	*ret_numbers = g_strdup_printf("%s:%s", vid, pid);
}

static Device *usb_device(const char *backend, const Entry *e, const HwIds *ids)
{
	g_autofree char *port = g_strdelimit(g_strdup(e->port), "_", '.'), *numbers = NULL;
	Device *d = device_new(DEV_USB, backend, port);

	if (e->untrusted_desc)
		usb_desc(d, e->untrusted_desc, ids, &numbers);
	if (e->untrusted_interfaces) {
		g_free(d->interfaces);
		d->interfaces = usb_interfaces(e->untrusted_interfaces);
	}
	if (e->untrusted_connected && g_ascii_isalpha(*e->untrusted_connected))
		d->connected = clean(e->untrusted_connected, "_.-");
	g_free(d->id);
	d->id = g_strdup_printf("%s:%s:%s", numbers ? numbers : "0000:0000",
				d->serial ? d->serial : "", d->interfaces);
	return d;
}

/* --- entries --- */

static Entry *entry_of(GHashTable *entries, const char *name, size_t len,
		       bool (*name_ok)(const char *))
{
	g_autofree char *port = g_strndup(name, len);
	Entry *e = g_hash_table_lookup(entries, port);

	if (e || !name_ok(port) || g_hash_table_size(entries) >= DEV_PER_QUBE_MAX)
		return e;
	e = g_new0(Entry, 1);
	e->port = g_steal_pointer(&port);
	g_hash_table_insert(entries, e->port, e);
	return e;
}

static void take(Entry *e, const char *key, const char *untrusted_value)
{
	if (!strcmp(key, "desc"))
		e->untrusted_desc = untrusted_value;
	else if (!strcmp(key, "size"))
		e->untrusted_size = untrusted_value;
	else if (!strcmp(key, "mode"))
		e->untrusted_mode = untrusted_value;
	else if (!strcmp(key, "parent"))
		e->untrusted_parent = untrusted_value;
	else if (!strcmp(key, "interfaces"))
		e->untrusted_interfaces = untrusted_value;
	else if (!strcmp(key, "connected-to"))
		e->untrusted_connected = untrusted_value;
}

/* A device is there when it has at least one entry below its name. */
static GHashTable *collect(const char *const *untrusted_entries, const char *prefix,
			   bool (*name_ok)(const char *))
{
	GHashTable *entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);

	for (const char *const *p = untrusted_entries; p[0] && p[1]; p += 2) {
		const char *name, *slash;
		Entry *e;

		if (!g_str_has_prefix(p[0], prefix))
			continue;
		name = p[0] + strlen(prefix);
		slash = strchr(name, '/');
		e = slash ? entry_of(entries, name, (size_t)(slash - name), name_ok) : NULL;
		if (e)
			take(e, slash + 1, p[1]);
	}
	return entries;
}

static gint by_port(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Device *const *)a)->port, (*(Device *const *)b)->port);
}

void qdb_devices_decode(const char *backend, const char *const *untrusted_entries,
			const HwIds *usb_ids, GPtrArray *block, GPtrArray *usb)
{
	g_autoptr(GHashTable) disks = collect(untrusted_entries, QDB_BLOCK_DEVICES, block_name_ok);
	g_autoptr(GHashTable) sticks = collect(untrusted_entries, QDB_USB_DEVICES, usb_name_ok);
	GHashTableIter it;
	gpointer e;

	g_hash_table_iter_init(&it, sticks);
	while (g_hash_table_iter_next(&it, NULL, &e))
		g_ptr_array_add(usb, usb_device(backend, e, usb_ids));
	g_hash_table_iter_init(&it, disks);
	while (g_hash_table_iter_next(&it, NULL, &e))
		g_ptr_array_add(block, block_device(backend, e));
	complete_ids(block, usb);
	g_ptr_array_sort(usb, by_port);
	g_ptr_array_sort(block, by_port);
}
