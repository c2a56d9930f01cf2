# SPDX-License-Identifier: GPL-2.0-or-later
# Files from qube to qube: qubes.Filecopy, its sender, and the commands that use it.
LIBS += filecopy
filecopy_SRCS := $(addprefix qrexec/filecopy/,verdict.c unpack.c unpack-file.c unpack-stream.c tree.c)
filecopy_DEPS := qrexec-proto base

PROGS += qfile-unpacker qfile-agent qubes-fs-tree-check qvm-copy
qfile-unpacker_SRCS := qrexec/filecopy/unpacker.c
qfile-unpacker_DEPS := filecopy sandbox
qfile-agent_SRCS := qrexec/filecopy/sender.c
qfile-agent_DEPS := filecopy sandbox
qubes-fs-tree-check_SRCS := qrexec/filecopy/tree-check.c
qubes-fs-tree-check_DEPS := filecopy
qvm-copy_SRCS := $(addprefix qrexec/filecopy/,copy.c copy-send.c copy-remove.c)
qvm-copy_DEPS := filecopy
qvm-copy_LINKS := qvm-move qvm-copy-to-vm qvm-move-to-vm
MANPAGES += $(addprefix docs/man/,qvm-copy.1 $(qvm-copy_LINKS:%=%.1) qfile-agent.1 qfile-unpacker.1 qubes-fs-tree-check.1 \
	qvm-open-in-vm.1 qvm-features-request.1 qubes-open.1)
SYSTEM_TESTS += tests/qfile/qfile.sh

TESTS += test-qrexec-qfile
test-qrexec-qfile_SRCS := tests/unit/test-qrexec-qfile.c
test-qrexec-qfile_PKGS := glib-2.0
test-qrexec-qfile_DEPS := filecopy
FUZZERS += fuzz-qrexec-qfile
fuzz-qrexec-qfile_SRCS := tests/fuzz/fuzz-qrexec-qfile.c
fuzz-qrexec-qfile_DEPS := qrexec-proto
FUZZERS += fuzz-qrexec-unpack
fuzz-qrexec-unpack_SRCS := tests/fuzz/fuzz-qrexec-unpack.c
fuzz-qrexec-unpack_DEPS := filecopy qrexec-proto base
