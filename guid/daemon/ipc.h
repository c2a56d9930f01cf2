/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the supervisor (may open files and start programs, sees nothing of the qube) and
 * the worker (confined, talks to the qube): packets on a socket pair. The supervisor
 * does not trust the worker further than to act for this one qube.
 */
#ifndef QUBES_GUID_IPC_H
#define QUBES_GUID_IPC_H

#include <stddef.h>
#include <stdint.h>

#define IPC_TEXT_MAX 1024

enum ipc_kind {
	/* worker to supervisor */
	IPC_CONNECTED = 1, /* the agent is there: the starter may return */
	IPC_ASK,	   /* text: what the qube did; answered by IPC_ANSWER */
	IPC_ERROR,	   /* text: shown in a dialog */
	IPC_NOTIFY,	   /* text: shown as a notification */
	IPC_COPY,	   /* a copy's outcome: time, sent, flags; fd: the data when flags is 0 */
	IPC_PASTE,	   /* asks for the clipboard: time, window; answered by IPC_PASTE_DATA */
	IPC_FETCH,	   /* copy by qrexec: time */
	/* supervisor to worker */
	IPC_ANSWER,	/* flags: IPC_TERMINATE or 0 (ignore) */
	IPC_PASTE_DATA, /* window, sent; fd: the data. Only sent when there are data. */
	IPC_RELOAD,	/* look at the screen again */
};

/* ipc_msg.flags */
#define IPC_TERMINATE 1u
#define IPC_OVERSIZED 2u
#define IPC_EMPTY 4u

struct ipc_msg {
	uint32_t kind;
	uint32_t window;
	uint32_t time; /* X11 time, ms */
	uint32_t sent; /* bytes the qube announced or is sent */
	uint32_t flags;
	uint32_t version; /* of the agent's protocol */
	char text[IPC_TEXT_MAX];
};

/* A connected pair, both close-on-exec. 0 or -errno. */
int ipc_pair(int ret_fds[2]);

/* Sends m, and pass_fd when it is not -1 (stays the caller's). 0 or -errno. */
int ipc_send(int fd, const struct ipc_msg *m, int pass_fd);

/*
 * Receives one without waiting. 1 and *ret, *ret_fd (owned by the caller, or -1); 0 when
 * there is none; -EPIPE when the other end is gone; -EPROTO. The text is one line of UTF-8, as
 * gui_sanitize_text() leaves it: the qube may have the worker.
 */
int ipc_recv(int fd, struct ipc_msg *ret, int *ret_fd);

#endif
