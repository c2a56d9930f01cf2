/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audio daemons of a session (audiods.h): their command lines. */
#include "dom0/cli/audiods.h"

#include "qrexec/base/cleanup.h"

const struct keeper_kind audiod_kind = {.what = "audio daemon",
					.program = "pacat-simple-vchan",
					.pidfile = "pacat",
					.log = "pacat"};

/* g_strfreev(). */
static char **arguments(const struct audiod_spec *s)
{
	g_autoptr(GStrvBuilder) b = g_strv_builder_new();
	g_autofree char *xid = g_strdup_printf("%u", s->xid);

	g_strv_builder_add(b, "-l");
	if (s->icon)
		g_strv_builder_add_many(b, "-i", s->icon, NULL);
	g_strv_builder_add_many(b, "--", xid, s->name, NULL);
	return g_strv_builder_end(b);
}

bool audiods_want(struct keeper *k, const struct audiod_spec *s, GError **err)
{
	g_auto(GStrv) args = arguments(s);
	struct keeper_job job = {.name = s->name, .xid = s->xid, .args = (const char *const *)args};

	return keeper_want(k, &job, err);
}

bool audiods_start_once(const struct audiod_spec *s, GError **err)
{
	g_auto(GStrv) args = arguments(s);
	struct keeper_job job = {.name = s->name, .xid = s->xid, .args = (const char *const *)args};
	_cleanup_close_ int log = keeper_open_log(&audiod_kind, s->name);

	return keeper_spawn(&audiod_kind, &job, log, err) > 0;
}
