# SPDX-License-Identifier: GPL-2.0-or-later
# Rules generated from the lists that the fragments filled.

# Every library or program compiles its sources into its own object folder, so
# that flags never leak from one unit to another.
objs = $(patsubst %.c,$(1)/obj/$(2)/%.o,$($(2)_SRCS))

# A unit's packages: its own and those of the libraries it depends on.
closure = $(1) $(foreach d,$($(1)_DEPS),$(call closure,$(d)))
deps_of = $(call uniq,$(foreach d,$($(1)_DEPS),$(call closure,$(d))))
uniq = $(if $(1),$(firstword $(1)) $(call uniq,$(filter-out $(firstword $(1)),$(1))))
pkgs_of = $(sort $(foreach u,$(1) $(call deps_of,$(1)),$($(u)_PKGS)))
ldlibs_of = $($(1)_LDLIBS) $(foreach u,$(call deps_of,$(1)),$($(u)_LDLIBS))
pkg_cflags = $(if $(1),$(shell $(PKG_CONFIG) --cflags $(1)))
pkg_libs = $(if $(1),$(shell $(PKG_CONFIG) --libs $(1)))

define compile_template
$(O)/obj/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC    $$<"
	@$$(CC) $$(ALL_CFLAGS) $$($(1)_CFLAGS) $$(PKGCF_$(1)) -MMD -MP -c -o $$@ $$<
# Asked of pkg-config once, and only when something of this unit is compiled.
PKGCF_$(1) = $$(eval PKGCF_$(1) := $$$$(call pkg_cflags,$(call pkgs_of,$(1))))$$(PKGCF_$(1))
-include $(patsubst %.o,%.d,$(call objs,$(O),$(1)))
endef

define lib_template
$(call compile_template,$(1))
$(O)/lib/lib$(1).a: $(call objs,$(O),$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef

define prog_template
$(call compile_template,$(1))
$(2)/$(1)$(if $($(1)_STATIC),-xen): $(call objs,$(O),$(1)) $(foreach d,$(call deps_of,$(1)),$(O)/lib/lib$(d).a)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$$(CC) $$(ALL_LDFLAGS) -o $$@ $(call objs,$(O),$(1)) \
		$(if $(call deps_of,$(1)),-Wl$(comma)--start-group $(foreach d,$(call deps_of,$(1)),$(O)/lib/lib$(d).a) -Wl$(comma)--end-group) \
		$$(call pkg_libs,$(call pkgs_of,$(1))) $(call ldlibs_of,$(1))
	$(if $($(1)_LINKS),@for l in $($(1)_LINKS); do ln -sf $(1) $(2)/$$$$l; done)
$(if $($(1)_STATIC),$(if $(STATIC),$(call static_template,$(1),$(2),$(call static_deps_of,$(1))),$(call no_static_template,$(1),$(2))))
endef
comma := ,

# A program with _STATIC is there twice: linked statically, without the Xen backend of vchan; and as
# NAME-xen, where the first one goes when it finds itself on Xen (vchan_hand_over()). The
# static one is made of objects of its own, and may use no packages.
static_deps_of = $(patsubst vchan-xen,vchan-no-xen,$(call deps_of,$(1)))
define static_template
$(2)/$(1): $(call objs,$(O)/static,$(1)) $(foreach d,$(3),$(O)/static/lib/lib$(d).a)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$$(CC) $$(STATIC_LDFLAGS) -o $$@ $(call objs,$(O)/static,$(1)) \
		-Wl$(comma)--start-group $(foreach d,$(3),$(O)/static/lib/lib$(d).a) -Wl$(comma)--end-group \
		$$(STATIC_LDLIBS)
endef
define no_static_template
$(2)/$(1): $(2)/$(1)-xen
	@ln -f $$< $$@
endef
define static_unit_template
$(O)/static/obj/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC    $$< (static)"
	@$$(CC) $$(STATIC_CFLAGS) $$($(1)_CFLAGS) -MMD -MP -c -o $$@ $$<
-include $(patsubst %.o,%.d,$(call objs,$(O)/static,$(1)))
$(O)/static/lib/lib$(1).a: $(call objs,$(O)/static,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
STATIC_UNITS = $(sort $(foreach p,$(PROGS),$(if $($(p)_STATIC),$(p) $(call static_deps_of,$(p)))))

# Fuzzers compile everything they need in one go, from the sources of the
# libraries they depend on: every unit must be instrumented.
define fuzz_template
$(O)/fuzz/$(1): $($(1)_SRCS) $(foreach d,$(call deps_of,$(1)),$($(d)_SRCS)) $(wildcard $(addsuffix *.h,$(sort $(dir $($(1)_SRCS) $(foreach d,$(call deps_of,$(1)),$($(d)_SRCS))))))
	@mkdir -p $$(@D)
	@echo "  FUZZ  $$@"
	@$$(FUZZ_CC) $$(FUZZ_FLAGS) -o $$@ $$(filter %.c,$$^) \
		$$(call pkg_cflags,$(call pkgs_of,$(1))) $$(call pkg_libs,$(call pkgs_of,$(1))) $(call ldlibs_of,$(1))
endef

$(foreach l,$(LIBS),$(eval $(call lib_template,$(l))))
$(foreach p,$(PROGS),$(eval $(call prog_template,$(p),$(O)/bin)))
$(if $(STATIC),$(foreach u,$(STATIC_UNITS),$(eval $(call static_unit_template,$(u)))))
$(foreach t,$(TESTS) $(TEST_PROGS),$(eval $(call prog_template,$(t),$(O)/tests)))
$(foreach f,$(FUZZERS),$(eval $(call fuzz_template,$(f))))

.PHONY: all progs tests fuzzers clean
all: progs
progs: $(foreach p,$(PROGS),$(O)/bin/$(p) $(if $($(p)_STATIC),$(O)/bin/$(p)-xen))
tests: $(addprefix $(O)/tests/,$(TESTS) $(TEST_PROGS))
fuzzers: $(addprefix $(O)/fuzz/,$(FUZZERS))
clean:
	rm -rf $(O)

.SECONDARY:
