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
		return QFILE_END;
	}
}

int qfile_get_header(const uint8_t bytes[QFILE_HEADER_LEN], struct qfile_header *ret)
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
		*ret = (struct qfile_header){.kind = QFILE_END};
		return 0;
	}
	h.kind = kind_of(untrusted_mode);
	h.mode = untrusted_mode & 07777;
	if (h.name_len > QFILE_NAME_MAX + 1)
		return -ENAMETOOLONG;
	if (h.kind == QFILE_END || h.name_len < 2 || h.atime_nsec > NSEC_MAX ||
	    h.mtime_nsec > NSEC_MAX || (h.kind == QFILE_DIRECTORY && h.size))
		return -EINVAL;
	if (h.kind == QFILE_LINK && (h.size < 1 || h.size > QFILE_NAME_MAX))
		return -ENAMETOOLONG;
	if (h.size > INT64_MAX)
		return -EDQUOT;
	*ret = h;
	return 0;
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

/*
 * What may be shown without deceiving: letters and signs of scripts written from left
 * to right, no controls, no invisible or combining characters, nothing private.
 */
static const struct {
	uint32_t first, last;
} shown[] = {
	{0x20, 0x7e},	/* ASCII */
	{0xa1, 0xac},	/* Latin-1, without the soft hyphen */
	{0xae, 0x24f},	/* and Latin Extended-A and -B */
	{0x370, 0x377}, /* Greek */
	{0x37b, 0x37f},	    {0x384, 0x38a},	{0x38c, 0x38c},
	{0x38e, 0x3a1},	    {0x3a3, 0x3ff},	{0x400, 0x482},	  /* Cyrillic */
	{0x48a, 0x52f},	    {0x531, 0x556},	{0x561, 0x587},	  /* Armenian */
	{0x10a0, 0x10c5},   {0x10d0, 0x10ff},			  /* Georgian */
	{0x1e00, 0x1eff},					  /* Latin Extended Additional */
	{0x2010, 0x2016},   {0x2018, 0x2027},	{0x2030, 0x205e}, /* punctuation */
	{0x2070, 0x2071},   {0x2074, 0x208e},	{0x20a0, 0x20c0}, /* small figures, currencies */
	{0x2100, 0x218b},					  /* letter-like, number forms */
	{0x2190, 0x23ff}, /* arrows, mathematics, technical */
	{0x2460, 0x27bf}, /* enclosed, boxes, shapes, dingbats */
	{0x3001, 0x3029},   {0x3030, 0x303f},	{0x3041, 0x3096},   /* CJK signs, Hiragana */
	{0x309b, 0x30ff},   {0x3105, 0x312f},	{0x3131, 0x318e},   /* Katakana, Bopomofo, Jamo */
	{0x31f0, 0x31ff},   {0x3400, 0x4dbf},	{0x4e00, 0x9fff},   /* CJK */
	{0xac00, 0xd7a3},   {0xff01, 0xff60},	{0xffe0, 0xffe6},   /* Hangul, full width */
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, /* pictures */
	{0x20000, 0x2a6df},
};

static bool may_be_shown(uint32_t c)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (c >= shown[i].first && c <= shown[i].last)
			return true;
	return false;
}

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

static bool chars_ok(const char *text, size_t n)
{
	const uint8_t *p = (const uint8_t *)text;
	uint32_t c = 0;
	size_t step;

	for (; n; p += step, n -= step) {
		step = decode_utf8(p, n, &c);
		if (!step || !may_be_shown(c))
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

		if (n == 0 || n > 255 || is_dots(p, n))
			return -EILSEQ;
		p += n;
		if (!*p)
			break;
		p++;
	}
	return any_chars || chars_ok(untrusted_name, len - 1) ? 0 : -EILSEQ;
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
	return any_chars || chars_ok(untrusted_target, strlen(untrusted_target)) ? 0 : -EILSEQ;
}

/* ---- checksum: eight bytes at a time ---- */

#define POLY 0xedb88320u

struct crc_tables {
	uint32_t t[8][256];
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

/* The tables are the same for everybody and made once. */
static const struct crc_tables *tables(void)
{
	static struct crc_tables c;
	static bool filled;

	if (!filled) {
		fill_tables(&c);
		filled = true;
	}
	return &c;
}

uint32_t qfile_crc(uint32_t crc, const void *data, size_t n)
{
	const struct crc_tables *c = tables();
	const uint8_t *p = data;

	crc = ~crc;
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
	return ~crc;
}
