/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of starting a qube: whether it may, its images, and what the hypervisor is told. */
#ifndef QUBESD_CORE_START_H
#define QUBESD_CORE_START_H

#include "dom0/qubesd/core/model.h"

/* True when nothing that is known of d is against starting it. Main thread. */
bool start_allowed(Domain *d, GError **error);

/* Paths of started volumes; NULL: none. */
typedef struct {
	char *path[VOL_N]; /* owned */
	bool rw[VOL_N];
} StartImages;

/* Starts all volumes (VolumeCopy*) side by side. Blocks. */
bool start_images(StartImages *images, GPtrArray *volumes, GError **error);
void start_images_clear(StartImages *images);

/* A description that owns what it points to. */
typedef struct {
	HvDomainSpec hv;
	HvDisk disk[VOL_N];
	GArray *blocks;	  /* HvBlock */
	GPtrArray *pci;	  /* char*, owned */
	GPtrArray *names; /* char*, owned; what blocks points to */
	char *text[16]; /* owned */
	size_t n_text;
} StartSpec;

/* Main thread. */
StartSpec *start_spec_new(Domain *d, const StartImages *images);
void start_spec_free(StartSpec *s);

/*
 * A mark for the time between building a domain and letting it run: what is found paused
 * with it belongs to nobody. Any thread.
 */
void start_mark(const char *root, const char *uuid, bool on);
bool start_is_marked(const char *root, const char *uuid);

#endif
