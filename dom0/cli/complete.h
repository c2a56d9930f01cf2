/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shell completion: "qvm --complete INDEX WORD…" prints the candidates for WORD number
 * INDEX, one per line; the scripts in completion/ only show them. Names of qubes, pools,
 * labels and so on are asked of qubesd each time.
 */
#ifndef QUBES_CLI_COMPLETE_H
#define QUBES_CLI_COMPLETE_H

/* argv is INDEX WORD… with WORD 0 the command's name. Always 0. */
int complete_main(char **argv);

/* Prints the names of all commands, one per line: what the scripts are made for. */
void complete_commands(void);

#endif
