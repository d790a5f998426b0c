#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""First inputs of the fuzzers from tests/packet: what the peer sends and the application does, as steps.

`seeds.py packet|options|ipv6 FOLDER` writes one file per script, respectively per list of options. The committed corpus
is these and what fuzzing found beyond them (`-merge=1`); run it again when fuzz_packet.c reads its input otherwise.
"""
import glob
import os
import re
import struct
import sys

SEGMENT, CALL, TIME, PACKET, FRAME, ICMP, DEVICE = 0, 4, 7, 9, 10, 11, 12  # steps[] of fuzz_packet.c
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, ".": 16, "U": 32, "E": 64, "W": 128, "C": 128}
ISS = -100  # of both ends
TCP = re.compile(r"<\s+([SFRPUEWC.]+)\s+(\d+):\d+\((\d+)\)(?:\s+ack\s+(\d+))?(?:\s+win\s+(\d+))?(?:\s+urg\s+(\d+))?"
                 r"(?:\s+<([^>]*)>)?")
CALLS = [(r"\bread\(|\brecv\(", 10), (r"\bwrite\(|\bsend\(", 14), (r"\bclose\(", 6), (r"\bshutdown\(", 5),
         (r"\bpoll\(", 8), (r"\baccept\(", 3), (r"MSG_OOB", 13)]


def option_bytes(text):
    """The bytes of `mss 1000,sackOK,TS val 1 ecr 2,nop,wscale 7,sack 1:2 3:4`."""
    out = b""
    for word in (text or "").split(","):
        numbers = [int(n) for n in re.findall(r"\d+", word)]
        if word.startswith("mss"):
            out += struct.pack(">BBH", 2, 4, numbers[0] & 0xffff)
        elif word.startswith("wscale"):
            out += struct.pack(">BBB", 3, 3, numbers[0] & 255)
        elif word.startswith("sackOK"):
            out += b"\4\2"
        elif word.startswith("sack"):
            out += struct.pack(">BB", 5, 2 + 4 * len(numbers))
            out += b"".join(struct.pack(">I", (n + ISS) & 0xffffffff) for n in numbers)
        elif word.startswith("TS"):
            out += struct.pack(">BBII", 8, 10, *((numbers + [0, 0])[:2]))
        elif word.startswith("nop"):
            out += b"\1"
        elif word.startswith("eol"):
            out += b"\0"
    return out[:40] + b"\1" * (-len(out[:40]) % 4)


def segment(match, conn):
    flags = sum(FLAGS[f] for f in set(match[1]))
    seq, length, ack = int(match[2]), int(match[3]), int(match[4] or 0)
    options = option_bytes(match[7])
    opens = flags & 0x16 == 2 and seq == 0
    how = 1 | 1 << 2 | (0x40 if options else 0) | (0x80 if length else 0)
    out = struct.pack(">BBBBHHH", SEGMENT, 0x80 | 9 if opens else conn, how, flags,
                      0 if opens else (seq - 1) & 0xffff, (ack - 1) & 0xffff, int(match[5] or 500) & 0xffff)
    if flags & 32:
        out += struct.pack(">H", int(match[6] or 0))
    if options:
        out += bytes([len(options) // 4]) + options
    return out + (struct.pack(">H", length) if length else b"")


def passing(line):
    """`+.05` is time: a step of about so long."""
    match = re.match(r"\s*\+([0-9]*\.?[0-9]+)", line)
    micros = float(match[1]) * 1e6 if match else 0
    return bytes([TIME, 7 << 5 | max(0, min(30, int(micros).bit_length()))]) if micros >= 1 else b""


def steps(text):
    conn = 1 if "connect(" in text else 0
    out = bytes([0x71])
    for line in text.splitlines():
        out += passing(line)
        match = TCP.search(line)
        if match:
            out += segment(match, conn)
            continue
        for pattern, what in CALLS:
            if re.search(pattern, line):
                size = int((re.findall(r"(\d+)\)", line) or ["1000"])[0]) & 0xffff
                fd = 0 if what == 3 else 2 if conn else 1
                rest = {14: struct.pack(">BH", 0, size), 10: struct.pack(">HB", size, 0), 5: b"\1", 3: b"\0\0"}
                out += bytes([CALL, fd << 4 | what]) + rest.get(what, b"")
                break
    return out


def packets():
    """Steps that no script has: other protocols, fragments, errors, a device that is full."""
    arp = struct.pack(">HHHBBH6sI6sI", 0x806, 1, 0x800, 6, 4, 1, bytes([2, 0, 0, 0, 0, 2]), 0x0a000002, b"", 0x0a000001)
    echo = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + bytes(24)
    datagram = struct.pack(">HHHH", 9, 7, 20, 0) + bytes(12)

    def packet(how, kind, body, extra=b""):
        return struct.pack(">BBBH", PACKET, how, kind, len(body)) + body + extra

    yield "arp", struct.pack(">BBBH", 0x71, FRAME, 0, len(arp)) + arp
    yield "echo", b"\x71" + packet(0, 2, echo)
    yield "datagram", b"\x71" + packet(0, 1, datagram) + bytes([CALL, 3 << 4 | 10, 1, 0, 0])
    yield "fragment", b"\x71" + packet(1, 1, datagram, b"\x20\x00") + packet(1, 1, datagram, b"\x00\x02")
    yield "options", b"\x71" + packet(4, 2, bytes([7, 7, 4, 0, 0, 0, 0, 0]) + echo, b"\x47")
    yield "too_big", b"\x71" + bytes([CALL, 1 << 4 | 14, 0, 16, 0, ICMP, 0, 0, 2, 88, 5, 0, 0, 0])
    yield "unreachable", b"\x71" + bytes([CALL, 1 << 4 | 14, 0, 16, 0, ICMP, 0, 4, 1, 0, 0, 5, 0, 0, 0])
    yield "full", b"\x71" + bytes([DEVICE, 0x13, CALL, 1 << 4 | 14, 0, 255, 0, TIME, 0x34, DEVICE, 0, TIME, 0x38])
    yield "small_pools", b"\x0e" + bytes([CALL, 1 << 4 | 14, 0, 255, 0, TIME, 0x34] * 3)


def inputs(kind):
    if kind == "ipv6":
        yield from ipv6_inputs()
        return
    for path in sorted(glob.glob("tests/packet/*.pkt")):
        with open(path, encoding="ascii") as source:
            text = source.read()
        name = os.path.basename(path)[:-4]
        if kind == "packet":
            yield name, steps(text)
        else:
            for number, match in enumerate(TCP.finditer(text)):
                if match[7]:
                    yield f"{name}_{number}", option_bytes(match[7])
    if kind == "packet":
        yield from packets()


def icmp6_step(kind, body, src, dst, how=0):
    """A step of fuzz_ipv6.c: an ICMPv6 message, `kind` and the addresses by their places in its lists."""
    return bytes([0, how | kind, len(body), src, dst]) + body


def ipv6_inputs():
    """What each part of neighbour discovery, MLD and ICMPv6 looks like when it is right."""
    v6 = bytes.fromhex
    host, peer = v6("20010db8" + "00" * 11 + "01"), v6("20010db8" + "00" * 11 + "02")
    router = v6("fe80" + "00" * 13 + "aa")
    mac, target_mac = v6("0101020000000002"), v6("0201020000000002")
    prefix = v6("030440c00001518000003840" + "00000000" + "20010db800050000" + "00" * 8)
    mtu = v6("0501000000000578")
    call, wait = bytes([6, 3, 2]), bytes([5 | 30 << 3])
    ns = icmp6_step(11, bytes(4) + host + mac, 3, 2)
    na = icmp6_step(12, v6("e0000000") + peer + target_mac, 3, 2)
    ra = icmp6_step(10, v6("400007080000000000000000") + mac + mtu + prefix, 7, 8)
    redirect = icmp6_step(13, bytes(4) + router + v6("20010db800090000" + "00" * 7 + "01") + target_mac, 7, 5)
    query = icmp6_step(6, v6("27100000") + bytes(16) + bytes(4), 7, 8, 0x40)
    quote = v6("6000000000081140") + host + peer + v6("0009000900080000")
    too_big = icmp6_step(1, v6("00000514") + quote, 3, 2)
    echo = icmp6_step(4, v6("00010002") + b"data", 3, 2)
    chain = bytes([3, 60, 24, 3, 2]) + v6("3c00010400000000" + "2c00010400000000" + "3a00000000000001")
    yield "nd", bytes([1]) + ns + call + na + wait + call
    yield "ra", bytes([0]) + ra + wait + wait + call + ra
    yield "dad", bytes([0]) + ra + icmp6_step(11, bytes(4) + host, 0, 10) + wait
    yield "redirect", bytes([2]) + ra + wait + redirect + call + wait
    yield "mld", bytes([1]) + bytes([6, 11, 1, 0]) + query + wait + bytes([6, 11, 1, 1])
    yield "error", bytes([1]) + ns + call + too_big + call
    yield "chain", bytes([1]) + ns + echo + chain


def main():
    kind, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for name, data in inputs(kind):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    main()
