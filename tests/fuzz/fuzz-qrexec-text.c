/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The textual formats: commands, TCP addresses, argument vectors, service configuration,
 * answers of the policy daemon and of qubesd. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "qrexec/proto/answer.h"
#include "qrexec/proto/command.h"
#include "qrexec/proto/rpcconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void command(const char *text, bool with_user)
{
	size_t n = strlen(text);
	struct qrx_command c;
	const char *why = NULL;

	if (qrx_command_parse(text, with_user, &c, &why)) {
		if (!why)
			abort();
		return;
	}
	if (c.text < text || c.text > text + n)
		abort();
	if (c.is_service && (c.arg + c.arg_len > text + n || c.source + c.source_len > text + n ||
			     !c.name[0] || !c.source_len))
		abort();
}

static void tcp(char *text)
{
	char host[QRX_HOST_MAX + 1], port[6], *arg = strchr(text, '\n');
	const char *why = NULL;

	if (arg)
		*arg++ = '\0';
	if (qrx_is_tcp_link(text) && qrx_tcp_address(text, arg, host, port, &why) == 0 &&
	    (!host[0] || atoi(port) < 1 || atoi(port) > 65535))
		abort();
}

static void answers(char *text, size_t n, bool policy)
{
	const char *type, *message;
	struct qrx_answer a;

	if (!policy)
		qrx_admin_parse(text, n, &type, &message);
	else if (qrx_answer_parse(text, n, &a) == 0 && a.allow &&
		 (!a.user || !a.target || !a.requested_target))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, buf[256], *words[16];
	struct qrx_rpcconf conf;
	const char *why = NULL;
	unsigned line;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 7) {
	case 0:
	case 1:
		command(text, data[0] % 7);
		break;
	case 2:
		tcp(text);
		break;
	case 3:
		qrx_vmexec_decode(text, buf, sizeof(buf), words, 16);
		break;
	case 4:
		if (qrx_rpcconf_parse(text, size - 1, &conf, &line, &why) && !why)
			abort();
		break;
	default:
		answers(text, size - 1, data[0] % 7 == 5);
		break;
	}
	free(text);
	return 0;
}
