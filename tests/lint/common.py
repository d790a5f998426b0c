# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: the list of files and one way to report."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(*patterns):
    """Tracked and new files that match git's patterns, relative to the root."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns], cwd=ROOT,
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted(f for f in set(out.splitlines()) if os.path.exists(os.path.join(ROOT, f)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="surrogateescape") as source:
        return source.read()


def finish(problems, checked):
    """Print the problems; exit 1 if there are any."""
    for problem in problems:
        print(problem)
    if not checked:
        print("nothing was checked")
    sys.exit(1 if problems or not checked else 0)
