// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What running qubes use, in /run: the next qubesd takes the qubes over with what they have.
 * The folder is root's.
 */
#include "dom0/qubesd/core/device-private.h"

#include "qrexec/base/io.h"

#include <string.h>
#include <unistd.h>

static char *record_path(const Domain *d)
{
	return g_strdup_printf("%s/run/qubes/devices/%s", d->h.app->opt.root, d->uuid);
}

static void put(GKeyFile *kf, const char *group, const Attachment *a)
{
	const Device *dev = a->dev;

	g_key_file_set_string(kf, group, "class", dev_class_name(dev->cls));
	g_key_file_set_string(kf, group, "backend", dev->backend);
	g_key_file_set_string(kf, group, "port", dev->port);
	g_key_file_set_string(kf, group, "id", dev->id);
	if (dev->sbdf)
		g_key_file_set_string(kf, group, "sbdf", dev->sbdf);
	for (guint i = 0; i < a->options->len; i++) {
		const DevPair *o = g_ptr_array_index(a->options, i);
		g_autofree char *key = g_strconcat("option-", o->key, NULL);

		g_key_file_set_string(kf, group, key, o->value);
	}
}

void device_record_drop(const Domain *d)
{
	g_autofree char *path = record_path(d);

	unlink(path);
}

void device_record_save(Domain *d)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autofree char *path = record_path(d), *dir = g_path_get_dirname(path);
	g_autoptr(GError) why = NULL;
	guint n = 0;

	if (!d->h.app->hv)
		return;
	for (guint i = 0; i < d->attached->len; i++) {
		const Attachment *a = g_ptr_array_index(d->attached, i);
		g_autofree char *group = g_strdup_printf("%u", n);

		if (a->dev->cls == DEV_USB)
			continue;
		put(kf, group, a);
		n++;
	}
	io_mkdir_p(dir, 0700);
	if (!n)
		unlink(path);
	else if (!g_key_file_save_to_file(kf, path, &why))
		g_warning("qube %s: its devices are not noted: %s", d->name, why->message);
}

static char *get(GKeyFile *kf, const char *group, const char *key)
{
	return g_key_file_get_string(kf, group, key, NULL);
}

static Attachment *load_one(GKeyFile *kf, const char *group)
{
	g_autofree char *cls_name = get(kf, group, "class"), *backend = get(kf, group, "backend");
	g_autofree char *port = get(kf, group, "port"), *id = get(kf, group, "id");
	g_auto(GStrv) keys = g_key_file_get_keys(kf, group, NULL, NULL);
	Attachment *a;
	DevClass cls;

	if (!cls_name || !dev_class_from_name(cls_name, &cls) || !backend || !port || !id)
		return NULL;
	a = g_new0(Attachment, 1);
	a->dev = device_new(cls, backend, port);
	g_free(a->dev->id);
	a->dev->id = g_steal_pointer(&id);
	a->dev->sbdf = get(kf, group, "sbdf");
	a->options = dev_pairs_new();
	for (char **k = keys; k && *k; k++) {
		g_autofree char *value = get(kf, group, *k);

		if (g_str_has_prefix(*k, "option-") && value)
			dev_pair_set(a->options, *k + strlen("option-"), value);
	}
	return a;
}

void device_record_load(Domain *d)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autofree char *path = record_path(d);
	g_auto(GStrv) groups = NULL;

	if (!g_key_file_load_from_file(kf, path, G_KEY_FILE_NONE, NULL))
		return;
	groups = g_key_file_get_groups(kf, NULL);
	for (char **g = groups; *g; g++) {
		Attachment *a = load_one(kf, *g);

		if (a)
			g_ptr_array_add(d->attached, a);
	}
}
