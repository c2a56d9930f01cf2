// SPDX-License-Identifier: GPL-2.0-or-later
/* What qmemman reads of Xen and writes for its domains, on a Xen and a xenstore that are fakes. */
#include "dom0/qmemman/xen.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenstore.h>

#define QUBE 7
#define PAGES_PER_MIB 256u

/* --- the fakes: what they answer, and what became of it --- */

static struct {
	GHashTable *keys;   /* owned; path -> value */
	const char *refuse; /* ending of the path that cannot be written; NULL: none */
	int no_transaction; /* errno of a transaction's beginning; 0: it begins */
	int no_commit;	    /* errno of a transaction's end */
	unsigned pages[2];  /* of dom0 and of the qube; 0: it is not there */
} fake;

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild, unsigned f)
{
	return (xc_interface *)&fake;
}

int xc_interface_close(xc_interface *x)
{
	return 0;
}

struct xs_handle *xs_open(unsigned long flags)
{
	return (struct xs_handle *)&fake;
}

void xs_close(struct xs_handle *h)
{
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	return true;
}

int xs_fileno(struct xs_handle *h)
{
	return -1;
}

char **xs_check_watch(struct xs_handle *h)
{
	return NULL;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned *len)
{
	const char *value = g_hash_table_lookup(fake.keys, path);

	*len = value ? (unsigned)strlen(value) : 0;
	return value ? strdup(value) : NULL;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	      unsigned len)
{
	if (fake.refuse && g_str_has_suffix(path, fake.refuse)) {
		errno = ENOSPC;
		return false;
	}
	if (!t)
		g_hash_table_insert(fake.keys, g_strdup(path), g_strndup(data, len));
	return true;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
			struct xs_permissions *perms, unsigned n)
{
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	errno = fake.no_transaction;
	return fake.no_transaction ? XBT_NULL : 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	errno = fake.no_commit;
	if (abort)
		return true;
	if (!fake.no_commit)
		g_hash_table_insert(fake.keys, g_strdup("/local/domain/7/memory/meminfo"),
				    g_strdup(""));
	return !fake.no_commit;
}

int xc_domain_getinfolist(xc_interface *x, uint32_t first, unsigned max, xc_domaininfo_t *info)
{
	int n = 0;

	for (unsigned i = 0; i < 2; i++)
		if (fake.pages[i])
			info[n++] = (xc_domaininfo_t){.domain = i ? QUBE : 0,
						      .tot_pages = fake.pages[i],
						      .max_pages = 4000 * PAGES_PER_MIB};
	return n;
}

int xc_physinfo(xc_interface *x, xc_physinfo_t *info)
{
	info->total_pages = 4096 * PAGES_PER_MIB;
	info->free_pages = 100 * PAGES_PER_MIB;
	return 0;
}

int xc_domain_setmaxmem(xc_interface *x, uint32_t id, uint64_t max_kib)
{
	return 0;
}

int xc_domain_set_pod_target(xc_interface *x, uint32_t id, uint64_t target, uint64_t *total,
			     uint64_t *cache, uint64_t *entries)
{
	return 0;
}

/* --- */

typedef struct {
	struct mem_xen *xen;
	struct mem_domain list[MEM_DOMAINS_MAX];
	size_t n;
	int log_fd; /* owned; what is said goes there */
	char *log;  /* owned; its name */
} Fixture;

static void key(const char *name, const char *value)
{
	char *path = g_strdup_printf("/local/domain/%d/%s", QUBE, name);

	if (value)
		g_hash_table_insert(fake.keys, path, g_strdup(value));
	else {
		g_hash_table_remove(fake.keys, path);
		g_free(path);
	}
}

static void setup(Fixture *f, gconstpointer data)
{
	const char *why;

	f->log_fd = g_file_open_tmp("qmemman-XXXXXX", &f->log, NULL);
	g_assert_cmpint(f->log_fd, >=, 0);
	memset(&fake, 0, sizeof(fake));
	fake.keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	fake.pages[0] = 1400 * PAGES_PER_MIB;
	fake.pages[1] = 400 * PAGES_PER_MIB;
	key("vm", "/vm/uuid");
	key("name", "work");
	f->xen = mem_xen_open(&why);
	g_assert_nonnull(f->xen);
	f->n = 0;
}

static void teardown(Fixture *f, gconstpointer data)
{
	mem_xen_close(f->xen);
	g_hash_table_destroy(fake.keys);
	close(f->log_fd);
	g_unlink(f->log);
	g_free(f->log);
}

/* Looks at the domains, and what is said goes to the file. */
static void look(Fixture *f)
{
	int saved = dup(STDERR_FILENO), n;

	dup2(f->log_fd, STDERR_FILENO);
	n = mem_xen_domains(f->xen, f->list, f->n);
	dup2(saved, STDERR_FILENO);
	close(saved);
	g_assert_cmpint(n, >, 0);
	f->n = (size_t)n;
}

/* Looks a few times; how often something was said. */
static unsigned said_in_rounds(Fixture *f, unsigned rounds)
{
	g_autofree char *text = NULL;
	unsigned lines = 0;

	g_assert_cmpint(ftruncate(f->log_fd, 0), ==, 0);
	g_assert_cmpint(lseek(f->log_fd, 0, SEEK_SET), ==, 0);
	while (rounds--)
		look(f);
	g_assert_true(g_file_get_contents(f->log, &text, NULL, NULL));
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	if (lines)
		g_assert_nonnull(strstr(text, "domain 7"));
	return lines;
}

/* What a domain has is what the hypervisor says, and it is known by its name. */
static void test_figures(Fixture *f, gconstpointer data)
{
	key("memory/static-max", "2048000");
	key("memory/meminfo", "123456");
	g_assert_cmpuint(said_in_rounds(f, 1), ==, 0);
	g_assert_cmpuint(f->n, ==, 2);
	g_assert_cmpstr(f->list[0].name, ==, "dom0");
	g_assert_cmpuint(f->list[0].actual, ==, 1400 << 10);
	g_assert_cmpstr(f->list[1].name, ==, "work");
	g_assert_cmpuint(f->list[1].actual, ==, 400 << 10);
	g_assert_cmpuint(f->list[1].maximum, ==, 2048000);
	g_assert_cmpuint(f->list[1].used, ==, 123456);
	g_assert_true(f->list[1].balanced);
}

/* A refusal is said once, and once more after it worked. */
static void test_refused(Fixture *f, gconstpointer data)
{
	fake.refuse = "/memory/swapinfo";
	g_assert_cmpuint(said_in_rounds(f, 5), ==, 1);
	g_assert_false(f->list[1].balanced);
	fake.refuse = NULL;
	g_assert_cmpuint(said_in_rounds(f, 5), ==, 0);
	key("memory/meminfo", "100000");
	g_assert_cmpuint(said_in_rounds(f, 1), ==, 0);
	g_assert_true(f->list[1].balanced);
	key("memory/meminfo", NULL);
	fake.refuse = "/memory/meminfo";
	g_assert_cmpuint(said_in_rounds(f, 5), ==, 1);
}

/* The next domain of that number is another one. */
static void test_refused_again(Fixture *f, gconstpointer data)
{
	fake.refuse = "/memory/meminfo";
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 1);
	fake.pages[1] = 0;
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 0);
	fake.pages[1] = 300 * PAGES_PER_MIB;
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 1);
}

/* Before its folder is there, nothing is refused; nor when another one wrote meanwhile. */
static void test_not_refused(Fixture *f, gconstpointer data)
{
	key("vm", NULL);
	fake.refuse = "/memory/meminfo";
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 0);
	key("vm", "/vm/uuid");
	fake.refuse = NULL;
	fake.no_commit = EAGAIN;
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 0);
	fake.no_commit = ENOSPC;
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 1);
	fake.no_commit = 0;
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 0);
	key("memory/meminfo", NULL);
	fake.no_transaction = ENOMEM;
	g_assert_cmpuint(said_in_rounds(f, 3), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/qmemman-xen/figures", Fixture, NULL, setup, test_figures, teardown);
	g_test_add("/qmemman-xen/refused", Fixture, NULL, setup, test_refused, teardown);
	g_test_add("/qmemman-xen/refused-again", Fixture, NULL, setup, test_refused_again,
		   teardown);
	g_test_add("/qmemman-xen/not-refused", Fixture, NULL, setup, test_not_refused, teardown);
	return g_test_run();
}
