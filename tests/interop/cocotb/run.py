#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run test_mac_10g.py under cocotb: on the RTL in Verilator, or on the netlist of Yosys in Icarus.

    run.py [verilator|icarus] [name of one test]

Exit status 1 if a test fails or none has run. To be called with the Python of the virtual
environment that `make cocotb` makes.
"""
import os
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore", message="Python runners")
from cocotb.runner import get_results, get_runner

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TOP = "eth_mac_10g_wrap"


def sources():
    with open(os.path.join(ROOT, "rtl", "filelist.f"), encoding="ascii") as order:
        mac = [line.strip() for line in order if line.startswith("rtl/mac/")]
    props = "rtl/common/stream_props.sv"
    return [os.path.join(ROOT, name) for name in [props] + mac] + [os.path.join(HERE, TOP + ".sv")]


def netlist(build):
    """What Yosys makes of the sources, as one Verilog file; unlike the RTL, Icarus can read it."""
    target = os.path.join(build, "netlist.v")
    files = " ".join(name for name in sources() if not name.endswith("_props.sv"))
    subprocess.run(["yosys", "-q", "-p",
                    f"read_verilog -sv -I{ROOT}/rtl/common {files}; hierarchy -check -top {TOP}; proc; flatten;"
                    f" opt -full; memory; opt; write_verilog -noattr {target}"], check=True)
    with open(target, encoding="ascii") as source:
        text = source.read()
    with open(target, "w", encoding="ascii") as file:
        file.write("`timescale 1ns / 1ps\n" + text)
    return target


def main():
    simulator = sys.argv[1] if len(sys.argv) > 1 else "verilator"
    build = os.path.join(ROOT, os.environ.get("BUILD", "build"), "cocotb", simulator)
    os.makedirs(build, exist_ok=True)
    if simulator == "verilator":
        files = sources()
        arguments = ["--assert", "-DPH_ASSERT", "-DPH_PROPERTIES", "-Wno-fatal", "-O3"]
    else:
        files = [netlist(build)]
        arguments = []
    runner = get_runner(simulator)
    runner.build(verilog_sources=files, includes=[os.path.join(ROOT, "rtl", "common")], hdl_toplevel=TOP,
                 build_dir=build, build_args=arguments, always=True)
    sys.path.insert(0, HERE)
    results = runner.test(test_module="test_mac_10g", hdl_toplevel=TOP, build_dir=build, test_dir=build, seed=1,
                          testcase=sys.argv[2] if len(sys.argv) > 2 else None,
                          extra_env={"COCOTB_REDUCED_LOG_FMT": "1"})
    tests, failed = get_results(results)
    print(f"{tests - failed} passed, {failed} failed")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
