/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration file of qubes-guid (options.h): libconfig's syntax, one group "global".
 * Written by dom0 from the qube's gui-* features: trusted, but values are checked.
 */
#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "guid/daemon/options.h"
#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"

struct reader {
	const char *path;
	config_setting_t *group;
	struct guid_options *o;
	int failed;
};

static void wrong(struct reader *r, const char *key, const char *expected)
{
	config_setting_t *s = config_setting_get_member(r->group, key);

	fprintf(stderr, "qubes-guid: %s:%d: %s is not valid: expected %s\n", r->path,
		s ? (int)config_setting_source_line(s) : 0, key, expected);
	r->failed = -EINVAL;
}

static const char *get_text(struct reader *r, const char *key)
{
	config_setting_t *s = config_setting_get_member(r->group, key);
	const char *text = s ? config_setting_get_string(s) : NULL;

	if (s && !text)
		wrong(r, key, "a text in quotes");
	return text;
}

/* Features are texts, so that whoever writes the file may have written 1 for true. */
static void get_bool(struct reader *r, const char *key, bool *ret)
{
	config_setting_t *s = config_setting_get_member(r->group, key);

	if (!s)
		return;
	if (config_setting_type(s) == CONFIG_TYPE_BOOL)
		*ret = config_setting_get_bool(s) != 0;
	else if (config_setting_type(s) == CONFIG_TYPE_INT)
		*ret = config_setting_get_int(s) != 0;
	else
		wrong(r, key, "true or false");
}

/* A value out of range is reported and the default kept (fatal: when strict). */
static void get_number(struct reader *r, const char *key, int min, int max, bool strict, int *ret)
{
	config_setting_t *s = config_setting_get_member(r->group, key);
	char range[40];
	int v;

	if (!s)
		return;
	v = config_setting_get_int(s);
	if (config_setting_type(s) == CONFIG_TYPE_INT && v >= min && v <= max) {
		*ret = v;
		return;
	}
	snprintf(range, sizeof(range), "a number, %d to %d", min, max);
	wrong(r, key, range);
	if (!strict)
		r->failed = 0;
}

static void get_keys(struct reader *r, const char *key, struct keyseq *ret)
{
	const char *text = get_text(r, key);

	if (text && keyseq_parse(text, ret))
		wrong(r, key, "modifiers and a key, as in \"Ctrl-Shift-c\", or \"none\"");
}

static void get_override(struct reader *r)
{
	const char *text = get_text(r, "override_redirect");

	if (!text)
		return;
	if (!strcmp(text, "allow"))
		r->o->override_redirect = true;
	else if (!strcmp(text, "disabled") || !strcmp(text, "disable"))
		r->o->override_redirect = false;
	else
		wrong(r, "override_redirect", "\"allow\" or \"disabled\"");
}

static int read_group(struct reader *r)
{
	struct guid_options *o = r->o;
	int clipboard = (int)o->max_clipboard, delay = 0, windows = (int)o->max_windows;
	const char *text;

	get_keys(r, "secure_copy_sequence", &o->copy);
	get_keys(r, "secure_paste_sequence", &o->paste);
	get_bool(r, "allow_utf8_titles", &o->utf8_titles);
	get_bool(r, "allow_fullscreen", &o->allow_fullscreen);
	get_bool(r, "override_redirect_protection", &o->override_redirect_protection);
	get_bool(r, "wm_draws_frame", &o->wm_draws_frame);
	get_override(r);
	get_number(r, "log_level", 0, 9, true, &o->log_level);
	get_number(r, "startup_timeout", 0, 86400, true, &o->startup_timeout);
	get_number(r, "events_max_delay", 0, GUID_MAX_DELAY_MS, true, &delay);
	get_number(r, "windows_count_limit", 1, 10000, true, &windows);
	if (!r->failed)
		get_number(r, "max_clipboard_size", GUI_MIN_CLIPBOARD, GUI_MAX_CLIPBOARD, false,
			   &clipboard);
	text = get_text(r, "trayicon_mode");
	if (text && options_tray_mode(text, &o->tray))
		wrong(r, "trayicon_mode", "bg, border1, border2 or tint (see --help)");
	text = get_text(r, "window_background_color");
	if (text)
		o->background = strdup(text);
	o->max_clipboard = (uint32_t)clipboard;
	o->max_delay_ms = (unsigned)delay;
	o->max_windows = (unsigned)windows;
	return r->failed;
}

int config_load(struct guid_options *o, const char *path)
{
	struct reader r = {.path = path, .o = o};
	config_t config;
	int ret = 0;

	config_init(&config);
	if (!config_read_file(&config, path)) {
		if (config_error_type(&config) == CONFIG_ERR_FILE_IO) {
			if (o->config[0])
				fprintf(stderr, "qubes-guid: cannot read %s; using the defaults\n",
					path);
		} else {
			fprintf(stderr, "qubes-guid: %s:%d: %s\n", path, config_error_line(&config),
				config_error_text(&config));
			ret = -EINVAL;
		}
	} else {
		r.group = config_lookup(&config, "global");
		if (r.group)
			ret = read_group(&r);
	}
	config_destroy(&config);
	return ret;
}
