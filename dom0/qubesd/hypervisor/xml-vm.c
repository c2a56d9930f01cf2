// SPDX-License-Identifier: GPL-2.0-or-later
/* The XML of a virtual machine: Xen's three kinds, and libvirt's test hypervisor. */
#include "dom0/qubesd/hypervisor/xml.h"

#include <string.h>
#include <sys/stat.h>

/* root, private, volatile and kernel are always the first four disks. */
static const char *target_of(const char *volume)
{
	static const char *const fixed[][2] = {
		{"root", "xvda"}, {"private", "xvdb"}, {"volatile", "xvdc"}, {"kernel", "xvdd"}};

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++) {
		if (!strcmp(fixed[i][0], volume))
			return fixed[i][1];
	}
	return NULL;
}

/* An HVM qube's emulator has each of these four as an IDE disk, too, and refuses those that are
 * read-only, unless another domain is said to have them. That it is dom0 (0) changes nothing else.
 */
static void add_disk(xmlNodePtr devices, const HvDisk *d, gboolean hvm)
{
	const char *target = target_of(d->volume);
	struct stat st;
	gboolean block = stat(d->path, &st) == 0 && S_ISBLK(st.st_mode);
	xmlNodePtr disk;

	if (!target)
		return;
	disk = hv_el(devices, "disk", NULL, "type", block ? "block" : "file", "device", "disk",
		     NULL);
	if (block)
		hv_el(disk, "driver", NULL, "name", "phy", NULL);
	else
		hv_el(disk, "driver", NULL, "name", "qemu", "type", "raw", NULL);
	hv_el(disk, "source", NULL, block ? "dev" : "file", d->path, NULL);
	hv_el(disk, "target", NULL, "dev", target, "bus", "xen", NULL);
	if (!d->rw)
		hv_el(disk, "readonly", NULL, NULL);
	if (!d->rw && hvm)
		hv_el(disk, "backenddomain", NULL, "name", "0", NULL);
}

/* A kernel that is unpacked already is quicker to build a domain of; HVM's loader wants the
 * other one. */
static char *kernel_of(const HvDomainSpec *spec, gboolean hvm)
{
	g_autofree char *plain = g_build_filename(spec->kernel_dir, "vmlinux", NULL);

	if (!hvm && g_file_test(plain, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&plain);
	return g_build_filename(spec->kernel_dir, "vmlinuz", NULL);
}

static void add_direct_boot(xmlNodePtr os, const HvDomainSpec *spec, gboolean hvm)
{
	g_autofree char *kernel = kernel_of(spec, hvm);
	g_autofree char *initrd = g_build_filename(spec->kernel_dir, "initramfs", NULL);

	hv_el(os, "kernel", kernel, NULL);
	/* A boot loader in a kernel's place has none. */
	if (g_file_test(initrd, G_FILE_TEST_EXISTS))
		hv_el(os, "initrd", initrd, NULL);
	hv_el(os, "cmdline", spec->kernelopts ? spec->kernelopts : "", NULL);
}

static gboolean is_hvm(const HvDomainSpec *spec)
{
	return spec->virt_mode && !strcmp(spec->virt_mode, "hvm");
}

static void add_os(xmlNodePtr domain, const HvDomainSpec *spec)
{
	const char *mode = spec->virt_mode ? spec->virt_mode : "pvh";
	xmlNodePtr os = hv_el(domain, "os", NULL, NULL);

	if (is_hvm(spec)) {
		hv_el(os, "type", "hvm", "arch", "x86_64", "machine", "xenfv", NULL);
		hv_el(os, "loader", "hvmloader", "type", "rom", NULL);
		if (spec->kernel_dir)
			add_direct_boot(os, spec, TRUE);
		/* A CD is there when somebody wants to start from it. */
		hv_el(os, "boot", NULL, "dev", "cdrom", NULL);
		hv_el(os, "boot", NULL, "dev", "hd", NULL);
		return;
	}
	if (!strcmp(mode, "pv"))
		hv_el(os, "type", "linux", "arch", "x86_64", "machine", "xenpv", NULL);
	else
		hv_el(os, "type", "xenpvh", "arch", "x86_64", "machine", "xenpvh", NULL);
	if (spec->kernel_dir)
		add_direct_boot(os, spec, FALSE);
}

static void add_cpu_and_clock(xmlNodePtr domain, gboolean hardware)
{
	xmlNodePtr features = hv_el(domain, "features", NULL, NULL), clock, cpu;

	hv_el(features, "pae", NULL, NULL);
	hv_el(features, "acpi", NULL, NULL);
	hv_el(features, "apic", NULL, NULL);
	if (hardware) {
		cpu = hv_el(domain, "cpu", NULL, "mode", "host-passthrough", NULL);
		/* No hypervisor in a qube; a time stamp counter that can be trusted. */
		hv_el(cpu, "feature", NULL, "name", "vmx", "policy", "disable", NULL);
		hv_el(cpu, "feature", NULL, "name", "svm", "policy", "disable", NULL);
		hv_el(cpu, "feature", NULL, "name", "invtsc", "policy", "require", NULL);
	}
	clock = hv_el(domain, "clock", NULL, "offset", "utc", "adjustment", "reset", NULL);
	hv_el(clock, "timer", NULL, "name", "tsc", "mode", "native", NULL);
}

const char *hv_xml_virt_mode(const char *mode, const char *capabilities)
{
	if (!mode)
		mode = "pvh";
	if (strcmp(mode, "pvh") || !capabilities ||
	    strstr(capabilities, "<os_type>xenpvh</os_type>") ||
	    strstr(capabilities, "<os_type>hvm</os_type>"))
		return mode;
	return "pv";
}

char *hv_xml_machine(const HvDomainSpec *spec, const char *type)
{
	gboolean xen = !strcmp(type, "xen");
	xmlNodePtr domain = hv_domain(spec, type, MAX(spec->memory_kib, spec->max_memory_kib));
	xmlNodePtr devices, os;

	if (xen) {
		add_os(domain, spec);
		add_cpu_and_clock(domain, !spec->virt_mode || strcmp(spec->virt_mode, "pv") != 0);
	} else {
		os = hv_el(domain, "os", NULL, NULL);
		hv_el(os, "type", "hvm", NULL);
	}
	devices = hv_el(domain, "devices", NULL, NULL);
	for (size_t i = 0; xen && i < spec->n_disks; i++)
		add_disk(devices, &spec->disks[i], is_hvm(spec));
	for (size_t i = 0; xen && i < spec->n_blocks; i++)
		hv_xml_add_block(devices, &spec->blocks[i], TRUE);
	for (size_t i = 0; xen && i < spec->n_pci; i++)
		hv_xml_add_pci(devices, spec->pci[i]);
	hv_el(devices, "console", NULL, "type", "pty", NULL);
	return hv_take_text(domain);
}
