/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemons that each running qube has one of, such as its GUI daemon: started, watched, restarted
 * and ended from the default GLib main loop, and found again after a crash of the one who keeps
 * them.
 */
#ifndef QUBES_CLI_KEEPER_H
#define QUBES_CLI_KEEPER_H

#include "dom0/admin/conn.h"

/* One kind of daemon. All strings are constants. */
struct keeper_kind {
	const char *what;    /* for messages */
	const char *program; /* found beside this one */
	const char *pidfile; /* /run/qubes/PIDFILE.XID, which it locks */
	const char *config;  /* /run/qubes/CONFIG.XID is its configuration; NULL: it has none */
	const char *log;     /* /var/log/qubes/LOG.NAME.log */
};

/* One daemon. Everything is copied. */
struct keeper_job {
	const char *name;	 /* of the qube */
	unsigned xid;		 /* its domain number */
	const char *const *args; /* after the program's name, NULL-terminated */
	const char *config;	 /* text of its configuration file, or NULL */
};

struct keeper;

/* Asked before a daemon that ended is restarted: is the qube still there? */
typedef bool (*keeper_alive_fn)(const char *name, gpointer data);

struct keeper *keeper_new(const struct keeper_kind *kind, keeper_alive_fn alive, gpointer data);

/* Ends all daemons that run, and waits for our own. */
void keeper_free(struct keeper *k);

/*
 * Makes sure that a daemon runs for the qube: the one that runs already, else a new one. One
 * for another domain number of the same qube is ended. False with err set when it cannot
 * be started.
 */
bool keeper_want(struct keeper *k, const struct keeper_job *job, GError **err);

/* Ends the daemon of a qube, if there is one. */
void keeper_drop(struct keeper *k, const char *name);

/* Calls fn with the name of every qube that has a daemon; fn may drop it. */
void keeper_each(struct keeper *k, void (*fn)(const char *name, gpointer data), gpointer data);

void keeper_signal(struct keeper *k, int sig);

/* Starts a daemon that nobody keeps: its pid, or -1 with err set. */
pid_t keeper_spawn(const struct keeper_kind *kind, const struct keeper_job *job, int log,
		   GError **err);

/* Its log, opened; -1 when it cannot be: our own standard error then. */
int keeper_open_log(const struct keeper_kind *kind, const char *name);

/* The pid of the daemon that runs for a domain number, 0 when none does. */
pid_t keeper_running(const struct keeper_kind *kind, unsigned xid);

/* The path of its configuration file. g_free(). */
char *keeper_config_path(const struct keeper_kind *kind, unsigned xid);

#endif
