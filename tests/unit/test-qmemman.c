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

/*
 * Situations, and what Qubes OS's qmemman makes of them after some rounds (it takes first and gives
 * later, and rounds down by a thousandth each time). MiB; used -1: does not report.
 */
typedef struct {
	const char *what;
	unsigned free;
	unsigned stuck; /* number of the one that gives nothing */
	struct {
		unsigned actual;
		int used;
		unsigned maximum, expected;
	} d[4];
} Situation;

static const Situation situations[] = {
	{"much is free",
	 2050,
	 0,
	 {{1400, 400, 1400, 1400}, {400, 300, 4000, 2194}, {400, 100, 600, 600}}},
	{"equal needs", 1050, 0, {{0}, {400, 200, 4000, 899}, {400, 200, 4000, 899}}},
	{"one is small", 550, 0, {{0}, {400, 20, 4000, 347}, {800, 600, 4000, 1352}}},
	{"nothing is free, one has too much",
	 50,
	 0,
	 {{0}, {1500, 100, 4000, 367}, {300, 600, 4000, 1431}}},
	{"dom0 and two",
	 50,
	 0,
	 {{1400, 300, 1400, 859}, {300, 800, 4000, 1207}, {600, 100, 4000, 232}}},
	{"all want more", 50, 0, {{0}, {400, 900, 4000, 400}, {400, 600, 4000, 400}}},
	{"something is free, all want more",
	 350,
	 0,
	 {{0}, {400, 900, 4000, 580}, {400, 600, 4000, 520}}},
	{"one gives, two take",
	 100,
	 0,
	 {{0}, {1800, 100, 4000, 207}, {300, 700, 4000, 818}, {400, 1500, 4000, 1523}}},
	{"one does not report",
	 1050,
	 0,
	 {{0}, {400, 200, 4000, 566}, {500, -1, 500, 500}, {300, 400, 4000, 1132}}},
	{"one is stuck",
	 550,
	 1,
	 {{0}, {1500, 100, 4000, 1500}, {400, 300, 4000, 779}, {400, 200, 4000, 519}}},
	{"maxima are met",
	 3050,
	 0,
	 {{0}, {500, 300, 600, 600}, {500, 300, 700, 700}, {500, 300, 4000, 3194}}},
	{"one takes up to its maximum",
	 50,
	 0,
	 {{0}, {2000, 100, 4000, 200}, {300, 2000, 500, 500}, {300, 1500, 4000, 1896}}},
};

static void test_as_upstream(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(situations); i++) {
		const Situation *s = &situations[i];
		unsigned first = s->d[0].actual ? 0 : 1, n = 0;
		struct mem_domain d[4];
		uint64_t target[4], before = s->free * MIB, after = 0;

		for (unsigned k = first; k < 4 && s->d[k].actual; k++, n++) {
			d[n] = dom(k, s->d[k].actual, (uint64_t)MAX(s->d[k].used, 0),
				   s->d[k].maximum);
			d[n].balanced = s->d[k].used >= 0;
			d[n].no_progress = s->stuck && s->stuck == k;
			before += d[n].actual;
		}
		mem_balance(&mem_config_default, d, n, s->free * MIB, target);
		for (unsigned k = 0; k < n; k++) {
			uint64_t expected = s->d[first + k].expected * MIB;

			after += target[k];
			g_test_message("%s: domain %u: %" G_GUINT64_FORMAT " MiB, upstream %u",
				       s->what, first + k, target[k] >> 10,
				       s->d[first + k].expected);
			g_assert_cmpuint(target[k], >=, expected * 96 / 100);
			g_assert_cmpuint(target[k], <=, expected * 104 / 100);
		}
		/* The reserve stays. */
		g_assert_cmpuint(after, <=, before - 50 * MIB);
	}
}

/* A qube's start: who gives how much, upstream's without its 5 % on top. */
static void test_room_as_upstream(void)
{
	struct mem_domain d[] = {dom(1, 1000, 100, 4000), dom(2, 600, 100, 4000),
				 dom(3, 400, 300, 4000)};
	struct mem_domain two[] = {dom(0, 1400, 300, 1400), dom(1, 500, 200, 4000)};
	uint64_t target[3], possible;

	g_assert_true(
		mem_make_room(&mem_config_default, d, 3, 50 * MIB, 600 * MIB, target, &possible));
	g_assert_cmpuint(target[0] >> 10, ==, 603);
	g_assert_cmpuint(target[1] >> 10, ==, 401);
	g_assert_cmpuint(target[2] >> 10, ==, 395);
	g_assert_false(
		mem_make_room(&mem_config_default, d, 3, 50 * MIB, 1300 * MIB, target, &possible));
	g_assert_true(
		mem_make_room(&mem_config_default, two, 2, 50 * MIB, 600 * MIB, target, &possible));
	g_assert_cmpuint(target[0] >> 10, ==, 960);
	g_assert_cmpuint(target[1] >> 10, ==, 339);
}

/* --- a Xen of which the tests say what it answers --- */

static struct mem_domain xen_domain[6];
static size_t xen_domains;
static uint64_t xen_free;
static uint64_t xen_taken; /* by the first domain, while xenstore is read */

int mem_xen_domains(struct mem_xen *x, struct mem_domain *list, size_t n_before)
{
	for (size_t i = 0; i < xen_domains; i++) {
		uint64_t target = i < n_before ? list[i].target : 0;
		bool stuck = i < n_before && list[i].no_progress;

		list[i] = xen_domain[i];
		list[i].target = target;
		list[i].no_progress = stuck;
	}
	xen_domain[0].actual += xen_taken;
	xen_free -= xen_taken;
	return (int)xen_domains;
}

int mem_xen_free(struct mem_xen *x, uint64_t *ret_free, uint64_t *ret_total)
{
	*ret_free = xen_free;
	*ret_total = 8192 * MIB;
	return 0;
}

int mem_xen_set_target(struct mem_xen *x, const struct mem_domain *d, uint64_t target)
{
	return 0;
}

/* What one domain was granted is not given to another one before it took it. */
static void test_promises(void)
{
	static struct mem_state s;
	char why[256];
	g_autofree char *text = NULL;
	int done = 0, rounds = 0;

	s = (struct mem_state){.config = mem_config_default};
	xen_domain[0] = dom(0, 1400, 400, 1400);
	xen_domain[1] = dom(1, 400, 1000, 4000);
	xen_domains = 2;
	xen_free = 1050 * MIB;
	g_assert_cmpint(state_refresh(&s), ==, 0);
	state_balance(&s, 1000);
	g_assert_cmpuint(s.domain[1].target >> 10, >, 1300);
	/* It has taken nothing yet. */
	g_assert_cmpint(state_refresh(&s), ==, 0);
	g_assert_cmpuint(s.free >> 10, <=, 100);
	g_assert_cmpuint(s.domain[1].promised >> 10, >, 900);
	text = mem_why(&s);
	g_assert_nonnull(strstr(text, "granted to domains that have not taken them"));
	/* A qube that is to be started does not count on it... */
	state_request(&s, 900 * MIB, 2000);
	g_assert_cmpint(state_request_step(&s, 2000, why, sizeof(why)), !=, 1);
	/* ...but asks for it; and what is free then is not grown into any more. */
	state_request_end(&s);
	state_request(&s, 300 * MIB, 3000);
	while (!done && rounds++ < 100) {
		done = state_request_step(&s, 3000 + rounds, why, sizeof(why));
		/* dom0 gives at once what it is asked for. */
		xen_free += xen_domain[0].actual - s.domain[0].target;
		xen_domain[0].actual = s.domain[0].target;
		if (!done)
			g_assert_cmpint(state_refresh(&s), ==, 0);
	}
	g_assert_cmpint(done, ==, 1);
	g_assert_cmpint(rounds, >, 1);
	g_assert_cmpuint(s.domain[0].target, <, 1400 * MIB);
	g_assert_cmpuint(s.domain[1].target, ==, 400 * MIB);
	g_assert_cmpint(state_refresh(&s), ==, 0);
	g_assert_cmpuint(s.domain[1].promised, ==, 0);
	g_assert_cmpuint(s.free, ==, xen_free);
}

/* A domain that takes what it was granted does so all the time; nothing is counted twice. */
static void test_one_moment(void)
{
	static struct mem_state s;

	s = (struct mem_state){.config = mem_config_default};
	xen_domain[0] = dom(1, 400, 100, 1000);
	xen_domains = 1;
	xen_free = 700 * MIB;
	xen_taken = 100 * MIB;
	g_assert_cmpint(state_refresh(&s), ==, 0);
	s.domain[0].target = 900 * MIB;
	for (unsigned i = 0; i < 4; i++) {
		g_assert_cmpint(state_refresh(&s), ==, 0);
		g_assert_cmpuint(s.domain[0].actual, ==, 900 * MIB);
		g_assert_cmpuint(s.free, ==, 200 * MIB);
	}
	xen_taken = 0;
}

/* Who did not give is asked again once it lacks something, or has given. */
static void test_forgiven(void)
{
	static struct mem_state s;

	s = (struct mem_state){.config = mem_config_default};
	xen_domain[0] = dom(1, 1000, 100, 4000);
	xen_domain[1] = dom(2, 300, 800, 4000);
	xen_domains = 2;
	xen_free = 50 * MIB;
	g_assert_cmpint(state_refresh(&s), ==, 0);
	s.domain[0].no_progress = true;
	s.domain[0].target = 500 * MIB;
	state_balance(&s, 1000);
	g_assert_true(s.domain[0].no_progress);
	xen_domain[0].actual = 510 * MIB;
	g_assert_cmpint(state_refresh(&s), ==, 0);
	state_balance(&s, 9000);
	g_assert_false(s.domain[0].no_progress);
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

/* The line of the domain, its blanks as one. */
static char *line_of(const char *text, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *start = g_strconcat(name, " ", NULL);

	for (char **l = lines; *l; l++) {
		g_autoptr(GRegex) blanks = g_regex_new(" +", 0, 0, NULL);

		if (g_str_has_prefix(*l, start))
			return g_regex_replace_literal(blanks, *l, -1, 0, " ", 0, NULL);
	}
	g_assert_not_reached();
}

/* What a domain has is told from what it was granted, and from what it is to give back. */
static void test_why_moving(void)
{
	static const struct {
		const char *name, *starts, *ends;
	} lines[] = {
		{"d1", "d1 400 300 390 610 4000 1000 ",
		 " is getting 600 MiB; then it has what it prefers, and a share of what is left"},
		{"d2", "d2 900 100 200 700 1000 500 ",
		 " is giving back 400 MiB; then it uses little: it has the least that is kept, "
		 "and a share of what is left"},
		{"d3", "d3 500 100 200 400 600 600 ",
		 " is getting 100 MiB; then it has its maximum"},
		{"d4", "d4 800 700 910 0 4000 801 ",
		 " 801 has less than preferred: others need theirs"},
		{"d5", "d5 800 100 200 0 4000 400 ",
		 " was asked to give memory back and did not: not counted on"},
		{"d6", "d6 300 - - 0 300 - ",
		 " - keeps what it was started with: it does not "
		 "report what it uses"},
	};
	static struct mem_state s;
	g_autofree char *text = NULL;

	xen_domain[0] = dom(1, 400, 300, 4000);
	xen_domain[1] = dom(2, 900, 100, 1000);
	xen_domain[2] = dom(3, 500, 100, 600);
	xen_domain[3] = dom(4, 800, 700, 4000);
	xen_domain[4] = dom(5, 800, 100, 4000);
	xen_domain[5] = dom(6, 300, 0, 300);
	xen_domain[5].balanced = false;
	xen_domains = 6;
	xen_free = 1500 * MIB;
	s = (struct mem_state){.config = mem_config_default};
	g_assert_cmpint(state_refresh(&s), ==, 0);
	s.domain[0].target = 1000 * MIB;
	s.domain[1].target = 500 * MIB;
	s.domain[2].target = 600 * MIB;
	s.domain[3].target = 801 * MIB;
	s.domain[4].target = 400 * MIB;
	s.domain[4].no_progress = true;
	g_assert_cmpint(state_refresh(&s), ==, 0);
	text = mem_why(&s);
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *line = line_of(text, lines[i].name);

		g_test_message("%s", line);
		g_assert_true(g_str_has_prefix(line, lines[i].starts));
		g_assert_true(g_str_has_suffix(line, lines[i].ends));
	}
}

/* The short table is every figure and nothing else, however long a name is. */
static void test_why_figures(void)
{
	static struct mem_state s;
	g_autofree char *text = NULL, *line = NULL;
	char shown[4096];
	FILE *f = fmemopen(shown, sizeof(shown), "w");

	s = (struct mem_state){.config = mem_config_default, .n = 2, .total = 4096 * MIB};
	s.domain[0] = dom(0, 1400, 400, 1400);
	s.domain[1] = dom(1, 400, 300, 4000);
	s.domain[1].target = 400 * MIB;
	memset(s.domain[1].name, 'n', 31);
	text = mem_why(&s);
	mem_why_figures(text, f);
	fclose(f);
	g_assert_true(g_str_has_suffix(shown, " 4000    400\n"));
	line = line_of(shown, "NAME");
	g_assert_cmpstr(line, ==, "NAME HAS USES PREFERRED SPARE MAXIMUM TARGET");
	g_free(g_steal_pointer(&line));
	line = line_of(shown, s.domain[1].name);
	g_assert_true(g_str_has_suffix(line, "n 400 300 390 10 4000 400"));
	mem_why_figures("", stdout);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qmemman/preferred", test_preferred);
	g_test_add_func("/qmemman/plenty", test_plenty);
	g_test_add_func("/qmemman/little", test_little);
	g_test_add_func("/qmemman/not-worth-it", test_not_worth_it);
	g_test_add_func("/qmemman/as-upstream", test_as_upstream);
	g_test_add_func("/qmemman/room", test_room);
	g_test_add_func("/qmemman/room-as-upstream", test_room_as_upstream);
	g_test_add_func("/qmemman/promises", test_promises);
	g_test_add_func("/qmemman/one-moment", test_one_moment);
	g_test_add_func("/qmemman/forgiven", test_forgiven);
	g_test_add_func("/qmemman/meminfo", test_meminfo);
	g_test_add_func("/qmemman/config", test_config);
	g_test_add_func("/qmemman/why", test_why);
	g_test_add_func("/qmemman/why-moving", test_why_moving);
	g_test_add_func("/qmemman/why-figures", test_why_figures);
	return g_test_run();
}
