// SPDX-License-Identifier: GPL-2.0-or-later
/* What the hypervisor is told of a qube, and the images it gets. */
#include "dom0/qubesd/core/start.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/flow.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/volume.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define KERNELOPTS_COMMON                                                                          \
	"root=/dev/mapper/dmroot ro nomodeset console=hvc0 rd_NO_PLYMOUTH rd.plymouth.enable=0 "   \
	"plymouth.enable=0 xen_privcmd.unrestricted"

typedef struct {
	VolumeCopy *volume;
	StartImages *images;
} Job;

static bool start_one(gpointer p, GError **error)
{
	Job *j = p;
	VolumeId id = j->volume->id;

	j->images->rw[id] = j->volume->spec.rw;
	return volume_start(&j->volume->spec, &j->images->path[id], error);
}

bool start_images(StartImages *images, GPtrArray *volumes, GError **error)
{
	Job jobs[VOL_N];
	gpointer items[VOL_N];

	for (guint i = 0; i < volumes->len; i++) {
		jobs[i] = (Job){g_ptr_array_index(volumes, i), images};
		items[i] = &jobs[i];
	}
	return flow_parallel(start_one, items, volumes->len, error);
}

void start_images_clear(StartImages *images)
{
	for (int i = 0; i < VOL_N; i++)
		g_free(images->path[i]);
}

static const char *keep(StartSpec *s, char *text)
{
	s->text[s->n_text++] = text;
	return text;
}

static char *mark_path(const char *root, const char *uuid)
{
	return g_strdup_printf("%s/run/qubes/starting.%s", root, uuid);
}

void start_mark(const char *root, const char *uuid, bool on)
{
	g_autofree char *path = mark_path(root, uuid);
	int fd;

	if (!on) {
		unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
}

bool start_is_marked(const char *root, const char *uuid)
{
	g_autofree char *path = mark_path(root, uuid);

	return access(path, F_OK) == 0;
}

/* What every kernel of ours is given, then what this qube's owner wants. */
static char *command_line(Domain *d, const char *kernel_dir)
{
	g_autofree char *opts = prop_str(&d->h, P_kernelopts), *common = NULL, *path = NULL;
	g_autofree char *mode = prop_str(&d->h, P_bootmode), *feature = NULL;
	GString *line = g_string_new(NULL);
	const char *extra;

	if (!g_strcmp0(feature_with_template(d, "os"), "Linux")) {
		g_auto(GStrv) part = g_strsplit(d->uuid, "-", -1);
		g_autofree char *hex = g_strjoinv("", part);

		g_string_append_printf(line, "systemd.machine_id=%s ", hex);
	}
	path = g_build_filename(kernel_dir, "default-kernelopts-common.txt", NULL);
	if (g_file_get_contents(path, &common, NULL, NULL))
		g_string_append(line, g_strchomp(common));
	else
		g_string_append(line, KERNELOPTS_COMMON);
	if (opts && *opts)
		g_string_append_printf(line, " %s", opts);
	feature = g_strconcat("boot-mode.kernelopts.", mode, NULL);
	extra = g_strcmp0(mode, "default") ? feature_with_template(d, feature) : NULL;
	if (extra)
		g_string_append_printf(line, " %s", extra);
	return g_string_free(line, FALSE);
}

static void add_disks(StartSpec *s, const StartImages *images)
{
	for (int id = 0; id < VOL_N; id++) {
		if (!images->path[id])
			continue;
		s->disk[s->hv.n_disks++] = (HvDisk){
			.volume = volume_id_name((VolumeId)id),
			.path = keep(s, g_strdup(images->path[id])),
			.rw = images->rw[id],
		};
	}
	s->hv.disks = s->disk;
}

static const char *name_kept(StartSpec *s, char *name)
{
	g_ptr_array_add(s->names, name);
	return name;
}

/* What device_take_required() gave it. */
static void add_devices(StartSpec *s, Domain *d)
{
	s->blocks = g_array_new(FALSE, TRUE, sizeof(HvBlock));
	s->pci = g_ptr_array_new_with_free_func(g_free);
	s->names = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < d->attached->len; i++) {
		const Attachment *a = g_ptr_array_index(d->attached, i);
		bool dom0 = !strcmp(a->dev->backend, "dom0");
		char *node = g_strdelimit(g_strconcat("/dev/", a->dev->port, NULL), "_", '/');
		const char *type = dev_pair_get(a->options, "devtype");
		HvBlock b = {
			.backend = dom0 ? NULL : name_kept(s, g_strdup(a->dev->backend)),
			.node = name_kept(s, node),
			.target = name_kept(
				s, g_strdup(dev_pair_get(a->options, "frontend-dev"))),
			.rw = g_strcmp0(dev_pair_get(a->options, "read-only"), "yes") != 0,
			.cdrom = !g_strcmp0(type, "cdrom"),
		};

		if (a->dev->cls == DEV_BLOCK)
			g_array_append_val(s->blocks, b);
		else if (a->dev->sbdf)
			g_ptr_array_add(s->pci, g_strdup(a->dev->sbdf));
	}
	s->hv.blocks = (const HvBlock *)s->blocks->data;
	s->hv.n_blocks = s->blocks->len;
	s->hv.pci = (const char *const *)s->pci->pdata;
	s->hv.n_pci = s->pci->len;
}

StartSpec *start_spec_new(Domain *d, const StartImages *images)
{
	StartSpec *s = g_new0(StartSpec, 1);
	guint64 memory = (guint64)prop_int(&d->h, P_memory),
		most = (guint64)prop_int(&d->h, P_maxmem);
	char *kernel_dir = volume_kernel_dir(d);

	s->hv = (HvDomainSpec){
		.name = keep(s, g_strdup(d->name)),
		.uuid = keep(s, g_strdup(d->uuid)),
		.virt_mode = keep(s, prop_str(&d->h, P_virt_mode)),
		.memory_kib = memory << 10,
		.max_memory_kib = MAX(memory, most) << 10,
		.vcpus = (unsigned)prop_int(&d->h, P_vcpus),
		.kernel_dir = keep(s, kernel_dir),
		.qid = (unsigned)d->qid,
	};
	if (kernel_dir)
		s->hv.kernelopts = keep(s, command_line(d, kernel_dir));
	add_disks(s, images);
	add_devices(s, d);
	return s;
}

void start_spec_free(StartSpec *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_text; i++)
		g_free(s->text[i]);
	g_array_unref(s->blocks);
	g_ptr_array_unref(s->pci);
	g_ptr_array_unref(s->names);
	g_free(s);
}
