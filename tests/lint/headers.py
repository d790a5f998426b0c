#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone, has its guard, and the freestanding code builds with gcc and clang."""
import subprocess

from common import ROOT, files, finish, read

FLAGS = ["-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I.", "-fsyntax-only"]
STRICT = ["-Wconversion", "-Wshadow", "-Wvla", "-Wstrict-prototypes", "-Wmissing-prototypes"]


def freestanding(compiler):
    include = subprocess.run([compiler, "-print-file-name=include"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.strip()
    if compiler == "clang":
        include = subprocess.run([compiler, "-print-resource-dir"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.strip() + "/include"
    return ["-ffreestanding", "-nostdinc", "-isystem", include]


def compile_ok(command, problems, path, source=None):
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            input=source, check=False)
    if result.returncode:
        problems.append(f"{path}: {command[0]}:\n{result.stdout[:1500]}")


def main():
    problems, checked = [], 0
    for path in files("driver/*.h", "stack/*.h", "sim/*.h"):
        checked += 1
        free = path.startswith(("driver/", "stack/"))
        text = read(path)
        if "#ifndef PH_" not in text and "#pragma once" not in text:
            problems.append(f"{path}: no include guard")
        if "verilated.h" in text:
            continue  # C++, compiled with the model
        command = ["gcc", *FLAGS, *(freestanding("gcc") if free else ["-D_GNU_SOURCE"]), "-x", "c", "-"]
        compile_ok(command, problems, path, f'#include "{path}"\nextern int ph_unit;\n')
    for compiler in ("gcc", "clang"):
        flags = freestanding(compiler)
        for path in files("driver/*.c", "stack/*.c"):
            checked += 1
            compile_ok([compiler, *FLAGS, *STRICT, *flags, path], problems, path)
    finish(problems, checked)


if __name__ == "__main__":
    main()
