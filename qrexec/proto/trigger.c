/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests for services (trigger.h). The peer of the decoder is a hostile qube. */
#include "qrexec/proto/trigger.h"

#include <errno.h>
#include <string.h>

#include "qrexec/base/cursor.h"

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* Copies up to the first NUL, at most cap-1 bytes; what is not allowed becomes '_'. */
static void copy_name(char *dst, size_t cap, const uint8_t *untrusted, size_t n, const char *extra)
{
	size_t i;

	for (i = 0; i < n && i < cap - 1 && untrusted[i]; i++) {
		uint8_t c = untrusted[i];

		dst[i] = is_name_byte(c) || strchr(extra, c) ? (char)c : '_';
	}
	dst[i] = '\0';
}

bool qrx_ident_ok(const uint8_t ident[QRX_IDENT_LEN])
{
	size_t i = 0;

	while (i < QRX_IDENT_LEN && (is_name_byte(ident[i]) || ident[i] == ' '))
		i++;
	if (i == QRX_IDENT_LEN)
		return false;
	while (i < QRX_IDENT_LEN && ident[i] == '\0')
		i++;
	return i == QRX_IDENT_LEN;
}

static int decode_service(const uint8_t *untrusted, size_t n, char *dst, size_t cap)
{
	if (!n || untrusted[n - 1] != '\0' || memchr(untrusted, 0, n) != untrusted + n - 1)
		return -EINVAL;
	if (n < 2 || n > cap || untrusted[0] == '+')
		return -EINVAL;
	copy_name(dst, cap, untrusted, n, "+");
	return 0;
}

/* Version 2 has a fixed field: its last byte counts as NUL, what follows a NUL is ignored. */
static int decode_service2(const uint8_t *untrusted, size_t n, char *dst, size_t cap)
{
	if (untrusted[0] == '\0' || untrusted[0] == '+')
		return -EINVAL;
	copy_name(dst, cap, untrusted, n - 1, "+");
	return 0;
}

int qrx_trigger_decode(uint32_t type, const void *body, size_t len, struct qrx_trigger *ret,
		       uint8_t ret_ident[QRX_IDENT_LEN])
{
	const uint8_t *source = NULL, *target, *ident, *service;
	size_t target_len = QRX_NAME_FIELD, service_len;
	struct cur c = cur_init(body, len);
	int r;

	memset(ret_ident, 0, QRX_IDENT_LEN);
	if (type == QRX_TRIGGER_SERVICE) {
		service_len = 64;
		target_len = 32;
		service = cur_take(&c, service_len);
		target = cur_take(&c, target_len);
		ident = cur_take(&c, QRX_IDENT_LEN);
	} else {
		if (type == QRX_TRIGGER_SERVICE4)
			source = cur_take(&c, QRX_NAME_FIELD);
		target = cur_take(&c, target_len);
		ident = cur_take(&c, QRX_IDENT_LEN);
		service_len = c.left;
		service = cur_take(&c, service_len);
	}
	if (!cur_done(&c) || !service_len)
		return -EBADMSG;
	memcpy(ret_ident, ident, QRX_IDENT_LEN);
	if (!qrx_ident_ok(ident))
		return -EINVAL;
	r = type == QRX_TRIGGER_SERVICE
		    ? decode_service2(service, service_len, ret->service, sizeof(ret->service))
		    : decode_service(service, service_len, ret->service, sizeof(ret->service));
	if (r)
		return r;
	ret->has_source = source != NULL;
	ret->source[0] = '\0';
	if (source)
		copy_name(ret->source, sizeof(ret->source), source, QRX_NAME_FIELD - 1, "@:");
	copy_name(ret->target, sizeof(ret->target), target, target_len - 1, "@:");
	return 0;
}

static void put_field(struct wcur *w, const char *text, size_t field)
{
	size_t n = strlen(text);

	if (n >= field) {
		w->failed = true;
		return;
	}
	wcur_bytes(w, text, n);
	wcur_zero(w, field - n);
}

long qrx_trigger_encode(const char *source, const char *target, const char *ident,
			const char *service, void *buf, size_t cap)
{
	size_t n = strlen(service) + 1;
	struct wcur w = wcur_init(buf, cap);

	if (n > QRX_SERVICE_MAX)
		return -ENAMETOOLONG;
	wcur_u32(&w, QRX_TRIGGER_SERVICE4);
	wcur_u32(&w, (uint32_t)(QRX_TRIGGER4_FIXED + n));
	put_field(&w, source, QRX_NAME_FIELD);
	put_field(&w, target, QRX_NAME_FIELD);
	put_field(&w, ident, QRX_IDENT_LEN);
	wcur_bytes(&w, service, n);
	return w.failed ? -ENAMETOOLONG : (long)w.len;
}

int qrx_trigger_for_version(int version, const uint8_t *body, size_t len,
			    uint8_t buf[QRX_TRIGGER2_LEN], const uint8_t **ret_body,
			    size_t *ret_len)
{
	struct cur c = cur_init(body, len);
	const char *source = (const char *)cur_take(&c, QRX_NAME_FIELD);
	const uint8_t *target = cur_take(&c, QRX_NAME_FIELD);
	const uint8_t *ident = cur_take(&c, QRX_IDENT_LEN);
	size_t service_len = c.left;
	const uint8_t *service = cur_take(&c, service_len);

	if (!cur_ok(&c))
		return -EBADMSG;
	*ret_body = body;
	*ret_len = len;
	if (version >= 4)
		return QRX_TRIGGER_SERVICE4;
	if (source[0])
		return -EOPNOTSUPP;
	*ret_body = target;
	*ret_len = len - QRX_NAME_FIELD;
	if (version == 3)
		return QRX_TRIGGER_SERVICE3;
	if (service_len > 64 || !memchr(target, 0, 32))
		return -EOPNOTSUPP;
	memset(buf, 0, QRX_TRIGGER2_LEN);
	memcpy(buf, service, service_len);
	memcpy(buf + 64, target, 32);
	memcpy(buf + 96, ident, QRX_IDENT_LEN);
	*ret_body = buf;
	*ret_len = QRX_TRIGGER2_LEN;
	return QRX_TRIGGER_SERVICE;
}
