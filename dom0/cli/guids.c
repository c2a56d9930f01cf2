/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GUI daemons of a session (guids.h): their command lines. */
#include "dom0/cli/guids.h"

#include "dom0/admin/program.h"

const struct keeper_kind guid_kind = {.what = "GUI daemon",
				      .program = "qubes-guid",
				      .pidfile = "guid-running",
				      .config = "guid-conf",
				      .log = "guid"};

/* In the foreground unless once. g_strfreev(). */
static char **arguments(const struct guid_spec *s, bool once)
{
	g_autoptr(GStrvBuilder) b = g_strv_builder_new();
	g_autofree char *config = keeper_config_path(&guid_kind, s->xid);
	g_autofree char *label = g_strdup_printf("%u", s->label);
	g_autofree char *xid = g_strdup_printf("%u", s->xid);

	g_strv_builder_add_many(b, "-N", s->name, "-c", s->color, "-l", label, "-d", xid, "-C",
				config, NULL);
	if (!once)
		g_strv_builder_add(b, "-f");
	if (s->debug)
		g_strv_builder_add_many(b, "-v", "-v", NULL);
	if (s->qrexec_clipboard)
		g_strv_builder_add(b, "-Q");
	if (s->background)
		g_strv_builder_add(b, "-n");
	if (s->kde)
		g_strv_builder_add(b, "-T");
	return g_strv_builder_end(b);
}

bool guids_want(struct keeper *k, const struct guid_spec *s, GError **err)
{
	g_auto(GStrv) args = arguments(s, false);
	struct keeper_job job = {.name = s->name,
				 .xid = s->xid,
				 .args = (const char *const *)args,
				 .config = s->config};

	return keeper_want(k, &job, err);
}

bool guids_start_once(const struct guid_spec *s, GError **err)
{
	g_auto(GStrv) args = arguments(s, true);
	struct keeper_job job = {.name = s->name,
				 .xid = s->xid,
				 .args = (const char *const *)args,
				 .config = s->config};
	pid_t pid = keeper_spawn(&guid_kind, &job, -1, err);

	if (pid < 0)
		return false;
	if (program_wait(pid) == 0)
		return true;
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER,
		    "the GUI daemon did not connect; see guid.%s.log", s->name);
	return false;
}
