# SPDX-License-Identifier: GPL-2.0-or-later
"""What qubesd must survive: malformed requests, kill -9, a full disk, and use without end.

Short by default; QUBES_LONG=1: 100,000 requests, 200 kills, every write. Prints TAP."""
import os, random, re, socket, sys, threading, time

from qubesd_crash import clean_log, full_disk, kills
from qubesd_env import Qubesd, SANITIZED, Tap, eventually

LONG = bool(os.environ.get("QUBES_LONG"))
SEED = int(os.environ.get("QUBES_SEED", "0")) or (random.randrange(1 << 30) if LONG else 1)
tap = Tap()
ok, eq = tap.ok, tap.eq


def state_of(q):
    """Everything that a refused request must not change."""
    with open(q.root + "/var/lib/qubes/qubes.xml") as f:
        return (f.read(), q.call("admin.vm.List"), q.images(), q.call("admin.property.GetAll"),
                q.get("admin.vm.firewall.Get", "work"), q.get("admin.vm.notes.Get", "work"))


# --- malformed requests ---

# method, argument, payload that would be right
METHODS = [m.split("|") for m in """
admin.vmclass.List||
admin.vm.List||
admin.label.List||
admin.label.Get|red|
admin.label.Index|red|
admin.label.Create|pink|0xff00ff
admin.label.Remove|pink|
admin.vm.property.List||
admin.vm.property.Get|memory|
admin.vm.property.GetAll||
admin.vm.property.GetDefault|memory|
admin.vm.property.Help|memory|
admin.vm.property.Set|memory|500
admin.vm.property.Reset|memory|
admin.property.List||
admin.property.Get|default_netvm|
admin.property.Set|default_netvm|net
admin.property.Reset|default_netvm|
admin.vm.Create.AppVM|tpl|name=x label=red
admin.vm.Create.TemplateVM||name=x label=red
admin.vm.Create.DispVM|dvm|name=x label=red
admin.vm.CreateInPool.AppVM|tpl|name=x label=red pool=varlibqubes
admin.vm.CreateDisposable||uuid
admin.vm.Remove||
admin.vm.Start||
admin.vm.Shutdown|force|
admin.vm.Pause||
admin.vm.Kill||
admin.vm.Console||
admin.vm.CurrentState||
admin.vm.tag.List||
admin.vm.tag.Get|t|
admin.vm.tag.Set|t|
admin.vm.tag.Remove|t|
admin.vm.feature.List||
admin.vm.feature.Get|f|
admin.vm.feature.Set|f|1
admin.vm.feature.Remove|f|
admin.vm.feature.CheckWithTemplate|f|
admin.vm.feature.CheckWithNetvm|f|
admin.vm.firewall.Get||
admin.vm.firewall.Set||action=accept
admin.vm.firewall.Reload||
admin.vm.notes.Get||
admin.vm.notes.Set||text
admin.vm.volume.List||
admin.vm.volume.Info|private|
admin.vm.volume.ListSnapshots|private|
admin.vm.volume.Revert|private|1
admin.vm.volume.CloneFrom|private|
admin.vm.volume.CloneTo|private|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
admin.vm.volume.Resize|private|3000000000
admin.vm.volume.Clear|private|
admin.vm.volume.Set.revisions_to_keep|private|2
admin.vm.volume.Set.rw|private|True
admin.vm.volume.Set.ephemeral|volatile|True
admin.pool.List||
admin.pool.ListDrivers||
admin.pool.Info|varlibqubes|
admin.pool.UsageDetails|varlibqubes|
admin.pool.Add|file|name=p
admin.pool.Remove|p|
admin.pool.volume.List|varlibqubes|
admin.pool.Set.revisions_to_keep|varlibqubes|1
admin.pool.Set.ephemeral_volatile|varlibqubes|True
admin.deviceclass.List||
admin.vm.device.block.Available||
admin.vm.device.block.Assigned||
admin.vm.device.block.Assign|net+sda|
admin.vm.device.block.Unassign|net+sda+_|
admin.vm.device.block.Attach|net+sda+_|
admin.vm.device.block.Detach|net+sda+_|
admin.vm.device.block.Set.assignment|net+sda+_|required
admin.vm.device.denied.List||
admin.vm.device.denied.Add||b******
admin.vm.device.denied.Remove||all
internal.GetSystemInfo||
internal.vm.volume.ImportBegin|private|4096
internal.vm.volume.ImportEnd|private|ok
qubes.FeaturesRequest||
qubes.NotifyTools||
qubes.NotifyUpdates||1
""".strip().splitlines()]
EVIL = [b"", b"\0", b"\0\0", b" ", b"%s%n%n", b"../../etc", b"-1", b"1e9", b"99999999999999999999",
        b"0x", b"\xff\xfe", b"\xc3", b"\xe2\x80\xae", b"A" * 300, b"A" * 40000, b"\n", b"\r\n",
        b"name=", b"name=x", b"label=red label=red", b"=", b"==", b"$(id)", b"`id`", b"'", b'"',
        b"\\", b"None", b"True", b"dom0", b"uuid:", b"uuid:00000000-0000-0000-0000-000000000000",
        b"disp", b"@default", b"a b", b"/", b".", b"..", b"\x1b[0m", b"\x7f", b"<x/>", b"&amp;"]


def socket_of(method):
    return "internal." if method.startswith("internal.") else \
        "misc." if method.startswith("qubes.") else ""


def garbage(rnd, n=None):
    return bytes(rnd.randrange(256) for _ in range(rnd.randrange(60) if n is None else n))


def malformed(rnd):
    """A request that no handler may act upon, and the socket it goes to."""
    method, arg, payload = rnd.choice(METHODS)
    sock = socket_of(method)
    src, kind, dest = b"dom0", b"name", b"work"
    method, arg, payload = method.encode(), arg.encode(), payload.encode()
    tail = b"\0"
    how = rnd.randrange(12)
    if how == 0:  # nonsense from the first byte
        return sock, garbage(rnd)
    if how == 1:  # not a method
        i = rnd.randrange(len(method))
        method = method[:i] + rnd.choice([b"\xff", b"x", b"..", b"\x01", b"", b"%s"]) + method[i + 1:]
    elif how == 2:  # nobody
        src = rnd.choice([b"nosuch", b"-x", b"", b"dom0\x01", b"uuid:zz", b"a" * 40, b"\xff"])
    elif how == 3:
        dest = rnd.choice([b"nosuch", b"-x", b"", b"none", b"Domain-0", b"uuid:" + b"0" * 36,
                           b"uuid:00000000-0000-0000-0000-00000000000G", b"a" * 40, b"\xff", b"work "])
    elif how == 4:  # a destination of an unknown kind
        kind = rnd.choice([b"keyword", b"Name", b"", b"\xff", b"name name", b"uuid"])
    elif how == 5:  # the header has no end
        tail = b""
        payload = b""
    elif how == 6:  # too long by one, or by a lot
        payload = b"A" * (65537 + rnd.choice([0, 1, 100000]))
    elif how == 7:  # an argument that is none
        arg = rnd.choice([b"\xff", b"\xc3\xa9", b"nosuch-" + garbage(rnd, 4).replace(b"\0", b"").replace(b" ", b""),
                          b"/", b"a" * 300, b"+", b"+++", b"%n", b"..", b"nosuch"])
        if method.endswith((b"tag.Set", b"feature.Set", b"tag.Remove", b"label.Create")) or \
                b".Create" in method:
            arg = b"\xff" + arg
    elif how == 8:  # one where none belongs, or none where one does
        arg = b"" if arg else b"unwanted"
        if method in (b"admin.vm.CreateDisposable", b"admin.vm.Shutdown") or b".Create." in method \
                or b"CreateInPool" in method or b".Assigned" in method or b".Available" in method:
            arg = b"\xfe"
    elif how == 9:  # the same with payloads
        payload = b"" if payload else b"unwanted"
        if method.startswith(b"admin.vm.property.Set") or method.startswith(b"admin.property.Set") \
                or method.endswith((b"feature.Set", b"CreateDisposable", b"ImportBegin", b"Assign",
                                    b"Attach", b"notes.Set", b"denied.Add", b"denied.Remove")):
            payload = b"\xff\0"
    elif how == 10:  # a payload of the wrong form
        payload = rnd.choice(EVIL) + b"\xff\0" + rnd.choice(EVIL)
    else:  # cut off
        whole = method + b"+" + arg + b" " + src
        return sock, whole[:rnd.randrange(len(whole))]
    if how == 6 or rnd.random() < 0.7 or how in (7, 8, 9, 10, 2, 3, 4):
        sep = b"+"
    else:
        sep = rnd.choice([b"", b"++", b"+ "])
    return sock, method + sep + arg + b" " + src + b" " + kind + b" " + dest + tail + payload


READS = re.compile(rb"(List|Get|GetAll|GetDefault|Help|Info|Index|UsageDetails|ListDrivers|"
                   rb"CheckWith\w+|Available|Assigned|Attached|Snapshots|CloneFrom|State|"
                   rb"GetSystemInfo)\+?")


def send(q, rnd, sock, data):
    """Like a client, or like one that leaves."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(300)
    s.connect(q.sock(sock))
    out = b""
    try:
        if rnd.random() < 0.05 and len(data) > 2:
            cut = rnd.randrange(len(data))
            s.sendall(data[:cut])
            time.sleep(0.001)
            s.sendall(data[cut:])
        else:
            s.sendall(data)
        if rnd.random() < 0.05:
            return b"left"
        s.shutdown(socket.SHUT_WR)
        while True:
            part = s.recv(65536)
            if not part:
                return out
            out += part
    except (BrokenPipeError, ConnectionResetError):
        return out
    finally:
        s.close()


def fuzz(q, n):
    before = state_of(q)
    odd, lock = [], threading.Lock()

    def client(k):
        rnd = random.Random(SEED * 64 + k)
        for _ in range(n // 4):
            sock, data = malformed(rnd)
            if data.startswith((b"admin.Events", b"admin.vm.Stats")):
                continue
            reply = send(q, rnd, sock, data)
            refused = reply in (b"", b"left") or reply[:2] == b"2\0"
            if not refused and not (reply[:2] == b"0\0" and READS.search(data.split(b" ")[0])):
                with lock:
                    odd.append((data[:200], reply[:200]))
    threads = [threading.Thread(target=client, args=(k,)) for k in range(4)]
    start = time.monotonic()
    [t.start() for t in threads]
    [t.join() for t in threads]
    print("# %d requests in %.1f s, seed %d" % (n, time.monotonic() - start, SEED), flush=True)
    eq(q.proc.poll(), None, "%d malformed requests: it still runs" % n)
    ok(not odd, "none was acted upon", "\n".join(map(str, odd[:10])))
    changed = [(a, b) for a, b in zip(before, state_of(q)) if a != b]
    ok(not changed, "and nothing changed", "\n".join(str(c)[:2000] for c in changed))


# --- growth ---

def figures(q):
    with open("/proc/%d/status" % q.proc.pid) as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    files = sum(len(f) + len(d) for _, d, f in os.walk(q.root))
    return rss, len(os.listdir("/proc/%d/fd" % q.proc.pid)), \
        len(os.listdir("/proc/%d/task" % q.proc.pid)), files


def growth(q):
    def round_():
        for i in range(100):
            r = q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=g%d label=red" % i)
            assert r == b"0\0", r
        peak = figures(q)
        for i in range(100):
            assert q.call("admin.vm.Remove", "g%d" % i) == b"0\0"
        return peak
    if not SANITIZED:
        ok(figures(q)[0] < 15 * 1024, "memory at first: %d KiB" % figures(q)[0])
    peak = round_()
    ok(SANITIZED or peak[0] < 15 * 1024, "with 100 qubes: %d KiB" % peak[0])
    first = figures(q)
    for _ in range(4 if LONG else 2):
        round_()
    # The last connections may still be on their way out, and threads linger.
    eventually(lambda: all(a <= b for a, b in zip(figures(q)[1:3], first[1:3])))
    last = figures(q)
    ok(SANITIZED or last[0] < first[0] + 1024, "100 created and removed again: memory %d -> %d KiB"
       % (first[0], last[0]))
    ok(last[1] <= first[1] and last[2] <= first[2] + 2, "file descriptors, threads",
       (first, last))
    ok(last[3] <= first[3] + 20, "files", (first, last))


def main():
    q = Qubesd().start().furnish()
    try:
        assert q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=red") == b"0\0"
        if not SANITIZED:
            growth(q)
        fuzz(q, 100000 if LONG else 1000 if SANITIZED else 4000)
        kills(tap, q, 200 if LONG else 6 if SANITIZED else 18, SEED)
        eq(q.stop(), 0, "ends well")
        good, note = clean_log(q)
        ok(good, "nothing was reported by checkers", note)
    finally:
        q.remove()
    full_disk(tap, LONG)
    return tap.end()


sys.exit(main())
