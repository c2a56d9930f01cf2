/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the Admin API: over qubesd's socket in dom0, through qrexec in a qube
 * (admin-api.md, section 1). One request per connection, so several can be under way
 * at once: begin them all, then finish each; no threads.
 *
 * $QUBESD_SOCKET names another socket; $QUBES_CONNECTION=socket|qrexec forces the way.
 */
#ifndef QUBES_ADMIN_CONN_H
#define QUBES_ADMIN_CONN_H

#include <glib.h>
#include <stdbool.h>

#include "dom0/admin/error.h"

struct admin;

/* Chooses the way to qubesd; contacts nobody. Never NULL. */
struct admin *admin_new(void);
void admin_free(struct admin *a);
typedef struct admin Admin;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Admin, admin_free)

/* True when calls go over the socket, that is, this is dom0. */
bool admin_is_local(const struct admin *a);

/*
 * Gives up on a call whose answer takes longer than ms milliseconds; 0, the default, waits
 * for ever (starting a qube takes as long as it takes). The socket's way only.
 */
void admin_set_timeout(struct admin *a, guint ms);

/*
 * Gives up on a call as soon as fd becomes readable; -1, the default: never. For programs
 * that want signals (by signalfd) to end their waiting. The socket's way only.
 */
void admin_set_cancel(struct admin *a, int fd);

/*
 * Where qubesd was killed: waits so many milliseconds for it to be started again; 0, the default:
 * not at all. For programs that have nothing else to do meanwhile. The socket's way only.
 */
void admin_set_patience(struct admin *a, guint ms);

/* The path of qubesd's socket. */
const char *admin_socket_path(const struct admin *a);

/* The name this side has in policy and properties: "dom0", or that of the qube. */
const char *admin_local_name(struct admin *a);

struct admin_call;

/*
 * Sends METHOD[+arg] to dest with a payload of len bytes (arg, payload may be NULL; len
 * -1: payload is a string). Never NULL: failures are kept for admin_finish().
 */
struct admin_call *admin_begin(struct admin *a, const char *dest, const char *method,
			       const char *arg, const char *payload, gssize len);

/*
 * Waits for the answer and frees the call. The data, NUL-terminated, to g_free(); *ret_len
 * (may be NULL) without the NUL. NULL with err set for exceptions and failures.
 */
char *admin_finish(struct admin_call *call, gsize *ret_len, GError **err);

/* Begin and finish in one; payload is a string or NULL. */
char *admin_call(struct admin *a, const char *dest, const char *method, const char *arg,
		 const char *payload, GError **err);

/* The same for calls whose answer does not matter. */
bool admin_do(struct admin *a, const char *dest, const char *method, const char *arg,
	      const char *payload, GError **err);

/*
 * Decodes a whole answer of len bytes (with room for a NUL after them), got some other
 * way. Takes buf, malloc memory; the data to g_free(), or NULL with err set.
 */
char *admin_parse_answer(char *buf, gsize len, GError **err);

/*
 * A call whose payload is prefix (may be NULL) and then everything read from fd: volume
 * imports. In dom0 it runs the service's program from $QREXEC_SERVICES_DIR (default
 * /etc/qubes-rpc), which moves the data itself.
 */
bool admin_call_stream(struct admin *a, const char *dest, const char *method, const char *arg,
		       const char *prefix, int fd, GError **err);

/*
 * Opens a stream of events (admin.Events, admin.vm.Stats) about dest ("dom0": everything).
 * A non-blocking descriptor to read from; *ret_pid is the child to end and reap when it
 * came through qrexec, else 0. -1 with err set.
 */
int admin_open_stream(struct admin *a, const char *dest, const char *method, pid_t *ret_pid,
		      GError **err);

#endif
