/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures as PNG files (picture.h; PNG specification, RFC 1950 and 1951). They are small and there
 * is a copy of each for every qube at most, so that they are stored without compression, which
 * needs no library in a program that has to be static.
 */
#include <string.h>

#include "dom0/appmenus/picture.h"

#define BLOCK_MAX 65535u

static void put32(GByteArray *out, guint32 value)
{
	guint32 be = GUINT32_TO_BE(value);

	g_byte_array_append(out, (const guint8 *)&be, 4);
}

static guint32 crc32_of(const guint8 *data, gsize n)
{
	guint32 crc = 0xffffffffu;

	for (gsize i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

static void put_chunk(GByteArray *out, const char *type, const guint8 *data, guint n)
{
	guint start = out->len + 4;

	put32(out, n);
	g_byte_array_append(out, (const guint8 *)type, 4);
	if (n)
		g_byte_array_append(out, data, n);
	put32(out, crc32_of(out->data + start, n + 4));
}

static guint32 adler32_of(const guint8 *data, gsize n)
{
	guint32 a = 1, b = 0;

	for (gsize i = 0; i < n; i++) {
		a = (a + data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

/* Every row with a byte before it that says that it is not filtered. */
static GByteArray *rows_of(const struct picture *p)
{
	GByteArray *rows = g_byte_array_new();

	for (unsigned y = 0; y < p->height; y++) {
		g_byte_array_append(rows, (const guint8 *)"", 1);
		g_byte_array_append(rows, p->rgba + (gsize)y * p->width * 4, p->width * 4);
	}
	return rows;
}

static GByteArray *stored(const GByteArray *rows)
{
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)"\x78\x01", 2);
	for (guint at = 0; at < rows->len; at += BLOCK_MAX) {
		guint n = MIN(rows->len - at, BLOCK_MAX);
		guint8 head[] = {at + n == rows->len, n & 0xff, (guint8)(n >> 8), ~n & 0xff,
				 (guint8)(~n >> 8 & 0xff)};

		g_byte_array_append(out, head, sizeof(head));
		g_byte_array_append(out, rows->data + at, n);
	}
	put32(out, adler32_of(rows->data, rows->len));
	return out;
}

GBytes *picture_png(const struct picture *p)
{
	GByteArray *out = g_byte_array_new();
	g_autoptr(GByteArray) rows = rows_of(p), data = stored(rows), head = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
	put32(head, p->width);
	put32(head, p->height);
	/* 8 bits a channel, RGBA, the only methods there are, not interlaced */
	g_byte_array_append(head, (const guint8 *)"\x08\x06\x00\x00\x00", 5);
	put_chunk(out, "IHDR", head->data, head->len);
	put_chunk(out, "IDAT", data->data, data->len);
	put_chunk(out, "IEND", NULL, 0);
	return g_byte_array_free_to_bytes(out);
}
