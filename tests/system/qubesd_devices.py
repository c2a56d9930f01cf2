# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of devices and of what netvms are told. Started by qubesd-devices.sh."""
import os, re, signal, socket, subprocess, sys, threading, time
from qubesd_env import BUILD, Qubesd, Stream, Tap, eventually
from qubesd_place import Place

tap = Tap()
ok, eq = tap.ok, tap.eq
BLOCK = "admin.vm.device.block."


def put(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text + "\n")


def hardware(root):
    """A disk with a partition, a CD, a loop device that is nobody's business, two PCI devices."""
    disk = root + "/sys/block/sda"
    for path, dev, size in ((disk, "8:240", 62500000), (disk + "/sda1", "8:241", 62400000),
                            (root + "/sys/block/sr0", "11:99", 1400000),
                            (root + "/sys/block/loop7", "7:77", 2048),
                            (root + "/sys/block/ram0", "1:99", 2048)):
        put(path + "/dev", dev)
        put(path + "/size", str(size))
    put(disk + "/device/model", "STICK 32G")
    put(disk + "/sda1/partition", "1")
    put(root + "/secret/.qubes-exclude-block-devices")
    put(root + "/sys/block/loop7/loop/backing_file", root + "/secret/vm/private.img")
    for sbdf, where, cls in (("0000:00:1c.0", "pci0000:00/0000:00:1c.0", "0x060400"),
                             ("0000:02:00.0", "pci0000:00/0000:00:1c.0/0000:02:00.0", "0x020000")):
        for name, text in (("vendor", "0x8086"), ("device", "0x100e"), ("class", cls)):
            put("%s/sys/devices/%s/%s" % (root, where, name), text)
        os.makedirs(root + "/sys/bus/pci/devices", exist_ok=True)
        os.symlink("../../../devices/" + where, "%s/sys/bus/pci/devices/%s" % (root, sbdf))
    put(root + "/sys/devices/pci0000:00/0000:00:1c.0/secondary_bus_number", "2")


def ports(reply):
    return [line.split(" ")[0] for line in reply.splitlines()]


def field(line, key):
    m = re.search(r"\b%s='((?:\\'|[^'])*)'" % key, line)
    return m.group(1) if m else None


def dom0_devices(q):
    eq(q.get("admin.deviceclass.List").split(), ["pci", "block", "mic", "usb"], "device classes")
    eq(q.get(BLOCK + "Available"),
       "sda1::None:1 device_id=':None:1' port_id='sda1' devclass='block' backend_domain='dom0' "
       "manufacturer='sub-device of dom0:sda' serial='STICK 32G' interfaces='b******' parent_port_id='sda' "
       "parent_devclass='block'\n"
       "sda::None device_id=':None' port_id='sda' devclass='block' backend_domain='dom0' "
       "manufacturer='hosted by dom0' serial='STICK 32G' interfaces='b******'\n"
       "sr0::0 device_id=':0' port_id='sr0' devclass='block' backend_domain='dom0' "
       "manufacturer='hosted by dom0' interfaces='b******'\n", "dom0's block devices")
    pci = q.get("admin.vm.device.pci.Available").splitlines()
    eq(ports("\n".join(pci)), ["00_1c.0-00_00.0:0x8086:0x100e::p020000",
                               "00_1c.0:0x8086:0x100e::p060400"], "PCI devices by path")
    eq(field(pci[0], "_sbdf"), "0000:02:00.0", "and their addresses")
    eq(ports(q.get("admin.vm.device.mic.Available")), ["mic:dom0:mic::m000000"], "the microphone")
    eq(q.get(BLOCK + "Available", "work"), "", "a halted qube has none")


def assignments(q):
    def assign(arg, payload, dest="work"):
        return q.get(BLOCK + "Assign", dest, arg, payload)

    events = Stream(q)
    events.take()
    eq(assign("dom0+sda+_", "device_id='*' port_id='sda' devclass='block' backend_domain='dom0' "
              "mode='required' frontend_domain='work' _read-only='True'"), "", "assign")
    eq(events.take("device-assign"),
       ["work device-pre-assign:block device=dom0:sda:* options={'read-only': 'True'}",
        "work device-assign:block device=dom0:sda:* options={'read-only': 'True'}"], "its events")
    line = ("dom0+sda:* device_id='*' port_id='sda' devclass='block' backend_domain='dom0' "
            "mode='required' frontend_domain='work' _read-only='True'\n")
    eq(q.get(BLOCK + "Assigned", "work"), line, "it is listed")
    eq(q.get(BLOCK + "Assigned", "work", "dom0+sda"), line, "and found by port")
    eq(q.get(BLOCK + "Assigned", "work", "dom0+sdb"), "", "another port has none")
    for arg, payload, want in (
            ("dom0+sda+_", "mode='required'", "[DeviceAlreadyAssigned]"),
            ("dom0+sda1", "mode='manual'", "[QubesValueError]"),
            ("dom0+sda1", "mode='never'", "[ProtocolError]"),
            ("dom0+sda1", "", "[ProtocolError]"),
            ("dom0", "mode='required'", "[ProtocolError]"),
            ("nosuch+sda", "mode='required'", "[QubesVMNotFoundError]"),
            ("dom0+x", "mode='required' backend_domain='work'", "[ProtocolError]"),
            ("dom0+x", "mode='required' port_id='y'", "[ProtocolError]"),
            ("dom0+x", "mode='required' devclass='pci'", "[ProtocolError]"),
            ("dom0+x+1+2", "mode='required' device_id='3:4'", "[ProtocolError]"),
            ("dom0+x", "mode='required' junk='1'", "[ProtocolError]"),
            ("dom0+x", "nonsense", "[ProtocolError]"),
            ("dom0+x", "mode='required' _a='\x01'", "[ProtocolError]"),
            ("dom0+x", "mode='required' " + " ".join("_%d='1'" % i for i in range(99)),
             "[ProtocolError]")):
        eq(assign(arg, payload), want, "refused: %s %.40s" % (arg, payload.strip("\x01")))
    eq(assign("dom0+x+dead+beef+_______", "mode='auto-attach' _a='it\\'s'"), "", "odd identities")
    eq(q.get(BLOCK + "Assigned", "work", "dom0+x"),
       "dom0+x:dead:beef:?****** device_id='dead:beef:?******' port_id='x' devclass='block' "
       "backend_domain='dom0' mode='auto-attach' frontend_domain='work' _a='it\\'s'\n",
       "come back as they are")
    eq(q.get(BLOCK + "Unassign", "work", "dom0+x"), "[DeviceNotAssigned]", "unassign the wrong one")
    eq(q.get(BLOCK + "Unassign", "work", "dom0+x+dead+beef+_______"), "", "unassign")
    events.take()
    eq(q.get(BLOCK + "Set.assignment", "work", "dom0+sda+_", "ask-to-attach"), "", "set the mode")
    eq(events.take("assignment-changed")[-1],
       "work device-assignment-changed:block device=dom0:sda:*", "its event")
    for arg, mode, want in (("dom0+sda+_", "manual", "[QubesUnrecognizedDeviceAssignmentMode]"),
                            ("dom0+sdz+_", "required", "[QubesValueError]")):
        eq(q.get(BLOCK + "Set.assignment", "work", arg, mode), want, "refused: " + mode)
    eq(q.get("admin.vm.device.usb.Assign", "work", "dom0+1-1", "mode='auto-attach' _x='1'"),
       "[QubesException]", "USB assignments have no options")
    events.close()


def attaching(q):
    def attach(arg, payload="", dest="work", cls="block"):
        return q.get("admin.vm.device.%s.Attach" % cls, dest, arg, payload)

    eq(attach("dom0+sda"), "[QubesVMNotRunningError]", "a halted qube is lent nothing")
    q.call(BLOCK + "Unassign", "work", "dom0+sda+_")
    q.call("admin.vm.Start", "work")
    events = Stream(q)
    events.take()
    eq(attach("dom0+sda+_"), "", "attach")
    eq(events.take("device-attach"),
       ["work device-pre-attach:block device=dom0:sda::None options={}",
        "work device-attach:block device=dom0:sda::None options={'read-only': 'no', "
        "'frontend-dev': 'xvdi'}"], "its events")
    eq(q.get(BLOCK + "Attached", "work"),
       "dom0+sda::None device_id=':None' port_id='sda' devclass='block' backend_domain='dom0' "
       "mode='manual' frontend_domain='work' _read-only='no' _frontend-dev='xvdi'\n", "listed")
    eq(field(q.get(BLOCK + "Available", arg="sda"), "attachment"), "work", "its backend says so")
    for arg, payload, want in (
            ("dom0+sda", "", "[DeviceAlreadyAttached]"), ("dom0+sda1", "", "[DeviceAlreadyAttached]"),
            ("dom0+nope", "", "[ProtocolError]"), ("dom0+_+_", "", "[ProtocolError]"),
            ("dom0+sr0", "_read-only='no'", "[QubesValueError]"),
            ("dom0+sr0", "_frontend-dev='hda'", "[QubesValueError]"),
            ("dom0+sr0", "_frontend-dev='xvda'", "[QubesValueError]"),
            ("dom0+sr0", "_frontend-dev='xvdi'", "[QubesValueError]"),
            ("dom0+sr0", "_frontend-dev='xvd/../x'", "[QubesValueError]"),
            ("dom0+sr0", "_devtype='floppy'", "[QubesValueError]"),
            ("dom0+sr0", "_what='x'", "[QubesValueError]")):
        eq(attach(arg, payload), want, "refused: %s %s" % (arg, payload))
    eq(attach("dom0+sr0", "_devtype='cdrom'"), "", "a CD")
    ok("_read-only='yes'" in q.get(BLOCK + "Attached", "work", "dom0+sr0"), "is read-only")
    eq(attach("dom0+sda", dest="dom0"), "[QubesException]", "dom0 is lent nothing")
    eq(q.get(BLOCK + "Detach", "work", "dom0+sda"), "", "detach")
    eq(q.get(BLOCK + "Detach", "work", "dom0+sda"), "[DeviceNotAssigned]", "detach again")
    q.call("admin.vm.device.denied.Add", "work", "", "b******")
    eq(attach("dom0+sda"), "[PermissionDenied]", "denied kinds are refused")
    eq(attach("dom0+sda", "mode='auto-attach'"), "[PermissionDenied]", "whatever the mode says")
    eq(attach("dom0+nope"), "[PermissionDenied]", "and so are unknown ones then")
    q.call("admin.vm.device.denied.Remove", "work", "", "all")
    eq(attach("dom0+mic", cls="mic"), "", "the microphone")
    eq(open(q.root + "/run/qubes/audio-input-config/work").read(), "1", "dom0's audio is told")
    eq(attach("dom0+mic", cls="mic", payload="_x='1'"), "[DeviceAlreadyAttached]", "twice")
    eq(q.get("admin.vm.device.mic.Detach", "work", "dom0+mic"), "", "and taken back")
    eq(attach("dom0+00_1c.0-00_00.0", cls="pci"), "[QubesException]", "PCI needs another virt_mode")
    events.take()
    q.call("admin.vm.Kill", "work")
    eq([l for l in events.take("device-detach") if "device" in l],
       ["work device-detach:block port=dom0:sr0"], "the end of a run detaches")
    eq(q.get(BLOCK + "Attached", "work"), "", "nothing is left")
    events.close()


def with_starts(q):
    q.call(BLOCK + "Assign", "work", "dom0+nope+_", "mode='required'")
    eq(q.get("admin.vm.Start", "work"), "[QubesException]", "a required device must be there")
    eq(q.message("admin.vm.Start", "work"), "Block device dom0:nope:* not available", "it says so")
    q.call(BLOCK + "Unassign", "work", "dom0+nope+_")
    q.call(BLOCK + "Assign", "work", "dom0+sda+_", "mode='required'")
    q.call(BLOCK + "Assign", "work", "dom0+sr0+_", "mode='auto-attach' _devtype='cdrom'")
    eq(q.get("admin.vm.Start", "work"), "", "start with devices")
    eq(ports(q.get(BLOCK + "Attached", "work")), ["dom0+sda::None", "dom0+sr0::0"], "has both")
    eq(q.get(BLOCK + "Detach", "work", "dom0+sda"), "[QubesVMNotHaltedError]",
       "a required device stays")
    q.stop(signal.SIGKILL)
    q.start()
    eq(ports(q.get(BLOCK + "Assigned", "work")), ["dom0+sda:*", "dom0+sr0:*"], "in the store")
    xml = open(q.root + "/var/lib/qubes/qubes.xml").read()
    ok('<devices class="block">' in xml and '<device backend-domain="dom0" id="sda" '
       'mode="required" identity="*"/>' in xml, "as upstream writes it")
    # The hypervisor in memory ended with qubesd.
    q.call(BLOCK + "Unassign", "work", "dom0+sda+_")
    q.call(BLOCK + "Unassign", "work", "dom0+sr0+_")


def announced(p):
    """A qube announces devices in its QubesDB, not all of them honestly."""
    q = p.q

    def write(*pairs, name="net"):
        subprocess.run([BUILD + "/bin/qubesdb-write", "-d", name] + list(pairs), check=True,
                       env=dict(os.environ, QUBES_ROOT=q.root))

    def rm(path, name="net"):
        subprocess.run([BUILD + "/bin/qubesdb-rm", "-d", name, path], check=True,
                       env=dict(os.environ, QUBES_ROOT=q.root))

    def disk(name, **kv):
        base = "/qubes-block-devices/" + name
        write(*sum(([base + "/" + k, v] for k, v in kv.items()), []), "/qubes-block-devices", "")

    q.call("admin.vm.Start", "net")
    q.call("admin.vm.Start", "work")
    events = Stream(q)
    events.take()
    disk("sdb", desc="BIG_STICK (MY DATA)", size="1000", mode="w")
    ok(events.wait(lambda l: any("device-added" in x for x in l)), "a new device is heard of")
    heard = [l for l in events.take() if "device" in l]
    ok("net device-list-change:block" in heard and
       "net device-added:block device=net:sdb::None" in heard, "its events", heard)
    line = q.get(BLOCK + "Available", "net")
    eq((field(line, "serial"), field(line, "name")), ("BIG STICK", "MY DATA"), "what it is called")
    eq(q.get(BLOCK + "Attach", "work", "net+sdb"), "", "lent by another qube")
    disk("UPPER", desc="x")
    disk("averyveryverylongname", desc="x")
    disk("sdc", desc="bell\a'quote \x7f\\x27 (a'b)", size="5x", mode="x", parent="sdd'")
    disk("sdd", parent="sdc", desc="loop")
    disk("sde", parent="2-1:1.0", desc="y")
    write("/qubes-usb-devices/2-1/desc", "1d6b:0002 ACME Stick 123", "/qubes-usb-devices/2-1/interfaces",
          ":080650:", "/qubes-usb-devices/2-1/connected-to", "nobody",
          "/qubes-usb-devices/x-y/desc", "x", "/qubes-usb-devices", "")
    got = q.get(BLOCK + "Available", "net")
    eq(sorted(x.split(":")[0] for x in ports(got)), ["sdb", "sdc", "sdd", "sde"],
       "impossible names are left out")
    for l in got.splitlines():
        ok(re.fullmatch(r"[ -~]+", l), "only printable: " + l.split(" ")[0], l)
    usb = q.get("admin.vm.device.usb.Available", "net")
    eq(ports(usb), ["2-1:1d6b:0002:123:u080650"], "USB")
    eq((field(usb, "manufacturer"), field(usb, "name"), field(usb, "attachment")),
       ("ACME", "Stick", None), "nobody is no qube")
    ok("sde:1d6b:0002:123:u080650:1.0" in ports(got), "a disk on USB is known by it", got)
    eq(q.get("admin.vm.device.usb.Attach", "work", "net+2-1"), "[QubesVMError]",
       "USB needs agents in both")
    events.take()
    rm("/qubes-block-devices/sdb/")
    write("/qubes-block-devices", "")
    ok(events.wait(lambda l: any("device-detach:block" in x for x in l)), "pulled out: detached")
    heard = [l for l in events.take() if "device-" in l]
    ok("net device-removed:block port=net:sdb" in heard and
       "work device-detach:block port=net:sdb" in heard, "and told", heard)
    eq(q.get(BLOCK + "Attached", "work"), "", "the user has it no more")
    q.call(BLOCK + "Assign", "work", "net+sdf+_", "mode='auto-attach' _read-only='yes'")
    disk("sdf", desc="again")
    ok(events.wait(lambda l: any("device-attach:block" in x for x in l)),
       "an assigned device is attached when it comes")
    ok("_read-only='yes'" in q.get(BLOCK + "Attached", "work"), "with its options")
    asked_socket(q, disk, "device-agent.GUI", b"device-agent.GUI", b'"argument": "sdg"')
    asked_socket(q, disk, "policy-agent.sock", b"policy.Ask",
                 b'"service": "device.Attach", "argument": "+sdg"')
    events.close()
    events = Stream(q)
    events.take()
    q.call("admin.vm.Kill", "net")
    ok(events.wait(lambda l: any("device-detach:block port=net:sdf" in x for x in l)),
       "the lender's end detaches")
    eq(q.get(BLOCK + "Available", "net"), "", "and it offers nothing")
    events.close()
    q.call("admin.vm.Start", "net")
    for n in range(300):
        write("/qubes-block-devices/d%d/desc" % n, "x")
    write("/qubes-block-devices", "")
    n = len(ports(q.get(BLOCK + "Available", "net")))
    ok(200 <= n <= 256, "too many are not listened to", n)


def asked_socket(q, disk, sock, start, also):
    """ask-to-attach goes to an agent of the session."""
    path = q.root + "/run/qubes/" + sock
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    asked = []

    def serve():
        for answer in (b"deny", b"allow:dom0", b"allow:work"):
            with server.accept()[0] as s:
                data = b""
                while part := s.recv(65536):
                    data += part
                asked.append(data)
                try:
                    s.sendall(answer)
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    events = Stream(q)
    q.call(BLOCK + "Assign", "work", "net+sdg+_", "mode='ask-to-attach'")
    for n, what in enumerate(("refused", "an answer that was not asked for")):
        disk("sdg", desc="ask%d" % n)
        ok(eventually(lambda: len(asked) == n + 1), "the user is asked")
        time.sleep(0.2)
        ok("net+sdg" not in q.get(BLOCK + "Attached", "work"), what)
        subprocess.run([BUILD + "/bin/qubesdb-rm", "-d", "net", "/qubes-block-devices/sdg/"],
                       env=dict(os.environ, QUBES_ROOT=q.root))
        disk("sdh", desc="x%d" % n)
        # Only one that qubesd has seen go can come again.
        ok(events.wait(lambda l: any("net device-removed:block port=net:sdg" in x for x in l)), "pulled out")
        events.take()
    events.close()
    disk("sdg", desc="ask")
    ok(eventually(lambda: "net+sdg" in q.get(BLOCK + "Attached", "work")), "allowed")
    ok(asked[0].startswith(start + b" dom0 name dom0\0{") and also in asked[0] and
       b'"targets": ["work"]' in asked[0] and b'"source": "net"' in asked[0], "what is asked",
       asked[0])
    q.call(BLOCK + "Detach", "work", "net+sdg")
    q.call(BLOCK + "Unassign", "work", "net+sdg+_")
    subprocess.run([BUILD + "/bin/qubesdb-rm", "-d", "net", "/qubes-block-devices/sdg/"],
                   env=dict(os.environ, QUBES_ROOT=q.root))
    eventually(lambda: "sdg" not in q.get(BLOCK + "Available", "net"))
    server.close()
    os.unlink(path)


def netvm(p):
    q = p.q

    def read(key):
        r = subprocess.run([BUILD + "/bin/qubesdb-read", "-d", "net", key], capture_output=True,
                           text=True, env=dict(os.environ, QUBES_ROOT=q.root))
        return r.stdout.rstrip("\n") if r.returncode == 0 else None

    def value(prop, vm="work"):
        return q.get("admin.vm.property.Get", vm, prop).split(" ", 2)[2]

    q.call("admin.vm.Kill", "work")
    q.call("admin.vm.Kill", "net")
    q.call("admin.vm.property.Set", "work", "netvm", "net")
    q.call("admin.vm.Start", "work")
    ip = value("ip")
    base = "/qubes-firewall/%s" % ip
    ok(eventually(lambda: read(base + "/0000") == "action=accept"), "the default rule")
    ok(eventually(lambda: (read(base + "/policy"), read(base)) == ("drop", "")), "policy and trigger")
    ok(ip in read("/connected-ips").split(), "connected addresses")
    eq(read("/mapped-ip/%s/visible-ip" % ip), ip, "how it sees itself")
    now = int(time.time())
    rules = ["action=accept dst4=1.2.3.4/32 proto=tcp dstports=80-80 comment=a b",
             "action=accept dst6=2001:db8::1/128", "action=drop expire=%d" % (now + 3600),
             "action=accept specialtarget=dns", "action=drop comment=dst6 expire 1"]
    eq(q.get("admin.vm.firewall.Set", "work", "", "\n".join(rules) + "\n"), "", "set rules")
    ok(eventually(lambda: read(base + "/0004") == "action=drop"), "rules go to the netvm")
    eq([read(base + "/%04d" % i) for i in range(4)],
       ["action=accept dst4=1.2.3.4/32 proto=tcp dstports=80-80", None, "action=drop",
        "action=accept specialtarget=dns"], "without comments and other families")
    events = Stream(q)
    events.take()
    rules[2] = "action=drop expire=%d" % (time.time() + 5)
    q.get("admin.vm.firewall.Set", "work", "", "\n".join(rules) + "\n")
    ok(events.wait(lambda l: sum("work firewall-changed" in x for x in l) == 2),
       "a rule that ends is heard of")
    ok(eventually(lambda: read(base + "/0002") == "action=accept specialtarget=dns"),
       "and gone from the netvm")
    ok(eventually(lambda: '"expire"' not in open(q.root + "/var/lib/qubes/appvms/work/firewall.xml").read()),
       "and from the file")
    events.take()
    eq(q.get("admin.vm.firewall.Reload", "work"), "", "reload")
    ok("work firewall-changed" in events.take("firewall-changed"), "its event")
    old = q.get("admin.vm.firewall.Get", "work")
    eq(q.get("admin.vm.firewall.Set", "work", "", "action=accept\naction=jump\n"),
       "[QubesValueError]", "a bad rule")
    eq(q.get("admin.vm.firewall.Get", "work"), old, "changes nothing")
    q.call("admin.vm.property.Set", "work", "netvm", "")
    ok(eventually(lambda: ip not in read("/connected-ips").split()), "disconnected")
    q.call("admin.vm.property.Set", "work", "netvm", "net")
    ok(eventually(lambda: ip in read("/connected-ips").split()), "connected again")
    os.kill(p.qubesdb("net"), signal.SIGKILL)
    ok(eventually(lambda: read(base + "/policy") == "drop"), "a new QubesDB has it all again")
    put(q.root + "/var/lib/qubes/appvms/work/firewall.xml", "<firewall")
    q.call("admin.vm.firewall.Reload", "work")
    ok(eventually(lambda: read(base + "/0000") is None and read(base + "/policy") == "drop"),
       "rules that cannot be read let nothing pass")
    eq(q.get("admin.vm.firewall.Get", "work"), "[QubesException]", "and it is said")
    put(q.root + "/var/lib/qubes/appvms/work/firewall.xml",
        '<firewall policy="deny" dns="allow" icmp="deny"><rule address="10.0.0.0" netmask="8" '
        'proto="tcp" port="22" toport="23"/><rule port="443"/></firewall>')
    eq(q.get("admin.vm.firewall.Get", "work"),
       "action=accept specialtarget=dns\naction=drop proto=icmp\n"
       "action=accept dst4=10.0.0.0/8 proto=tcp dstports=22-23\n"
       "action=accept proto=tcp dstports=443-443\n", "rules of the third release")
    events.close()


def main():
    p = Place()
    try:
        hardware(p.q.root)
        p.q.start().furnish()
        p.q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=red")
        dom0_devices(p.q)
        assignments(p.q)
        attaching(p.q)
        with_starts(p.q)
        announced(p)
        netvm(p)
        ok(p.q.stop() == 0, "the end", p.q.logged()[-2000:])
    finally:
        p.remove()
    return tap.end()


sys.exit(main())
