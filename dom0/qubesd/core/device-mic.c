// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The microphone: whoever plays a qube's sound looks at /audio-input-config/QUBE to know
 * whether it may record. In the QubesDB of its audiovm; of dom0, a file of that path in
 * /run/qubes.
 */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/run.h"
#include "qrexec/base/io.h"

#define FOLDER "/audio-input-config"

static void write_file(const App *app, const char *name, bool allowed)
{
	g_autofree char *dir = g_strconcat(app->opt.root, "/run/qubes" FOLDER, NULL);
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) why = NULL;

	io_mkdir_p(dir, 0755);
	if (!g_file_set_contents(path, allowed ? "1" : "0", -1, &why))
		g_warning("qube %s: its microphone: %s", name, why->message);
}

/* In the QubesDB of audio, about d. */
static void tell(Domain *audio, Domain *d, bool allowed)
{
	g_autofree char *path = g_strconcat(FOLDER "/", d->name, NULL);

	if (audio->h.cls == CLS_ADMIN)
		write_file(d->h.app, d->name, allowed);
	else
		qdb_put(audio, path, allowed ? "1" : "0");
}

void mic_allow(Domain *d, bool allowed)
{
	Domain *audio = prop_vm(&d->h, P_audiovm);

	if (audio)
		tell(audio, d, allowed);
}

void device_mic_moved(Domain *d, Domain *old)
{
	for (guint i = 0; i < d->attached->len; i++) {
		const Attachment *a = g_ptr_array_index(d->attached, i);

		if (a->dev->cls != DEV_MIC || a->busy || old == prop_vm(&d->h, P_audiovm))
			continue;
		if (old)
			tell(old, d, false);
		mic_allow(d, true);
	}
}

bool mic_check(Domain *d, const GPtrArray *options, GError **error)
{
	Domain *audio = prop_vm(&d->h, P_audiovm);

	if (options->len)
		return fail(error, E_QUBES, "Microphone assignment does not support user options");
	if (!audio)
		return fail(error, E_QUBES, "VM %s has no AudioVM set: set its audiovm first",
			    d->name);
	if (!domain_is_running(audio))
		return fail(error, E_VM_NOT_RUNNING, "Audio VM %s isn't running: start it first",
			    audio->name);
	return true;
}
