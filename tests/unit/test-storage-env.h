/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools and volumes for tests, on file systems that vanish with the process. */
#ifndef TEST_STORAGE_ENV_H
#define TEST_STORAGE_ENV_H

#include "dom0/qubesd/storage/storage.h"

#include <stdbool.h>

typedef struct {
	char *dir; /* owned; removed by env_free() */
	StoragePool *pool;
} Env;

/* A pool on tmpfs of `mib` MiB where we may mount, else on a plain folder. No reflinks. */
Env *env_plain(unsigned mib);
/* A pool on btrfs in a loop file; NULL when this machine or user cannot. */
Env *env_btrfs(void);
void env_free(Env *e);

/* Path of a file of the pool. g_free. */
char *env_path(const Env *e, const char *name);
bool env_has(const Env *e, const char *name);
/* The first bytes of a file of the pool, as text. g_free. */
char *env_read(const Env *e, const char *name);
void env_write(const Env *e, const char *name, const char *text);
/* Writes text at the start of the file at path without changing its size. */
void write_text(const char *path, const char *text);

/* Persistent volume appvms/work/private of 1 MiB. */
VolumeSpec env_private(const Env *e);
/* Template's root, and the snapshot of it in a qube. */
VolumeSpec env_template_root(const Env *e);
VolumeSpec env_app_root(const Env *e, const VolumeSource *source);

/* start, write text, stop */
void env_session(const VolumeSpec *v, const char *text);

#endif
