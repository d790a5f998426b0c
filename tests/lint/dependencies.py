#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may use whom (docs/architecture.md): a table, held against every include and every RTL instance."""
import re

from common import files, finish, read

STACK = ["base", "wire", "netif", "eth", "ip", "udp", "tcp", "socket", "dns", "dhcp"]
# folder -> folders whose headers it may include
ALLOWED = {"driver": {"driver"}}
for rank, layer in enumerate(STACK):
    ALLOWED[f"stack/{layer}"] = {f"stack/{below}" for below in STACK[:rank + 1]}
ALLOWED["stack/udp"].discard("stack/tcp")
ALLOWED["stack/tcp"].discard("stack/udp")
ALLOWED["stack/dhcp"].discard("stack/dns")
ALLOWED["sim/core"] = {"sim/core"}
ALLOWED["sim/wire"] = {"sim/core", "sim/wire"}
ALLOWED["sim/diagnose"] = {"sim/core", "sim/wire", "sim/diagnose", "stack/base"}
ALLOWED["sim/nic"] = {"sim/core", "sim/nic", "driver"}
ALLOWED["sim/apps"] = {"sim/apps", "stack/socket", "stack/base", "stack/ip", "stack/dns", "stack/dhcp"}
ALLOWED["sim/host"] = {"sim/core", "sim/wire", "sim/nic", "sim/apps", "sim/host", "driver"} | {f"stack/{s}" for s in STACK}
ALLOWED["sim/packet"] = {"sim/core", "sim/wire", "sim/host", "sim/packet", "stack/wire", "stack/base", "stack/ip", "stack/tcp", "stack/socket"}
ALLOWED["sim/packetdrill"] = ALLOWED["sim/packet"] | {"sim/packetdrill", "sim/packet"}
ALLOWED["sim/run"] = ALLOWED["sim/host"] | {"sim/run"}
ALLOWED["sim/explain"] = ALLOWED["sim/run"] | {"sim/explain"}
ALLOWED["sim/threads"] = {"sim/threads"} | {f"stack/{s}" for s in STACK}
# programs see sockets only
ALLOWED["sim/examples"] = {"sim/examples", "sim/threads"}
ALLOWED["sim/tool"] = ALLOWED["sim/explain"] | {"sim/tool", "sim/packet", "sim/diagnose", "sim/threads", "sim/examples"}
# the one adapter between stack and driver
EXCEPTIONS = {("stack/netif/netif_virtio.c", "driver"), ("stack/netif/netif_virtio.h", "driver")}
BLOCKS = ["mac", "offload", "virtio", "dma", "regs"]


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("stack", "sim") else parts[0]


def check_includes(problems):
    paths = files("driver/*.[ch]", "stack/*.[ch]", "sim/*.[ch]", "sim/*.cpp")
    for path in paths:
        own = folder_of(path)
        for target in re.findall(r'^\s*#\s*include\s+"([^"]+)"', read(path), re.M):
            if re.match(r"V\w+\.h|verilated", target):
                if own != "sim/nic":
                    problems.append(f"{path}: only sim/nic includes Verilated headers: {target}")
                continue
            if "/" not in target:
                problems.append(f"{path}: includes are rooted at the repository: {target}")
                continue
            used = folder_of(target)
            if used not in ALLOWED.get(own, set()) and (path, used) not in EXCEPTIONS:
                problems.append(f"{path}: {own} may not use {used} ({target})")
    return len(paths)


def check_instances(problems):
    """RTL blocks never use each other: they meet in rtl/top."""
    home = {}
    paths = files("rtl/*.sv")
    for path in paths:
        for module in re.findall(r"^\s*module\s+(\w+)", read(path), re.M):
            home[module] = path.split("/")[1]
    for path in paths:
        block = path.split("/")[1]
        if block == "top":
            continue
        for module in re.findall(r"^\s*(\w+)\s+(?:#\s*\(|u_\w+)", read(path), re.M):
            if module in home and home[module] not in (block, "common"):
                problems.append(f"{path}: block {block} uses {module} of block {home[module]}")
    return len(paths)


def main():
    problems = []
    checked = check_includes(problems) + check_instances(problems)
    finish(problems, checked)


if __name__ == "__main__":
    main()
