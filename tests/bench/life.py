#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follow one super-segment from write() to read(): the table of docs/life_of_a_packet.md.

    tests/bench/life.py           print the table
    tests/bench/life.py --write   put it into the page
"""
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "packhorse")
COMMAND = ["download", "--bytes", "100000", "--mem-latency", "500", "--no-compare"]
PAGE = os.path.join(ROOT, "docs", "life_of_a_packet.md")
CLIENT, SERVER = 1, 2
APPLICATION, DRIVER, REGISTERS, READS, WRITES, WIRE_OUT, WIRE_IN = 1, 3, 4, 5, 6, 7, 8


def events():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "timeline.json")
        subprocess.run([TOOL, *COMMAND, "--timeline", path], stdout=subprocess.DEVNULL, check=True)
        with open(path, encoding="ascii") as source:
            trace = json.load(source)
    trace = trace["traceEvents"] if isinstance(trace, dict) else trace
    return sorted((e for e in trace if e["ph"] == "X"), key=lambda e: e["ts"])


def first(trace, since, host, thread, name, packet=None):
    for event in trace:
        if (event["ts"] >= since and event["pid"] == host and event["tid"] == thread
                and event["name"].startswith(name) and (packet is None or event["args"].get("packet") == packet)):
            return event
    sys.exit(f"life: no event '{name}' after {since}")


def rows():
    trace = events()
    frames = {}
    for event in trace:
        if event["pid"] == SERVER and event["tid"] == WIRE_OUT and "packet" in event["args"]:
            frames.setdefault(event["args"]["packet"], []).append(event)
    packet, wire = next((p, f) for p, f in frames.items() if len(f) > 10)
    output = first(trace, 0, SERVER, 2, "tcp_output", packet)
    descriptor = first(trace, output["ts"], SERVER, DRIVER, "tx_descriptor", packet)
    doorbell = first(trace, descriptor["ts"], SERVER, REGISTERS, "doorbell")
    rings = first(trace, doorbell["ts"], SERVER, READS, "transmit rings")
    data = first(trace, rings["ts"], SERVER, READS, "transmit data")
    used = first(trace, data["ts"], SERVER, DRIVER, "tx_used", packet)
    arrival = first(trace, wire[0]["ts"], CLIENT, WIRE_IN, "data", packet)
    write = first(trace, arrival["ts"] + arrival["dur"], CLIENT, WRITES, "write")
    interrupt = first(trace, write["ts"], CLIENT, REGISTERS, "interrupt rises")
    taken = first(trace, interrupt["ts"], CLIENT, DRIVER, "rx_used")
    tcp = first(trace, taken["ts"], CLIENT, 2, "tcp_input")
    read = first(trace, tcp["ts"], CLIENT, APPLICATION, "read()")
    start = output["ts"]
    total = sum(f["args"]["bytes"] for f in wire)
    return [
        ("TCP builds one header for all of it", output, "stack/tcp/tcp_output.c"),
        ("the driver makes its descriptors", descriptor, "driver/virtio_net.c"),
        ("doorbell: the write to QueueNotify", doorbell, "rtl/virtio/virtio_mmio.sv"),
        ("the device reads the available ring", rings, "rtl/virtio/vring_fetch.sv"),
        ("its first read of data", data, "rtl/dma/dma_read.sv"),
        (f"first of {len(wire)} segments on the wire ({total} bytes in all)", wire[0], "rtl/offload/tso.sv, rtl/mac"),
        ("that segment begins to arrive", arrival, "rtl/mac/mac_10g_rx.sv"),
        ("first write into a posted buffer", write, "rtl/virtio/virtio_rx.sv"),
        ("interrupt", interrupt, "rtl/virtio/vring_used.sv"),
        ("the driver takes the used buffer", taken, "driver/virtio_net.c"),
        ("TCP takes the segment", tcp, "stack/tcp/tcp_input.c"),
        ("`read()` returns", read, "stack/socket/socket_io.c"),
        ("the last segment leaves", wire[-1], "rtl/mac/mac_10g_tx.sv"),
        ("the sender's buffers are used: the driver frees them", used, "driver/virtio_net.c"),
    ], start


def table():
    lines = ["| microseconds | what happens | where |", "|---:|---|---|"]
    steps, start = rows()
    for text, event, where in sorted(steps, key=lambda step: step[1]["ts"]):
        lines.append(f"| {event['ts'] - start:.3f} | {text} | `{where}` |")
    return "\n".join(lines)


def main():
    if sys.argv[1:] not in ([], ["--write"]):
        print("life: takes nothing or --write", file=sys.stderr)
        sys.exit(2)
    text = table()
    if not sys.argv[1:]:
        print(text)
        return
    with open(PAGE, encoding="ascii") as source:
        page = source.read()
    page = re.sub(r"(<!-- life -->\n).*(\n<!-- end -->)", lambda m: m.group(1) + text + m.group(2), page, flags=re.S)
    with open(PAGE, "w", encoding="ascii") as out:
        out.write(page)


if __name__ == "__main__":
    main()
