// SPDX-License-Identifier: GPL-2.0-or-later
/* qubes.xml: any bytes. What is loaded can be written, and what was written loads again. */
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/sysinfo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GLogWriterOutput quiet(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	return G_LOG_WRITER_HANDLED;
}

static App *load(const char *xml, size_t len)
{
	Options opt = {.root = (char *)"", .uri = (char *)"", .bindir = (char *)""};
	g_autoptr(StoreDoc) doc = store_doc_parse(xml, len, NULL);
	App *app;

	if (!doc)
		return NULL;
	app = app_new(&opt, NULL);
	if (store_load(app, doc, NULL))
		return app;
	app_free(app);
	return NULL;
}

/* Every default is computed once: references may be odd. */
static void read_all(App *app)
{
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		for (int id = 0; id < P_N; id++) {
			g_auto(Value) v = value_unset();

			prop_get(&d->h, (PropId)id, &v);
		}
	}
	sysinfo_get(app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool first = true;
	App *app, *again;
	char *text;

	if (first)
		g_log_set_writer_func(quiet, NULL, NULL);
	first = false;
	app = load((const char *)data, size);
	if (!app)
		return 0;
	read_all(app);
	text = store_write(app);
	again = load(text, strlen(text));
	if (!again)
		abort();
	app_free(again);
	app_free(app);
	g_free(text);
	return 0;
}
