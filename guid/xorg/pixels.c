/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module of the qube's X server: what it draws windows into is memory that others can be given
 * (guid/proto/x-pixels.h), and the agent gives it to dom0 as it is. Without the module, the X
 * server draws into memory of its own and copies from there. Its peers are the qube's X clients,
 * each of which may read and draw every window anyway.
 */
#include <xorg-server.h>

#include <dixstruct.h>
#include <extension.h>
#include <extnsionst.h>
#include <fcntl.h>
#include <os.h>
#include <pixmapstr.h>
#include <privates.h>
#include <resource.h>
#include <scrnintstr.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86Module.h>

#include "guid/proto/gui-proto.h"
#include "guid/proto/x-pixels.h"
#include "guid/xorg/tell.h"

/* Smaller ones are copied as fast as they are found. */
#define MIN_BYTES (64u * 1024)
/* Each has a descriptor of the server's, which needs them for its clients too. */
#define MAX_SHARED 256

/* In each pixmap; mem is NULL in those that are not shared. */
struct shared {
	void *mem;
	uint32_t size;
	int fd;
	struct tell *tell; /* NULL: what is drawn is not told by us */
};

struct wrapped {
	CreatePixmapProcPtr create;
	DestroyPixmapProcPtr destroy;
};

static DevPrivateKeyRec pixmap_key, screen_key;
static unsigned n_shared;

static struct shared *shared_of(PixmapPtr p)
{
	return dixLookupPrivate(&p->devPrivates, &pixmap_key);
}

static struct wrapped *wrapped_of(ScreenPtr s)
{
	return dixLookupPrivate(&s->devPrivates, &screen_key);
}

static Bool is_for_dom0(int width, int height, int depth, unsigned usage)
{
	return usage == CREATE_PIXMAP_USAGE_BACKING_PIXMAP && (depth == 24 || depth == 32) &&
	       width > 0 && height > 0 && width <= GUI_MAX_WIDTH && height <= GUI_MAX_HEIGHT &&
	       (uint32_t)width * (uint32_t)height * 4 >= MIN_BYTES && n_shared < MAX_SHARED;
}

/* Sealed so that its readers can trust its size. */
static Bool get_memory(uint32_t size, struct shared *ret)
{
	struct shared s = {.size = size,
			   .fd = memfd_create("qubes-window", MFD_CLOEXEC | MFD_ALLOW_SEALING)};

	if (s.fd < 0)
		return FALSE;
	if (ftruncate(s.fd, size) == 0 &&
	    fcntl(s.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		s.mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
		if (s.mem != MAP_FAILED) {
			*ret = s;
			return TRUE;
		}
	}
	close(s.fd);
	return FALSE;
}

static void drop_memory(struct shared *s)
{
	munmap(s->mem, s->size);
	close(s->fd);
	s->mem = NULL;
	n_shared--;
}

/* A pixmap of no size gets the memory; NULL: there is none, or the server has it otherwise. */
static PixmapPtr create_shared(ScreenPtr screen, int width, int height, int depth, unsigned usage)
{
	uint32_t bytes = (uint32_t)width * (uint32_t)height * 4;
	PixmapPtr p = screen->CreatePixmap(screen, 0, 0, depth, usage);
	struct shared s;

	if (!p)
		return NULL;
	if (p->drawable.bitsPerPixel == 32 &&
	    get_memory((bytes + GUI_PAGE - 1) / GUI_PAGE * GUI_PAGE, &s)) {
		if (screen->ModifyPixmapHeader(p, width, height, depth, 32, width * 4, s.mem)) {
			*shared_of(p) = s;
			n_shared++;
			return p;
		}
		munmap(s.mem, s.size);
		close(s.fd);
	}
	screen->DestroyPixmap(p);
	return NULL;
}

static PixmapPtr create_pixmap(ScreenPtr screen, int width, int height, int depth, unsigned usage)
{
	struct wrapped *w = wrapped_of(screen);
	PixmapPtr p = NULL;

	screen->CreatePixmap = w->create;
	if (is_for_dom0(width, height, depth, usage))
		p = create_shared(screen, width, height, depth, usage);
	if (!p)
		p = screen->CreatePixmap(screen, width, height, depth, usage);
	w->create = screen->CreatePixmap;
	screen->CreatePixmap = create_pixmap;
	return p;
}

static Bool destroy_pixmap(PixmapPtr p)
{
	ScreenPtr screen = p->drawable.pScreen;
	struct wrapped *w = wrapped_of(screen);
	struct shared s = {.mem = NULL};
	Bool r;

	if (p->refcnt == 1)
		s = *shared_of(p);
	screen->DestroyPixmap = w->destroy;
	r = screen->DestroyPixmap(p);
	w->destroy = screen->DestroyPixmap;
	screen->DestroyPixmap = destroy_pixmap;
	if (s.mem)
		drop_memory(&s);
	return r;
}

static int get_pixels(ClientPtr client)
{
	const struct x_pixels_request *q = client->requestBuffer;
	struct x_pixels_reply reply = {.type = X_Reply, .fds = 1};
	struct shared *s;
	PixmapPtr p;
	int r, fd;

	if (client->req_len != sizeof(*q) / 4)
		return BadLength;
	r = dixLookupResourceByType((void **)&p, q->pixmap, RT_PIXMAP, client,
				    DixReadAccess | DixWriteAccess);
	if (r != Success)
		return r;
	s = shared_of(p);
	if (!s->mem)
		return BadMatch;
	/* One of its own: it goes when the client can take it. */
	fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return BadAlloc;
	if (WriteFdToClient(client, fd, TRUE) < 0) {
		close(fd);
		return BadAlloc;
	}
	reply.sequence = (uint16_t)client->sequence;
	reply.width = p->drawable.width;
	reply.height = p->drawable.height;
	reply.stride = (uint32_t)p->devKind;
	reply.size = s->size;
	reply.told = q->window && tell_start(client, p, q->window, &s->tell);
	WriteToClient(client, sizeof(reply), &reply);
	return Success;
}

static int set_channel(ClientPtr client)
{
	int fd;

	if (client->req_len != sizeof(struct x_pixels_channel_request) / 4)
		return BadLength;
	SetReqFds(client, 1);
	fd = ReadFdFromClient(client);
	if (fd < 0)
		return BadValue;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	tell_set_channel(client, fd);
	return Success;
}

static int dispatch(ClientPtr client)
{
	const struct x_pixels_request *q = client->requestBuffer;

	switch (q->minor) {
	case X_PIXELS_GET:
		return get_pixels(client);
	case X_PIXELS_CHANNEL:
		return set_channel(client);
	default:
		return BadRequest;
	}
}

static int dispatch_swapped(ClientPtr client)
{
	return BadImplementation;
}

static void wrap(ScreenPtr screen)
{
	struct wrapped *w = wrapped_of(screen);

	w->create = screen->CreatePixmap;
	screen->CreatePixmap = create_pixmap;
	w->destroy = screen->DestroyPixmap;
	screen->DestroyPixmap = destroy_pixmap;
}

/* Once for each generation of the server, when it has its screens and nothing on them. */
static void init(void)
{
	if (!dixRegisterPrivateKey(&pixmap_key, PRIVATE_PIXMAP, sizeof(struct shared)) ||
	    !dixRegisterPrivateKey(&screen_key, PRIVATE_SCREEN, sizeof(struct wrapped)) ||
	    !tell_init())
		return;
	if (!AddExtension(X_PIXELS_NAME, 0, 0, dispatch, dispatch_swapped, NULL,
			  StandardMinorOpcode))
		return;
	for (int i = 0; i < screenInfo.numScreens; i++)
		wrap(screenInfo.screens[i]);
}

static void *setup(void *module, void *options, int *ret_major, int *ret_minor)
{
	static const ExtensionModule extension = {init, X_PIXELS_NAME, NULL};

	LoadExtensionList(&extension, 1, FALSE);
	return module;
}

static XF86ModuleVersionInfo version = {"qubespixels",
					MODULEVENDORSTRING,
					MODINFOSTRING1,
					MODINFOSTRING2,
					XORG_VERSION_CURRENT,
					1,
					0,
					0,
					ABI_CLASS_EXTENSION,
					ABI_EXTENSION_VERSION,
					MOD_CLASS_EXTENSION,
					{0}};

/* What the server looks for in the file of a module of that name. */
extern _X_EXPORT XF86ModuleData qubespixelsModuleData;
XF86ModuleData qubespixelsModuleData = {&version, setup, NULL};
