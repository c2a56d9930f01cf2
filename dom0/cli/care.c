/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which daemons of the session a qube is to have (care.h). The peer is qubesd, which is trusted. */
#include "dom0/cli/care.h"

#include <stdio.h>
#include <string.h>

#include "dom0/cli/audiods.h"
#include "dom0/cli/guidconf.h"
#include "dom0/cli/guids.h"

void care_say(const char *vm, const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s%s%s\n", vm, what, detail ? ": " : "", detail ? detail : "");
}

static bool cared_for(const struct care *d, const char *vm)
{
	if (!strcmp(vm, admin_local_name(d->c->admin)) ||
	    g_strv_contains(args_all(d->c->args, "exclude"), vm))
		return false;
	return !*d->only || g_strv_contains(d->only, vm);
}

/* A text property of the qube; NULL when it has none. */
static char *prop(struct care *d, const char *vm, const char *name)
{
	return admin_get_prop(d->c->admin, vm, name);
}

/* server: the property that names who serves it. One that is preloaded waits for its call. */
static bool served_here(struct care *d, const char *vm, const char *server)
{
	g_autofree char *by = prop(d, vm, server);
	g_autofree char *preload = prop(d, vm, "is_preload");

	return g_strcmp0(by, admin_local_name(d->c->admin)) == 0 && g_strcmp0(preload, "True") != 0;
}

/* As the feature says, or else the feature gui. */
static bool has_agent(struct care *d, const char *vm, const char *feature)
{
	struct admin *a = d->c->admin;
	g_autofree char *own = feature ? admin_feature(a, vm, feature, true, NULL) : NULL;
	g_autofree char *gui = own ? NULL : admin_feature(a, vm, "gui", true, NULL);
	const char *said = own ? own : gui;

	/* Not said: a qube that speaks qrexec is one of ours and has an agent. */
	return said ? *said : admin_feature_bool(a, vm, "qrexec", false);
}

/* Whether the qube's windows are to be shown, and here. */
static bool wants_gui(struct care *d, const char *vm)
{
	return served_here(d, vm, "guivm") && has_agent(d, vm, NULL);
}

/* Whether its sound is to be played, and here. */
static bool wants_audio(struct care *d, const char *vm)
{
	return served_here(d, vm, "audiovm") && has_agent(d, vm, "audio");
}

static guint64 label_index(struct care *d, const char *label)
{
	g_autofree char *text =
		admin_call(d->c->admin, "dom0", "admin.label.Index", label, NULL, NULL);

	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* 0: it has none. */
static unsigned xid_of(struct care *d, const char *vm)
{
	g_autofree char *xid = prop(d, vm, "xid");
	gint64 n = xid ? g_ascii_strtoll(xid, NULL, 10) : 0;

	return n > 0 ? (unsigned)n : 0;
}

/* Starts the qube's GUI daemon if it is to have one and has none. */
static void care_for_gui(struct care *d, const char *vm, bool once)
{
	struct admin *a = d->c->admin;
	g_autofree char *label = NULL;
	g_autofree char *color = NULL;
	g_autofree char *config = NULL;
	g_autofree char *debug = NULL;
	g_autofree char *virt = NULL;
	g_autoptr(GError) err = NULL;
	struct guid_spec s = {.name = vm};

	if (!wants_gui(d, vm))
		return;
	s.xid = xid_of(d, vm);
	label = prop(d, vm, "label");
	if (!s.xid || !label)
		return;
	color = admin_call(a, "dom0", "admin.label.Get", label, NULL, NULL);
	config = guidconf_text(a, vm, admin_local_name(a));
	debug = prop(d, vm, "debug");
	virt = prop(d, vm, "virt_mode");
	s.color = color ? color : label;
	s.label = (unsigned)label_index(d, label);
	s.config = config;
	s.debug = g_strcmp0(debug, "True") == 0;
	s.background = g_strcmp0(virt, "hvm") == 0;
	s.qrexec_clipboard = admin_feature_bool(a, vm, "rpc-clipboard", false);
	s.kde = args_has(d->c->args, "kde");
	if (once && keeper_running(&guid_kind, s.xid))
		return;
	if (!(once ? guids_start_once(&s, &err) : guids_want(d->guids, &s, &err))) {
		care_say(vm, "cannot start the GUI daemon", err->message);
		d->status = EXIT_FAILED;
	} else if (d->follow) {
		follow_tell(d->follow, vm);
	}
}

/* The same for its audio daemon. */
static void care_for_audio(struct care *d, const char *vm, bool once)
{
	g_autofree char *icon = NULL;
	g_autoptr(GError) err = NULL;
	struct audiod_spec s = {.name = vm};

	if (!wants_audio(d, vm))
		return;
	s.xid = xid_of(d, vm);
	s.icon = icon = prop(d, vm, "icon");
	if (!s.xid || (once && keeper_running(&audiod_kind, s.xid)))
		return;
	if (!(once ? audiods_start_once(&s, &err) : audiods_want(d->audiods, &s, &err))) {
		care_say(vm, "cannot start the audio daemon", err->message);
		d->status = EXIT_FAILED;
	}
}

void care_for(struct care *d, const char *vm, unsigned what, bool once)
{
	if (!cared_for(d, vm))
		return;
	if (what & CARE_GUI)
		care_for_gui(d, vm, once);
	if (what & CARE_AUDIO)
		care_for_audio(d, vm, once);
}

void care_drop(struct care *d, const char *vm)
{
	keeper_drop(d->guids, vm);
	keeper_drop(d->audiods, vm);
}

void care_for_running(struct care *d, const struct admin_vms *vms, bool once)
{
	for (guint i = 0; i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);

		if (!strcmp(vm->state, "Running") && strcmp(vm->klass, "AdminVM") != 0)
			care_for(d, vm->name, CARE_GUI | CARE_AUDIO, once);
	}
}

void care_audiovm_changed(struct care *d, const char *vm)
{
	if (!wants_audio(d, vm))
		keeper_drop(d->audiods, vm);
	else
		care_for(d, vm, CARE_AUDIO, false);
}
