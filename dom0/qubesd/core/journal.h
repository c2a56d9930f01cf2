/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Qubes that are being made or removed: a small file each, so that images without a qube
 * do not stay when this process dies in between. At the next start, what a file names
 * and qubes.xml does not is removed. Worker threads.
 */
#ifndef QUBESD_CORE_JOURNAL_H
#define QUBESD_CORE_JOURNAL_H

#include "dom0/qubesd/core/model.h"

typedef struct Journal Journal;

/* volumes: VolumeCopy*, may be NULL. dir: the qube's own folder, may be "". Never fails. */
Journal *journal_begin(const char *root, const char *uuid, const char *name, const char *dir,
		       GPtrArray *volumes);
/* Removes the images and the folder; what fails is only logged. */
void journal_remove_images(Journal *j, GPtrArray *volumes);
/* All is well again: forgets it. NULL is fine. */
void journal_end(Journal *j);

/* Before anything else runs: finishes what was left. Pools are open. */
void journal_replay(App *app);

#endif
