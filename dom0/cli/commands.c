/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all commands. Adding one: its file, a line in commands.h, a line here. */
#include "dom0/cli/commands.h"

const struct command *const all_commands[] = {
	&qubes_prefs,	    &qubesd_query,   &qvm_appmenus, &qvm_apply,
	&qvm_audio,	    &qvm_block,	     &qvm_check,    &qvm_clone,
	&qvm_console,	    &qvm_create,     &qvm_device,   &qvm_features,
	&qvm_firewall,	    &qvm_kill,	     &qvm_ls,	    &qvm_mic,
	&qvm_notes,	    &qvm_pause,	     &qvm_pci,	    &qvm_pool,
	&qvm_pool_legacy,   &qvm_prefs,	     &qvm_remove,   &qvm_run,
	&qvm_service,	    &qvm_shutdown,   &qvm_start,    &qvm_start_daemon,
	&qvm_sync_appmenus, &qvm_sync_clock, &qvm_tags,	    &qvm_template_postprocess,
	&qvm_unpause,	    &qvm_usb,	     &qvm_volume,   NULL,
};
