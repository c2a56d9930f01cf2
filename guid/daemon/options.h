/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of qubes-guid: command line and configuration file (specs/gui.md section 13). */
#ifndef QUBES_GUID_OPTIONS_H
#define QUBES_GUID_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "guid/daemon/keyseq.h"
#include "qrexec/base/paths.h"

#define GUID_NAME_MAX 31
#define GUID_MAX_PROPS 10
#define GUID_MAX_SCREENSAVERS 10
#define GUID_CONFIG_PATH_MAX 63 /* without $QUBES_ROOT */
#define GUID_DEFAULT_WINDOWS 500
#define GUID_MAX_DELAY_MS 5000

enum tray_style {
	TRAY_TINT,
	TRAY_BACKGROUND,
	TRAY_BORDER,
};

struct tray_mode {
	enum tray_style style;
	int border; /* 0 none, 1 at the edge, 2 a pixel inside */
	bool half_saturation;
	bool white_hack;
};

/* Strings are owned by argv or by the struct; nothing is freed before the program ends. */
struct guid_options {
	unsigned domid;
	unsigned target_domid; /* the qube proper when domid is a stub domain */
	char name[GUID_NAME_MAX + 1];
	const char *color; /* a name, or 0xRRGGBB */
	uint32_t label_index;
	const char *icon; /* a name or an absolute path, or NULL */
	int log_level;
	bool foreground;
	bool invisible;
	bool qrexec_clipboard;
	bool prefix_titles;
	bool wm_draws_frame; /* the window manager draws frames from _QUBES_LABEL_COLOR */
	pid_t kill_on_connect;
	const char *props[GUID_MAX_PROPS]; /* NAME=t:value, checked */
	unsigned n_props;
	const char *screensavers[GUID_MAX_SCREENSAVERS + 1];
	char config[QUBES_PATH_MAX]; /* "": default */

	struct keyseq copy, paste;
	uint32_t max_clipboard; /* bytes */
	bool utf8_titles;
	bool allow_fullscreen;
	bool override_redirect;		   /* false: no such windows at all */
	bool override_redirect_protection; /* they may not cover the screen */
	struct tray_mode tray;
	const char *background; /* colour of windows without content yet */
	int startup_timeout;	/* seconds the starter waits, 0: not at all */
	unsigned max_delay_ms;	/* random delay of input events, 0: none */
	unsigned max_windows;
};

void options_init(struct guid_options *o);

/*
 * Reads the configuration (from -C or the default place) and then the command line, which
 * wins. 0; 1 when the program is to exit with status 0 (--help, --version: printed); or
 * -EINVAL with a message on standard error.
 */
int options_parse(struct guid_options *o, int argc, char **argv);

/* The configuration file alone. A missing file is a warning. 0 or -EINVAL (message printed). */
int config_load(struct guid_options *o, const char *path);

/* "bg", "border1", "tint+border1+whitehack"... 0 or -EINVAL. */
int options_tray_mode(const char *text, struct tray_mode *ret);

#endif
