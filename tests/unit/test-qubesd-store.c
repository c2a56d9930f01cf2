// SPDX-License-Identifier: GPL-2.0-or-later
/* qubes.xml: read, written, damaged, refused, restored; and changes that could not be saved. */
#include "tests/unit/test-qubesd-env.h"

#include "dom0/qubesd/core/assignment.h"
#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/undo.h"
#include "dom0/qubesd/core/volume.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static App *empty_app(const char *root)
{
	Options opt = {.root = (char *)root,
		       .uri = (char *)"test:///default",
		       .bindir = (char *)"/nonexistent"};

	return app_new(&opt, NULL);
}

static App *load(const char *xml, GError **error)
{
	g_autoptr(StoreDoc) doc = store_doc_parse(xml, strlen(xml), error);
	App *app;

	if (!doc)
		return NULL;
	app = empty_app("");
	if (store_load(app, doc, error))
		return app;
	app_free(app);
	return NULL;
}

#define HEAD                                                                                       \
	"<qubes><labels><label id=\"label-1\" color=\"0xcc0000\">red</label>"                      \
	"<label id=\"label-5\" color=\"0x555753\">gray</label></labels>"                           \
	"<pools><pool name=\"p\" driver=\"file-reflink\" dir_path=\"/x\" revisions_to_keep=\"2\" " \
	"ephemeral_volatile=\"False\"/>"                                                           \
	"<pool name=\"k\" driver=\"linux-kernel\" dir_path=\"/k\"/></pools>"
#define NAME(n, q)                                                                                 \
	"<property name=\"name\">" n "</property><property name=\"qid\">" q "</property>"          \
	"<property name=\"label\">red</property>"
#define TEMPLATE                                                                                   \
	"<domain id=\"domain-1\" class=\"TemplateVM\"><properties>" NAME(                          \
		"tpl",                                                                             \
		"1") "</properties><features/><tags/><volume-config>"                              \
		     "<volume name=\"root\" pool=\"p\" vid=\"vm-templates/tpl/root\" rw=\"True\" " \
		     "save_on_stop=\"True\" snap_on_start=\"False\" "                              \
		     "size=\"5000\"/></volume-config></domain>"

static void test_read(void)
{
	g_autoptr(GError) error = NULL;
	App *app = load(
		HEAD
		"<properties><property name=\"default_template\">tpl</property>"
		"<property name=\"default_netvm\"/><property name=\"stats_interval\">9"
		"</property></properties><domains>"
		/* References come before what they refer to. */
		"<domain id=\"domain-7\" class=\"AppVM\"><properties>" NAME(
			"work",
			"7") "<property "
			     "name=\"uuid\">3c4a1d9e-0000-4000-8000-0123456789ab</property>"
			     "<property name=\"template\">tpl</property><property "
			     "name=\"netvm\"></property>"
			     "<property name=\"memory\">512</property></properties>"
			     "<devices class=\"block\"><device backend-domain=\"tpl\" id=\"sda\" "
			     "mode=\"ask-to-attach\" identity=\"*\"><option "
			     "name=\"read-only\">yes</option>"
			     "</device></devices>"
			     "<features><feature name=\"service.cups\">1</feature><feature "
			     "name=\"off\"/>"
			     "</features><tags><tag name=\"b\"/><tag name=\"a\"/></tags>"
			     "<volume-config><volume name=\"root\" pool=\"p\" "
			     "vid=\"appvms/work/root\" "
			     "rw=\"True\" save_on_stop=\"False\" snap_on_start=\"True\" "
			     "source=\"vm-templates/tpl/root\" "
			     "size=\"1\"/></volume-config></domain>" TEMPLATE "</domains></qubes>",
		&error);
	Domain *work;

	g_assert_no_error(error);
	work = app_domain(app, "work");
	g_assert_nonnull(work);
	g_assert_true(app_domain_by_uuid(app, "3c4a1d9e-0000-4000-8000-0123456789ab") == work);
	g_assert_cmpint(work->qid, ==, 7);
	env_expect(work, "memory", "512");
	env_expect(work, "template", "tpl");
	g_assert_cmpint(work->h.values[P_netvm].kind, ==, V_NONE);
	g_assert_cmpint(prop_int(&app->h, P_stats_interval), ==, 9);
	g_assert_cmpstr(feature_get(work, "service.cups"), ==, "1");
	g_assert_cmpstr(feature_get(work, "off"), ==, "");
	g_assert_true(tag_has(work, "a") && tag_has(work, "b") && tag_has(work, "guivm-dom0"));
	g_assert_cmpuint(volume_size(work, VOL_ROOT), ==, 5000);
	/* What the file did not say is made up: the class's volumes, dom0. */
	g_assert_nonnull(work->volumes[VOL_PRIVATE]);
	g_assert_nonnull(app->dom0);
	g_assert_cmpuint(work->devices->len, ==, 1);
	g_assert_cmpstr(app_label(app, "gray")->color, ==, "0x555555");
	g_assert_cmpint(app_pool(app, "p")->revisions_to_keep, ==, 2);
	app_free(app);
}

static void test_old_files(void)
{
	g_autoptr(GError) error = NULL;
	App *app;

	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*netvm of b was dropped*");
	app = load(HEAD
		   "<properties><property name=\"default_fw_netvm\">x</property></properties>"
		   "<domains>" TEMPLATE "<domain id=\"domain-2\" class=\"AppVM\"><properties>"
		   "<property name=\"name\">a</property><property name=\"label\" ref=\"label-1\"/>"
		   "<property name=\"template\" ref=\"tpl\"/><property name=\"hvm\">True</property>"
		   "<property name=\"dispvm_allowed\">True</property></properties>"
		   "<features><feature name=\"service.meminfo-writer\"/></features></domain>"
		   "<domain id=\"domain-3\" class=\"AppVM\"><properties>" NAME(
			   "b", "3") "<property name=\"template\">tpl</property><property "
				     "name=\"netvm\">gone"
				     "</property></properties></domain></domains></qubes>",
		   &error);
	g_assert_no_error(error);
	g_test_assert_expected_messages();
	env_expect(app_domain(app, "a"), "virt_mode", "hvm");
	env_expect(app_domain(app, "a"), "template_for_dispvms", "True");
	env_expect(app_domain(app, "a"), "maxmem", "0");
	env_expect(app_domain(app, "a"), "label", "red");
	g_assert_null(feature_get(app_domain(app, "a"), "service.meminfo-writer"));
	/* Not connected to anything rather than to the default. */
	g_assert_cmpint(app_domain(app, "b")->h.values[P_netvm].kind, ==, V_NONE);
	app_free(app);
}

/* Assignments as each release wrote them; those of classes that we do not know stay. */
static void test_devices(void)
{
	g_autoptr(GError) error = NULL;
	static const char *const want[] = {
		"tpl:sda:* auto-attach {}",	   "tpl:sdb:* required {}",
		"tpl:sdc:a:b required {'x': '1'}", "*:*:c ask-to-attach {}",
		"dom0:cam:* auto-attach {}",
	};
	App *app;
	Domain *a;

	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*unknown mode*");
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*cannot find backend domain 'gone'*");
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*twice*");
	app = load(HEAD
		   "<domains>" TEMPLATE "<domain id=\"domain-2\" class=\"AppVM\"><properties>" NAME(
			   "a", "2") "<property name=\"template\">tpl</property></properties>"
				     "<devices class=\"block\">"
				     "<device backend-domain=\"tpl\" id=\"sda\" required=\"no\"/>"
				     "<device backend-domain=\"tpl\" id=\"sdb\"/>"
				     "<device backend-domain=\"tpl\" id=\"sdc\" required=\"yes\">"
				     "<option name=\"identity\">a:b</option>"
				     "<option name=\"x\">1</option></device>"
				     "<device mode=\"ask-to-attach\" identity=\"c\"/>"
				     "<device backend-domain=\"tpl\" id=\"sdd\" mode=\"odd\"/>"
				     "<device backend-domain=\"gone\" id=\"sde\"/>"
				     "<device backend-domain=\"tpl\" id=\"sdb\"/></devices>"
				     "<devices class=\"video\"><device backend-domain=\"dom0\" "
				     "id=\"cam\" mode=\"auto-attach\"/></devices>"
				     "</domain></domains></qubes>",
		   &error);
	g_assert_no_error(error);
	g_test_assert_expected_messages();
	a = app_domain(app, "a");
	g_assert_cmpuint(a->devices->len, ==, G_N_ELEMENTS(want));
	for (guint i = 0; i < a->devices->len; i++) {
		const Assignment *as = g_ptr_array_index(a->devices, i);
		g_autofree char *text = assignment_text(as), *o = dev_pairs_repr(as->options);
		g_autofree char *got =
			g_strdup_printf("%s %s %s", text, device_mode_name(as->mode), o);

		g_assert_cmpstr(got, ==, want[i]);
	}
	app_free(app);
}

static void refused(const char *xml, const char *why)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(load(xml, &error));
	g_assert_nonnull(strstr(error->message, why));
}

static void test_refused(void)
{
	refused("", "not a whole");
	refused("<qubes><domains>", "not a whole");
	refused("<other><domains/></other>", "not a whole");
	refused("<!DOCTYPE q [<!ENTITY a \"b\">]><qubes><domains/></qubes>", "not a whole");
	refused(HEAD "<domains><domain id=\"domain-2\" class=\"AppVM\"><properties>" NAME(
			"a", "2") "<property "
				  "name=\"nonsense\">1</property></properties></domain></domains></"
				  "qubes>",
		"nonsense");
	refused(HEAD "<properties><property "
		     "name=\"nonsense\">1</property></properties><domains/></qubes>",
		"nonsense");
	refused(HEAD "<domains><domain id=\"domain-2\" class=\"NoVM\"><properties>" NAME(
			"a", "2") "</properties></domain></domains></qubes>",
		"class");
	refused(HEAD "<domains>" TEMPLATE TEMPLATE "</domains></qubes>", "twice");
	refused(HEAD "<domains><domain id=\"domain-2\" class=\"TemplateVM\"><properties>" NAME(
			"a", "2") "</properties><volume-config><volume name=\"root\" "
				  "pool=\"nopool\" vid=\"x\"/>"
				  "</volume-config></domain></domains></qubes>",
		"nopool");
	refused(HEAD "<domains><domain id=\"domain-2\" class=\"TemplateVM\"><properties>" NAME(
			"a", "2") "</properties><volume-config><volume name=\"root\" pool=\"p\" "
				  "vid=\"../../etc\"/>"
				  "</volume-config></domain></domains></qubes>",
		"invalid name");
}

/* What is written is read as the same, and written the same again. */
static void test_round_trip(void)
{
	g_autoptr(GError) error = NULL;
	App *app = env_app(), *again;
	Domain *work = app_domain(app, "work");
	g_autofree char *first = NULL, *second = NULL;

	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		for (int v = 0; v < VOL_KERNEL && d->volumes[v]; v++)
			d->volumes[v]->vid = g_strdup_printf("x/%s/%d", d->name, v);
	}
	for (guint i = 0; i < app->domains->len; i++)
		if (domain_is_qube(g_ptr_array_index(app->domains, i)))
			volumes_follow_template(g_ptr_array_index(app->domains, i));
	feature_put(work, "odd", "<&\">\t'");
	tag_put(work, "t");
	prop_put(&work->h, P_netvm, value_none());
	env_qube(app, CLS_STANDALONE, "half", NULL)->incomplete = true;
	{
		DevArg arg = {.backend = (char *)"net", .port = (char *)"sda", .id = (char *)"*"};
		Assignment *as = assignment_new("block", &arg);

		as->mode = MODE_ASK;
		dev_pair_set(as->options, "read-only", "yes");
		g_ptr_array_add(work->devices, as);
	}
	first = store_write(app);
	g_assert_null(strstr(first, "half"));
	again = load(first, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(feature_get(app_domain(again, "work"), "odd"), ==, "<&\">\t'");
	/* Loading adds the tags of roles, which a real creation had set. */
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (domain_is_qube(d)) {
			tag_put(d, "guivm-dom0");
			tag_put(d, "audiovm-dom0");
		}
	}
	g_clear_pointer(&first, g_free);
	first = store_write(app);
	second = store_write(again);
	g_assert_cmpstr(first, ==, second);
	app_free(app);
	app_free(again);
}

/* --- files --- */

typedef struct {
	char *root, *path, *history;
} Place;

static void place_make(Place *p, gconstpointer unused)
{
	p->root = g_dir_make_tmp("qubesd-XXXXXX", NULL);
	p->path = g_build_filename(p->root, "var/lib/qubes/qubes.xml", NULL);
	p->history = g_build_filename(p->root, "var/lib/qubes/backup", NULL);
	g_mkdir_with_parents(p->history, 0755);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *inner = g_build_filename(path, name, NULL);

		remove_tree(inner);
	}
	remove(path);
}

static void place_drop(Place *p, gconstpointer unused)
{
	remove_tree(p->root);
	g_free(p->root);
	g_free(p->path);
	g_free(p->history);
}

static void test_history(Place *p, gconstpointer unused)
{
	g_autoptr(GPtrArray) names = NULL;
	g_autofree char *newest = NULL, *text = NULL;
	StoreStamp stamp = {0};

	for (int i = 0; i < STORE_HISTORY + 5; i++) {
		g_autofree char *content = g_strdup_printf("content %d", i);

		g_assert_true(store_file_write(p->path, p->history, content, strlen(content),
					       getgid(), &stamp, NULL));
	}
	names = store_history(p->history);
	g_assert_cmpuint(names->len, ==, STORE_HISTORY);
	newest = g_build_filename(p->history, g_ptr_array_index(names, 0), NULL);
	g_assert_true(g_file_get_contents(newest, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "content 20");
}

static bool flag;

static void saved(gpointer data, const GError *error)
{
	*(char **)data = error ? g_strdup(error->message) : g_strdup("");
	flag = true;
}

static char *save_and_wait(App *app)
{
	char *message = NULL;

	flag = false;
	store_save(app, saved, &message);
	while (!flag)
		g_main_context_iteration(NULL, TRUE);
	return message;
}

static App *open_app(const Place *p)
{
	g_autoptr(GError) error = NULL;
	App *app = empty_app(p->root);

	g_assert_true(store_open(app, &error));
	g_assert_no_error(error);
	return app;
}

static void close_app(App *app)
{
	store_close(app);
	app_free(app);
}

static void test_damage(Place *p, gconstpointer unused)
{
	App *app = open_app(p);
	g_autofree char *none = NULL, *text = NULL;

	feature_set(app->dom0, "mark", "1", NULL);
	none = save_and_wait(app);
	g_assert_cmpstr(none, ==, "");
	close_app(app);

	g_assert_true(g_file_set_contents(p->path, "<qubes><lab", -1, NULL));
	g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*IS DAMAGED*RESTORED FROM*");
	app = open_app(p);
	g_test_assert_expected_messages();
	g_assert_cmpstr(feature_get(app->dom0, "mark"), ==, "1");
	close_app(app);
}

/* Without it, but with copies, the system is not taken for a new one. */
static void test_gone(Place *p, gconstpointer unused)
{
	App *app = open_app(p);
	g_autofree char *none = NULL;

	feature_set(app->dom0, "mark", "1", NULL);
	none = save_and_wait(app);
	close_app(app);
	g_assert_cmpint(g_unlink(p->path), ==, 0);
	g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*IS GONE*RESTORED FROM*");
	app = open_app(p);
	g_test_assert_expected_messages();
	g_assert_cmpstr(feature_get(app->dom0, "mark"), ==, "1");
	close_app(app);
}

/* Somebody's edit is not overwritten, nor is a change lost without a word. */
static void test_changed_by_hand(Place *p, gconstpointer unused)
{
	static const char edit[] = "<qubes><domains/></qubes>";
	App *app = open_app(p);
	g_autofree char *first = save_and_wait(app), *why = NULL, *after = NULL, *ok = NULL;

	g_assert_cmpstr(first, ==, "");
	g_assert_true(g_file_set_contents(p->path, edit, -1, NULL));
	feature_set(app->dom0, "a", "1", NULL);
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*taken back*");
	why = save_and_wait(app);
	g_test_assert_expected_messages();
	g_assert_nonnull(strstr(why, "somebody else"));
	g_assert_true(g_file_get_contents(p->path, &after, NULL, NULL));
	g_assert_cmpstr(after, ==, edit);
	g_assert_null(feature_get(app->dom0, "a"));
	g_unlink(p->path);
	feature_set(app->dom0, "a", "2", NULL);
	ok = save_and_wait(app);
	g_assert_cmpstr(ok, ==, "");
	close_app(app);
}

static void test_damage_everywhere(Place *p, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	App *app = empty_app(p->root);

	g_assert_true(g_file_set_contents(p->path, "", -1, NULL));
	g_assert_false(store_open(app, &error));
	g_assert_nonnull(strstr(error->message, "damaged"));
	close_app(app);
}

/* A file that is whole but not ours to understand is never replaced by an older one. */
static void test_unknown(Place *p, gconstpointer unused)
{
	static const char xml[] = HEAD "<properties><property name=\"new_thing\">1</property>"
				       "</properties><domains/></qubes>";
	g_autoptr(GError) error = NULL;
	g_autofree char *after = NULL;
	App *app = empty_app(p->root);

	g_assert_true(g_file_set_contents(p->path, xml, -1, NULL));
	g_assert_false(store_open(app, &error));
	g_assert_nonnull(strstr(error->message, "new_thing"));
	g_assert_true(g_file_get_contents(p->path, &after, NULL, NULL));
	g_assert_cmpstr(after, ==, xml);
	close_app(app);
}

/* The disk is full (here: something is in the way): nothing was changed, in memory neither. */
static void test_cannot_save(Place *p, gconstpointer unused)
{
	App *app = open_app(p);
	g_autofree char *first = save_and_wait(app),
			*in_the_way = g_strconcat(p->path, ".new", NULL);
	g_autofree char *before = NULL, *after = NULL, *why = NULL, *on_disk = NULL, *ok = NULL;

	g_assert_cmpstr(first, ==, "");
	before = store_write(app);
	g_assert_cmpint(g_mkdir(in_the_way, 0700), ==, 0);
	feature_set(app->dom0, "a", "1", NULL);
	feature_set(app->dom0, "a", "2", NULL);
	tag_add(app->dom0, "t", NULL);
	g_assert_true(env_set(app->dom0, "keyboard_layout", "de++", NULL));
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*taken back*");
	why = save_and_wait(app);
	g_test_assert_expected_messages();
	g_assert_nonnull(strstr(why, "nothing was changed"));
	after = store_write(app);
	g_assert_cmpstr(after, ==, before);
	g_assert_true(g_file_get_contents(p->path, &on_disk, NULL, NULL));
	g_assert_cmpstr(on_disk, ==, before);

	g_assert_cmpint(g_rmdir(in_the_way), ==, 0);
	feature_set(app->dom0, "a", "3", NULL);
	ok = save_and_wait(app);
	g_assert_cmpstr(ok, ==, "");
	g_assert_cmpstr(feature_get(app->dom0, "a"), ==, "3");
	close_app(app);
}

#define WITH_PLACE(path, fn) g_test_add(path, Place, NULL, place_make, fn, place_drop)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesd/store/read", test_read);
	g_test_add_func("/qubesd/store/old-files", test_old_files);
	g_test_add_func("/qubesd/store/devices", test_devices);
	g_test_add_func("/qubesd/store/refused", test_refused);
	g_test_add_func("/qubesd/store/round-trip", test_round_trip);
	WITH_PLACE("/qubesd/store/history", test_history);
	WITH_PLACE("/qubesd/store/damage", test_damage);
	WITH_PLACE("/qubesd/store/gone", test_gone);
	WITH_PLACE("/qubesd/store/changed-by-hand", test_changed_by_hand);
	WITH_PLACE("/qubesd/store/damage-everywhere", test_damage_everywhere);
	WITH_PLACE("/qubesd/store/unknown", test_unknown);
	WITH_PLACE("/qubesd/store/cannot-save", test_cannot_save);
	return g_test_run();
}
