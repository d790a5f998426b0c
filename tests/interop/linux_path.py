#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two Linux kernels with a path between them that is ours: three network namespaces, joined by veth.

    linux_path.py PLAN.json RESULT.json CAPTURE.pcapng

The middle one hands frames on, with a rate, a delay, a queue and losses, and records them as they come from the client's
side and as they leave to the server's. One TCP connection is used as the plan says; the result is what the client's kernel
says of it (TCP_INFO) and how long it took. Needs root, or user namespaces.
"""
import array
import fcntl
import heapq
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

PORT, SIOCETHTOOL, SIOCGIFHWADDR = 5001, 0x8946, 0x8927
OFFLOADS = (0x15, 0x17, 0x1f, 0x24, 0x2c)  # ETHTOOL_SRXCSUM, STXCSUM, STSO, SGSO, SGRO
ETH_P_ALL, PACKET_OUTGOING = 3, 4
TCP_INFO = 11
FRAME_EXTRA = 24  # preamble, FCS and gap


def run(*command):
    subprocess.run(command, check=True)


def offloads_off(name):
    """Frames as they are on a wire: none longer than the MTU, all with their checksum."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = array.array("B", struct.pack("II", command, 0))
            request = struct.pack("16sP", name.encode(), value.buffer_info()[0])
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request + bytes(40 - len(request)))
            except OSError:
                pass  # what can't be switched is not there


# --- The two ends -------------------------------------------------------------


def paced(rate, block, total, seconds, move):
    """Call move(n) for blocks until `total` bytes are moved or the time is over; at most `rate` bytes per second."""
    start, moved = time.monotonic(), 0
    while moved < total and time.monotonic() - start < seconds:
        n = move(min(block, total - moved))
        if not n:
            break
        moved += n
        if rate:
            time.sleep(max(0.0, start + moved / rate - time.monotonic()))
    return moved


def server(plan):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if plan.get("rcvbuf"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, plan["rcvbuf"])
        listener.bind(("10.77.0.2", PORT))
        listener.listen(1)
        print("ready", flush=True)
        peer = listener.accept()[0]
        try:
            paced(plan.get("read_rate"), plan.get("block", 65536), 1 << 40, 60, lambda n: len(peer.recv(n)))
        except ConnectionResetError:
            pass  # the plan is over


def client(plan):
    with socket.socket() as end:
        if plan.get("sndbuf"):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, plan["sndbuf"])
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, plan.get("congestion", "reno").encode())
        end.connect(("10.77.0.2", PORT))
        start = time.monotonic()
        block = bytes(plan.get("block", 65536))
        moved = paced(plan.get("write_rate"), len(block), 1 << 40, plan["seconds"], lambda n: end.send(block[:n]))
        elapsed = time.monotonic() - start
        info = end.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 192)
        busy, rwnd, sndbuf = struct.unpack_from("QQQ", info, 168)
        print(json.dumps({"bytes": moved, "us": elapsed * 1e6, "busy_us": busy, "rwnd_us": rwnd, "sndbuf_us": sndbuf}))
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # what is queued does not matter


# --- The middle ----------------------------------------------------------------


class Capture:
    """pcapng with an interface for each place."""

    def __init__(self, path, places, skip):
        self.file = open(path, "wb")
        self.skip = skip  # frames that pass before it begins
        self.block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        for place in places:
            name = place.encode()
            options = struct.pack("<HH", 2, len(name)) + name + bytes(-len(name) % 4)
            options += struct.pack("<HHI", 9, 1, 9) + struct.pack("<HH", 0, 0)  # nanoseconds
            self.block(1, struct.pack("<HHI", 1, 0, 0) + options)

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        length = struct.pack("<I", len(body) + 12)
        self.file.write(struct.pack("<I", kind) + length + body + length)

    def frame(self, place, seconds, data):
        self.skip -= 1
        if self.skip >= 0:
            return
        ns = int(seconds * 1e9)
        part = data[:100]  # headers
        self.block(6, struct.pack("<IIIII", place, ns >> 32, ns & 0xffffffff, len(part), len(data)) + part)


class Way:
    """One direction: a queue before a link, then a delay."""

    def __init__(self, plan, lossy):
        self.rate = plan["rate"] / 8
        self.delay = plan["rtt"] / 2
        self.limit = plan["queue"]
        self.every = plan.get("lose_every", 0) if lossy else 0
        self.free = self.count = 0

    def leaves(self, now, data):
        """When it begins to leave the link; None: lost."""
        if len(data) > 200:
            self.count += 1
            if self.every and self.count % self.every == 0:
                return None
        begin = max(now, self.free)
        if (begin - now) * self.rate > self.limit:
            return None
        self.free = begin + (len(data) + FRAME_EXTRA) / self.rate
        return begin


def open_end(name):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.bind((name, ETH_P_ALL))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.setblocking(False)
    return end


def relay(plan, path, until):
    """Hand frames on until until() is true."""
    capture = Capture(path, ("client", "server"), plan.get("skip", 0))
    ends = [open_end("toclient"), open_end("toserver")]
    ways = [Way(plan, True), Way(plan, False)]
    waiting, order = [], 0
    while not until():
        timeout = 0.05
        if waiting:
            timeout = min(timeout, max(0.0, waiting[0][0] - time.monotonic()))
        readable = select.select(ends, [], [], timeout)[0]
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, side, data = heapq.heappop(waiting)
            capture.frame(1 - side, now, data)
            try:
                ends[1 - side].send(data)
            except OSError:
                pass  # the end is gone
        for end in readable:
            side = ends.index(end)
            data, address = end.recvfrom(65535)
            if address[2] == PACKET_OUTGOING:
                continue
            capture.frame(side, now, data)
            leaves = ways[side].leaves(now, data)
            if leaves is not None:
                order += 1
                heapq.heappush(waiting, (leaves + ways[side].delay, order, side, data))
    capture.file.close()


def namespace():
    """A process that holds one open."""
    holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE)
    holder.stdout.readline()
    return holder


def inside(holder, *command, **options):
    return subprocess.Popen(["nsenter", "-t", str(holder.pid), "-n", *command], text=True, **options)


def join(holder, name, address):
    """A veth from here, `name`, to there."""
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
    run("ip", "link", "set", name, "up")
    run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
    offloads_off(name)
    for command in (["ip", "addr", "add", address, "dev", "eth0"], ["ip", "link", "set", "eth0", "up"],
                    [sys.executable, os.path.abspath(__file__), "--offloads", "eth0"]):
        if inside(holder, *command).wait():
            sys.exit(f"linux_path: failed: {' '.join(command)}")


def middle(plan_path, result_path, capture_path):
    with open(plan_path, encoding="ascii") as file:
        plan = json.load(file)
    holders = [namespace(), namespace()]
    try:
        join(holders[0], "toclient", "10.77.0.1/24")
        join(holders[1], "toserver", "10.77.0.2/24")
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))  # a path does not wait for a processor
        except OSError:
            pass
        me = [sys.executable, os.path.abspath(__file__)]
        receiver = inside(holders[1], *me, "--server", plan_path, stdout=subprocess.PIPE)
        receiver.stdout.readline()
        sender = inside(holders[0], *me, "--client", plan_path, stdout=subprocess.PIPE)
        deadline = time.monotonic() + plan["seconds"] + 20
        relay(plan, capture_path, lambda: sender.poll() is not None or time.monotonic() > deadline)
        receiver.kill()
        if sender.poll() != 0:
            sys.exit("linux_path: the client failed")
        with open(result_path, "w", encoding="ascii") as file:
            file.write(sender.stdout.read())
    finally:
        for name in ("toclient", "toserver"):  # now, and not when the namespace at its other end goes
            subprocess.run(["ip", "link", "del", name], check=False, stderr=subprocess.DEVNULL)
        for holder in holders:
            holder.kill()
            holder.wait()


def main():
    role = sys.argv[1]
    if role == "--offloads":
        offloads_off(sys.argv[2])
    elif role in ("--server", "--client"):
        if hasattr(os, "SCHED_OTHER"):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        with open(sys.argv[2], encoding="ascii") as file:
            (server if role == "--server" else client)(json.load(file))
    else:
        middle(*sys.argv[1:])


if __name__ == "__main__":
    main()
