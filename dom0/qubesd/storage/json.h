/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as Python's json.dumps(value, sort_keys=True, indent=2) writes it. */
#ifndef QUBESD_STORAGE_JSON_H
#define QUBESD_STORAGE_JSON_H

#include <json-glib/json-glib.h>

/* g_free. */
char *json_pretty(JsonNode *node);

#endif
