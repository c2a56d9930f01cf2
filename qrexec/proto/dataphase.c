/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data phase without its I/O (dataphase.h). The fed bytes are hostile. */
#include "qrexec/proto/dataphase.h"

#include <string.h>
#include <sys/wait.h>

/* What a message of this type means to us: DP_DATA, DP_ERRDATA, DP_EXIT, DP_ODD, DP_BAD. */
static enum dp_event_kind classify(enum dp_role role, uint32_t type)
{
	switch (type) {
	case QRX_DATA_STDIN:
	case QRX_DATA_STDOUT:
		return DP_DATA; /* in the wrong direction too: old peers did that */
	case QRX_DATA_STDERR:
		return role == DP_CLIENT ? DP_ERRDATA : DP_ODD;
	case QRX_DATA_EXIT_CODE:
		return role == DP_CLIENT ? DP_EXIT : DP_ODD;
	default:
		return DP_BAD;
	}
}

static void end_message(struct dp_in *in)
{
	in->have = 0;
	in->type = 0;
	in->left = 0;
	in->code_have = 0;
}

static void emit_exit(struct dp_in *in, struct dp_event *ret)
{
	int32_t code = 255;

	if (in->code_have == sizeof(in->code))
		code = (int32_t)((uint32_t)in->code[0] | (uint32_t)in->code[1] << 8 |
				 (uint32_t)in->code[2] << 16 | (uint32_t)in->code[3] << 24);
	ret->kind = DP_EXIT;
	/* Zero means success and nothing else may: 256 is not 0. */
	ret->code = code & 0xff;
	if (code != 0 && ret->code == 0)
		ret->code = 255;
	end_message(in);
}

/* The header is complete: reports what needs no body. True when ret was filled. */
static bool start_message(struct dp_in *in, struct dp_event *ret)
{
	struct qrx_header h = qrx_get_header(in->head);
	enum dp_event_kind kind = classify(in->role, h.type);

	in->type = h.type;
	in->left = h.len;
	ret->type = h.type;
	if (kind == DP_BAD || h.len > in->max_chunk) {
		ret->kind = DP_BAD;
		return true;
	}
	if (kind == DP_ODD) {
		ret->kind = DP_ODD;
		if (!h.len)
			end_message(in);
		return true;
	}
	if (h.len)
		return false;
	if (kind == DP_EXIT) {
		emit_exit(in, ret);
		return true;
	}
	ret->kind = kind == DP_DATA ? DP_EOF : DP_ERREOF;
	end_message(in);
	return true;
}

/* Consumes body bytes; true when ret was filled. */
static bool take_body(struct dp_in *in, uint8_t *bytes, size_t n, struct dp_event *ret)
{
	enum dp_event_kind kind = classify(in->role, in->type);

	in->left -= n;
	if (kind == DP_DATA || kind == DP_ERRDATA) {
		ret->kind = kind;
		ret->data = bytes;
		ret->len = n;
		if (!in->left)
			end_message(in);
		return true;
	}
	if (kind == DP_EXIT)
		for (size_t i = 0; i < n && in->code_have < sizeof(in->code); i++)
			in->code[in->code_have++] = bytes[i];
	if (in->left)
		return false;
	if (kind == DP_EXIT) {
		emit_exit(in, ret);
		return true;
	}
	end_message(in);
	return false;
}

size_t dp_feed(struct dp_in *in, uint8_t *bytes, size_t n, struct dp_event *ret)
{
	size_t used = 0;

	*ret = (struct dp_event){.kind = DP_MORE};
	while (used < n) {
		size_t step;

		if (in->have < QRX_HEADER_LEN) {
			in->head[in->have++] = bytes[used++];
			if (in->have == QRX_HEADER_LEN && start_message(in, ret))
				return used;
			continue;
		}
		step = n - used < in->left ? n - used : in->left;
		used += step;
		if (take_body(in, bytes + used - step, step, ret))
			return used;
	}
	return used;
}

void dp_replace_chars(uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = bytes[i];

		if (c < 0x20 ? c != '\t' && c != '\n' && c != '\r' && c != '\b' && c != '\a'
			     : c > 0x7e)
			bytes[i] = '_';
	}
}

void dp_in_closed(struct dp_state *s)
{
	s->in_open = false;
	if (s->exit_on_client_eof && s->out_open)
		dp_out_closed(s);
}

void dp_out_closed(struct dp_state *s)
{
	if (!s->out_open)
		return;
	s->out_open = false;
	s->eof_due = true;
	if (s->exit_on_service_eof)
		s->in_open = false;
}

void dp_err_closed(struct dp_state *s)
{
	if (!s->err_open)
		return;
	s->err_open = false;
	s->erreof_due = true;
}

void dp_child_exited(struct dp_state *s, int wait_status)
{
	s->child_done = true;
	s->child_code =
		WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
	dp_in_closed(s);
}

void dp_peer_exited(struct dp_state *s, int code)
{
	s->peer_exited = true;
	s->peer_code = code;
	dp_out_closed(s);
}

enum dp_next dp_next(const struct dp_state *s, bool unflushed)
{
	bool child = s->has_child && !s->child_done;

	if (s->role == DP_CLIENT) {
		if (s->peer_exited)
			return unflushed || child || (s->eof_due && !s->peer_gone) ? DP_GO_ON
										   : DP_FINISH;
		return s->peer_gone && !unflushed ? DP_FINISH : DP_GO_ON;
	}
	if (s->peer_gone)
		return unflushed ? DP_GO_ON : DP_FINISH;
	if (s->in_open || s->out_open || s->err_open || s->eof_due || s->erreof_due || child)
		return DP_GO_ON;
	return DP_SEND_EXIT;
}

int dp_result(const struct dp_state *s)
{
	if (s->role == DP_CLIENT) {
		if (!s->peer_exited)
			return -1;
		if (s->peer_code)
			return s->peer_code;
	}
	return s->has_child ? s->child_code : 0;
}
