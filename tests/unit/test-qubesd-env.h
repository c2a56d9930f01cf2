/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A system in memory for unit tests: no store, no hypervisor. */
#ifndef TEST_QUBESD_ENV_H
#define TEST_QUBESD_ENV_H

#include "dom0/qubesd/core/model.h"

/* dom0, a template tpl, a netvm net, a qube work behind it, a disposable template dvm. */
App *env_app(void);
/* One more qube; template may be NULL. */
Domain *env_qube(App *app, VmClass cls, const char *name, Domain *template);

/* Sets as a client would; false with the exception's type in *ret_type (static). */
bool env_set(Domain *d, const char *prop, const char *text, const char **ret_type);
/* What a client would read; g_free. */
char *env_get(Domain *d, const char *prop);
void env_expect(Domain *d, const char *prop, const char *want);
/* Setting is refused with this exception. */
void env_refused(Domain *d, const char *prop, const char *text, const char *type);

/* Records all events as lines "subject event key=value ..."; g_ptr_array_unref ends nothing. */
GPtrArray *env_record(App *app);
/* The recorded lines, joined with LF, and forgotten; g_free. */
char *env_recorded(GPtrArray *events);

#endif
