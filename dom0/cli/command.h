/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command declares: one table, from which parsing, usage errors, --help and shell
 * completion all follow. A command is one file with one struct command, listed in
 * commands.c.
 */
#ifndef QUBES_CLI_COMMAND_H
#define QUBES_CLI_COMMAND_H

#include <glib.h>
#include <stdbool.h>

/* What a value names: for shell completion. */
enum complete {
	COMPLETE_NONE,
	COMPLETE_VM,
	COMPLETE_RUNNING,
	COMPLETE_HALTED,
	COMPLETE_PAUSED,
	COMPLETE_FILE,
	COMPLETE_PROPERTY, /* of the qube named by the first VMNAME */
	COMPLETE_GLOBAL,   /* property of the system */
	COMPLETE_FEATURE,  /* of the qube named by the first VMNAME */
	COMPLETE_TAG,
	COMPLETE_LABEL,
	COMPLETE_CLASS,
	COMPLETE_TEMPLATE,
	COMPLETE_POOL,
	COMPLETE_DRIVER,
	COMPLETE_VOLUME, /* VM:VOLUME */
	COMPLETE_DEVCLASS,
	COMPLETE_DEVICE,  /* BACKEND:PORT of the class that is named or that the command is for */
	COMPLETE_SERVICE, /* of the qube named by the first VMNAME */
	COMPLETE_SWITCH,  /* on, off */
	COMPLETE_VALUE,	  /* of the property named before */
	COMPLETE_GLOBAL_VALUE, /* the same of the system */
};

enum opt_kind {
	OPT_FLAG,  /* present or not */
	OPT_CONST, /* stores .constant into dest */
	OPT_COUNT, /* how often given */
	OPT_VALUE, /* one value; the last one wins */
	OPT_INT,   /* one decimal number */
	OPT_LIST,  /* one value each time, all kept */
	OPT_MAYBE, /* a value or none ("" is stored then) */
	OPT_SOME,  /* one or more values; the last occurrence wins */
	OPT_PAIR,  /* two values */
};

struct opt {
	const char *names; /* separated by spaces: "--force -f" */
	enum opt_kind kind;
	const char *dest;     /* NULL: first long name without dashes, '-' as '_' */
	const char *metavar;  /* name of the value in help */
	const char *help;     /* NULL hides the option */
	const char *constant; /* OPT_CONST */
	const char *choices;  /* allowed values separated by spaces, or NULL */
	unsigned group;	      /* options of one group exclude each other; 0: none */
	enum complete complete;
	bool alone;   /* when given, nothing else is required */
	bool in_full; /* not to be abbreviated: scripts may use what its beginning meant before */
};

/* "--format json" of a command that prints data. */
#define OPT_FORMAT                                                                                 \
	{                                                                                          \
		"--format", OPT_VALUE, NULL, "FORMAT", "how to print", .choices = "json",          \
								       .in_full = true             \
	}

enum pos_kind {
	POS_ONE,      /* required */
	POS_OPTIONAL, /* zero or one */
	POS_ANY,      /* zero or more */
	POS_SOME,     /* one or more */
	POS_REST,     /* everything that follows, options too */
	POS_COMMAND,  /* a subcommand and its arguments; not required */
};

struct pos {
	const char *dest;
	enum pos_kind kind;
	const char *metavar;
	const char *help;
	unsigned group; /* excludes the options of this group */
	enum complete complete;
};

struct ctx;

enum command_flags {
	/* VMNAME..., --all and --exclude, of which one has to be given. */
	CMD_VMS = 1,
	/* The same, but nothing given means every qube. */
	CMD_VMS_OPTIONAL = 2,
	/* One VMNAME comes before the positionals of .pos, and must exist. */
	CMD_VM = 4,
	/* Names that do not exist are no usage error (qvm-check). */
	CMD_UNKNOWN_OK = 8,
	/* No abbreviated long options. */
	CMD_NO_ABBREV = 16,
};

struct command {
	const char *name;	    /* "qvm-ls", or "list" for a subcommand */
	const char *aliases;	    /* other names, separated by spaces; NULL: none */
	const char *summary;	    /* one line */
	const char *epilog;	    /* shown after the options in --help; NULL: none */
	unsigned flags;		    /* enum command_flags */
	enum complete vms;	    /* what the VMNAMEs of its flags are; COMPLETE_NONE: any */
	const struct opt *opts;	    /* ends with names == NULL; NULL: none */
	const struct pos *pos;	    /* ends with dest == NULL; NULL: none */
	const struct command *subs; /* ends with name == NULL; NULL: none */
	/* Exit status. Of a command with subcommands: what is run when none is given. */
	int (*run)(struct ctx *c);
};

/* Exit statuses. */
#define EXIT_OK 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* All commands, in a table that ends with NULL. */
extern const struct command *const all_commands[];

/* The command called name (argv[0] without folders), or NULL. */
const struct command *command_find(const char *name);

/* Subcommand by name or alias, or NULL. */
const struct command *command_sub(const struct command *cmd, const char *name);

/*
 * Walks every option of a command: its own, those of its flags, then the common ones.
 * Starts with *i == 0; NULL at the end.
 */
const struct opt *command_opt(const struct command *cmd, guint *i);

/* The n-th positional of a command, counting those of its flags; NULL past the end. */
const struct pos *command_pos(const struct command *cmd, guint n);

/* True when name (of length n) is one of the words of list, separated by spaces. */
bool word_in(const char *list, const char *name, size_t n);

#endif
