/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoding of settings (settings.h). Readers: the qube's X clients. Pure. */
#include "guid/agent/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/proto/gui-scale.h"
#include "qrexec/base/cleanup.h"

#define KEY "Xft.dpi:"
#define UNITS 1024u /* of DPI in XSETTINGS */

struct setting {
	const char *name;
	uint32_t value;
};

static uint8_t *put(uint8_t *p, const void *data, size_t n)
{
	memcpy(p, data, n);
	return p + n;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	return put(p, &v, sizeof(v));
}

static uint8_t *put_setting(uint8_t *p, const struct setting *s, uint32_t serial)
{
	uint16_t n = (uint16_t)strlen(s->name);
	const uint8_t head[2] = {0, 0}; /* an integer */

	p = put(p, head, sizeof(head));
	p = put(p, &n, sizeof(n));
	p = put(p, s->name, n);
	for (; n % 4; n++)
		*p++ = 0;
	return put_u32(put_u32(p, serial), s->value);
}

size_t settings_encode(uint8_t buf[SETTINGS_SIZE], uint32_t serial, unsigned dpi)
{
	const unsigned scale = gui_scale_of_dpi(dpi);
	const struct setting s[] = {{"Gdk/UnscaledDPI", dpi * UNITS / scale},
				    {"Gdk/WindowScalingFactor", scale},
				    {"Xft/DPI", dpi * UNITS}};
	const uint32_t one = 1, order = *(const uint8_t *)&one ? 0 : 1; /* 0: the lowest first */
	const uint8_t head[4] = {(uint8_t)order};
	uint8_t *p = put(buf, head, sizeof(head));

	p = put_u32(put_u32(p, serial), (uint32_t)ARRAY_LEN(s));
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		p = put_setting(p, &s[i], serial);
	return (size_t)(p - buf);
}

char *settings_resources(const char *old, size_t len, unsigned dpi, size_t *ret_len)
{
	char *text = malloc(len + sizeof(KEY) + 16), *p = text;

	if (!text)
		return NULL;
	while (len) {
		const char *end = memchr(old, '\n', len);
		size_t n = end ? (size_t)(end - old) + 1 : len;

		if (n < sizeof(KEY) - 1 || memcmp(old, KEY, sizeof(KEY) - 1) != 0) {
			memcpy(p, old, n);
			p += n;
			if (!end)
				*p++ = '\n';
		}
		old += n;
		len -= n;
	}
	p += sprintf(p, KEY "\t%u\n", dpi);
	*ret_len = (size_t)(p - text);
	return text;
}
