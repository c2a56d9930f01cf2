/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the handlers of volumes. */
#ifndef QUBESD_API_VOLUME_CALL_H
#define QUBESD_API_VOLUME_CALL_H

#include "dom0/qubesd/api/call.h"
#include "dom0/qubesd/core/volume.h"

typedef struct {
	Call *c;
	VolumeId id;
	VolumeCopy *copy; /* owned by whoever began */
	GError *error;
	gint64 size;
	bool success;
	guint64 real_size; /* 0: as it was asked for */
	bool busy;	   /* somebody writes an import */
	Domain *from;	   /* a reference */
	VolumeId from_id;
	VolumeCopy *from_copy;
} VolumeCall;

/* Finds the volume that the argument names. False: nothing to free. */
bool volume_call_begin(Flow *f, VolumeCall *v, Call *c, GError **error);
/* Is the qube halted, so that the content can be replaced? The caller holds its lock. */
bool volume_call_halted(Flow *f, VolumeCall *v, GError **error);

#endif
