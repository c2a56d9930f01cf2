/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration and the commands of a callback pool. Private to the driver. */
#ifndef QUBESD_STORAGE_CALLBACK_H
#define QUBESD_STORAGE_CALLBACK_H

#include "dom0/qubesd/storage/driver.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct {
	char *conf_id, *driver; /* owned */
	JsonNode *conf;		/* owned; the object of conf_id */
	char *text;		/* owned; the same as text, for the commands */
	GHashTable *args;	/* owned; parameters of the pool behind it */
	bool signal_back;
} CallbackConf;

/* Reads /etc/qubes_callback.json. NULL with an error that names the file. */
CallbackConf *callback_conf_load(const char *conf_id, GError **error);
void callback_conf_free(CallbackConf *c);

/*
 * The command for an event ("pre_volume_start"); NULL: there is none. *ret_general: it is the
 * one for all events, which is told more.
 */
const char *callback_command(const CallbackConf *c, const char *event, bool *ret_general);
/*
 * Runs it. args: NULL-terminated, for the general command. *ret_setup: it asked for the pool to
 * be set up again.
 */
gboolean callback_call(const CallbackConf *c, const char *pool, const char *event,
		       const char *const *args, bool *ret_setup, GError **error);

#endif
