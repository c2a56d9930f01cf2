# SPDX-License-Identifier: GPL-2.0-or-later
"""Preloaded disposables on libvirt's in-memory hypervisor. Started by qubesd-preload.sh."""
import sys
from qubesd_env import Qubesd, Stream, Tap, eventually

tap = Tap()
ok, eq = tap.ok, tap.eq


def feature(q, vm, name, value):
    return q.get("admin.vm.feature.Set", vm, name, value)


def waiting(q, dvm="dvm"):
    return [n for n in q.get("admin.vm.feature.Get", dvm, "preload-dispvm").split() if n[0] != "["]


def names(q):
    return [l.split()[0] for l in q.get("admin.vm.List").splitlines()]


def settled(q, n, dvm="dvm"):
    """n of them wait, paused."""
    def cond():
        w = waiting(q, dvm)
        return len(w) == n and all(
            x in names(q) and q.state(x) == "Paused" and
            q.get("admin.vm.feature.Get", x, "preload-dispvm-in-progress") == "" for x in w)
    return eventually(cond)


def refusals(q):
    eq(feature(q, "dvm", "preload-dispvm-max", "1"), "[QubesValueError]",
       "without qrexec nothing is preloaded")
    feature(q, "tpl", "qrexec", "1")
    eq(feature(q, "dvm", "preload-dispvm-max", "1"), "[QubesValueError]",
       "nor without the services that are waited for")
    ok("qubes.WaitForSession" in q.message("admin.vm.feature.Set", "dvm", "preload-dispvm-max",
                                           "1"), "which are named")
    eq(q.get("admin.vm.CreateDisposable", "dvm", "preload"), "[QubesValueError]",
       "nor on request")
    for service in ("WaitForRunningSystem", "WaitForSession"):
        feature(q, "tpl", "supported-rpc.qubes." + service, "1")
    for vm, name, value in (("dvm", "preload-dispvm-max", "x"), ("dom0", "preload-dispvm-max", "-1"),
                            ("dvm", "preload-dispvm-delay", "soon"),
                            ("dom0", "preload-dispvm-threshold", "1.5")):
        eq(feature(q, vm, name, value), "[QubesValueError]", "no %s=%s" % (name, value))
    eq(feature(q, "dvm", "preload-dispvm", "dvm"), "[PermissionDenied]",
       "the list is qubesd's own")


def life(q):
    feature(q, "dvm", "preload-dispvm-delay", "0.1")
    q.get("admin.vm.tag.Remove", "dvm", "created-by-dom0")
    ev = Stream(q)
    eq(feature(q, "dvm", "preload-dispvm-max", "1"), "", "one is wanted")
    ok(settled(q, 1), "one waits, paused", q.get("admin.vm.List"))
    disp, = waiting(q)
    story = [l for l in ev.take("preload-dispvm-in-progress value= ") if "net " not in l]
    seen = [l.split(" ", 1)[1] for l in story if l.startswith((disp, "dvm ", " domain-add"))
            and "pre-set" not in l and "property-reset" not in l]
    eq(seen, [x.replace("DISP", disp) for x in (
        "domain-feature-set:preload-dispvm-max feature=preload-dispvm-max value=1",
        "domain-preload-dispvm-start reason=local feature was set to '1'",
        "domain-add vm=DISP",
        "domain-feature-set:preload-dispvm-in-progress feature=preload-dispvm-in-progress value=1",
        "domain-feature-set:preload-dispvm feature=preload-dispvm value=DISP",
        "domain-feature-set:internal feature=internal value=1", "domain-create-on-disk",
        "domain-pre-start start_guid=True mem_required=None", "domain-verify-files",
        "domain-pre-spawn start_guid=True", "domain-spawn start_guid=True", "domain-qdb-create",
        "domain-pre-unpaused", "domain-unpaused", "domain-start start_guid=True",
        "domain-cmd-pre-run start_guid=False", "domain-pre-paused", "domain-paused",
        "domain-feature-set:preload-dispvm-completed feature=preload-dispvm-completed value=1",
        "domain-feature-set:preload-dispvm-in-progress feature=preload-dispvm-in-progress "
        "value= oldvalue=1")], "its story in events")
    ok(q.get("admin.vm.property.Get", disp, "is_preload").endswith("True"), "is_preload")
    eq(q.get("admin.vm.tag.List", disp), "audiovm-dom0\nguivm-dom0\n", "nobody has created it")

    ev.take()
    eq(q.get("admin.vm.CreateDisposable", "dvm"), disp, "who asks for a disposable gets it")
    eq(q.state(disp), "Running", "running")
    story = [l for l in ev.take("domain-tag-add:disp-created-by") if "feature-pre" not in l]
    eq([l for l in story if "feature-set:preload-dispvm-in-progress" not in l][:10],
       [x.replace("DISP", disp) for x in (
        "DISP property-reset:is_preload name=is_preload",
        "dvm domain-feature-set:preload-dispvm feature=preload-dispvm value= oldvalue=DISP",
        "DISP property-reset:is_preload name=is_preload",
        "DISP domain-pre-unpaused", "DISP domain-unpaused",
        "DISP domain-feature-delete:internal feature=internal",
        "DISP property-reset:is_preload name=is_preload",
        "DISP domain-feature-delete:preload-dispvm-in-progress "
        "feature=preload-dispvm-in-progress",
        "dvm domain-preload-dispvm-used dispvm=DISP delay=0.1",
        "DISP domain-tag-add:created-by-dom0 tag=created-by-dom0")], "the story of the request")
    ok(q.get("admin.vm.property.Get", disp, "is_preload").endswith("False"), "not preloaded now")
    ok(settled(q, 1) and waiting(q) != [disp], "the gap is filled")
    eq(q.get("admin.vm.Kill", disp), "", "used and thrown away")
    ok(eventually(lambda: disp not in names(q)), "it is gone")

    second, = waiting(q)
    eq(q.get("admin.vm.Unpause", second), "", "one that is resumed by hand")
    eq((waiting(q) == [second], q.get("admin.vm.feature.Get", second, "internal")),
       (False, "[QubesFeatureNotFoundError]"), "counts as used")
    ok(settled(q, 1), "and is replaced")
    q.get("admin.vm.Kill", second)
    uuid = q.get("admin.vm.CreateDisposable", "dvm", "", "uuid")
    ok(uuid.startswith("uuid:"), "asked for by uuid", uuid)
    q.get("admin.vm.Kill", uuid)
    ok(settled(q, 1), "one waits again")
    third, = waiting(q)
    eq(q.get("admin.vm.Shutdown", third), "", "a waiting one that is shut down")
    ok(eventually(lambda: third not in names(q) and waiting(q) == []), "leaves the list")
    eq(q.get("admin.vm.CreateDisposable", "dvm", "preload"), "", "filling on request")
    ok(settled(q, 1), "returns when it waits")
    ev.close()


def numbers(q):
    feature(q, "dvm", "preload-dispvm-max", "3")
    ok(settled(q, 3), "three wait")
    feature(q, "dvm", "preload-dispvm-max", "1")
    ok(settled(q, 1) and eventually(lambda: sum(n.startswith("disp") for n in names(q)) == 1),
       "one waits, the others are gone", q.get("admin.vm.List"))
    feature(q, "dom0", "preload-dispvm-max", "2")
    ok(settled(q, 2), "dom0's number wins for the default template")
    feature(q, "dom0", "preload-dispvm-max", "0")
    ok(settled(q, 0), "also when it is 0")
    q.get("admin.vm.feature.Remove", "dom0", "preload-dispvm-max")
    ok(settled(q, 1), "without it the template's own holds")
    feature(q, "dom0", "preload-dispvm-threshold", "999999999")
    q.get("admin.vm.Kill", waiting(q)[0])
    eq(q.get("admin.vm.CreateDisposable", "dvm", "preload"), "", "with no memory to spare")
    eq(waiting(q), [], "none is made")
    q.get("admin.vm.feature.Remove", "dom0", "preload-dispvm-threshold")
    q.get("admin.vm.CreateDisposable", "dvm", "preload")
    ok(settled(q, 1), "with enough of it, one")


def outdated(q):
    old, = waiting(q)
    q.get("admin.vm.property.Set", "dvm", "vcpus", "3")
    new = q.get("admin.vm.CreateDisposable", "dvm")
    ok(new != old and new.startswith("disp"), "one that is out of date is not handed out", new)
    ok(q.get("admin.vm.property.Get", new, "vcpus").endswith("type=int 3"),
       "a new one is as its template is now")
    ok(eventually(lambda: old not in names(q)), "the old one is thrown away")
    q.get("admin.vm.CreateDisposable", "dvm", "preload")
    ok(settled(q, 1), "and replaced")
    old, = waiting(q)
    q.get("admin.vm.Start", new)
    eq(q.get("admin.vm.property.Set", "dvm", "template", "tpl2"), "[QubesVMInUseError]",
       "a template with a used disposable keeps its own template")
    q.get("admin.vm.Kill", new)
    eventually(lambda: new not in names(q))
    eq(q.get("admin.vm.property.Set", "dvm", "template", "tpl2"), "",
       "one with preloaded ones only does not")
    ok(eventually(lambda: old not in names(q)) and settled(q, 1), "they are made anew")
    eq(q.get("admin.vm.property.Set", "dvm", "template_for_dispvms", "False"),
       "[QubesVMInUseError]", "it stays a disposable template while it is the default")


def restart(q):
    kept, = waiting(q)
    eq(q.stop(), 0, "qubesd ends with one waiting")
    q.start()
    # The test hypervisor forgot it with its process: what does not run any more is removed.
    ok(eventually(lambda: kept not in names(q)) and settled(q, 1),
       "after a restart, what is missing is made", q.get("admin.vm.List"))
    last, = waiting(q)
    q.get("admin.property.Set", "dom0", "default_dispvm", "")
    eq(q.get("admin.vm.Remove", "dvm"), "", "a disposable template is removed")
    ok(eventually(lambda: "dvm" not in names(q) and last not in names(q)),
       "with its preloaded ones", q.get("admin.vm.List"))
    ok(not [i for i in q.images() if i.startswith("appvms/disp")], "nothing is left on disk",
       q.images())


def main():
    q = Qubesd()
    try:
        q.start().furnish()
        q.call("admin.vm.Create.TemplateVM", "dom0", "", "name=tpl2 label=black")
        for f in ("qrexec", "supported-rpc.qubes.WaitForRunningSystem",
                  "supported-rpc.qubes.WaitForSession"):
            feature(q, "tpl2", f, "1")
        for part in (refusals, life, numbers, outdated, restart):
            part(q)
        eq(q.stop(), 0, "qubesd ends")
        if tap.failed:
            print("# " + q.logged()[-3000:].replace("\n", "\n# "))
    finally:
        q.remove()
    return tap.end()


sys.exit(main())
