// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a request to the handler's result: the checks that every method has, in the order
 * that clients know (specs/admin-api.md section 1), running the handler, saving.
 */
#include "dom0/qubesd/api/call.h"

#include "dom0/qubesd/api/connection.h"
#include "dom0/qubesd/api/permission.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>

void call_free(Call *c)
{
	if (!c)
		return;
	domain_unref(c->src);
	domain_unref(c->dest);
	g_byte_array_unref(c->buffer);
	g_clear_error(&c->error);
	g_free(c->body);
	g_free(c);
}

void call_orphan(Call *c)
{
	c->conn = NULL;
}

static void finish(Call *c)
{
	if (c->error && c->error->domain == QUBES_ERROR &&
	    (c->error->code == E_PROTOCOL || c->error->code == E_PERMISSION))
		g_message("%s of %s to %s refused: %s", c->method ? c->method->name : "call",
			  c->src ? c->src->name : "?", c->dest ? c->dest->name : "?",
			  c->error->message);
	if (c->conn)
		connection_reply(c->conn, c->body, c->error);
	call_free(c);
}

static void saved(gpointer data, const GError *error)
{
	Call *c = data;

	if (error && !c->error)
		c->error = g_error_copy(error);
	finish(c);
}

static void handled(gpointer data)
{
	Call *c = data;

	if (!c->error && c->method->flags & M_SAVE)
		store_save(c->app, saved, c);
	else
		finish(c);
}

static void run_flow(Flow *f, gpointer data)
{
	Call *c = data;

	c->body = c->method->flow(f, c, &c->error);
}

/* --- checks --- */

static bool check_payload(const Call *c, GError **error)
{
	const Method *m = c->method;

	if (m->payload == REQUIRED && !c->payload_len)
		return fail(error, E_PROTOCOL, "expected payload");
	if (m->payload == FORBIDDEN && c->payload_len)
		return fail(error, E_PROTOCOL, "unexpected payload");
	if (!(m->flags & M_TEXT))
		return true;
	if (strlen(c->payload) != c->payload_len || !name_is_ascii(c->payload))
		return fail(error, E_PROTOCOL, "payload contains non-ASCII characters");
	return true;
}

static bool check_arg(const Call *c, GError **error)
{
	if (c->method->arg == REQUIRED && !*c->arg)
		return fail(error, E_PROTOCOL, "expected an argument");
	if (c->method->arg == FORBIDDEN && *c->arg)
		return fail(error, E_PROTOCOL, "unexpected argument");
	return true;
}

static bool check_dest(const Call *c, GError **error)
{
	bool dom0 = c->dest->h.cls == CLS_ADMIN;

	if (c->method->dest == TO_DOM0 && !dom0)
		return fail(error, E_PROTOCOL, "expected destination to be AdminVM");
	if (c->method->dest == TO_QUBE && dom0)
		return fail(error, E_PROTOCOL, "expected destination to not be AdminVM");
	return true;
}

static bool prepare(Call *c, GHashTable *table, ApiSocket socket, const Request *req)
{
	Domain *d = app_resolve(c->app, req->src, &c->error);

	c->src = d ? domain_ref(d) : NULL;
	d = d ? app_resolve(c->app, req->dest, &c->error) : NULL;
	c->dest = d ? domain_ref(d) : NULL;
	if (!c->dest)
		return false;
	if (!name_is_ascii(req->arg) || !name_is_ascii(req->method))
		return fail(&c->error, E_PROTOCOL, "method and argument must be ASCII");
	c->method = method_find(table, req->method, socket);
	if (!c->method)
		return fail(&c->error, E_PROTOCOL, "no such method: '%s'", req->method);
	return check_payload(c, &c->error) && check_arg(c, &c->error) && check_dest(c, &c->error) &&
	       permission_check(c, &c->error);
}

void call_start(Server *server, ApiSocket socket, Connection *conn, GByteArray *buffer,
		const Request *req)
{
	Call *c = g_new0(Call, 1);

	c->app = server->app;
	c->filter = server->filter;
	c->conn = conn;
	c->buffer = buffer;
	c->arg = req->arg;
	c->payload = req->payload;
	c->payload_len = req->payload_len;
	connection_set_call(conn, c);
	if (!prepare(c, server->table, socket, req)) {
		finish(c);
	} else if (c->method->stream) {
		c->method->stream(c);
	} else if (c->method->flow) {
		flow_start(c->app, run_flow, c, handled);
	} else {
		c->body = c->method->sync(c, &c->error);
		handled(c);
	}
}

/* --- for handlers --- */

bool call_volume(const Call *c, VolumeId *ret, GError **error)
{
	VolumeId id;

	if (!volume_id_from_name(c->arg, &id) || !c->dest->volumes[id])
		return fail(error, c->method->socket == SOCKET_ADMIN ? E_PERMISSION : E_PROTOCOL,
			    "Argument not in '%s volumes'", c->dest->name);
	*ret = id;
	return true;
}

Pool *call_pool(const Call *c, GError **error)
{
	Pool *p = app_pool(c->app, c->arg);

	if (!p)
		fail(error, E_PERMISSION, "Argument not in 'pools' (see qvm-pool list)");
	return p;
}
