/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ephemeral volumes, around any driver. specs/admin-api.md section 4. Private to storage/. */
#ifndef QUBESD_STORAGE_ENCRYPT_H
#define QUBESD_STORAGE_ENCRYPT_H

#include "dom0/qubesd/storage/storage.h"

/* /dev/mapper/vm-volatile-QUBE-crypt@VOLUME; g_free. */
char *encrypt_path(const VolumeSpec *v);
/* Puts a random key between the started image and *ret_path. */
gboolean encrypt_open(const VolumeSpec *v, const char *image, char **ret_path, GError **error);
/* Forgets the key, if there is one. */
gboolean encrypt_close(const VolumeSpec *v, GError **error);

#endif
