/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixed-size qrexec messages (wire.h). The bytes may come from a hostile qube. */
#include "qrexec/proto/wire.h"

#include <errno.h>
#include <string.h>

#include "qrexec/base/cursor.h"

struct qrx_header qrx_get_header(const uint8_t bytes[QRX_HEADER_LEN])
{
	struct cur c = cur_init(bytes, QRX_HEADER_LEN);
	struct qrx_header h;

	h.type = cur_u32(&c);
	h.len = cur_u32(&c);
	return h;
}

void qrx_put_header(uint8_t bytes[QRX_HEADER_LEN], uint32_t type, uint32_t len)
{
	struct wcur w = wcur_init(bytes, QRX_HEADER_LEN);

	wcur_u32(&w, type);
	wcur_u32(&w, len);
}

void qrx_put_hello(uint8_t bytes[QRX_HEADER_LEN + QRX_HELLO_LEN], uint32_t version)
{
	struct wcur w = wcur_init(bytes + QRX_HEADER_LEN, QRX_HELLO_LEN);

	qrx_put_header(bytes, QRX_HELLO, QRX_HELLO_LEN);
	wcur_u32(&w, version);
}

int qrx_get_hello(const uint8_t bytes[QRX_HEADER_LEN + QRX_HELLO_LEN], uint32_t *ret_version)
{
	struct qrx_header h = qrx_get_header(bytes);
	struct cur c = cur_init(bytes + QRX_HEADER_LEN, QRX_HELLO_LEN);

	if (h.type != QRX_HELLO || h.len != QRX_HELLO_LEN)
		return -EBADMSG;
	*ret_version = cur_u32(&c);
	return 0;
}

int qrx_negotiate(uint32_t own, uint32_t min, uint32_t peer)
{
	uint32_t v = peer < own ? peer : own;

	return v < min ? -EPROTO : (int)v;
}

void qrx_put_params(uint8_t bytes[QRX_PARAMS_LEN], struct qrx_params p)
{
	struct wcur w = wcur_init(bytes, QRX_PARAMS_LEN);

	wcur_u32(&w, p.domain);
	wcur_u32(&w, p.port);
}

struct qrx_params qrx_get_params(const uint8_t bytes[QRX_PARAMS_LEN])
{
	struct cur c = cur_init(bytes, QRX_PARAMS_LEN);
	struct qrx_params p;

	p.domain = cur_u32(&c);
	p.port = cur_u32(&c);
	return p;
}

int qrx_get_exec(uint32_t type, const void *body, size_t len, struct qrx_params *ret_params,
		 const char **ret_command, size_t *ret_len)
{
	struct cur c = cur_init(body, len);
	struct qrx_params params;
	const char *text;
	size_t n, used;

	params.domain = cur_u32(&c);
	params.port = cur_u32(&c);
	if (!cur_ok(&c) || c.left < 2)
		return -EBADMSG;
	n = c.left;
	text = (const char *)cur_take(&c, n);
	if (text[n - 1] != '\0')
		return -EBADMSG;
	used = strlen(text);
	if (!used)
		return -EBADMSG;
	if (type != QRX_SERVICE_CONNECT && used != n - 1)
		return -EBADMSG;
	for (size_t i = used; i < n; i++)
		if (text[i] != '\0')
			return -EBADMSG;
	*ret_params = params;
	*ret_command = text;
	*ret_len = used;
	return 0;
}

int qrx_check_from_agent(struct qrx_header h, int version)
{
	switch (h.type) {
	case QRX_TRIGGER_SERVICE:
		return version < 3 && h.len == QRX_TRIGGER2_LEN ? 0 : -EBADMSG;
	case QRX_TRIGGER_SERVICE3:
		return version >= 3 && h.len > QRX_TRIGGER3_FIXED &&
				       h.len - QRX_TRIGGER3_FIXED <= QRX_SERVICE_MAX
			       ? 0
			       : -EBADMSG;
	case QRX_TRIGGER_SERVICE4:
		return version >= 4 && h.len > QRX_TRIGGER4_FIXED &&
				       h.len - QRX_TRIGGER4_FIXED <= QRX_SERVICE_MAX
			       ? 0
			       : -EBADMSG;
	case QRX_CONNECTION_TERMINATED:
		return h.len == QRX_PARAMS_LEN ? 0 : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

int qrx_check_from_daemon(struct qrx_header h)
{
	switch (h.type) {
	case QRX_EXEC_CMDLINE:
	case QRX_JUST_EXEC:
	case QRX_SERVICE_CONNECT:
		return h.len > QRX_PARAMS_LEN && h.len <= QRX_TO_AGENT_MAX ? 0 : -EBADMSG;
	case QRX_SERVICE_REFUSED:
		return h.len == QRX_IDENT_LEN ? 0 : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

const char *qrx_type_name(uint32_t type)
{
	switch (type) {
	case QRX_DATA_STDIN:
		return "DATA_STDIN";
	case QRX_DATA_STDOUT:
		return "DATA_STDOUT";
	case QRX_DATA_STDERR:
		return "DATA_STDERR";
	case QRX_DATA_EXIT_CODE:
		return "DATA_EXIT_CODE";
	case QRX_EXEC_CMDLINE:
		return "EXEC_CMDLINE";
	case QRX_JUST_EXEC:
		return "JUST_EXEC";
	case QRX_SERVICE_CONNECT:
		return "SERVICE_CONNECT";
	case QRX_SERVICE_REFUSED:
		return "SERVICE_REFUSED";
	case QRX_TRIGGER_SERVICE:
		return "TRIGGER_SERVICE";
	case QRX_CONNECTION_TERMINATED:
		return "CONNECTION_TERMINATED";
	case QRX_TRIGGER_SERVICE3:
		return "TRIGGER_SERVICE3";
	case QRX_TRIGGER_SERVICE4:
		return "TRIGGER_SERVICE4";
	case QRX_HELLO:
		return "HELLO";
	default:
		return "unknown";
	}
}
