# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of qubesd on libvirt's in-memory hypervisor. Started by qubesd-api.sh."""
import json, os, random, re, shutil, signal, socket, subprocess, sys, threading, time
from qubesd_env import BUILD, SANITIZED, Qubesd, Stream, Tap, eventually, raw

tap = Tap()
ok, eq = tap.ok, tap.eq
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def framing(q):
    for what, data in (("nothing", b""), ("no NUL", b"admin.vm.List dom0 name dom0"),
                       ("three words", b"admin.vm.List dom0 dom0\0"),
                       ("another destination type", b"admin.vm.List dom0 keyword dom0\0"),
                       ("too long", b"admin.vm.List dom0 name dom0\0" + b"x" * 65536)):
        eq(raw(q.sock(), data), b"", "framing: %s gets no reply" % what)
    for what, data, want in (
            ("no such method", b"admin.nosuch+ dom0 name dom0\0", b"ProtocolError"),
            ("a method of another socket", b"internal.GetSystemInfo+ dom0 name dom0\0",
             b"ProtocolError"),
            ("unknown source", b"admin.vm.List+ nosuch name dom0\0", b"QubesVMNotFoundError"),
            ("unknown destination", b"admin.vm.List+ dom0 name nosuch\0", b"QubesVMNotFoundError"),
            ("illegal name", b"admin.vm.List+ dom0 name 1x\0", b"QubesValueError"),
            ("bad uuid", b"admin.vm.List+ dom0 name uuid:12\0", b"QubesVMInvalidUUIDError"),
            ("argument that is not wanted", b"admin.vm.List+x dom0 name dom0\0", b"ProtocolError"),
            ("argument that is missing", b"admin.label.Get+ dom0 name dom0\0", b"ProtocolError"),
            ("payload that is not wanted", b"admin.vm.List+ dom0 name dom0\0x", b"ProtocolError"),
            ("destination must be dom0", b"admin.label.List+ dom0 name tpl\0", b"ProtocolError"),
            ("destination must not be dom0", b"admin.vm.notes.Get+ dom0 name dom0\0",
             b"ProtocolError")):
        reply = raw(q.sock(), data)
        ok(reply.startswith(b"2\0" + want + b"\0\0") and reply.endswith(b"\0"),
           "refused: " + what, reply)
    listing = q.call("admin.vm.List")
    ok(re.fullmatch(("0\0dom0 class=AdminVM state=Running uuid=00000000-0000-0000-0000-000000000000\n"
                     "dvm class=AppVM state=Halted uuid=%s\nnet class=AppVM state=Halted uuid=%s\n"
                     "tpl class=TemplateVM state=Halted uuid=%s\n" % (UUID, UUID, UUID)).encode(),
                    listing), "admin.vm.List, byte for byte", listing)
    uuid = re.search("net .*uuid=(.*)\n", listing.decode()).group(1)
    eq(q.get("admin.vm.property.Get", "uuid:" + uuid, "name"), "default=False type=str net",
       "a qube is found by uuid")
    eq(raw(q.sock(), b"admin.vm.List dom0 keyword adminvm\0"), listing, "keyword adminvm is dom0")


def creation(q):
    before = q.images()
    ev = Stream(q)
    eq(q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=blue"), b"0\0", "create")
    eq(ev.take("create-on-disk")[1:],
       [" domain-add vm=work", "work domain-tag-add:created-by-dom0 tag=created-by-dom0",
        "work domain-create-on-disk"], "events of creating")
    state = q.call("admin.vm.List"), q.images()
    for what, a, want in (
            ("existing name", ("AppVM", "tpl", "name=work label=blue"), "QubesVMAlreadyExistsError"),
            ("unknown template", ("AppVM", "nosuch", "name=x label=blue"), "QubesVMNotFoundError"),
            ("template of the wrong class", ("AppVM", "dvm", "name=x label=blue"),
             "QubesPropertyValueError"),
            ("unknown label", ("AppVM", "tpl", "name=x label=nosuch"), "ProtocolError"),
            ("invalid name", ("AppVM", "tpl", "name=-x label=blue"), "QubesValueError"),
            ("no label", ("AppVM", "tpl", "name=x"), "ProtocolError"),
            ("no name", ("AppVM", "tpl", "label=red"), "ProtocolError"),
            ("option twice", ("AppVM", "tpl", "name=x label=red name=y"), "ProtocolError"),
            ("unknown option", ("AppVM", "tpl", "name=x label=red foo=bar"), "ProtocolError"),
            ("two spaces", ("AppVM", "tpl", "name=x  label=red"), "ProtocolError"),
            ("template of a template", ("TemplateVM", "tpl", "name=x label=red"), "ProtocolError"),
            ("second dom0", ("AdminVM", "", "name=x label=red"), "QubesPropertyValueError"),
            ("disposable of no disposable template", ("DispVM", "tpl", "name=x label=red"),
             "QubesValueError")):
        eq(q.get("admin.vm.Create." + a[0], "dom0", *a[1:]), "[%s]" % want, "create: " + what)
    for what, payload, want in (
            ("unknown pool", "name=x label=red pool=nosuch", "QubesException"),
            ("pool of a snapshot", "name=x label=red pool:root=varlibqubes", "QubesException"),
            ("unknown volume", "name=x label=red pool:x=varlibqubes", "ProtocolError"),
            ("both forms", "name=x label=red pool=varlibqubes pool:private=varlibqubes",
             "ProtocolError")):
        eq(q.get("admin.vm.CreateInPool.AppVM", "dom0", "tpl", payload), "[%s]" % want,
           "create in pool: " + what)
    eq((q.call("admin.vm.List"), q.images()), state, "nothing was changed by any of them")
    eq(q.get("admin.vm.Remove", "tpl"), "[QubesVMInUseError]", "a template in use is not removed")
    ok("work:template" in q.message("admin.vm.Remove", "tpl"), "and it is said who uses it")
    eq(q.get("admin.vm.Remove", "dom0"), "[QubesVMInUseError]", "dom0 is not removed")
    ev.take()
    eq(q.call("admin.vm.Remove", "work"), b"0\0", "remove")
    eq(ev.take("domain-delete"), [" domain-pre-delete vm=work", " domain-delete vm=work"],
       "events of removing")
    eq(q.images(), before, "no image stays")
    ev.close()


def properties(q):
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=blue")
    ev = Stream(q)
    ev.take()
    eq(q.call("admin.vm.property.Get", "work", "memory"), b"0\0default=True type=int 400", "get")
    eq(q.call("admin.vm.property.Get", "work", "management_dispvm"), b"0\0default=True type=vm ",
       "get of nothing")
    eq(q.call("admin.vm.property.GetDefault", "work", "label"), b"0\0", "no default")
    eq(q.call("admin.vm.property.Set", "work", "memory", "500"), b"0\0", "set")
    eq(q.call("admin.vm.property.Reset", "work", "memory"), b"0\0", "reset")
    eq(ev.take("property-del"),
       ["work property-pre-set:memory name=memory newvalue=500 oldvalue=400",
        "work property-set:memory name=memory newvalue=500 oldvalue=400",
        "work property-pre-reset:memory name=memory oldvalue=500",
        "work property-pre-del:memory name=memory oldvalue=500",
        "work property-reset:memory name=memory oldvalue=500",
        "work property-del:memory name=memory oldvalue=500"], "events of setting and resetting")
    for prop, value, want in (("memory", "-5", "QubesPropertyValueError"),
                              ("memory", "many", "QubesValueError"),
                              ("label", "nosuch", "QubesLabelNotFoundError"),
                              ("netvm", "nosuch", "QubesPropertyValueError"),
                              ("netvm", "tpl", "QubesValueError"),
                              ("name", "other", "QubesPropertyAccessError"),
                              ("nosuch", "x", "QubesNoSuchPropertyError"),
                              ("xid", "5", "QubesPropertyValueError"),
                              ("kernel", "9.9", "QubesPropertyValueError")):
        eq(q.get("admin.vm.property.Set", "work", prop, value), "[%s]" % want,
           "set %s=%s is refused" % (prop, value))
    rows = q.get("admin.vm.property.GetAll", "work").splitlines()
    eq([r.split()[0] for r in rows], q.get("admin.vm.property.List", "work").split(),
       "GetAll has what List has, in order")
    ok("template default=False type=vm tpl" in rows and "label default=False type=label blue" in rows,
       "rows of GetAll", rows)
    eq(q.get("admin.property.Set", "dom0", "default_template", "dvm"), "[QubesPropertyValueError]",
       "a global property is checked, too")
    eq(q.get("admin.property.Set", "dom0", "default_netvm", "net"), "", "default_netvm")
    eq(q.get("admin.vm.property.Get", "work", "netvm"), "default=True type=vm net", "is inherited")
    q.call("admin.property.Reset", "dom0", "default_netvm")
    ev.close()


def attributes(q):
    q.call("admin.vm.tag.Set", "work", "b")
    q.call("admin.vm.tag.Set", "work", "a")
    eq(q.get("admin.vm.tag.List", "work"), "a\naudiovm-dom0\nb\ncreated-by-dom0\nguivm-dom0\n", "tags")
    eq(q.get("admin.vm.tag.Remove", "work", "zz"), "[QubesTagNotFoundError]", "no such tag")
    eq(q.get("admin.vm.tag.Set", "work", "created-by-net", src="net"), "[PermissionDenied]",
       "only dom0 says who created")
    q.call("admin.vm.feature.Set", "tpl", "f", "t")
    eq(q.call("admin.vm.feature.CheckWithTemplate", "work", "f"), b"0\0t", "feature of the template")
    q.call("admin.vm.feature.Set", "work", "f", "")
    eq(q.call("admin.vm.feature.CheckWithTemplate", "work", "f"), b"0\0", "the own one wins if empty")
    eq(q.get("admin.vm.feature.Get", "work", "g"), "[QubesFeatureNotFoundError]", "no such feature")
    eq(q.get("admin.vm.feature.Set", "work", "f", "a\nb"), "[ProtocolError]", "unprintable value")
    eq(q.get("admin.vm.feature.Set", "work", "preload-dispvm", "x"), "[PermissionDenied]",
       "feature that is qubesd's own")
    eq(q.get("admin.label.Create", "dom0", "violet", "0x8800ff"), "", "label")
    eq(q.get("admin.label.Get", "dom0", "violet"), "0x8800ff", "its color")
    eq(q.get("admin.label.Index", "dom0", "violet"), "9", "its index")
    q.call("admin.vm.property.Set", "work", "label", "violet")
    eq(q.get("admin.label.Remove", "dom0", "violet"), "[QubesLabelInUseError]", "label in use")
    q.call("admin.vm.property.Set", "work", "label", "blue")
    eq(q.get("admin.label.Remove", "dom0", "violet"), "", "label removed")
    eq(q.get("admin.label.Remove", "dom0", "red"), "[ProtocolError]", "built-in label stays")
    eq(q.get("admin.vm.notes.Set", "work", "", "a\tb\n\x01\u202e".encode()), "", "notes")
    eq(q.get("admin.vm.notes.Get", "work"), "a\tb\n__", "without what is not safe to show")
    eq(q.get("admin.vm.firewall.Get", "work"), "action=accept\n", "firewall by default")
    eq(q.get("admin.vm.firewall.Set", "work", "", "action=drop dst4=1.2.3.4 proto=tcp dstports=80\n"
             "action=accept comment=a b\n"), "", "rules")
    eq(q.get("admin.vm.firewall.Set", "work", "", "nonsense"), "[QubesValueError]", "a bad rule")
    eq(q.get("admin.vm.firewall.Get", "work"),
       "action=drop dst4=1.2.3.4/32 proto=tcp dstports=80-80\naction=accept comment=a b\n",
       "leaves the others")
    eq(q.get("admin.vm.device.denied.Add", "work", "", "u03****b******"), "", "denied devices")
    eq(q.call("admin.vm.device.denied.List", "work"), b"0\0b******\nu03****", "without a final LF")
    eq(q.get("admin.vm.device.block.Available", "work"), "", "a halted qube has no devices")
    info = json.loads(q.get("internal.GetSystemInfo"))["domains"]["work"]
    eq((info["label"], info["type"], info["default_dispvm"]), ("0x3465a4", "AppVM", "dvm"),
       "system info")


def life(q):
    ev = Stream(q)
    q.call("admin.vm.property.Set", "work", "netvm", "net")
    ev.take()
    eq(q.get("admin.vm.Start", "work"), "", "start")
    want = ["domain-pre-start start_guid=True mem_required=None", "domain-verify-files"]
    own = ["domain-pre-spawn start_guid=True", "property-reset:xid name=xid",
           "property-reset:stubdom_xid name=stubdom_xid",
           "property-reset:start_time name=start_time", "domain-spawn start_guid=True",
           "domain-qdb-create", "domain-pre-unpaused", "domain-unpaused",
           "domain-start start_guid=True"]
    eq(ev.take("work domain-start "),
       ["work " + e for e in want] + ["net " + e for e in want + own] + ["work " + e for e in own],
       "events of starting, the netvm in between")
    eq((q.state("work"), q.state("net")), ("Running", "Running"), "both run")
    eq(q.get("admin.vm.Start", "work"), "", "starting again is fine")
    eq(q.get("admin.vm.Remove", "work"), "[QubesVMNotHaltedError]", "a running qube stays")
    eq(q.get("admin.vm.property.Set", "work", "template", "tpl"), "[QubesVMNotHaltedError]",
       "its template, too")
    eq(q.get("admin.vm.Shutdown", "net"), "[QubesVMInUseError]", "a netvm in use stays up")
    eq(q.get("admin.vm.Pause", "work"), "", "pause")
    eq(q.state("work"), "Paused", "is paused")
    eq(q.get("admin.vm.Shutdown", "work"), "[QubesVMNotRunningError]", "no shutdown while paused")
    eq(q.get("admin.vm.Unpause", "work"), "", "unpause")
    eq(q.get("admin.vm.Unpause", "work"), "[QubesVMNotPausedError]", "only once")
    ok(re.fullmatch(r"mem=\d+ mem_static_max=0 cputime=\d+ power_state=Running",
                    q.get("admin.vm.CurrentState", "work")), "current state")
    ev.take()
    eq(q.get("admin.vm.Shutdown", "work", "wait"), "", "shutdown and wait")
    eq(q.state("work"), "Halted", "it is down when that returns")
    eq(ev.take("work domain-shutdown"),
       ["work domain-pre-shutdown force=False", "work domain-stopped",
        "work property-reset:xid name=xid", "work property-reset:stubdom_xid name=stubdom_xid",
        "work property-reset:start_time name=start_time", "work domain-shutdown"],
       "events of stopping")
    for method in ("Shutdown", "Kill"):
        eq(q.get("admin.vm." + method, "work"), "[QubesVMNotStartedError]", method + " when halted")
    eq(q.get("admin.vm.Kill", "net"), "", "kill")
    eq(q.state("net"), "Halted", "it is down when that returns")
    eq([i for i in q.images() if "dirty" in i], [], "no image of a run stays")
    eq(q.get("admin.vm.Start", "dom0"), "[QubesVMNotHaltedError]", "dom0 is not started")
    q.call("admin.vm.Start", "work")
    q.call("admin.vm.Pause", "net")
    eq(q.get("internal.SuspendPre"), "", "the computer goes to sleep")
    ok(q.state("work") in ("Paused", "Suspended") and q.state("net") == "Paused", "qubes, too",
       q.state("work"))
    eq(q.get("internal.SuspendPost"), "", "it wakes up")
    eq((q.state("work"), q.state("net")), ("Running", "Paused"), "all but what was paused before")
    q.call("admin.vm.Kill", "work")
    q.call("admin.vm.Kill", "net")
    q.call("admin.vm.feature.Set", "work", "prohibit-start", "because")
    ok("because" in q.message("admin.vm.Start", "work"), "prohibit-start says why")
    q.call("admin.vm.feature.Remove", "work", "prohibit-start")
    trace = q.get("admin.vm.Start", "work", "trace")
    ok(re.fullmatch(r"(netvm=[\d.]+\n)?volumes=[\d.]+\ndomain=[\d.]+\nunpause=[\d.]+\ntotal=[\d.]+\n",
                    trace), "a start tells how long its stages took", trace)
    q.call("admin.vm.Kill", "work")
    q.call("admin.vm.Kill", "net")
    ev.close()


def slow_end(q):
    """Who ends a qube that is down, but whose volumes are not stopped yet, waits for that as well."""
    go = q.root + "/go"
    os.makedirs(q.root + "/etc", exist_ok=True)
    with open(q.root + "/etc/qubes_callback.json", "w") as f:
        json.dump({"slow": {"bdriver": "file-reflink",
                            "bdriver_args": {"dir_path": q.root + "/slow", "setup_check": "no"},
                            "post_volume_stop": "until [ -e '%s' ]; do sleep 0.05; done" % go}}, f)
    eq(q.get("admin.pool.Add", "dom0", "callback", "name=slow\nconf_id=slow\n"), "", "a slow pool")
    eq(q.get("admin.vm.CreateInPool.AppVM", "dom0", "tpl", "name=slow label=red pool=slow"), "",
       "a qube in it")
    for method, arg, want in (("Kill", "", ""), ("Shutdown", "wait", "[QubesVMNotStartedError]"),
                              ("Kill", "", "[QubesVMNotStartedError]")):
        if os.path.exists(go):
            os.unlink(go)
        eq(q.get("admin.vm.Start", "slow"), "", "it starts")
        if want:
            eq(q.get("admin.vm.Shutdown", "slow"), "", "it is shut down, and nobody waits")
            ok(eventually(lambda: q.state("slow") == "Dying"), "it is down", q.state("slow"))
            eq(q.get("admin.vm.Shutdown", "slow"), want, "which is said to who does not wait")
        said = []
        waits = threading.Thread(target=lambda: said.extend(
            [q.get("admin.vm." + method, "slow", arg), q.state("slow")]))
        waits.start()
        down = eventually(lambda: said or q.state("slow") == "Dying")
        waits.join(1)
        ok(down and not said, method + " waits for its volumes", said)
        open(go, "w").close()
        waits.join()
        eq(said, [want, "Halted"], "and comes back when it is halted")
    eq(q.get("admin.vm.Remove", "slow"), "", "it goes")
    eq(q.get("admin.pool.Remove", "dom0", "slow"), "", "so does its pool")


def other_netvm(q):
    """A paused qube changes its netvm when it runs again."""
    feature = "deferred-netvm-original"
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=net2 label=red")
    q.call("admin.vm.property.Set", "net2", "provides_network", "True")
    q.call("admin.vm.property.Set", "net2", "netvm", "")
    q.call("admin.vm.Start", "work")
    eq(q.get("admin.vm.property.Set", "work", "netvm", "net2"), "[QubesVMNotStartedError]",
       "a running qube needs a running netvm")
    q.call("admin.vm.Start", "net2")
    q.call("admin.vm.Pause", "work")
    ev = Stream(q)
    ev.take()
    eq(q.get("admin.vm.property.Set", "work", "netvm", "net2"), "", "netvm of a paused qube")
    eq(ev.take("property-set:netvm"),
       ["work property-pre-set:netvm name=netvm newvalue=net2 oldvalue=net",
        "work domain-feature-pre-set:%s feature=%s value=net" % (feature, feature),
        "work domain-feature-set:%s feature=%s value=net" % (feature, feature),
        "work domain-qdb-create", "net2 net-domain-connect vm=work",
        "work property-set:netvm name=netvm newvalue=net2 oldvalue=net"], "it is remembered")
    q.call("admin.vm.property.Set", "work", "netvm", "")
    eq(q.get("admin.vm.feature.Get", "work", feature), "net", "the first one, that is")
    q.call("admin.vm.property.Set", "work", "netvm", "net2")
    ev.take()
    q.call("admin.vm.Unpause", "work")
    done = ["work property-pre-set:netvm name=netvm newvalue=net2 oldvalue=net",
            "work domain-qdb-create", "net2 net-domain-connect vm=work",
            "work property-set:netvm name=netvm newvalue=net2 oldvalue=net",
            "work domain-feature-pre-delete:%s feature=%s" % (feature, feature),
            "work domain-feature-delete:%s feature=%s" % (feature, feature)]
    eq(ev.take("feature-delete"), ["work domain-pre-unpaused", "work domain-unpaused"] + done,
       "and done when it runs again")
    q.call("admin.vm.Pause", "work")
    q.call("admin.vm.Kill", "net2")
    eq(q.get("admin.vm.feature.Get", "work", feature), "net2", "a netvm stops below a paused qube")
    q.call("admin.vm.Unpause", "work")
    eq(q.get("admin.vm.feature.Get", "work", feature), "net2", "which has to wait for it")
    ev.take()
    q.call("admin.vm.Start", "net2")
    eq([e.replace("oldvalue=net2", "oldvalue=net") for e in ev.take("feature-delete")][-6:], done,
       "until it starts again")
    q.call("admin.vm.Pause", "work")
    q.call("admin.vm.property.Set", "work", "netvm", "net")
    q.call("admin.vm.Kill", "work")
    eq(q.get("admin.vm.feature.Get", "work", feature), "[QubesFeatureNotFoundError]",
       "what stopped has nothing to make up for")
    for name in ("net2", "net"):
        q.call("admin.vm.Kill", name)
    eq(q.get("admin.vm.Remove", "net2"), "", "the other netvm is free again")
    ev.close()


def disposables(q):
    before = q.images()
    ev = Stream(q)
    name = q.get("admin.vm.CreateDisposable", "dvm")
    ok(re.fullmatch(r"disp\d{1,4}", name), "disposable", name)
    eq(q.get("admin.vm.property.Get", name, "auto_cleanup"), "default=False type=bool True",
       "goes away by itself")
    ok("disp-created-by-dom0" in q.get("admin.vm.tag.List", name), "says who made it")
    eq(q.get("admin.vm.Start", name), "", "starts")
    q.call("admin.vm.Kill", name)
    ok(ev.wait(lambda l: " domain-delete vm=" + name in l), "is gone when it stopped")
    eq(q.get("admin.vm.List", name), "[QubesVMNotFoundError]", "really")
    eq(q.images(), before, "and its images")
    uuid = q.get("admin.vm.CreateDisposable", "dom0", "", "uuid")
    ok(re.fullmatch("uuid:" + UUID, uuid), "disposable by uuid", uuid)
    eq(q.get("admin.vm.Remove", uuid), "", "removed before it ran")
    eq(q.get("admin.vm.CreateDisposable", "tpl"), "[QubesException]", "not of a template")
    ev.close()


def volumes(q):
    eq(q.get("admin.vm.volume.List", "work"), "root\nprivate\nvolatile\nkernel\n", "volumes")
    info = q.get("admin.vm.volume.Info", "work", "root").splitlines()
    eq([i.split("=")[0] for i in info],
       ["pool", "vid", "size", "usage", "rw", "source", "path", "save_on_stop", "snap_on_start",
        "revisions_to_keep", "ephemeral", "is_outdated"], "keys of Info")
    ok("source=vm-templates/tpl/root" in info and "snap_on_start=True" in info, "root is a snapshot")
    eq(q.get("admin.vm.volume.Info", "work", "nosuch"), "[PermissionDenied]", "no such volume")
    size, path = q.get("internal.vm.volume.ImportBegin", "work", "private", "8192").split(" ", 1)
    eq(size, "8192", "import: size")
    with open(path, "r+b") as f:
        f.write(b"A" * 8192)
    eq(q.get("internal.vm.volume.ImportEnd", "work", "private", "ok"), "", "import")
    ok("size=8192\n" in q.get("admin.vm.volume.Info", "work", "private"), "its new size")
    _, path = q.get("internal.vm.volume.ImportBegin", "work", "private").split(" ", 1)
    eq(q.get("internal.vm.volume.ImportBegin", "work", "private"), "[StoragePoolException]",
       "one import at a time")
    open(path, "wb").write(b"B" * 10)
    ok("no luck" in q.message("internal.vm.volume.ImportEnd", "work", "private", "fail\nno luck"),
       "a failed import says so")
    token = q.get("admin.vm.volume.CloneFrom", "work", "private")
    eq(len(token), 32, "token")
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=copy label=blue")
    eq(q.get("admin.vm.volume.CloneTo", "copy", "private", token), "", "clone")
    eq(q.get("admin.vm.volume.CloneTo", "copy", "private", token),
       "[QubesVolumeCopyTokenNotFoundError]", "a token is good for one")
    base = q.root + "/var/lib/qubes/appvms/"
    eq(open(base + "copy/private.img", "rb").read(), b"A" * 8192, "the content is what was imported")
    eq(q.get("admin.vm.volume.Resize", "copy", "private", "16384"), "", "resize")
    ok("size=16384\n" in q.get("admin.vm.volume.Info", "copy", "private"), "its size")
    eq(q.get("admin.vm.volume.Resize", "copy", "private", "1e3"), "[ProtocolError]", "bad size")
    q.call("admin.vm.Start", "copy")
    eq(q.get("admin.vm.volume.Clear", "copy", "private"), "[StoragePoolException]", "in use")
    q.call("admin.vm.Kill", "copy")
    revisions = q.get("admin.vm.volume.ListSnapshots", "copy", "private").split()
    ok(len(revisions) == 1, "a revision after a run", revisions)
    eq(q.get("admin.vm.volume.Revert", "copy", "private", "no-such"),
       "[QubesVolumeRevisionNotFoundError]", "no such revision")
    eq(q.get("admin.vm.volume.Revert", "copy", "private", revisions[0]), "", "revert")
    eq(q.get("admin.vm.volume.Clear", "copy", "private"), "", "clear")
    eq(open(base + "copy/private.img", "rb").read().strip(b"\0"), b"", "is empty")
    eq(q.get("admin.vm.volume.Set.revisions_to_keep", "copy", "private", "3"), "", "revisions")
    eq(q.get("admin.vm.volume.Set.revisions_to_keep", "copy", "private", "-2"), "[QubesValueError]",
       "not that few")
    eq(q.get("admin.vm.volume.Set.ephemeral", "copy", "private", "True"), "[QubesValueError]",
       "not ephemeral")
    def root_size():
        return re.search(r"^size=(\d+)", q.get("admin.vm.volume.Info", "copy", "root"), re.M).group(1)

    before = root_size()
    q.call("admin.vm.Start", "copy")
    eq(q.get("admin.vm.volume.Resize", "copy", "root", "21474836480"), "", "a snapshot grows")
    eq((root_size(), os.path.getsize(base + "copy/root-dirty.img")), ("21474836480", 21474836480),
       "for the run that it is")
    q.call("admin.vm.Kill", "copy")
    eq(root_size(), before, "and no longer")
    events = Stream(q)
    events.take()
    for volume in ("root", "volatile", "kernel"):
        eq(q.get("admin.vm.volume.Clear", "copy", volume), "[StoragePoolException]",
           "%s has nothing to clear" % volume)
    eq(events.take(), [], "which is no event")
    events.close()
    q.call("admin.vm.Remove", "copy")


def pools(q):
    eq(q.get("admin.pool.List"), "varlibqubes\nlinux-kernel\n", "pools")
    ok("driver=file" in q.get("admin.pool.Info", "dom0", "varlibqubes"), "pool info")
    ok(re.fullmatch(r"data_size=\d+\ndata_usage=\d+\n",
                    q.get("admin.pool.UsageDetails", "dom0", "varlibqubes")), "usage")
    ok("included_in=varlibqubes" in q.get("admin.pool.Info", "dom0", "linux-kernel"), "included_in")
    drivers = [d.split()[0] for d in q.get("admin.pool.ListDrivers").splitlines()]
    ok("file-reflink" in drivers and "linux-kernel" in drivers, "drivers", drivers)
    config = "name=extra\ndir_path=%s/extra\nsetup_check=False\n" % q.root
    os.makedirs(q.root + "/extra", exist_ok=True)
    eq(q.get("admin.pool.Add", "dom0", "nosuch", config), "[PermissionDenied]", "no such driver")
    eq(q.get("admin.pool.Add", "dom0", "file-reflink", "name=extra\nfoo=bar\n"), "[ProtocolError]",
       "unknown option")
    eq(q.get("admin.pool.Add", "dom0", "file-reflink", "name=extra\n"), "[QubesException]",
       "missing option")
    eq(q.get("admin.pool.Add", "dom0", "file-reflink", config), "", "add")
    eq(q.get("admin.pool.Add", "dom0", "file-reflink", config), "[QubesPoolInUseError]", "only once")
    eq(q.get("admin.vm.CreateInPool.AppVM", "dom0", "tpl", "name=far label=red pool=extra"), "",
       "a qube there")
    ok("pool=extra\n" in q.get("admin.vm.volume.Info", "far", "private"), "its private volume")
    eq(q.get("admin.pool.Remove", "dom0", "extra"), "[QubesPoolInUseError]", "pool in use")
    q.call("admin.vm.Remove", "far")
    eq(q.get("admin.pool.Remove", "dom0", "extra"), "", "pool removed")


def crowd(q):
    n = 10 if SANITIZED else 100
    for i in range(n):
        assert q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=c%d label=red" % i) == b"0\0"
    # The machine may be busy or slow: as many tries as it takes, and ten times what is usual. The
    # real figure is in the benchmarks.
    goal, best, end = 0.1 if SANITIZED else 0.005, 9, time.monotonic() + 60
    while best >= goal and time.monotonic() < end:
        best = min(best, _timed(q, "admin.vm.List"))
    ok(best < goal, "listing %d qubes: %.0f us" % (n + 5, best * 1e6))
    errors = []

    def client(k):
        for i in range(30):
            for r, want in ((q.call("admin.vm.property.Set", "c%d" % (k % n), "memory", str(500 + i)),
                             b"0\0"), (q.call("admin.vm.List")[:2], b"0\0"),
                            (q.call("admin.vm.tag.Set", "c%d" % (k % n), "t%d" % k), b"0\0")):
                if r != want:
                    errors.append(r)
    threads = [threading.Thread(target=client, args=(k,)) for k in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    eq(errors, [], "20 clients at a time")
    started = [threading.Thread(target=q.call, args=("admin.vm.Start", "c%d" % (i % 10)))
               for i in range(30)]
    [t.start() for t in started]
    [t.join() for t in started]
    eq({q.state("c%d" % i) for i in range(10)}, {"Running"}, "30 starts of 10 qubes at a time")
    for i in range(10):
        q.call("admin.vm.Kill", "c%d" % i)
    for i in range(n):
        assert q.call("admin.vm.Remove", "c%d" % i) == b"0\0"
    eq([i for i in q.images() if "/c" in i], [], "all gone again")


def _timed(q, method):
    start = time.perf_counter()
    q.call(method)
    return time.perf_counter() - start


def slow_client(q):
    s = socket.socket(socket.AF_UNIX)
    s.connect(q.sock())
    s.sendall(b"admin.Events+ dom0 name dom0\0")
    s.shutdown(socket.SHUT_WR)
    s.settimeout(120)
    s.recv(1, socket.MSG_PEEK)  # it hears of what happens from now on
    value = "x" * 60000
    for i in range(60):
        assert q.call("admin.vm.feature.Set", "work", "big", value) == b"0\0"
    got, s_closed = 0, False
    while True:
        part = s.recv(1 << 20)
        if not part:
            s_closed = True
            break
        got += len(part)
    ok(s_closed and "too slowly" in q.logged(), "a client that does not read is dropped")
    q.call("admin.vm.feature.Remove", "work", "big")
    s.close()
    stats = Stream(q, method="admin.vm.Stats")
    ok(stats.wait(lambda l: any(x.startswith("dom0 vm-stats memory_kb=") for x in l)), "stats")
    stats.close()


def other_qubes(q):
    """Calls of a qube that policy let through: what they list is what policy allows."""
    eq(q.get("admin.vm.List", src="net"), "", "without a policy a qube sees nothing")
    for d in ("run", "etc"):
        os.makedirs("%s/%s/qubes/policy.d" % (q.root, d), exist_ok=True)
    rules = q.root + "/etc/qubes/policy.d/30-user.policy"
    with open(rules, "w") as f:
        f.write("admin.vm.List * net @tag:seen allow target=dom0\n"
                "admin.Events +domain-tag-add_loud net @tag:seen allow target=dom0\n"
                "admin.Events +domain-add net @anyvm allow target=dom0\n")
    q.call("admin.vm.tag.Set", "work", "seen")
    seen = lambda: [l.split()[0] for l in q.get("admin.vm.List", src="net").splitlines()]
    ok(eventually(lambda: seen() == ["work"]), "with one, what it allows", seen())
    ev = Stream(q, src="net")
    q.call("admin.vm.tag.Set", "work", "quiet")
    q.call("admin.vm.tag.Set", "tpl", "loud")
    q.call("admin.vm.tag.Set", "work", "loud")
    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=fresh label=red")
    eq(ev.take("fresh")[1:], ["work domain-tag-add:loud tag=loud", " domain-add vm=fresh"],
       "events, too")
    q.call("admin.vm.Remove", "fresh")
    ev.close()
    with open(rules, "w") as f:
        f.write("nonsense\n")
    ok(eventually(lambda: seen() == []), "with a broken one it sees nothing", seen())
    os.unlink(rules)
    own = Stream(q, dest="net", src="dom0")
    q.call("admin.vm.tag.Set", "work", "quiet2")
    q.call("admin.vm.tag.Set", "net", "loud")
    eq(own.take("loud")[1:], ["net domain-tag-add:loud tag=loud"], "a stream about one qube")
    own.close()
    many = [Stream(q, src="net") for _ in range(16)]
    eq(q.get("admin.Events", src="net"), "[QubesException]", "a qube has so many streams, not more")
    for s in many:
        s.close()
    eq(q.get("admin.vm.tag.Set", "work", "created-by-net", src="net"), "[PermissionDenied]",
       "who created a qube is not for others to say")


def services(q):
    """What other qubes call: links to the sockets, for every method that is theirs."""
    rpc = q.root + "/etc/qubes-rpc"
    os.makedirs(rpc, exist_ok=True)
    os.symlink("../../run/qubesd.sock", rpc + "/admin.vm.OfOldDays")
    open(rpc + "/admin.vm.Kill", "w").close()
    run = [BUILD + "/bin/qubesd", "--root", q.root, "--link-services"]
    eq([subprocess.run(run, env=q.env).returncode for _ in range(2)], [0, 0], "services are made")
    made = {n: os.readlink(rpc + "/" + n) for n in os.listdir(rpc) if os.path.islink(rpc + "/" + n)}
    eq((made.get("admin.vm.List"), made.get("qubes.FeaturesRequest")),
       ("../../run/qubesd.sock", "../../run/qubesd.misc.sock"), "as links to the sockets")
    ok(len(made) > 100, "all of them", len(made))
    ok(os.path.exists(rpc + "/admin.vm.List"), "which lead there")
    eq([n for n in ("admin.vm.OfOldDays", "admin.vm.Kill", "admin.vm.Console",
                    "internal.GetSystemInfo") if n in made], [],
       "old ones go, own files stay, internal ones are none")
    policy = open(os.path.dirname(__file__) + "/../../policy/policy.d/90-admin-default.policy").read()
    named = set(re.findall(r"(?m)^!include-service (admin\.\S+)", policy))
    eq(sorted(n for n in made if n.startswith("admin.vm.") and n not in named
              and not n.startswith(("admin.vm.device.", "admin.vms."))), [],
       "the default policy names each")


def nonsense(q):
    """Random requests: no crash, no hang, no change."""
    rnd = random.Random(7)
    before = q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "work")
    words = [b"admin.vm.List", b"admin.vm.property.Set", b"admin.vm.Create.AppVM", b"dom0", b"name",
             b"work", b"keyword", b"+", b" ", b"\0", b"memory", b"name=", b"label=red", b"%s%n",
             b"\xff", b"uuid:", b"nosuch", b"=", b"\n", b"-1", b"admin.pool.Add", b"file-reflink"]
    for _ in range(300 if SANITIZED else 2000):
        data = b"".join(rnd.choice(words) for _ in range(rnd.randrange(14)))
        if data.startswith(b"admin.Events") or data.startswith(b"admin.vm.Stats"):
            continue
        reply = raw(q.sock(rnd.choice(("", "internal.", "misc."))), data)
        if reply and reply[:2] not in (b"0\0", b"2\0"):
            ok(False, "odd reply", (data, reply))
    eq((q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "work")), before,
       "random requests change nothing")
    eq(q.proc.poll(), None, "and it still runs")


def restart(q):
    before = q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "work"), q.images()
    second = subprocess.run([q.bin, "--root", q.root, "--libvirt", "test:///default"], env=q.env,
                            capture_output=True, text=True, timeout=120)
    ok(second.returncode == 1 and "another qubesd runs already" in second.stderr,
       "a second daemon does not start", second)
    eq(q.stop(), 0, "stops when told")
    ok(not os.path.exists(q.sock()), "and removes its socket")
    q.start()
    eq((q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "work"), q.images()), before,
       "a new one knows the same")
    q.stop(signal.SIGKILL)
    with open(q.root + "/var/lib/qubes/qubes.xml", "r+b") as f:
        f.truncate(200)
    q.start()
    eq((q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "work")), before[:2],
       "a damaged qubes.xml is restored")
    ok("IS DAMAGED" in q.logged(), "loudly")
    q.stop()
    with open(q.root + "/var/lib/qubes/qubes.xml", "r+") as f:
        text = f.read()
        f.seek(0)
        f.write(text.replace('name="label"', 'name="labbel"'))
        f.truncate()
    status = q.start(wait=False).proc.wait(120)
    ok(status == 1 and "labbel" in q.logged(), "an unknown property is an error that names it")
    open(q.root + "/var/lib/qubes/qubes.xml", "w").write(text)
    q.start()


def crashes(q):
    """kill -9 while qubes are made and removed: nothing half-made stays."""
    rnd = random.Random(3)
    for round_ in range(4 if SANITIZED else 12):
        def busy():
            try:
                for i in range(50):
                    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=k%d label=red" % i)
                    q.call("admin.vm.Create.DispVM", "dom0", "dvm", "name=d%d label=red" % i)
                    if i % 2:
                        q.call("admin.vm.Remove", "k%d" % (i - 1))
                    q.call("admin.vm.Start", "d%d" % i)
            except OSError:
                pass
        t = threading.Thread(target=busy)
        t.start()
        time.sleep(rnd.uniform(0.02, 0.3))
        q.stop(signal.SIGKILL)
        t.join()
        q.start()
        names = {l.split()[0] for l in q.get("admin.vm.List").splitlines()}
        stray = lambda: [i for i in q.images() if i.split("/")[1] not in names or "dirty" in i]
        if not eventually(lambda: not stray()) or q.get("admin.vm.volume.Info", "work", "root").startswith("["):
            ok(False, "after kill -9 nothing half-made stays", stray())
            return
        for n in names - {"dom0", "tpl", "net", "dvm", "work"}:
            q.call("admin.vm.Remove", n)
    ok(True, "after kill -9 nothing half-made stays")
    eq(os.listdir(q.root + "/var/lib/qubes/unfinished"), [], "and nothing is unfinished")


def full_disk():
    """A disk that is full at every write: a clear error, and the state is as it was."""
    q = Qubesd()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs",
                                       q.root], capture_output=True).returncode:
        q.remove()
        tap.n += 1
        print("ok", tap.n, "- full disk # SKIP no permission to mount")
        return
    try:
        q.start().furnish()
        events = Stream(q)
        before = q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "net"), q.images()
        with open(q.root + "/fill", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        q.call("admin.pool.Info", "dom0", "varlibqubes")
        ok(events.wait(lambda l: any("pool-usage pool=varlibqubes level=full data=" in x
                                     for x in l)), "full disk: an event says so", events.lines)
        ok("pool varlibqubes is full" in q.logged(), "full disk: and the log")
        ok("nothing was changed" in q.message("admin.vm.property.Set", "net", "memory", "777"),
           "full disk: a property")
        ok(q.message("admin.vm.Create.AppVM", "dom0", "tpl", "name=x label=red"), "full disk: create")
        ok("nothing was changed" in q.message("admin.vm.Remove", "dvm") or
           "in use" in q.message("admin.vm.Remove", "dvm"), "full disk: remove")
        ok(q.message("admin.label.Create", "dom0", "pink", "0xff00ff"), "full disk: label")
        ok(q.message("admin.vm.firewall.Set", "net", "", "action=drop\n"), "full disk: firewall")
        eq((q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "net"), q.images()), before,
           "full disk: nothing was changed")
        os.unlink(q.root + "/fill")
        eq(q.get("admin.vm.property.Set", "net", "memory", "777"), "", "with room again it works")
        q.call("admin.pool.Info", "dom0", "varlibqubes")
        ok(events.wait(lambda l: any("level=normal" in x for x in l)), "and an event says so")
        events.close()
        q.stop(signal.SIGKILL)
        q.start()
        eq(q.get("admin.vm.property.Get", "net", "memory"), "default=False type=int 777", "and lasts")
    finally:
        q.proc.kill()
        q.proc.wait()
        subprocess.run(["umount", "-l", q.root])
        q.remove()


def main():
    q = Qubesd().start().furnish()
    try:
        for part in (framing, creation, properties, attributes, life, slow_end, other_netvm, disposables,
                     volumes, pools, crowd, slow_client, other_qubes, services, nonsense, restart, crashes):
            part(q)
        eq(q.stop(), 0, "ends well")
        log = q.logged()
        ok("Sanitizer" not in log and "runtime error" not in log and "CRITICAL" not in log,
           "nothing was reported by checkers", log[-3000:])
    finally:
        q.remove()
    full_disk()
    return tap.end()


sys.exit(main())
