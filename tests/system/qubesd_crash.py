# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 in the middle of what qubesd does, and a disk that is full at every write."""
import os, random, re, shutil, signal, subprocess, threading, time

from qubesd_env import Qubesd, eventually

MIB = 1 << 20


def clean_log(q):
    """Was nothing reported by checkers? And what was."""
    bad = [l for l in q.logged().splitlines()
           if re.search("Sanitizer|runtime error|CRITICAL|critical|assertion", l)]
    return not bad, "\n".join(bad[:20])


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


def kills(tap, q, n, seed):
    rnd = random.Random(seed)
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
        eventually(lambda: not strays(q))
        found = (strays(q), whole(q))
        if found != ([], []) or content(q, "target") not in (ONE, TWO):
            problems.append((i, busy.kind, found, content(q, "target")[:8]))
        for line in q.get("admin.vm.List").splitlines():
            if line.startswith("k"):
                q.call("admin.vm.Remove", line.split()[0])
    print("# done between the kills: %s, seed %d" % (work, seed))
    tap.ok(not problems, "killed %d times: every volume is whole, nothing half-made stays" % n,
       "\n".join(map(str, problems[:10])))
    tap.eq((content(q, "one"), content(q, "two")), (ONE, TWO), "what was not touched is as it was")
    for name in ("one", "two", "target"):
        tap.eq(q.get("admin.vm.Start", name), "", "%s starts" % name)
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
    # Images of a run are put away after its end is told.
    eventually(lambda: not any("-dirty" in i for i in q.images()))
    before = summary(q)
    disk.leave(**left)
    reply = act(q)
    if reply[:2] == b"2\0":
        message = reply.split(b"\0")[3].decode()
        eventually(lambda: summary(q) == before)
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


def full_disk(tap, every):
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
            for left in [{"pages": n} for n in (range(0, 60) if every else (0, 1, 2, 5, 12, 30))] + \
                    [{"pages": 0, "inodes": n} for n in (range(0, 14) if every else (0, 1, 2, 4))]:
                tries += 1
                refused += not full_step(q, disk, name, problems, **left)
        tap.ok(not problems, "full disk: %d of %d tries refused clearly, the state intact"
           % (refused, tries), "\n".join(map(str, problems[:10])))
        tap.ok(refused > len(ACTS), "and it was full indeed")
        q.stop(signal.SIGKILL)
        q.start()
        tap.eq((whole(q), content(q, "src")), ([], SMALL), "full disk: all is whole after a kill, too")
        good, note = clean_log(q)
        tap.ok(good, "nothing was reported by checkers", note)
    finally:
        q.proc and q.proc.kill()
        q.proc and q.proc.wait()
        disk.remove()
        q.remove()
