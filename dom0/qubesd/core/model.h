/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the system: qubes, labels, pools and the properties of all of them.
 * Everything here belongs to the main thread. Flows (flow.h) may keep a reference to
 * a Domain, but look into it only from functions that they run on the main thread.
 */
#ifndef QUBESD_CORE_MODEL_H
#define QUBESD_CORE_MODEL_H

#include "dom0/qubesd/core/error.h"
#include "dom0/qubesd/core/ids.h"
#include "dom0/qubesd/core/value.h"
#include "dom0/qubesd/devices/device.h"
#include "dom0/qubesd/devices/hwids.h"
#include "dom0/qubesd/hypervisor/hypervisor.h"
#include "dom0/qubesd/storage/storage.h"

#define QID_MAX 10000
#define DISPID_MAX 10000
#define LABEL_BUILTIN_MAX 8
#define UUID_DOM0 "00000000-0000-0000-0000-000000000000"

#define PRIVATE_SIZE (G_GUINT64_CONSTANT(2) << 30)
#define ROOT_SIZE (G_GUINT64_CONSTANT(10) << 30)

typedef struct App App;
typedef struct Run Run;
typedef struct Flow Flow;
typedef struct Store Store;
typedef struct Catalog Catalog;
typedef struct PoolWatch PoolWatch;

struct Label {
	int index;
	char *color; /* owned; "0xrrggbb" */
	char *name;  /* owned */
};

/* What has properties: a qube, or the system (vm is NULL). */
typedef struct {
	VmClass cls;
	App *app;	   /* borrowed */
	Domain *vm;	   /* borrowed: the qube this is part of */
	Value values[P_N]; /* V_UNSET: at default */
} Holder;

/* Reference-counted because flows use it off the main thread. */
typedef struct {
	int refs;
	char *name, *driver; /* owned */
	GHashTable *params;  /* owned: name -> value, as saved; without those below */
	int revisions_to_keep;
	bool ephemeral_volatile;
	StoragePool *storage; /* owned; NULL: it could not be opened */
	char *offline;	      /* owned; then, why */
	int level;	      /* how full it was last, see pool-watch.h */
} Pool;

typedef enum { VOL_ROOT, VOL_PRIVATE, VOL_VOLATILE, VOL_KERNEL, VOL_N } VolumeId;

typedef struct {
	VolumeId id;
	char *vid;	  /* owned; the kernel's follows the property kernel instead */
	Pool *pool;	  /* a reference */
	guint64 size;	  /* bytes; of a snapshot: see volume_size() */
	guint64 run_size; /* what a snapshot was resized to for the present run; 0: it was not */
	char *source_vid; /* owned; of a snapshot: what it is taken of, in the same pool */
	bool rw, snap_on_start, save_on_stop;
	int revisions_to_keep;
	int ephemeral;	     /* 0, 1; -1: the pool decides */
	guint64 import_size; /* of an import under way */
	gint64 import_us;    /* when that began, monotonic */
} Volume;

typedef struct {
	char *name, *value; /* owned */
} Feature;

struct Domain {
	int refs;
	Holder h;
	char *name; /* owned */
	char *uuid; /* owned; canonical text */
	int qid;
	GPtrArray *features;	   /* Feature*, in the order they were set first */
	GPtrArray *tags;	   /* char*, sorted */
	GPtrArray *devices;	   /* Assignment*, see assignment.h */
	GPtrArray *exposed[DEV_N]; /* Device*: what it offers, see device.h */
	bool exposed_known;	   /* that was read once: changes are news */
	GPtrArray *attached;	   /* Attachment*: what it uses; of USB see device_attached() */
	Volume *volumes[VOL_N];	   /* owned; NULL where the class has none */
	bool announced;		   /* domain-add was sent: clients hear of its events */
	bool incomplete;	   /* being made: not in the store yet */
	bool gone;		   /* removed */
	bool holds;		   /* gone: it has a reference to each qube that it points to */
	bool from_store;	   /* it was there when this qubesd began */
	Run *run;		   /* owned; NULL while halted */
	bool locked;		   /* a flow changes its life now, see flow_lock() */
	GQueue lock_queue;	   /* flows that wait for that */
	GPtrArray *halt_waiters;   /* flows that wait for the end of this run */
	unsigned streams;	   /* of events and figures that it listens to */
	bool preload_requested;	   /* preloaded, asked for, not handed over; see preload.h */
	bool preload_ready;	   /* preloaded, and waiting or in use */
	char *preload_print;	   /* owned; preloaded: the properties that it started with */
	int preload_fd;		   /* eventfd of who preloads it: readable when asked for; -1 */
};

typedef struct {
	char *root;		       /* owned; "" or the prefix of all paths */
	char *uri;		       /* owned; libvirt's */
	char *bindir;		       /* owned; where the helpers are looked for first */
	unsigned owner_uid, owner_gid; /* the desktop user */
	bool test_daemons;	       /* start helpers on the test hypervisor, too */
} Options;

struct App {
	Holder h;
	Options opt;
	GMainContext *context;	       /* borrowed */
	Hypervisor *hv;		       /* owned; NULL in unit tests */
	const Catalog *catalog;	       /* owned */
	GPtrArray *domains;	       /* Domain*, a reference each; dom0 first, then by name */
	GHashTable *by_name, *by_uuid; /* borrowed keys and values */
	GPtrArray *labels;	       /* Label*, by index */
	GPtrArray *pools;	       /* Pool*, a reference each, in order of creation */
	GPtrArray *subscribers;	       /* of events, see event.h */
	Store *store;		       /* owned; NULL in unit tests: nothing is saved */
	Domain *dom0;		       /* borrowed */
	guint64 host_mib;
	unsigned host_cpus;
	bool hv_known;			      /* the hypervisor was asked what runs */
	guint hv_retry_ms;		      /* until it is asked again */
	bool loading;			      /* events are off */
	unsigned flows;			      /* running */
	GThreadPool *threads;		      /* owned; of flows */
	GThreadPool *qdb_updates;	      /* owned; see qdb.h */
	HwIds *usb_ids, *pci_ids;	      /* owned; NULL until needed */
	struct DeviceMonitor *device_monitor; /* owned; see device-watch.c */
	PoolWatch *pool_watch;		      /* owned; see pool-watch.h */
	GHashTable *firewall_timers;	      /* owned; uuid -> GSource*; see netvm.h */
	GHashTable *copy_tokens;	      /* owned, see volume-copy in api/ */
	GHashTable *old_dispids;	      /* dispid -> monotonic second when it was freed */
	char *system_info;		      /* owned; cache, NULL when stale */
	unsigned system_info_serial;	      /* counts its contents */
	GPtrArray *flow_waiters;	      /* owned; see flow_wait_until() */
	GPtrArray *undo;		      /* owned; see undo.h; NULL: nothing is recorded */
};

/* --- life of the objects --- */

App *app_new(const Options *opt, GMainContext *context);
void app_free(App *app);

Domain *domain_new(App *app, VmClass cls, const char *name, const char *uuid, int qid);
Domain *domain_ref(Domain *d);
void domain_unref(Domain *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_unref)

/* Puts it among the others. Name and uuid must be free. */
void app_add_domain(App *app, Domain *d);
void app_drop_domain(App *app, Domain *d);

/* --- lookup; NULL when there is none --- */

Domain *app_domain(App *app, const char *name);
Domain *app_domain_by_uuid(App *app, const char *uuid);
/* By name or "uuid:..."; the errors of specs/admin-api.md section 1. */
Domain *app_resolve(App *app, const char *untrusted_dest, GError **error);
/* By name, else by index as text. */
Label *app_label(App *app, const char *name_or_index);
Pool *app_pool(App *app, const char *name);
/* A free qid or dispid; -1 when all are taken. */
int app_free_qid(App *app);
int app_free_dispid(App *app);
/* Remembers that a dispid must not come back soon. */
void app_retire_dispid(App *app, int dispid);

Label *app_add_label(App *app, int index, const char *color, const char *name);
void app_drop_label(App *app, Label *label);
void app_add_builtin_labels(App *app);

/* Not opened yet: see pool.h. */
Pool *pool_new(const char *name, const char *driver);
Pool *pool_ref(Pool *p);
void pool_unref(Pool *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pool, pool_unref)

/* Classes with volumes and a life in the hypervisor. */
static inline bool domain_is_qube(const Domain *d)
{
	return CLASS_BIT(d->h.cls) & CLASSES_QUBE;
}

/* The folder of a qube's own files below the root, "" for others; g_free. */
char *domain_dir(const Domain *d);

#endif
