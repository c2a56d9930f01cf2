/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of loading the store: volumes, old files, what is repaired. */
#ifndef QUBESD_CORE_STORE_LOAD_H
#define QUBESD_CORE_STORE_LOAD_H

#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store-doc.h"

/* A qube with its identity as properties, put among the others. Borrowed. */
Domain *store_new_domain(App *app, VmClass cls, const char *name, const char *uuid, int qid);

/* Properties of older versions that live on under another name. False: never heard of. */
bool store_legacy_property(Holder *h, const char *name, const char *value);
/* A reference to what does not exist (any more) need not keep the system down. */
bool store_repair_property(Holder *h, const PropDef *def, const char *why);

bool store_load_volumes(Domain *d, const DocDomain *dd, GError **error);
/* Gives every qube the volumes that its class has and the file did not. */
void store_fill_volumes(App *app);
/* What only shows when everything is loaded: loops, references to the wrong kind. */
void store_fix_up(App *app);

#endif
