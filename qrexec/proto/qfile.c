/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The byte format of qubes.Filecopy (qfile.h). Everything decoded here is hostile. */
#include "qrexec/proto/qfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "qrexec/base/cursor.h"

#define NSEC_MAX 999999999u

static enum qfile_kind kind_of(uint32_t untrusted_mode)
{
	switch (untrusted_mode & S_IFMT) {
	case S_IFREG:
		return QFILE_REGULAR;
	case S_IFDIR:
		return QFILE_DIRECTORY;
	case S_IFLNK:
		return QFILE_LINK;
	default:
		return QFILE_OTHER;
	}
}

int qfile_get_header(const uint8_t bytes[QFILE_HEADER_LEN], struct qfile_header *ret_untrusted)
{
	struct cur c = cur_init(bytes, QFILE_HEADER_LEN);
	struct qfile_header h = {.name_len = cur_u32(&c)};
	uint32_t untrusted_mode = cur_u32(&c);

	h.size = cur_u64(&c);
	h.atime = cur_u32(&c);
	h.atime_nsec = cur_u32(&c);
	h.mtime = cur_u32(&c);
	h.mtime_nsec = cur_u32(&c);
	if (h.name_len == 0) {
		*ret_untrusted = (struct qfile_header){.kind = QFILE_END};
		return 0;
	}
	h.kind = kind_of(untrusted_mode);
	h.mode = untrusted_mode & 07777;
	if (h.name_len > QFILE_NAME_MAX + 1)
		return -ENAMETOOLONG;
	*ret_untrusted = h;
	return 0;
}

int qfile_check_header(const struct qfile_header *untrusted)
{
	if (untrusted->kind == QFILE_OTHER || untrusted->name_len < 2 ||
	    untrusted->atime_nsec > NSEC_MAX || untrusted->mtime_nsec > NSEC_MAX ||
	    (untrusted->kind == QFILE_DIRECTORY && untrusted->size))
		return -EINVAL;
	if (untrusted->kind == QFILE_LINK && untrusted->size > QFILE_TARGET_MAX)
		return -ENAMETOOLONG;
	return untrusted->size > INT64_MAX ? -EDQUOT : 0;
}

void qfile_put_header(uint8_t bytes[QFILE_HEADER_LEN], const struct qfile_header *h)
{
	static const uint32_t type[] = {0, S_IFREG, S_IFDIR, S_IFLNK};
	struct wcur w = wcur_init(bytes, QFILE_HEADER_LEN);

	wcur_u32(&w, h->name_len);
	wcur_u32(&w, h->kind == QFILE_END ? 0 : type[h->kind] | h->mode);
	wcur_u64(&w, h->size);
	wcur_u32(&w, h->atime);
	wcur_u32(&w, h->atime_nsec);
	wcur_u32(&w, h->mtime);
	wcur_u32(&w, h->mtime_nsec);
}

int qfile_get_result(const uint8_t bytes[QFILE_RESULT_LEN], struct qfile_result *ret)
{
	struct cur c = cur_init(bytes, QFILE_RESULT_LEN);
	uint32_t code = cur_u32(&c);
	uint64_t crc;

	cur_u32(&c);
	crc = cur_u64(&c);
	if (crc > UINT32_MAX)
		return -EBADMSG;
	*ret = (struct qfile_result){.code = code, .crc = (uint32_t)crc};
	return 0;
}

void qfile_put_result(uint8_t bytes[QFILE_RESULT_LEN], const struct qfile_result *r)
{
	struct wcur w = wcur_init(bytes, QFILE_RESULT_LEN);

	wcur_u32(&w, r->code);
	wcur_u32(&w, 0);
	wcur_u64(&w, r->crc);
}

/* ---- names ---- */

/* One character of strict UTF-8; the bytes it takes, 0 when it is malformed. */
static size_t decode_utf8(const uint8_t *p, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c;

	if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || len > n)
		return 0;
	c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return len;
}

bool qfile_text_ok(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = strlen(text), step;
	uint32_t c = 0;

	for (; n; p += step, n -= step) {
		step = decode_utf8(p, n, &c);
		if (!step || !qfile_char_ok(c))
			return false;
	}
	return true;
}

static bool is_dots(const char *p, size_t n)
{
	return (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
}

int qfile_check_name(const char *untrusted_name, size_t len, bool any_chars)
{
	const char *p = untrusted_name;

	if (len < 2 || memchr(untrusted_name, '\0', len) != untrusted_name + len - 1)
		return -EINVAL;
	for (;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || is_dots(p, n))
			return -EILSEQ;
		if (n > QFILE_PART_MAX)
			return -ENAMETOOLONG;
		p += n;
		if (!*p)
			break;
		p++;
	}
	return any_chars || qfile_text_ok(untrusted_name) ? 0 : -EILSEQ;
}

int qfile_check_link(const char *name, const char *untrusted_target, bool any_chars)
{
	const char *p = untrusted_target;
	unsigned depth = 1, up = 0;
	bool down = false;

	for (const char *q = name; *q; q++)
		depth += *q == '/';
	/* A link directly in the incoming directory could only lead out of it or around. */
	if (depth < 2 || !*p || *p == '/')
		return -ENOLINK;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && is_dots(p, n)) {
			if (down || ++up > depth - 2)
				return -ENOLINK;
		} else if (n && !is_dots(p, n)) {
			down = true;
		}
		p += n;
		p += strspn(p, "/");
	}
	return any_chars || qfile_text_ok(untrusted_target) ? 0 : -EILSEQ;
}

/* ---- checksum: eight bytes at a time, and whole blocks of zeroes at once ---- */

#define POLY 0xedb88320u
#define ZEROES 4096

struct crc_tables {
	uint32_t t[8][256];
	uint32_t zeroes[4][256]; /* what ZEROES bytes of zero make of each byte of the state */
};

static void fill_tables(struct crc_tables *c)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int k = 0; k < 8; k++)
			v = v & 1 ? v >> 1 ^ POLY : v >> 1;
		c->t[0][i] = v;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			c->t[k][i] = c->t[k - 1][i] >> 8 ^ c->t[0][c->t[k - 1][i] & 0xff];
}

/* The state is linear in its bits: each alone is taken through the zeroes, the rest is sums. */
static void fill_zeroes(struct crc_tables *c)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t state = 1u << bit, *row = c->zeroes[bit / 8];

		for (int i = 0; i < ZEROES; i++)
			state = state >> 8 ^ c->t[0][state & 0xff];
		for (unsigned i = 0; i < 256; i++)
			if (i & 1u << bit % 8)
				row[i] ^= state;
	}
}

/* The tables are the same for everybody and made once. */
static const struct crc_tables *tables(void)
{
	static struct crc_tables c;
	static bool filled;

	if (!filled) {
		fill_tables(&c);
		fill_zeroes(&c);
		filled = true;
	}
	return &c;
}

static uint32_t sum_bytes(const struct crc_tables *c, uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t a, b;

		memcpy(&a, p, 4);
		memcpy(&b, p + 4, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		a = __builtin_bswap32(a);
		b = __builtin_bswap32(b);
#endif
		a ^= crc;
		crc = c->t[7][a & 0xff] ^ c->t[6][a >> 8 & 0xff] ^ c->t[5][a >> 16 & 0xff] ^
		      c->t[4][a >> 24] ^ c->t[3][b & 0xff] ^ c->t[2][b >> 8 & 0xff] ^
		      c->t[1][b >> 16 & 0xff] ^ c->t[0][b >> 24];
	}
	while (n--)
		crc = crc >> 8 ^ c->t[0][(crc ^ *p++) & 0xff];
	return crc;
}

uint32_t qfile_crc(uint32_t crc, const void *data, size_t n)
{
	const struct crc_tables *c = tables();
	const uint8_t *p = data;

	crc = ~crc;
	for (; n >= ZEROES; n -= ZEROES, p += ZEROES) {
		if (p[0] || memcmp(p, p + 1, ZEROES - 1) != 0)
			crc = sum_bytes(c, crc, p, ZEROES);
		else
			crc = c->zeroes[3][crc >> 24] ^ c->zeroes[2][crc >> 16 & 0xff] ^
			      c->zeroes[1][crc >> 8 & 0xff] ^ c->zeroes[0][crc & 0xff];
	}
	return ~sum_bytes(c, crc, p, n);
}
