# SPDX-License-Identifier: GPL-2.0-or-later
# Setting up a machine, running the system, and testing it.

EMBEDDED := dom0/embedded/qubes-embedded
TEMPLATE_CACHE ?= /var/cache/qubes-c/template
XEN_CACHE ?= /var/cache/qubes-c/xen
FUZZ_SECONDS ?= 30

.PHONY: help run run-xen stop check check-xen unit-tests template dom0-image bench bench-xen screenshots \
	setup-build setup-run setup-run-xen setup-xen setup-test setup-check

help:
	@sed -n 's/^#   \(make\|sudo\)/  \1/p' Makefile
	@echo "  make tests        build the unit tests        make fuzzers   build the fuzz harnesses"
	@echo "  sudo make template   build the template only  make clean     remove build/"

# Installs what a list names and this machine lacks.
define install_packages
	@missing=$$(grep -hv '^#' $(1) | sort -u | while read -r p; do \
		dpkg-query -W -f '$${Status}\n' $$p 2>/dev/null | grep -q '^install ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		[ $$(id -u) = 0 ] || { echo "Packages are missing:" $$missing; echo "Run this with sudo, or install them."; exit 1; }; \
		echo "installing:" $$missing; \
		export DEBIAN_FRONTEND=noninteractive; \
		log=$$(mktemp); \
		{ apt-get update && apt-get install -y --no-install-recommends $$missing; } >$$log 2>&1 || \
			{ tail -n 20 $$log; echo "Installing packages failed (above). Is the network up?"; exit 1; }; \
		rm -f $$log; \
	fi
endef

setup-build:
	$(call install_packages,packages/build)
setup-run:
	$(call install_packages,packages/build packages/run)
setup-run-xen: setup-run
	$(call install_packages,packages/run-xen)
setup-xen:
	$(call install_packages,packages/build packages/xen)
setup-test:
	$(call install_packages,packages/build packages/run packages/test)
setup-check:
	$(call install_packages,packages/build packages/run packages/test packages/xen)

# The distribution part of the template (mostly network) is built while we compile.
define build_all
	@templates/builder/build.sh --bin $(O)/bin --cache $(TEMPLATE_CACHE) --base & template=$$!; \
	$(MAKE) --no-print-directory -j$$(nproc) O=$(O) all; built=$$?; \
	wait $$template && [ $$built = 0 ]
endef

template:
	@templates/builder/build.sh --bin $(O)/bin --cache $(TEMPLATE_CACHE)

# What qubes are: domains where this is dom0 of a Xen, else containers. HYPERVISOR=... overrides.
ifneq ($(filter run,$(MAKECMDGOALS)),)
ifndef HYPERVISOR
HYPERVISOR := $(shell dom0/embedded/where.sh)
endif
$(if $(HYPERVISOR),,$(error No system was started))
endif

run: $(if $(filter xen,$(HYPERVISOR)),setup-run-xen,setup-run)
	$(call build_all)
	@$(EMBEDDED) --bin $(O)/bin --template $(TEMPLATE_CACHE) --hypervisor $(HYPERVISOR) up
	@$(EMBEDDED) --bin $(O)/bin --template $(TEMPLATE_CACHE) qubes
	@$(EMBEDDED) --bin $(O)/bin show
	@$(EMBEDDED) --bin $(O)/bin tour
	@if [ -t 0 ]; then $(EMBEDDED) --bin $(O)/bin shell; fi

# dom0's disks for QEMU, whose folder is the last line of standard output.
define build_dom0_image
	xen-config/image/build.sh --bin $(O)/bin --cache $(XEN_CACHE) --base && \
	template=$$(templates/builder/build.sh --bin $(O)/bin --cache $(TEMPLATE_CACHE)) && \
	image=$$(xen-config/image/build.sh --bin $(O)/bin --cache $(XEN_CACHE) --template $$template)
endef

dom0-image: setup-xen
	$(call build_all)
	@$(build_dom0_image) && echo $$image

run-xen: setup-xen
	$(call build_all)
	@$(build_dom0_image) && exec xen-config/run-qemu.sh --image $$image

# TESTS_XEN="pvh calls" runs some of them.
check-xen: setup-xen
	$(call build_all)
	@$(build_dom0_image) && tests/xen/run.sh --image $$image $(TESTS_XEN)

# BENCH_REFERENCE=DIR: beside another implementation's programs (tests/xen/bench.sh).
bench-xen: setup-xen
	$(call build_all)
	@$(MAKE) --no-print-directory O=$(O) $(addprefix $(O)/tests/,vchan-probe qrexec-probe)
	@$(build_dom0_image) && tests/xen/bench.sh --image $$image --build $(O)

stop:
	@[ ! -x $(O)/bin/qubes-embedded-init ] || $(EMBEDDED) --bin $(O)/bin down

# Those on Xen are the last of them.
check: setup-check
	$(call build_all)
	@$(MAKE) --no-print-directory -j$$(nproc) O=$(O) tests fuzzers
	@$(MAKE) --no-print-directory -j$$(nproc) O=$(O)/asan SAN=1 tests \
		$(addprefix $(O)/asan/bin/,$(ASAN_PROGS))
	@$(build_dom0_image) && \
	tests/run.sh --build $(O) --template $(TEMPLATE_CACHE) --xen $$image --fuzz-seconds $(FUZZ_SECONDS) \
		--unit "$(TESTS)" --plain "$(PLAIN_TESTS)" --fuzz "$(FUZZERS)" --system "$(SYSTEM_TESTS)"

# Pictures of what people see, on a virtual screen. SCENES="menu tray" takes some of them.
screenshots: setup-test
	$(call build_all)
	@$(MAKE) --no-print-directory O=$(O) $(O)/tests/tray-icon
	@QUBES_TEMPLATE_CACHE=$(TEMPLATE_CACHE) tests/screens/run.sh --build $(O) --out docs/images $(SCENES)

bench: all $(addprefix $(O)/tests/,$(TEST_PROGS))
	@tests/bench/run.sh --build $(O)
