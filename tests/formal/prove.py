#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prove the properties of the RTL with Yosys, yosys-smtbmc and z3 (docs/verification.md).

    tests/formal/prove.py            all of tests/formal/proofs.txt
    tests/formal/prove.py fifo       only modules whose name contains `fifo`

Each proof is bounded from reset, inductive, and covered (not vacuous); then each of its mutants,
the same source with one text changed, must fail the bounded proof. Writes build/formal.md.
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = os.path.join(ROOT, "tests", "formal", "proofs.txt")
OUT = os.path.join(ROOT, "build", "formal")
TIMEOUT_S = 300


def proofs():
    """[(module, file, steps, yosys parameters, [(old, new)])] of proofs.txt."""
    result = []
    with open(LIST, encoding="ascii") as source:
        for line in source:
            kind, _, rest = line.strip().partition(" ")
            if kind == "proof":
                module, path, steps, *params = rest.split()
                result.append((module, path, int(steps), params, []))
            elif kind == "mutant":
                result[-1][4].append(tuple(part.strip() for part in rest.split(" | ")))
    return result


def translate(module, text, params, tag):
    """Write the transition system of `text` and return its path; None if Yosys refuses it."""
    stem = os.path.join(OUT, f"{module}{tag}")
    with open(stem + ".sv", "w", encoding="ascii") as out:
        out.write(text)
    script = (f"read_verilog -sv -formal -DFORMAL -Irtl/common {stem}.sv; "
              f"chparam {' '.join(params)} {module}; prep -top {module} -flatten -nordff; "
              "async2sync; dffunmap; setundef -undriven -anyseq; "
              f"write_smt2 -wires {stem}.smt2")
    result = subprocess.run(["yosys", "-q", "-p", script], cwd=ROOT, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        print(result.stdout)
        return None
    return stem + ".smt2"


def holds(model, steps, *mode):
    """True, False, or None without a verdict."""
    try:
        result = subprocess.run(["yosys-smtbmc", "-s", "z3", *mode, "-t", str(steps), model], cwd=OUT, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return None
    if "Status: PASSED" in result.stdout or "Status: passed" in result.stdout:
        return True
    if "Status: FAILED" in result.stdout or "Status: failed" in result.stdout:
        return False
    return None


def prove(module, path, steps, params, mutants):
    """The three verdicts, and how many mutants were killed."""
    with open(os.path.join(ROOT, path), encoding="ascii") as source:
        text = source.read()
    model = translate(module, text, params, "")
    verdicts = [model is not None and holds(model, steps, *mode) is True for mode in ((), ("-i",), ("-c",))]
    killed = 0
    for number, (old, new) in enumerate(mutants):
        if text.count(old) != 1:
            print(f"  {module}: mutant text occurs {text.count(old)} times, must be once: {old}")
            continue
        mutant = translate(module, text.replace(old, new), params, f"_mutant{number}")
        if mutant is not None and holds(mutant, steps) is False:
            killed += 1
        else:
            print(f"  {module}: mutant not killed: {old} -> {new}")
    return verdicts, killed


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    os.makedirs(OUT, exist_ok=True)
    rows, good = [], True
    for module, path, steps, params, mutants in proofs():
        if wanted not in module:
            continue
        verdicts, killed = prove(module, path, steps, params, mutants)
        words = ["ok" if verdict else "FAILED" for verdict in verdicts]
        print(f"{module}: bounded {words[0]}, induction {words[1]}, cover {words[2]}, "
              f"mutants killed {killed}/{len(mutants)}", flush=True)
        good = good and all(verdicts) and mutants and killed == len(mutants)
        rows.append(f"| {module} | {steps} | {' | '.join(words)} | {killed}/{len(mutants)} |")
    with open(os.path.join(ROOT, "build", "formal.md"), "w", encoding="ascii") as out:
        out.write("| module | steps | bounded | induction | cover | mutants killed |\n|---|---|---|---|---|---|\n")
        out.write("\n".join(rows) + "\n")
    sys.exit(0 if good and rows else 1)


if __name__ == "__main__":
    main()
