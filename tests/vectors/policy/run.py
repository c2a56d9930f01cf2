#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a qrexec-policy-eval binary over vectors.json (see policy-eval-contract.md)."""
import argparse, base64, collections, json, os, pathlib, shlex, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ap = argparse.ArgumentParser()
ap.add_argument("--vectors", default=os.path.join(HERE, "vectors.json"))
ap.add_argument("--group"); ap.add_argument("--id")
ap.add_argument("--single", type=int, default=150)
ap.add_argument("--strict-reason", action="store_true"); ap.add_argument("--strict-lint", action="store_true")
ap.add_argument("-v", action="store_true"); ap.add_argument("--keep", action="store_true")
o = ap.parse_args()
BIN = shlex.split(os.environ.get("QREXEC_POLICY_EVAL", "qrexec-policy-eval"))
LINT = shlex.split(os.environ["QUBES_POLICY_LINT"]) if os.environ.get("QUBES_POLICY_LINT") else None
data = json.load(open(o.vectors))
vecs = data["vectors"]
if o.group: vecs = [v for v in vecs if v["group"] in o.group.split(",")]
if o.id: vecs = [v for v in vecs if v["id"] == o.id]
root = pathlib.Path(tempfile.mkdtemp(prefix="qpolvec-"))

def put(d, files):
    for name, c in files.items():
        p = d / name; p.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(c, dict):
            if "b64" in c: p.write_bytes(base64.b64decode(c["b64"]))
            elif "link" in c: p.symlink_to(c["link"])
            else: p.mkdir(exist_ok=True)
        else: p.write_bytes(c.encode())

paths = {}
for k in {v["policy"] for v in vecs}:
    P = data["policies"][k]; dirs = []
    for i, files in enumerate(P["dirs"]):
        d = root / k / ("d%d" % i); dirs.append(str(d))
        if "//missing" not in files: d.mkdir(parents=True); put(d, files)
    comp = None
    if P["compat"] is not None:
        c = root / k / "compat"; c.mkdir(parents=True, exist_ok=True); put(c, P["compat"]); comp = str(c)
    paths[k] = (dirs, comp)
for k, si in data["system_infos"].items():
    (root / ("si-%s.json" % k)).write_text(json.dumps(si))

def request(v):
    r = v["request"]; dirs, comp = paths[v["policy"]]
    q = {"id": v["id"], "policy_dirs": dirs, "compat_dir": comp, "system_info": str(root / ("si-%s.json" % v["system_info"])),
         "source": r["source"], "target": r["target"], "service_arg": r["service_arg"]}
    for k in ("requested_source", "answer", "just_evaluate", "assume_yes_for_ask"):
        if k in r: q[k] = r[k]
    return q

def argv(q):
    a = list(BIN)
    for d in q["policy_dirs"]: a += ["--policy-dir", d]
    a += ["--compat-dir", q["compat_dir"] or str(root / "no-such-dir"), "--system-info", q["system_info"]]
    if q.get("requested_source"): a += ["--requested-source", q["requested_source"]]
    if "answer" in q: a += ["--answer-deny"] if q["answer"] is None else ["--answer", q["answer"]]
    if q.get("just_evaluate"): a.append("--just-evaluate")
    if q.get("assume_yes_for_ask"): a.append("--assume-yes-for-ask")
    return a + ["--", q["source"], q["target"], q["service_arg"]]

def diff(exp, got):
    """None if ok, else text"""
    if not isinstance(got, dict): return "no answer"
    er, gr = exp["result"], got.get("result")
    if er == "crash":
        return None if gr in ("deny", "error", "crash") else "result %r, wanted a refusal" % gr
    if er != gr: return "result %r, wanted %r (%s)" % (gr, er, exp.get("reason", ""))
    keys = []
    if er == "allow":
        keys = ["rule", "response"] + [k for k in ("target", "user", "notify", "autostart") if k in exp]
    elif er == "ask": keys = ["rule", "default_target", "user", "notify", "autostart"]
    elif er == "deny":
        keys = ["rule"] if "rule" in exp else []
        if exp.get("reason") != "just-evaluate": keys.append("notify")
    elif er == "error": keys = ["file", "line"]
    if o.strict_reason and "reason" in exp: keys.append("reason")
    for k in keys:
        if got.get(k) != exp.get(k): return "%s %r, wanted %r" % (k, got.get(k), exp.get(k))
    if er == "ask":
        g = got.get("targets_for_ask")
        if not isinstance(g, list) or sorted(g) != exp["targets_for_ask"]:
            return "targets_for_ask %r, wanted %r" % (g, exp["targets_for_ask"])
    return None

passed, failed = collections.Counter(), collections.Counter()
def note(vid, group, d):
    if d is None: passed[group] += 1
    else:
        failed[group] += 1; print("FAIL %s: %s" % (vid, d))

t0 = time.time()
reqs = [request(v) for v in vecs]; got = {}; start = 0; restarts = 0
while start < len(reqs):
    inp = root / "batch.in"; inp.write_text("".join(json.dumps(q) + "\n" for q in reqs[start:]))
    with open(inp) as fi:
        try:
            r = subprocess.run(BIN + ["--batch"], stdin=fi, stdout=subprocess.PIPE, timeout=900)
            out = r.stdout
        except subprocess.TimeoutExpired as e: out = e.stdout or b""
        except OSError as e: print("cannot run %s: %s" % (BIN, e)); print("0 passed, %d failed" % len(vecs)); sys.exit(1)
    n = 0
    for line in out.decode("utf-8", "replace").splitlines():
        try: j = json.loads(line)
        except ValueError: continue
        if isinstance(j, dict) and "id" in j: got[j["id"]] = j; n += 1
    if start + n >= len(reqs): break
    # died part-way: the first unanswered one is a failure, go on behind it
    restarts += 1
    while start < len(reqs) and reqs[start]["id"] in got: start += 1
    start += 1
    if restarts > 200: break
t1 = time.time()
for v in vecs: note(v["id"], v["group"], diff(v["expected"], got.get(v["id"])))
if o.single and vecs:
    step = max(1, len(vecs) // o.single)
    for v in vecs[::step][:o.single]:
        r = subprocess.run(argv(request(v)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try: j = json.loads(r.stdout)
        except ValueError: j = None
        note("single:" + v["id"], "single-shot", diff(v["expected"], j))
if LINT and not o.id and (not o.group or "lint" in o.group.split(",")):
    for v in data["lint"]:
        f = root / "lint.policy"; f.write_bytes(v["text"].encode())
        r = subprocess.run(LINT + (["-i"] if v["include_service"] else []) + [str(f)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        errs = []
        for l in r.stdout.decode("utf-8", "replace").splitlines():
            p = l.split(":", 3)
            if len(p) == 4 and p[0] == str(f): errs.append({"line": int(p[1]), "message": p[3].strip()})
        e = v["expected"]; d = None
        if r.returncode != e["exit"]: d = "exit %d, wanted %d" % (r.returncode, e["exit"])
        elif [x["line"] for x in errs] != [x["line"] for x in e["errors"]]: d = "lines %r, wanted %r" % ([x["line"] for x in errs], [x["line"] for x in e["errors"]])
        elif o.strict_lint and errs != e["errors"]: d = "messages %r, wanted %r" % (errs, e["errors"])
        note(v["id"], "lint", d)
print("\nbatch: %d requests in %.2f s (%.0f/s), restarts %d" % (len(reqs), t1 - t0, len(reqs) / max(t1 - t0, 1e-6), restarts))
for g in sorted(set(passed) | set(failed)): print("  %-12s %5d passed %5d failed" % (g, passed[g], failed[g]))
if o.keep: print("kept", root)
else: shutil.rmtree(root, ignore_errors=True)
print("%d passed, %d failed" % (sum(passed.values()), sum(failed.values())))
sys.exit(1 if failed else 0)
