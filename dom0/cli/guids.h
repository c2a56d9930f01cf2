/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GUI daemons of a session: one qubes-guid per running qube, started, watched,
 * restarted and ended from the default GLib main loop (gui.md, section 13).
 */
#ifndef QUBES_CLI_GUIDS_H
#define QUBES_CLI_GUIDS_H

#include "dom0/admin/conn.h"

/* How one daemon is to be run. Strings are copied. */
struct guid_spec {
	const char *name;   /* of the qube */
	unsigned xid;	    /* its domain number */
	const char *color;  /* 0xRRGGBB */
	unsigned label;	    /* index of its label */
	const char *config; /* text of its configuration file */
	bool debug, qrexec_clipboard, background, kde;
};

struct guids;

/* Asked before a daemon that ended is restarted: is the qube still there? */
typedef bool (*guids_alive_fn)(const char *name, gpointer data);

struct guids *guids_new(guids_alive_fn alive, gpointer data);

/* Ends all daemons that run, and waits for our own. */
void guids_free(struct guids *g);

/*
 * Makes sure that a daemon runs for the qube: the one that runs already, else a new one. One
 * for another domain number of the same qube is ended. False with err set when it cannot
 * be started.
 */
bool guids_want(struct guids *g, const struct guid_spec *spec, GError **err);

/* Ends the daemon of a qube, if there is one. */
void guids_drop(struct guids *g, const char *name);

/* Calls fn with the name of every qube that has a daemon; fn may drop it. */
void guids_each(struct guids *g, void (*fn)(const char *name, gpointer data), gpointer data);

/* Sends a signal to all daemons: SIGHUP has them look at the screen's size again. */
void guids_signal(struct guids *g, int sig);

/* Starts a daemon that goes to the background by itself; true once it is connected. */
bool guids_start_once(const struct guid_spec *spec, GError **err);

/* The pid of the daemon that runs for a domain number, 0 when none does. */
pid_t guids_running(unsigned xid);

#endif
