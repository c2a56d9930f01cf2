/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmemman's parts: the state that its loop drives (state.c), what its clients ask for
 * (clients.c), and the text that explains every figure (why.c).
 *
 * Its socket, /run/qubes/qmemman.sock (group qubes may connect; only root may ask for memory):
 *   "<bytes>\n"  wait until so much is free; the answer is "OK\n" or "FAIL\n". Nothing else is
 *                balanced until the client closes: it builds a domain meanwhile. After "FAIL\n"
 *                comes a line that says why.
 *   "why\n"      the table of mem_why(), then the end.
 */
#ifndef QUBES_QMEMMAN_H
#define QUBES_QMEMMAN_H

#include "dom0/qmemman/balance.h"
#include "dom0/qmemman/xen.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>

#define QMEMMAN_SOCKET "/run/qubes/qmemman.sock"
#define QMEMMAN_CONFIG "/etc/qubes/qmemman.conf"
/* While this file is there, nothing is balanced; requests are met all the same. */
#define QMEMMAN_PAUSE "/run/qubes/do-not-membalance"
#define QMEMMAN_CLIENTS 64
#define QMEMMAN_LINE 64

/* What a domain is off its target while it has met it. */
#define QMEMMAN_NEAR_KIB 2048u
/* A domain that gives nothing for this long is not counted on any more. */
#define QMEMMAN_STUCK_MS 5000
/* A request that is not met by then is refused; one that was met and is held so long ends. */
#define QMEMMAN_REQUEST_MS 30000
#define QMEMMAN_HOLD_MS 300000

struct mem_state {
	struct mem_config config;
	struct mem_xen *xen;
	struct mem_domain domain[MEM_DOMAINS_MAX];
	size_t n;
	uint64_t free, total;
	/* --- the request at hand --- */
	bool busy;	 /* there is one */
	bool met;	 /* it was answered, the client holds on */
	uint64_t wanted; /* KiB */
	int64_t since_ms, progress_ms;
	uint64_t best_free; /* the most that was free since then */
	int64_t next_balance_ms;
};

/* Reads everything anew. 0 or -errno. */
int state_refresh(struct mem_state *s);
/* Divides the memory unless a request is at hand or it was done just now. */
void state_balance(struct mem_state *s, int64_t now_ms);
/* Begins a request. */
void state_request(struct mem_state *s, uint64_t kib, int64_t now_ms);
/* 1: so much is free; 0: wait and ask again; -1: it cannot be had, ret_why tells. */
int state_request_step(struct mem_state *s, int64_t now_ms, char *ret_why, size_t size);
void state_request_end(struct mem_state *s);

/* Every figure and where it comes from. Owned by the caller; NULL: out of memory. */
char *mem_why(const struct mem_state *s);
/* Writes the table of that text to f, without reasons and what follows it. */
void mem_why_figures(const char *text, FILE *f);

struct clients;
struct clients *clients_new(int listen_fd);
/* Fills fds (room for QMEMMAN_CLIENTS + 1), returns how many. */
size_t clients_poll(struct clients *c, struct pollfd *fds);
void clients_ready(struct clients *c, struct mem_state *s, const struct pollfd *fds, size_t n);
/* Answers what can be answered. */
void clients_step(struct clients *c, struct mem_state *s, int64_t now_ms);

/* Reads the administrator's file over *c. False with the line in ret_why. */
bool config_read(const char *text, struct mem_config *c, char *ret_why, size_t size);

#endif
