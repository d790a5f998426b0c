#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build one RTL test: the modules under test, their C access shims and the test program.

A test `tests/rtl/test_<name>.c` names its modules in comment lines:

    /* DUT: fifo = stream_fifo -GDepth=16 */
    /* DUT: stream_skid */

Each becomes a Verilator model and a generated header `dut_<name>.h` with plain C access:
`struct dut_<name>` holds one pointer per top-level port; `dut_<name>_new`, `_eval`, `_delete`,
and `_time` (for waves: set PH_WAVES=file.vcd to record). `--mode gates` runs the same test on the netlist that
Yosys writes; parameters are applied by Yosys then.
"""
import argparse
import fcntl
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
RTL_DIRS = ["common", "mac", "offload", "virtio", "dma", "regs", "top"]
PACKAGES = ["rtl/common/ph_pkg.sv", "rtl/virtio/virtio_pkg.sv", "rtl/regs/ph_regs_pkg.sv"]
PORT = re.compile(r"VL_(IN|OUT|INOUT)(8|16|64|W)?\(&(\w+),(\d+),(\d+)(?:,\d+)?\);")
CTYPE = {"8": "uint8_t", "16": "uint16_t", None: "uint32_t", "64": "uint64_t", "W": "uint32_t"}


def run(command, **kwargs):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, **kwargs)
    if result.returncode:
        sys.stderr.write(" ".join(command) + "\n" + result.stdout)
        sys.exit(1)
    return result.stdout


def duts(test):
    with open(test, encoding="ascii") as source:
        for line in source:
            match = re.search(r"/\*\s*DUT:\s*(?:(\w+)\s*=\s*)?(\w+)((?:\s+-G\w+=\S+)*)\s*\*/", line)
            if match:
                yield match.group(1) or match.group(2), match.group(2), match.group(3).split()


def is_fresh(target, inputs):
    if not os.path.exists(target):
        return False
    made = os.path.getmtime(target)
    return all(os.path.exists(p) and os.path.getmtime(p) <= made for p in inputs)


def dependencies(directory):
    """The source files that Verilator's dependency file lists."""
    for path in glob.glob(os.path.join(directory, "*__ver.d")):
        with open(path, encoding="ascii") as source:
            text = source.read().split(":", 1)[1]
        return [os.path.join(ROOT, p) for p in text.split() if p.endswith((".sv", ".v", ".svh"))]
    return None


def library_flags():
    """Where modules are looked for; tests/rtl/sv joins blocks for tests only."""
    folders = [f"rtl/{folder}" for folder in RTL_DIRS] + ["tests/rtl/sv"]
    return [flag for folder in folders for flag in ("-y", folder)]


def sources_of(module):
    """Packages, waivers and the module's own file; the library folders give the rest."""
    sources = sorted(glob.glob("rtl/*/*.vlt", root_dir=ROOT))
    sources += [p for p in PACKAGES if os.path.exists(os.path.join(ROOT, p))]
    return sources + glob.glob(f"rtl/*/{module}.sv", root_dir=ROOT) + \
        glob.glob(f"tests/rtl/sv/{module}.sv", root_dir=ROOT)


def yosys_netlist(name, module, params, directory):
    """Write the netlist of `module` and return its path."""
    netlist = os.path.join(directory, name + ".v")
    elab = os.path.join(directory, "elab")
    run(["verilator", "--cc", "--prefix", "Velab", "-Mdir", elab, "-Wno-fatal", "-Irtl/common",
         *library_flags(), *params, "--top-module", module, *sources_of(module)], cwd=ROOT)
    files = [os.path.relpath(p, ROOT) for p in dependencies(elab) if p.endswith(".sv")]
    files = list(dict.fromkeys([p for p in PACKAGES if p in files] + sorted(files)))
    chparam = " ".join(f"-chparam {p[2:].split('=')[0]} {p.split('=')[1]}" for p in params)
    script = (f"read_verilog -sv -defer -Irtl/common {' '.join(files)}; "
              f"hierarchy -top {module} {chparam}; proc; flatten; opt -full; memory -nomap; opt; "
              f"rename -top {module}; write_verilog -noattr {netlist}")
    run(["yosys", "-q", "-e", "implicitly declared|has no driver|Latch", "-p", script], cwd=ROOT)
    return netlist


def verilate(name, module, params, mode):
    """Build build/dut/<mode>/<name>-.../ and return (directory, archive)."""
    tag = name + "-" + module + "".join(p.replace("-G", "-").replace("=", "") for p in params)
    directory = os.path.join(BUILD, "dut", mode, tag)
    os.makedirs(directory, exist_ok=True)
    archive = os.path.join(directory, f"libdut_{name}.a")
    with open(os.path.join(directory, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        inputs = dependencies(directory)
        if mode == "gates" and inputs is not None:
            inputs = glob.glob(os.path.join(ROOT, "rtl", "*", "*.sv")) + \
                glob.glob(os.path.join(ROOT, "tests", "rtl", "sv", "*.sv"))
        if inputs is not None and is_fresh(archive, inputs + [os.path.abspath(__file__)]):
            return directory, archive
        prefix = "Vdut_" + name
        flags = ["--cc", "--prefix", prefix, "-Mdir", directory, "-O3", "--x-assign", "fast",
                 "--x-initial", "fast", "--noassert" if mode == "gates" else "--assert",
                 "-DPH_ASSERT", "--trace", "-Wno-fatal", "-Irtl/common"]
        if mode == "gates":
            sources = [yosys_netlist(name, module, params, directory)]
            flags += ["-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "-DPH_GATES"]
        else:
            flags += library_flags() + params
            sources = sources_of(module)
        log = run(["verilator"] + flags + ["--top-module", module] + sources, cwd=ROOT)
        # A parameter given with -G has 32 bits, whatever its own width.
        if re.search(r"%Warning(?!-WIDTH: \S+ Operator VAR)", log):
            sys.stderr.write(log)
        run(["make", "-s", "-C", directory, "-f", prefix + ".mk", f"{prefix}__ALL.a",
             "OPT_FAST=-O2", "OPT_SLOW=-O1", "VM_PARALLEL_BUILDS=1"])
        shim(name, prefix, directory)
        include = verilator_include()
        objects = [os.path.join(directory, "shim.o")]
        run(["g++", "-std=c++17", "-O2", "-I" + include, "-I" + include + "/vltstd", "-I" + directory,
             "-c", os.path.join(directory, f"dut_{name}.cpp"), "-o", objects[0]])
        if os.path.exists(archive):
            os.remove(archive)
        run(["cp", os.path.join(directory, f"{prefix}__ALL.a"), archive + ".tmp"])
        run(["ar", "rs", archive + ".tmp"] + objects)
        os.rename(archive + ".tmp", archive)
    return directory, archive


def verilator_include():
    match = re.search(r"VERILATOR_ROOT\s*=\s*(\S+)", run(["verilator", "-V"]))
    root = os.environ.get("VERILATOR_ROOT") or (match.group(1) if match else "/usr/share/verilator")
    return root + "/include"


def shim(name, prefix, directory):
    """Write dut_<name>.h and dut_<name>.cpp from the ports of the verilated class."""
    with open(os.path.join(directory, prefix + ".h"), encoding="ascii") as source:
        ports = PORT.findall(source.read())
    struct = f"struct dut_{name}"
    fields, bind = [], []
    for _, kind, port, msb, lsb in ports:
        kind = kind or None
        fields.append(f"  {CTYPE[kind]} *{port}; /* {int(msb) - int(lsb) + 1} bits */")
        cast = f"&m->{port}" if kind != "W" else f"m->{port}.data()"
        bind.append(f"  d->{port} = {cast};")
    header = [f"/* Generated by tests/rtl/dut.py from {prefix}. */", "#pragma once", "#include <stdint.h>",
              "#ifdef __cplusplus", 'extern "C" {', "#endif", struct + " {", *fields,
              "  void *context, *model, *trace;", "};",
              f"{struct} *dut_{name}_new(void);", f"void dut_{name}_eval({struct} *d);",
              f"void dut_{name}_time({struct} *d, uint64_t time);",
              f"void dut_{name}_delete({struct} *d);", "#ifdef __cplusplus", "}", "#endif", ""]
    code = [f'#include "dut_{name}.h"', f'#include "{prefix}.h"', '#include "verilated_vcd_c.h"',
            "#include <cstdlib>", f"{struct} *dut_{name}_new(void) {{",
            f"  {struct} *d = new {struct}();", "  VerilatedContext *c = new VerilatedContext;",
            '  c->traceEverOn(getenv("PH_WAVES") != nullptr);',
            f'  {prefix} *m = new {prefix}(c, "{name}");', "  d->context = c;", "  d->model = m;",
            '  if (const char *path = getenv("PH_WAVES")) {', "    VerilatedVcdC *t = new VerilatedVcdC;",
            "    m->trace(t, 99);", "    t->open(path);", "    d->trace = t;", "  }",
            *bind, "  return d;", "}",
            f"void dut_{name}_eval({struct} *d) {{ static_cast<{prefix} *>(d->model)->eval(); }}",
            f"void dut_{name}_time({struct} *d, uint64_t time) {{",
            "  static_cast<VerilatedContext *>(d->context)->time(time);",
            "  if (d->trace) static_cast<VerilatedVcdC *>(d->trace)->dump(time);", "}",
            f"void dut_{name}_delete({struct} *d) {{",
            f"  {prefix} *m = static_cast<{prefix} *>(d->model);", "  m->final();",
            "  if (d->trace) {", "    VerilatedVcdC *t = static_cast<VerilatedVcdC *>(d->trace);",
            "    t->close();", "    delete t;", "  }",
            "  delete m;", "  delete static_cast<VerilatedContext *>(d->context);", "  delete d;", "}", ""]
    for path, text in ((f"dut_{name}.h", header), (f"dut_{name}.cpp", code)):
        with open(os.path.join(directory, path), "w", encoding="ascii") as out:
            out.write("\n".join(text))


def runtime(include):
    """Compile Verilator's own run time once."""
    directory = os.path.join(BUILD, "dut", "runtime")
    os.makedirs(directory, exist_ok=True)
    archive = os.path.join(directory, "libverilated.a")
    with open(os.path.join(directory, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(archive):
            objects = []
            for part in ("verilated", "verilated_vcd_c", "verilated_threads"):
                objects.append(os.path.join(directory, part + ".o"))
                run(["g++", "-std=c++17", "-O2", "-DVM_TRACE=1", "-I" + include, "-I" + include + "/vltstd",
                     "-c", f"{include}/{part}.cpp", "-o", objects[-1]])
            run(["ar", "rcs", archive] + objects)
    return archive


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("test", help="tests/rtl/test_<name>.c")
    parser.add_argument("-o", "--output", required=True, help="the test program to write")
    parser.add_argument("--mode", choices=["rtl", "gates"], default="rtl")
    args = parser.parse_args()
    include = verilator_include()
    os.makedirs(os.path.dirname(args.output), exist_ok=True)
    built = [verilate(name, module, params, args.mode) for name, module, params in duts(args.test)]
    if not built:
        sys.exit(f"{args.test}: no line `/* DUT: module */`")
    models = sorted(glob.glob(os.path.join(ROOT, "tests", "rtl", "model", "*.c")))
    helpers = [os.path.join(ROOT, "tests", "rtl", "tb.c")]
    helpers = [p for p in helpers if os.path.exists(p)]
    sources = [args.test] + helpers + models
    archives = [archive for _, archive in built]
    headers = glob.glob(os.path.join(ROOT, "tests", "rtl", "*.h")) + \
        glob.glob(os.path.join(ROOT, "tests", "rtl", "model", "*.h"))
    library = runtime(include)
    if is_fresh(args.output, sources + headers + archives):
        return
    objects = []
    for source in sources:
        objects.append(f"{args.output}.{os.path.basename(source)[:-2]}.o")
        run(["gcc", "-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Wshadow", "-Wstrict-prototypes",
             "-Wmissing-prototypes", "-Werror", "-D_GNU_SOURCE", *(["-DPH_GATES"] if args.mode == "gates" else []),
             "-I" + ROOT, *["-I" + d for d, _ in built], "-c", source, "-o", objects[-1]])
    run(["g++", *objects, *archives, library, "-lcmocka", "-lpthread", "-o", args.output])


if __name__ == "__main__":
    main()
