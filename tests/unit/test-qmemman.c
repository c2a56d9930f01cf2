// SPDX-License-Identifier: GPL-2.0-or-later
/* How qmemman divides memory, what it believes of a qube, and how it explains itself. */
#include "dom0/qmemman/qmemman.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define MIB 1024ull

static struct mem_domain dom(unsigned id, uint64_t actual, uint64_t used, uint64_t maximum)
{
	struct mem_domain d = {.id = id,
			       .balanced = true,
			       .actual = actual * MIB,
			       .used = used * MIB,
			       .maximum = maximum * MIB};

	g_snprintf(d.name, sizeof(d.name), "d%u", id);
	return d;
}

static uint64_t sum(const uint64_t *target, size_t n)
{
	uint64_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += target[i];
	return s;
}

static void test_preferred(void)
{
	const struct mem_config *c = &mem_config_default;
	struct mem_domain d = dom(1, 400, 300, 4000);

	g_assert_cmpuint(mem_preferred(c, &d), ==, 390 * MIB);
	g_assert_cmpuint(mem_surplus(c, &d), ==, 10 * MIB);
	d.used = 10 * MIB;
	g_assert_cmpuint(mem_preferred(c, &d), ==, 200 * MIB);
	d.maximum = 150 * MIB;
	g_assert_cmpuint(mem_preferred(c, &d), ==, 150 * MIB);
	d = dom(0, 1400, 300, 1400);
	g_assert_cmpuint(mem_preferred(c, &d), ==, 740 * MIB);
	d.balanced = false;
	g_assert_cmpuint(mem_surplus(c, &d), ==, 0);
}

/* Nothing is lost, nothing is made, nobody gets more than its maximum. */
static void test_plenty(void)
{
	struct mem_domain d[] = {dom(0, 1400, 400, 1400), dom(1, 400, 300, 4000),
				 dom(2, 400, 100, 600)};
	uint64_t target[3];

	g_assert_true(mem_balance(&mem_config_default, d, 3, 2050 * MIB, target));
	g_assert_cmpuint(sum(target, 3), <=, (1400 + 400 + 400 + 2000) * MIB);
	g_assert_cmpuint(sum(target, 3), >=, (1400 + 400 + 400 + 1999) * MIB);
	g_assert_cmpuint(target[0], ==, 1400 * MIB);
	g_assert_cmpuint(target[1], >, target[2]);
	g_assert_cmpuint(target[2], ==, 600 * MIB);
}

static void test_little(void)
{
	struct mem_domain d[] = {dom(1, 1000, 100, 4000), dom(2, 400, 1500, 4000),
				 dom(3, 400, 750, 4000)};
	uint64_t target[3];

	g_assert_true(mem_balance(&mem_config_default, d, 3, 50 * MIB, target));
	g_assert_cmpuint(target[0], ==, 200 * MIB);
	g_assert_cmpuint(target[1], >, 400 * MIB);
	g_assert_cmpuint(target[2], >, 400 * MIB);
	g_assert_cmpuint(target[1] - 400 * MIB, >, target[2] - 400 * MIB);
	g_assert_cmpuint(sum(target, 3), <=, 1800 * MIB);
}

static void test_not_worth_it(void)
{
	struct mem_domain d[] = {dom(1, 390, 300, 390), dom(2, 400, 100, 400)};
	uint64_t target[2];

	g_assert_false(mem_balance(&mem_config_default, d, 2, 60 * MIB, target));
}

static void test_room(void)
{
	struct mem_domain d[] = {dom(1, 1000, 100, 4000), dom(2, 600, 100, 4000),
				 dom(3, 400, 300, 4000)};
	uint64_t target[3], possible;

	g_assert_true(
		mem_make_room(&mem_config_default, d, 3, 150 * MIB, 700 * MIB, target, &possible));
	g_assert_cmpuint(possible, ==, (100 + 800 + 400 + 10) * MIB);
	g_assert_cmpuint(sum(target, 3), <=, (2000 - 600) * MIB);
	g_assert_cmpuint(target[0], <, 1000 * MIB);
	g_assert_cmpuint(target[0], >=, 200 * MIB);
	g_assert_false(
		mem_make_room(&mem_config_default, d, 3, 150 * MIB, 1400 * MIB, target, &possible));
	d[0].no_progress = true;
	g_assert_false(
		mem_make_room(&mem_config_default, d, 3, 150 * MIB, 700 * MIB, target, &possible));
	g_assert_cmpuint(possible, ==, (100 + 400 + 10) * MIB);
}

static void test_meminfo(void)
{
	static const char lines[] = "MemTotal: 400000 kB\nMemFree: 100000 kB\nBuffers: 1000 kB\n"
				    "Cached: 5000 kB\nSwapTotal: 1000 kB\nSwapFree: 900 kB\n";
	static const char *const bad[] = {"",
					  "-5",
					  "x",
					  "12x",
					  "99999999999999999999",
					  "MemTotal: 4\nMemFree: 9\nBuffers: 0\nCached: 0\n"
					  "SwapTotal: 0\nSwapFree: 0\n",
					  "MemTotal: 4"};
	uint64_t used = 7;

	g_assert_true(mem_parse_meminfo("1234", 4, 5000, &used));
	g_assert_cmpuint(used, ==, 1234);
	g_assert_true(mem_parse_meminfo("1234\n", 5, 1000, &used));
	g_assert_cmpuint(used, ==, 1000);
	g_assert_true(mem_parse_meminfo(lines, strlen(lines), 500000, &used));
	g_assert_cmpuint(used, ==, 400000 - 106000 + 100);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(mem_parse_meminfo(bad[i], strlen(bad[i]), 5000, &used));
	g_assert_false(mem_parse_meminfo("1\0002", 3, 5000, &used));
}

static void test_config(void)
{
	struct mem_config c = mem_config_default;
	char why[256];

	g_assert_true(config_read("[global]\n# text\nvm-min-mem = 300MiB\ndom0-mem-boost=100\n"
				  "cache-margin-factor = 1.5\n",
				  &c, why, sizeof(why)));
	g_assert_cmpuint(c.vm_min, ==, 300 * MIB);
	g_assert_cmpuint(c.dom0_boost, ==, 100 * MIB);
	g_assert_cmpfloat(c.margin, ==, 1.5);
	g_assert_false(config_read("\nfoo = 1\n", &c, why, sizeof(why)));
	g_assert_nonnull(strstr(why, "line 2"));
	g_assert_false(config_read("cache-margin-factor = 0.5\n", &c, why, sizeof(why)));
	g_assert_false(config_read("vm-min-mem\n", &c, why, sizeof(why)));
}

static void test_why(void)
{
	static struct mem_state s;
	g_autofree char *text = NULL;

	s.config = mem_config_default;
	s.domain[0] = dom(0, 1400, 400, 1400);
	s.domain[1] = dom(1, 400, 300, 4000);
	s.domain[2] = dom(2, 300, 0, 300);
	s.domain[2].balanced = false;
	s.n = 3;
	s.free = 500 * MIB;
	s.total = 4096 * MIB;
	text = mem_why(&s);
	g_assert_nonnull(strstr(text, "d1 "));
	g_assert_nonnull(strstr(text, "does not report"));
	g_assert_nonnull(strstr(text, "4096"));
	g_assert_nonnull(strstr(text, "up to 990 MiB"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qmemman/preferred", test_preferred);
	g_test_add_func("/qmemman/plenty", test_plenty);
	g_test_add_func("/qmemman/little", test_little);
	g_test_add_func("/qmemman/not-worth-it", test_not_worth_it);
	g_test_add_func("/qmemman/room", test_room);
	g_test_add_func("/qmemman/meminfo", test_meminfo);
	g_test_add_func("/qmemman/config", test_config);
	g_test_add_func("/qmemman/why", test_why);
	return g_test_run();
}
