// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /etc/qubes_callback.json, in upstream's format, and the commands in it. The file and the
 * commands are dom0's administrator's: trusted.
 */
#include "dom0/qubesd/storage/callback.h"
#include "dom0/qubesd/storage/command.h"
#include "dom0/qubesd/storage/json.h"

#include "qrexec/base/paths.h"

#include <string.h>

#define CONF_FILE "/etc/qubes_callback.json"

static const char *member_text(const CallbackConf *c, const char *key)
{
	JsonNode *n = json_object_get_member(json_node_get_object(c->conf), key);

	return n && json_node_get_value_type(n) == G_TYPE_STRING ? json_node_get_string(n) : NULL;
}

/* Parameters are text to us, whatever they are in the file. */
static char *as_text(JsonNode *n)
{
	if (JSON_NODE_HOLDS_VALUE(n) && json_node_get_value_type(n) == G_TYPE_STRING)
		return g_strdup(json_node_get_string(n));
	if (JSON_NODE_HOLDS_VALUE(n) && json_node_get_value_type(n) == G_TYPE_BOOLEAN)
		return g_strdup(json_node_get_boolean(n) ? "True" : "False");
	return json_pretty(n);
}

static GHashTable *pool_args(JsonObject *conf)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	JsonNode *n = json_object_get_member(conf, "bdriver_args");
	JsonObjectIter it;
	const char *key;

	if (!n || !JSON_NODE_HOLDS_OBJECT(n))
		return t;
	json_object_iter_init(&it, json_node_get_object(n));
	while (json_object_iter_next(&it, &key, &n))
		g_hash_table_insert(t, g_strdup(key), as_text(n));
	return t;
}

static JsonNode *find_conf(const char *path, const char *conf_id, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) why = NULL;
	JsonNode *root, *n;

	if (!json_parser_load_from_file(parser, path, &why)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER, "%s: %s", path,
			    why->message);
		return NULL;
	}
	root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "The file %s is supposed to define a dict.", path);
		return NULL;
	}
	n = json_object_get_member(json_node_get_object(root), conf_id);
	if (n && JSON_NODE_HOLDS_OBJECT(n))
		return json_node_copy(n);
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
		    "The specified conf_id %s could not be found inside %s.", conf_id, path);
	return NULL;
}

CallbackConf *callback_conf_load(const char *conf_id, GError **error)
{
	char path[QUBES_PATH_MAX];
	CallbackConf *c;
	JsonNode *conf, *signal;

	if (!qubes_path(path, sizeof(path), CONF_FILE))
		return NULL;
	conf = find_conf(path, conf_id, error);
	if (!conf)
		return NULL;
	c = g_new0(CallbackConf, 1);
	c->conf_id = g_strdup(conf_id);
	c->conf = conf;
	c->text = json_pretty(conf);
	c->args = pool_args(json_node_get_object(conf));
	c->driver = g_strdup(member_text(c, "bdriver"));
	signal = json_object_get_member(json_node_get_object(conf), "signal_back");
	c->signal_back = signal && json_node_get_value_type(signal) == G_TYPE_BOOLEAN &&
			 json_node_get_boolean(signal);
	if (c->driver)
		return c;
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
		    "Missing bdriver for the conf_id %s inside %s.", conf_id, path);
	callback_conf_free(c);
	return NULL;
}

void callback_conf_free(CallbackConf *c)
{
	if (!c)
		return;
	g_free(c->conf_id);
	g_free(c->driver);
	g_free(c->text);
	json_node_unref(c->conf);
	g_hash_table_unref(c->args);
	g_free(c);
}

const char *callback_command(const CallbackConf *c, const char *event, bool *ret_general)
{
	const char *cmd = member_text(c, event);
	bool general = !cmd || !*cmd;

	if (general)
		cmd = member_text(c, "cmd");
	if (!cmd || !*cmd || !strcmp(cmd, "-"))
		return NULL;
	*ret_general = general;
	return cmd;
}

static void add_quoted(GString *s, const char *arg)
{
	g_autofree char *quoted = g_shell_quote(arg);

	g_string_append_printf(s, " %s", quoted);
}

static bool asks_for_setup(const char *out)
{
	g_auto(GStrv) lines = g_strsplit(out, "\n", -1);

	return g_strv_contains((const char *const *)lines, "SIGNAL_setup");
}

gboolean callback_call(const CallbackConf *c, const char *pool, const char *event,
		       const char *const *args, bool *ret_setup, GError **error)
{
	bool general = false;
	const char *cmd = callback_command(c, event, &general);
	g_autoptr(GString) line = g_string_new(cmd);
	const char *argv[] = {"/bin/bash", "-c", NULL, NULL};
	g_autofree char *out = NULL;

	*ret_setup = false;
	if (!cmd)
		return TRUE;
	if (general) {
		const char *const first[] = {pool, c->driver, event, c->conf_id, c->text, NULL};

		for (const char *const *a = first; *a; a++)
			add_quoted(line, *a);
		for (const char *const *a = args; a && *a; a++)
			add_quoted(line, *a);
	}
	argv[2] = line->str;
	g_message("pool %s: %s: %s", pool, event, cmd);
	if (!command_run(argv, &out, error)) {
		g_prefix_error(error, "pool %s: the command of %s for %s: ", pool, CONF_FILE,
			       event);
		return FALSE;
	}
	*ret_setup = c->signal_back && asks_for_setup(out);
	return TRUE;
}
