#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prove the properties of the RTL with Yosys, yosys-smtbmc + z3 and yosys-abc (docs/verification.md).

    tests/formal/prove.py            all of tests/formal/proofs.txt
    tests/formal/prove.py fifo cdc   only modules whose name contains `fifo` or `cdc`
    tests/formal/prove.py --fast     only proofs marked `fast`: what continuous integration runs

A proof has four parts. Bounded: no assertion fails within `steps` of reset. Unbounded: none ever
fails, by induction (z3) or by property directed reachability (abc). Cover: each cover is reached
within `steps`. Mutants: the same sources with one text changed must fail the bounded part.
Times and limits are processor seconds, so no verdict depends on what else the machine does: a solver
or model build that spends PH_FORMAL_TIMEOUT of them is ended, and its proof fails as `no verdict`.
Writes build/formal.md, build/formal.json and build/formal/times.txt (each part's seconds).
"""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = os.path.join(ROOT, "tests", "formal", "proofs.txt")
FILES = os.path.join(ROOT, "rtl", "filelist.f")
OUT = os.path.join(ROOT, "build", "formal")
TIMEOUT_S = int(os.environ.get("PH_FORMAL_TIMEOUT", "600"))
WORDS = {"abc", "fast", "clocks", "bounded"}


class Proof:
    """One `proof` of proofs.txt with its options and its mutants [(file, old, new)]."""

    def __init__(self, text):
        self.module, self.path, steps, *rest = text.split()
        self.steps = int(steps)
        self.words = {word for word in rest if word in WORDS}
        options = [word for word in rest if word.startswith(("k=", "bounded:"))]
        self.depth = next((int(word[2:]) for word in options if word.startswith("k=")), None)
        self.loose = [name for word in options if word[0] == "b" for name in word[8:].split(",")]
        self.params = [word for word in rest if word not in WORDS and word not in options]
        self.engine = "abc" if "abc" in self.words else "z3"
        self.mutants = []
        self.seconds = 0.0


def proofs():
    result = []
    with open(LIST, encoding="ascii") as source:
        for line in source:
            kind, _, rest = line.strip().partition(" ")
            if kind == "proof":
                result.append(Proof(rest))
            elif kind == "mutant":
                path = result[-1].path
                if rest.startswith("@"):
                    path, _, rest = rest[1:].partition(" ")
                result[-1].mutants.append((path, *(part.strip() for part in rest.split(" | "))))
    return result


def closure(proof):
    """The files that the proof needs, lowest first: those whose modules or packages it names."""
    with open(FILES, encoding="ascii") as source:
        order = [line.strip() for line in source if line.startswith("rtl/")]
    by_name = {os.path.basename(path)[:-3]: path for path in order}
    needed, todo = set(), [proof.path]
    while todo:
        path = todo.pop()
        if path in needed:
            continue
        needed.add(path)
        text = ""
        rules = os.path.join(ROOT, "tests", "formal", os.path.basename(path)[:-2] + "svh")
        for name in [os.path.join(ROOT, path)] + ([rules] if path == proof.path else []):
            if os.path.exists(name):
                with open(name, encoding="ascii") as source:
                    text += re.sub(r"//.*", "", source.read())
        words = set(re.findall(r"^\s*(\w+) (?:#\(|u_\w+)|\b(\w+_pkg)::", text, re.M))
        todo += [by_name[word] for pair in words for word in pair if word in by_name]
    return [path for path in order if path in needed and path != proof.path] + [proof.path]


def script(proof, sources, stem, kind):
    """Yosys commands for one transition system: `smt2`, `aig`, or `cover.aig` (covers as goals)."""
    lines = []
    for path in sources:
        if path.endswith("_pkg.sv"):
            flags = ""
        elif path != sources[-1]:
            # Modules inside check what they demand of their user (REQUIRE); no order models. The
            # option -formal would define FORMAL.
            flags = "-DPROOF -DPH_ASSERT"
        else:
            flags = "-formal -DPROOF -DFORMAL"
        lines += ["verilog_defines -UPH_ASSERT_SVH -UPH_PROPERTIES"]
        if path == sources[-1]:
            lines += ["read_verilog -sv -formal -DFORMAL tests/formal/order_model.sv",
                      "verilog_defines -UPH_ASSERT_SVH -UPH_PROPERTIES"]
        lines += [f"read_verilog -sv {flags} -Irtl/common -Itests/formal {path}"]
    lines += [f"chparam {' '.join(proof.params)} {proof.module}" if proof.params else "",
              f"prep -top {proof.module} -flatten -nordff"]
    if kind != "smt2":
        # What no property reads goes before memories become flip-flops.
        lines += ["setattr -unset keep", "delete -output", "opt_clean -purge", "memory_map"]
    lines += ["clk2fflogic" if "clocks" in proof.words else "async2sync"]
    if kind == "smt2":
        lines += ["dffunmap", "setundef -undriven -anyseq", f"write_smt2 -wires {stem}.smt2"]
        return lines
    if kind == "aig":
        lines += ["chformal -cover -remove"]
    elif kind == "all.aig":
        lines += ["chformal -cover -remove"] + [f"delete t:$assert c:*{name} %i" for name in proof.loose]
    else:
        lines += ["chformal -assert -remove", "techmap -map tests/formal/cover_goal.v"]
    lines += ["setundef -undriven -anyseq", "opt -full",
              "techmap", "opt -fast", "dffunmap", "abc -g AND -fast", "opt_clean",
              f"write_aiger -I -B -zinit -no-startoffset -map {stem}.{kind}.map {stem}.{kind}"]
    return lines


LOCKS = collections.defaultdict(threading.Lock)
MODELS = {}


def model_of(proof, mutant, kind):
    """The path of the transition system, made once for all parts of a proof."""
    key = (proof.module, mutant, kind)
    with LOCKS[key]:
        if key not in MODELS:
            MODELS[key] = translate(proof, mutant, kind)
        return MODELS[key]


def translate(proof, mutant, kind):
    """Write the transition system and return its path; None if Yosys refuses it."""
    stem = os.path.join(OUT, proof.module)
    sources = closure(proof)
    if mutant is not None:
        path, old, new = proof.mutants[mutant]
        stem += f"_mutant{mutant}"
        with open(os.path.join(ROOT, path), encoding="ascii") as source:
            text = source.read()
        if text.count(old) != 1:
            print(f"  {proof.module}: mutant text occurs {text.count(old)} times, must be once: {old}")
            return None
        with open(stem + ".sv", "w", encoding="ascii") as out:
            out.write(text.replace(old, new))
        sources = [stem + ".sv" if source == path else source for source in sources]
    commands = "\n".join(line for line in script(proof, sources, stem, kind) if line)
    with open(f"{stem}.{kind}.ys", "w", encoding="ascii") as out:
        out.write(commands + "\n")
    text, code = output("yosys", "-q", "-s", f"{stem}.{kind}.ys", cwd=ROOT, log=f"{stem}.{kind}.build.log")
    if code:
        print(f"  {proof.module}: no model\n{text}")
        return None
    return f"{stem}.{kind}"


SPENT = threading.local()


def output(*command, log, cwd=OUT):
    """(what a tool printed, its exit code). Beyond the limit it and its solver are ended."""
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(["prlimit", f"--cpu={TIMEOUT_S}", *command], cwd=cwd, stdout=out,
                                   stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    SPENT.seconds += usage.ru_utime + usage.ru_stime
    with open(log, encoding="utf-8", errors="replace") as source:
        return source.read(), process.returncode


def z3(proof, mutant, part):
    """True, False, or None without a verdict."""
    model = model_of(proof, mutant, "smt2")
    if model is None:
        return None
    mode = {"bounded": (), "unbounded": ("-i",), "cover": ("-c",)}[part]
    text, _ = output("yosys-smtbmc", "-s", "z3", *mode, "-t", str(proof.steps), model,
                     log=f"{model}.{part}.log")
    if re.search("Status: passed", text, re.I):
        return True
    return False if re.search("Status: failed", text, re.I) else None


def abc(proof, mutant, part):
    """The same with yosys-abc: bmc3 for bounded and cover, pdr for unbounded."""
    model = model_of(proof, mutant, {"cover": "cover.aig", "bounded": "aig", "unbounded": "all.aig"}[part])
    if model is None:
        return None
    how = {"bounded": f"bmc3 -F {proof.steps}", "unbounded": "pdr",
           "induction": f"orpos; ind -F {proof.depth} -C 0",
           "cover": f"bmc3 -a -F {proof.steps}"}["induction" if part == "unbounded" and proof.depth else part]
    text, _ = output("yosys-abc", "-c", f"read_aiger {model}; fold; strash; {how}; print_status",
                     log=f"{model}.{part}.log")
    if part == "cover":
        return bool(re.search(r"All \d+ outputs are found to be SAT|\b0 UNSAT, and 0 UNDEC", text) and
                    not re.search(r"contains 0 SAT", text))
    if part == "unbounded" and re.search("Property proved|Networks are equivalent", text):
        return True
    if re.search("was asserted in frame|Property DISPROVED", text):
        return False
    if part == "bounded" and re.search(f"No output asserted in {proof.steps} frames", text):
        return True
    return None


WORD = {True: "ok", False: "FAILED", None: "NO-VERDICT"}


def task(job):
    """(job, verdict, processor seconds)"""
    proof, part, mutant = job
    SPENT.seconds = 0.0
    verdict = (abc if proof.engine == "abc" else z3)(proof, mutant, part)
    with open(os.path.join(OUT, "times.txt"), "a", encoding="ascii") as out:
        out.write(f"{proof.module} {part if mutant is None else f'mutant{mutant}'} "
                  f"{WORD[verdict]} {SPENT.seconds:.1f}\n")
    return job, verdict, SPENT.seconds


def report(done):
    """Rows of build/formal.md, and whether all is well."""
    rows, good, count = [], True, [0, 0]
    for proof, verdicts in done:
        killed = sum(verdicts[f"mutant{i}"] is False for i in range(len(proof.mutants)))
        parts = [part for part in ("bounded", "unbounded", "cover") if part in verdicts]
        ok = all(verdicts[part] is True for part in parts) and killed == len(proof.mutants) > 0
        good = good and ok
        count[0 if ok else 1] += 1
        for i, mutant in enumerate(proof.mutants):
            if verdicts[f"mutant{i}"] is not False:
                print(f"  {proof.module}: mutant not killed: {mutant[1]} -> {mutant[2]}")
        words = {part: WORD[verdicts[part]] for part in parts}
        method = "PDR" if proof.engine == "abc" and not proof.depth else "induction"
        print(f"{proof.module}: " + ", ".join(f"{part} {word}" for part, word in words.items()) +
              f", mutants killed {killed}/{len(proof.mutants)}, {proof.seconds:.0f} s", flush=True)
        rows.append(f"| {proof.module} | {proof.steps} | {words['bounded']} | "
                    f"{method + ' ' + words['unbounded'] if 'unbounded' in words else '-'} | {words['cover']} | "
                    f"{killed}/{len(proof.mutants)} | {proof.seconds:.0f} s |")
    print(f"{sum(proof.seconds for proof, _ in done):.0f} processor seconds")
    print(f"{count[0]} passed, {count[1]} failed")
    return rows, good, count


def main():
    args = [arg for arg in sys.argv[1:] if not arg.startswith("-")]
    fast = "--fast" in sys.argv
    os.makedirs(OUT, exist_ok=True)
    wanted = [p for p in proofs() if (not args or any(arg in p.module for arg in args)) and
              (not fast or "fast" in p.words)]
    with open(os.path.join(OUT, "times.txt"), "w", encoding="ascii"):
        pass
    jobs = []
    for proof in wanted:
        parts = ["bounded", "cover"] if "bounded" in proof.words else ["bounded", "unbounded", "cover"]
        jobs += [(proof, part, None) for part in parts]
        jobs += [(proof, "bounded", i) for i in range(len(proof.mutants))]
    verdicts = {proof: {} for proof in wanted}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (proof, part, mutant), verdict, seconds in pool.map(task, jobs):
            verdicts[proof][part if mutant is None else f"mutant{mutant}"] = verdict
            proof.seconds += seconds
    rows, good, count = report(verdicts.items())
    with open(os.path.join(ROOT, "build", "formal.md"), "w", encoding="ascii") as out:
        out.write("| module | steps | bounded | unbounded | cover | mutants killed | time |\n"
                  "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n")
    with open(os.path.join(ROOT, "build", "formal.json"), "w", encoding="ascii") as out:
        json.dump({"passed": count[0], "failed": count[1], "skipped": 0}, out)
    sys.exit(0 if good and rows else 1)


if __name__ == "__main__":
    main()
