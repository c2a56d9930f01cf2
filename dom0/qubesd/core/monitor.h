/* SPDX-License-Identifier: GPL-2.0-or-later */
/* News of the hypervisor, and qubes that ran before this qubesd did. Main thread. */
#ifndef QUBESD_CORE_MONITOR_H
#define QUBESD_CORE_MONITOR_H

#include "dom0/qubesd/core/run.h"

/* For hypervisor_set_callback(); data is the App. */
void monitor_event(HvEvent event, const char *uuid, gpointer data);
/* Asks for everything that runs and compares; ready may be NULL. */
void monitor_survey(App *app, void (*ready)(gpointer data), gpointer data);
/* d's created run is like this now. */
void monitor_apply(Domain *d, const HvInfo *info);

/* It runs and we did not know: takes it over without its noticing. */
void adopt_running(Domain *d, const HvInfo *info);
/* These do not run: cleans up in case they did when the last qubesd ended. Takes the array. */
void adopt_remains(App *app, GPtrArray *halted);

#endif
