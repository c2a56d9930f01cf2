# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qubesd
LIBS += qubesd-api qubesd-core

qubesd-core_SRCS := $(wildcard dom0/qubesd/core/*.c)
qubesd-core_PKGS := glib-2.0 gio-2.0 libxml-2.0
qubesd-core_DEPS := hypervisor storage qubesdb-client base

qubesd-api_SRCS := $(wildcard dom0/qubesd/api/*.c)
qubesd-api_PKGS := glib-2.0 gio-2.0
qubesd-api_DEPS := qubesd-core

qubesd_SRCS := dom0/qubesd/main.c
qubesd_PKGS := glib-2.0 gio-2.0
qubesd_DEPS := qubesd-api
