# SPDX-License-Identifier: GPL-2.0-or-later
"""What qubesd must survive: malformed requests, kill -9, a full disk, and use without end.

Short by default; QUBES_LONG=1: 100,000 requests, 200 kills, every write. Prints TAP."""
import os, random, re, shutil, signal, socket, subprocess, sys, threading, time

from qubesd_env import Qubesd, SANITIZED, Tap

LONG = bool(os.environ.get("QUBES_LONG"))
SEED = int(os.environ.get("QUBES_SEED", "0")) or random.randrange(1 << 30)
tap = Tap()
ok, eq = tap.ok, tap.eq
MIB = 1 << 20


def state_of(q):
    """Everything that a refused request must not change."""
    with open(q.root + "/var/lib/qubes/qubes.xml") as f:
        return (f.read(), q.call("admin.vm.List"), q.images(), q.call("admin.property.GetAll"),
                q.get("admin.vm.firewall.Get", "work"), q.get("admin.vm.notes.Get", "work"))


def clean_log(q):
    log = q.logged()
    bad = [l for l in log.splitlines()
           if re.search("Sanitizer|runtime error|CRITICAL|critical|assertion", l)]
    return not bad, "\n".join(bad[:20])


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
    s.settimeout(30)
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
    last = figures(q)
    ok(SANITIZED or last[0] < first[0] + 1024, "100 created and removed again: memory %d -> %d KiB"
       % (first[0], last[0]))
    ok(last[1] <= first[1] and last[2] <= first[2] + 2, "file descriptors, threads",
       (first, last))
    ok(last[3] <= first[3] + 20, "files", (first, last))


# --- kill -9 ---

def import_data(q, vm, data):
    """What admin.vm.volume.ImportWithSize does."""
    size, path = q.get("internal.vm.volume.ImportBegin", vm, "private", str(len(data))).split(" ", 1)
    with open(path, "r+b") as f:
        f.write(data)
    return q.call("internal.vm.volume.ImportEnd", vm, "private", "ok") == b"0\0"


def clone_volume(q, src, dst):
    token = q.get("admin.vm.volume.CloneFrom", src, "private")
    return q.call("admin.vm.volume.CloneTo", dst, "private", token) == b"0\0"


ONE, TWO = b"1" * (2 * MIB), b"2" * (3 * MIB)


class Busy(threading.Thread):
    """Keeps qubesd busy with one kind of work until it dies."""

    def __init__(self, q, kind):
        super().__init__()
        self.q, self.kind, self.done = q, kind, 0

    def run(self):
        q = self.q
        try:
            for i in range(1000):
                if self.kind == "create":
                    q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=k%d label=red" % i)
                elif self.kind == "remove":
                    q.call("admin.vm.Create.StandaloneVM", "dom0", "", "name=k%d label=red" % i)
                    q.call("admin.vm.Remove", "k%d" % i)
                elif self.kind == "clone":
                    clone_volume(q, "one" if i % 2 else "two", "target")
                elif self.kind == "import":
                    import_data(q, "target", ONE if i % 2 else TWO)
                elif self.kind == "resize":
                    q.call("admin.vm.volume.Resize", "target", "private", str((5 + i % 40) * MIB))
                else:
                    q.call("admin.vm.Start", "target")
                    q.call("admin.vm.Kill", "target")
                self.done += 1
        except (OSError, ValueError, IndexError):
            pass


def strays(q):
    """Files that belong to nothing."""
    names = {l.split()[0] for l in q.get("admin.vm.List").splitlines()}
    found = [i for i in q.images() if i.split("/")[1] not in names or "~" in i or
             "-dirty" in i or "-import" in i]
    unfinished = q.root + "/var/lib/qubes/unfinished"
    found += os.listdir(unfinished) if os.path.isdir(unfinished) else []
    return found + [f for f in os.listdir(q.root + "/var/lib/qubes") if f.endswith((".new", ".tmp"))]


def whole(q):
    """Is every volume what qubesd says it is?"""
    wrong = []
    for line in q.get("admin.vm.List").splitlines():
        name, cls = line.split()[0], re.search(r"class=(\w+)", line).group(1)
        for vol in q.get("admin.vm.volume.List", name).split():
            info = dict(l.split("=", 1) for l in
                        q.get("admin.vm.volume.Info", name, vol).splitlines() if "=" in l)
            if info.get("save_on_stop") != "True":
                continue
            path = "%s/var/lib/qubes/%s.img" % (q.root, info["vid"])
            if not os.path.exists(path) or os.path.getsize(path) != int(info["size"]):
                wrong.append((name, cls, vol, info["size"],
                              os.path.exists(path) and os.path.getsize(path)))
    return wrong


def content(q, name):
    with open("%s/var/lib/qubes/appvms/%s/private.img" % (q.root, name), "rb") as f:
        return f.read(4 * MIB).rstrip(b"\0")


def kills(q, n):
    rnd = random.Random(SEED)
    for name in ("one", "two", "target"):
        assert q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=%s label=red" % name) == b"0\0"
    assert import_data(q, "one", ONE) and import_data(q, "two", TWO) and import_data(q, "target", ONE)
    assert q.call("admin.vm.volume.Set.revisions_to_keep", "target", "private", "0") == b"0\0"
    kinds, problems, work = ["create", "clone", "remove", "import", "resize", "start"], [], {}
    for i in range(n):
        busy = Busy(q, kinds[i % len(kinds)])
        busy.start()
        time.sleep(rnd.uniform(0.001, 0.25))
        q.stop(signal.SIGKILL)
        busy.join()
        work[busy.kind] = work.get(busy.kind, 0) + busy.done
        q.start()
        end = time.monotonic() + 20
        while strays(q) and time.monotonic() < end:
            time.sleep(0.02)
        found = (strays(q), whole(q))
        if found != ([], []) or content(q, "target") not in (ONE, TWO):
            problems.append((i, busy.kind, found, content(q, "target")[:8]))
        for line in q.get("admin.vm.List").splitlines():
            if line.startswith("k"):
                q.call("admin.vm.Remove", line.split()[0])
    print("# done between the kills: %s, seed %d" % (work, SEED))
    ok(not problems, "killed %d times: every volume is whole, nothing half-made stays" % n,
       "\n".join(map(str, problems[:10])))
    eq((content(q, "one"), content(q, "two")), (ONE, TWO), "what was not touched is as it was")
    for name in ("one", "two", "target"):
        eq(q.get("admin.vm.Start", name), "", "%s starts" % name)
        q.call("admin.vm.Kill", name)
        q.call("admin.vm.Remove", name)


# --- a disk that is full ---

class Full:
    """A small file system whose last bytes can be taken and given back."""

    def __init__(self, root, options):
        self.root = root
        self.mounted = not os.geteuid() and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", root],
            capture_output=True).returncode == 0

    def leave(self, pages, inodes=None):
        """Fills it but for some pages, or some files."""
        self.free()
        os.mkdir(self.root + "/fill")
        st = os.statvfs(self.root)
        if inodes is not None:
            for i in range(max(0, st.f_ffree - inodes)):
                open("%s/fill/%d" % (self.root, i), "w").close()
            return
        with open(self.root + "/fill/data", "wb", buffering=0) as f:
            try:
                os.posix_fallocate(f.fileno(), 0, max(1, (st.f_bavail - pages) * st.f_frsize))
            except OSError:
                pass

    def free(self):
        shutil.rmtree(self.root + "/fill", ignore_errors=True)

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.root])


def summary(q):
    """The state without times and free space."""
    return q.call("admin.vm.List"), q.call("admin.vm.property.GetAll", "net"), \
        [i for i in q.images() if "precache" not in i and ".img." not in i], \
        q.get("admin.vm.volume.Info", "src", "private").split("usage=")[0], \
        q.get("admin.vm.firewall.Get", "net"), content(q, "src")


SMALL = b"s" * (100 * 1024)

ACTS = {
    "create": (lambda q: q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=x label=red"),
               lambda q: q.call("admin.vm.Remove", "x")),
    "property": (lambda q: q.call("admin.vm.property.Set", "net", "memory", "777"),
                 lambda q: q.call("admin.vm.property.Reset", "net", "memory")),
    "firewall": (lambda q: q.call("admin.vm.firewall.Set", "net", "", "action=drop\n"),
                 lambda q: q.call("admin.vm.firewall.Set", "net", "", "action=accept\n")),
    "clone": (lambda q: q.call("admin.vm.volume.CloneTo", "dst", "private",
                               q.get("admin.vm.volume.CloneFrom", "src", "private")),
              lambda q: q.call("admin.vm.volume.Clear", "dst", "private")),
    "clear": (lambda q: q.call("admin.vm.volume.Clear", "dst", "private"), lambda q: None),
    "start": (lambda q: q.call("admin.vm.Start", "src"), lambda q: q.call("admin.vm.Kill", "src")),
    "remove": (lambda q: q.call("admin.vm.Remove", "gone"),
               lambda q: q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=gone label=red")),
}


def full_step(q, disk, name, problems, **left):
    act, back = ACTS[name]
    before = summary(q)
    disk.leave(**left)
    reply = act(q)
    if reply[:2] == b"2\0":
        message = reply.split(b"\0")[3].decode()
        after = summary(q)
        disk.free()
        if not re.search("No space|room|full|Disk quota", message):
            problems.append((name, left, "unclear: " + message))
        if after != before:
            problems.append((name, left, [(a, b) for a, b in zip(before, after) if a != b]))
    elif reply[:1] != b"0":
        problems.append((name, left, reply))
    disk.free()
    if reply[:1] == b"0":
        back(q)
        q.get("admin.vm.List")
        return True
    return False


def full_disk():
    q = Qubesd()
    disk = Full(q.root, "size=8m,nr_inodes=900,mode=755")
    try:
        if not disk.mounted:
            tap.n += 1
            print("ok", tap.n, "- full disk at every write # SKIP no permission to mount")
            return
        q.start().furnish()
        for name in ("src", "dst", "gone"):
            q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=%s label=red" % name)
        assert import_data(q, "src", SMALL)
        problems, refused, tries = [], 0, 0
        for name in ACTS:
            for left in [{"pages": n} for n in (range(0, 60) if LONG else (0, 1, 2, 5, 12, 30))] + \
                    [{"pages": 0, "inodes": n} for n in (range(0, 14) if LONG else (0, 1, 2, 4))]:
                tries += 1
                refused += not full_step(q, disk, name, problems, **left)
        ok(not problems, "full disk: %d of %d tries refused clearly, the state intact"
           % (refused, tries), "\n".join(map(str, problems[:10])))
        ok(refused > len(ACTS), "and it was full indeed")
        q.stop(signal.SIGKILL)
        q.start()
        eq((whole(q), content(q, "src")), ([], SMALL), "full disk: all is whole after a kill, too")
        good, note = clean_log(q)
        ok(good, "nothing was reported by checkers", note)
    finally:
        q.proc and q.proc.kill()
        q.proc and q.proc.wait()
        disk.remove()
        q.remove()


def main():
    q = Qubesd().start().furnish()
    try:
        assert q.call("admin.vm.Create.AppVM", "dom0", "tpl", "name=work label=red") == b"0\0"
        if not SANITIZED:
            growth(q)
        fuzz(q, 100000 if LONG else 1000 if SANITIZED else 4000)
        kills(q, 200 if LONG else 6 if SANITIZED else 18)
        eq(q.stop(), 0, "ends well")
        good, note = clean_log(q)
        ok(good, "nothing was reported by checkers", note)
    finally:
        q.remove()
    full_disk()
    return tap.end()


sys.exit(main())
