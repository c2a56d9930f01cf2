/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec messages: numbers, limits, and the fixed-size codecs. docs/wire-qrexec.md.
 * Pure: bytes in, fields out; nothing here does I/O or allocates.
 *
 * A message is a header {u32 type, u32 len} and len bytes. Every decoder takes the
 * body only, whole, and returns 0 or -EBADMSG.
 */
#ifndef QUBES_QREXEC_WIRE_H
#define QUBES_QREXEC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum qrx_type {
	QRX_DATA_STDIN = 0x190,
	QRX_DATA_STDOUT = 0x191,
	QRX_DATA_STDERR = 0x192,
	QRX_DATA_EXIT_CODE = 0x193,
	QRX_EXEC_CMDLINE = 0x200,
	QRX_JUST_EXEC = 0x201,
	QRX_SERVICE_CONNECT = 0x202,
	QRX_SERVICE_REFUSED = 0x203,
	QRX_TRIGGER_SERVICE = 0x210,
	QRX_CONNECTION_TERMINATED = 0x211,
	QRX_TRIGGER_SERVICE3 = 0x212,
	QRX_TRIGGER_SERVICE4 = 0x213,
	QRX_HELLO = 0x300,
};

#define QRX_VERSION 4	     /* between daemon and agent, and on data channels */
#define QRX_VERSION_MIN 2    /* the oldest agent or data peer we talk to */
#define QRX_CLIENT_VERSION 3 /* on the daemon's local socket, both ways */

#define QRX_HEADER_LEN 8
#define QRX_HELLO_LEN 4
#define QRX_PARAMS_LEN 8
#define QRX_IDENT_LEN 32
#define QRX_TRIGGER2_LEN 128
#define QRX_TRIGGER3_FIXED 96
#define QRX_TRIGGER4_FIXED 160
#define QRX_SERVICE_MAX 65000 /* service descriptor with its NUL */
#define QRX_COMMAND_MAX 65535 /* a local client's request: exec_params and command */
#define QRX_NAME_FIELD 64     /* domain name fields of the trigger messages */
#define QRX_CHUNK_V2 4096
#define QRX_CHUNK_V3 65536

/* The largest body an agent may send to its daemon, and the other way round. */
#define QRX_FROM_AGENT_MAX (QRX_TRIGGER4_FIXED + QRX_SERVICE_MAX)
#define QRX_TO_AGENT_MAX (QRX_COMMAND_MAX + 256)

#define QRX_CONTROL_PORT 512
#define QRX_DATA_PORT 513 /* the first of QRX_PORTS */
#define QRX_PORTS 256
#define QRX_CONTROL_RING 4096
#define QRX_DATA_RING 65536

#define QRX_EXIT_PROBLEM 125
#define QRX_EXIT_REFUSED 126
#define QRX_EXIT_NOT_FOUND 127

struct qrx_header {
	uint32_t type;
	uint32_t len;
};

struct qrx_params {
	uint32_t domain;
	uint32_t port;
};

struct qrx_header qrx_get_header(const uint8_t bytes[QRX_HEADER_LEN]);
void qrx_put_header(uint8_t bytes[QRX_HEADER_LEN], uint32_t type, uint32_t len);

/* A whole HELLO message, header included. */
void qrx_put_hello(uint8_t bytes[QRX_HEADER_LEN + QRX_HELLO_LEN], uint32_t version);
/* Checks header and body; *ret_version is the peer's own claim, any number. */
int qrx_get_hello(const uint8_t bytes[QRX_HEADER_LEN + QRX_HELLO_LEN], uint32_t *ret_version);

/* The version both sides use: min(own, peer), or -EPROTO when that is below min. */
int qrx_negotiate(uint32_t own, uint32_t min, uint32_t peer);

/* The largest data chunk in this version. */
static inline size_t qrx_chunk_max(int version)
{
	return version < 3 ? QRX_CHUNK_V2 : QRX_CHUNK_V3;
}

void qrx_put_params(uint8_t bytes[QRX_PARAMS_LEN], struct qrx_params p);
struct qrx_params qrx_get_params(const uint8_t bytes[QRX_PARAMS_LEN]);

/*
 * exec_params with a command: body of EXEC_CMDLINE, JUST_EXEC and SERVICE_CONNECT.
 * The command must be non-empty, end in NUL and hold no other NUL, except that a
 * SERVICE_CONNECT's ident may be padded with more NULs. *ret_command points into
 * body, *ret_len does not count the NULs.
 */
int qrx_get_exec(uint32_t type, const void *body, size_t len, struct qrx_params *ret_params,
		 const char **ret_command, size_t *ret_len);

/*
 * Whether an agent that negotiated version may send this header at all. 0 or
 * -EBADMSG. The daemon ends when it is not.
 */
int qrx_check_from_agent(struct qrx_header h, int version);

/* The same for what a daemon sends to its agent, after HELLO. */
int qrx_check_from_daemon(struct qrx_header h);

/* True for a port of a data channel. */
static inline bool qrx_is_data_port(uint32_t port)
{
	return port >= QRX_DATA_PORT && port < QRX_DATA_PORT + QRX_PORTS;
}

/* The name of a message type for messages; "unknown" when it is none. */
const char *qrx_type_name(uint32_t type);

#endif
