# SPDX-License-Identifier: GPL-2.0-or-later
# A module for the X server of Debian's qubes, where its headers are. Without it, the X server's
# windows are copied. Never with sanitizers, which the server has not.
ifeq ($(shell $(PKG_CONFIG) --exists xorg-server && echo yes),yes)
XORG_MODULE := $(O)/bin/libqubespixels.so
$(XORG_MODULE): guid/xorg/pixels.c guid/xorg/tell.c guid/xorg/tell.h guid/proto/x-pixels.h \
		guid/proto/gui-proto.h guid/proto/gui-damage.h guid/proto/pacer.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) -std=gnu11 -D_GNU_SOURCE -I. -O2 -g $(WARNINGS) $(REPRODUCIBLE) $(CFLAGS) \
		$(subst -I,-isystem ,$(shell $(PKG_CONFIG) --cflags xorg-server)) -fstack-protector-strong -fPIC \
		-shared -Wl,-z,relro $(LDFLAGS) -o $@ $(filter %.c, $^)
progs: $(XORG_MODULE)
endif
