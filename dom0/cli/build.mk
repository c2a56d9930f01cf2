# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: one program, a link per command.
PROGS += qvm
qvm_COMMANDS := qubes-prefs qubesd-query qvm-appmenus qvm-apply qvm-check qvm-clone qvm-console qvm-console-dispvm qvm-create qvm-device qvm-features \
	qvm-firewall qvm-kill qvm-ls qvm-notes qvm-pause qvm-pool qvm-prefs qvm-remove qvm-run \
	qvm-service qvm-shutdown qvm-start qvm-start-daemon qvm-sync-appmenus qvm-sync-clock qvm-tags qvm-template-postprocess qvm-unpause qvm-volume
# Further names of commands: classes of devices, and names of old.
qvm_NAMES := qvm-audio qvm-block qvm-mic qvm-pci qvm-pool-legacy qvm-start-gui qvm-usb
qvm_LINKS := $(qvm_COMMANDS) $(qvm_NAMES)
qvm_SRCS := $(patsubst %,dom0/cli/%.c,main $(qvm_COMMANDS) appwatch args audiods care clockdate clone columns command commands \
	complete complete-values ctx desktop devicearg deviceassign devicelist devices drive featurelist filters follow fwwords guidconf guids help keeper power prefs runvm starttrace \
	table templateconf tokens volume xwatch apply/check apply/dump apply/plan apply/policy apply/run apply/settings \
	doc/doc doc/json doc/toml doc/toml-value doc/write)
qvm_DEPS := appmenus-decoder admin gui-proto base
qvm_PKGS := glib-2.0
# Static: it starts in half the time, and runs in any qube, whatever is installed there.
qvm_LDLIBS = $(if $(STATIC_PIE),-static-pie -Wl$(comma)--no-warnings -lpcre2-8 -lm)
# Tables of options leave out what does not apply.
qvm_CFLAGS := -Wno-missing-field-initializers

TESTS += test-cli test-cli-args test-doc
test-cli_SRCS := tests/unit/test-cli.c $(filter-out dom0/cli/main.c,$(qvm_SRCS))
test-cli_DEPS := appmenus-decoder admin gui-proto base
test-cli_PKGS := glib-2.0
test-cli_CFLAGS := $(qvm_CFLAGS)
test-cli-args_SRCS := tests/unit/test-cli-args.c $(patsubst %,dom0/cli/%.c,args command help tokens)
test-cli-args_PKGS := glib-2.0
test-cli-args_CFLAGS := $(qvm_CFLAGS)
doc_SRCS := $(patsubst %,dom0/cli/%.c,table doc/doc doc/json doc/toml doc/toml-value doc/write)
test-doc_SRCS := tests/unit/test-doc.c $(doc_SRCS)
test-doc_PKGS := glib-2.0
FUZZERS += fuzz-doc
fuzz-doc_SRCS := tests/fuzz/fuzz-doc.c $(doc_SRCS)
fuzz-doc_PKGS := glib-2.0
SYSTEM_TESTS += tests/vectors/cli/check.sh tests/system/cli-basic.sh tests/system/cli-apply.sh
MANPAGES += $(patsubst %,docs/man/%.1,$(qvm_COMMANDS) $(qvm_NAMES))

# The scripts of the shells, for the commands there are.
BASH_COMPLETION := $(O)/share/bash-completion/completions/qvm
ZSH_COMPLETION := $(O)/share/zsh/site-functions/_qvm
$(BASH_COMPLETION): dom0/cli/completion/qvm.bash.in
$(ZSH_COMPLETION): dom0/cli/completion/_qvm.in
$(BASH_COMPLETION) $(ZSH_COMPLETION): $(O)/bin/qvm
	@mkdir -p $(@D)
	@sed "s/@COMMANDS@/$$($(O)/bin/qvm --commands | tr '\n' ' ')/" $(filter %.in,$^) >$@
all: $(BASH_COMPLETION) $(ZSH_COMPLETION)
