/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by qdb-keys.c, qdb-write.c and who starts the daemons. */
#ifndef QUBESD_CORE_QDB_PRIVATE_H
#define QUBESD_CORE_QDB_PRIVATE_H

#include "dom0/qubesd/core/model.h"

#define QDB_RANDOM_SEED "/qubes-random-seed"

/* The key that a feature shows as, NULL if none; g_free. */
char *qdb_feature_path(const char *feature);
char *qdb_app_dispvm_path(const char *app);
/* Who programs in the qube run as; g_free. */
char *qdb_default_user(Domain *d);

#endif
