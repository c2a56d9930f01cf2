/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every command of qvm, one per file; commands.c puts them into the table. */
#ifndef QUBES_CLI_COMMANDS_H
#define QUBES_CLI_COMMANDS_H

#include "dom0/cli/command.h"

extern const struct command qubes_prefs;
extern const struct command qubesd_query;
extern const struct command qvm_appmenus;
extern const struct command qvm_apply;
extern const struct command qvm_audio;
extern const struct command qvm_block;
extern const struct command qvm_check;
extern const struct command qvm_clone;
extern const struct command qvm_console;
extern const struct command qvm_console_dispvm;
extern const struct command qvm_create;
extern const struct command qvm_device;
extern const struct command qvm_features;
extern const struct command qvm_firewall;
extern const struct command qvm_kill;
extern const struct command qvm_ls;
extern const struct command qvm_mic;
extern const struct command qvm_notes;
extern const struct command qvm_pause;
extern const struct command qvm_pci;
extern const struct command qvm_pool;
extern const struct command qvm_pool_legacy;
extern const struct command qvm_prefs;
extern const struct command qvm_remove;
extern const struct command qvm_run;
extern const struct command qvm_service;
extern const struct command qvm_shutdown;
extern const struct command qvm_start;
extern const struct command qvm_start_daemon;
extern const struct command qvm_sync_clock;
extern const struct command qvm_sync_appmenus;
extern const struct command qvm_tags;
extern const struct command qvm_template_postprocess;
extern const struct command qvm_unpause;
extern const struct command qvm_usb;
extern const struct command qvm_volume;

#endif
