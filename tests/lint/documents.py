#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents name is there: links and their headings, files, functions, goals of make, options of the tool.
A word in backquotes counts as a file if it has a known ending, as a function if it ends with parentheses."""
import os
import re

from common import ROOT, files, finish, read

# Names that belong to others, or to a family of files.
OTHERS = {"defaults.sh", "tests/evidence/rfcNNNN.txt"}
ENDINGS = r"(c|h|cpp|py|sv|svh|sh|md|txt|pkt|rdl|mk|f|vlt)"
SOURCES = ("*.c", "*.h", "*.cpp", "*.py", "*.sh", "*.sv", "*.svh", "*.mk", "Makefile", "*.txt", "*.rdl")


def heading(text):
    """The anchor that a heading has."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


class Tree:
    def __init__(self):
        self.paths = set(files("*"))
        sources = "".join(read(path) for path in files(*SOURCES))
        self.words = set(re.findall(r"\w+", sources))
        dashed = {word.replace("_", "-") for word in self.words}
        self.options = set(re.findall(r"--([a-z][\w-]*)", sources)) | self.words | dashed
        self.goals = set(re.findall(r"^([a-z][\w-]*):", read("Makefile") + "".join(map(read, files("*.mk"))), re.M))
        self.headings = {path: {heading(line) for line in re.findall(r"^#+ (.*)$", read(path), re.M)}
                         for path in self.paths if path.endswith(".md")}

    def has_file(self, name, beside):
        if name in OTHERS or name.startswith(("build/", "_")) or set(name) & set("*<"):
            return True  # made, the end of a name in front, or a pattern
        near = os.path.normpath(os.path.join(os.path.dirname(beside), name))
        return near in self.paths or any(path == name or path.endswith("/" + name) for path in self.paths)

    def wrong_link(self, target, document):
        """Why a link leads nowhere, or None."""
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
        if not os.path.exists(os.path.join(ROOT, path)):
            return f"no such file: {target}"
        if anchor and anchor not in self.headings.get(path, {anchor}):
            return f"no such heading: {target}"
        return None

    def wrong_word(self, word, document):
        """Why a word in backquotes is none of ours, or None."""
        if re.fullmatch(rf"[\w./*<>-]+\.{ENDINGS}(:.*)?", word):
            return None if self.has_file(word.split(":")[0], document) else f"no such file: {word}"
        function = re.fullmatch(r"(\w+)\(.*\)", word)
        if function:
            return None if function[1] in self.words else f"no such function: {word}"
        goal = re.match(r"make ([a-z][\w-]*)", word)
        if goal:
            return None if goal[1] in self.goals else f"no such goal: {word}"
        option = re.match(r"--([a-z][\w-]*)", word)
        if option:
            return None if option[1] in self.options else f"no such option: {word}"
        return None


def main():
    tree = Tree()
    documents = [path for path in files("*.md") if path == "README.md" or path.startswith("docs/")]
    problems = []
    for document in documents:
        for number, line in enumerate(read(document).splitlines(), 1):
            found = [tree.wrong_word(word, document) for word in re.findall(r"`([^`]+)`", line)]
            found += [tree.wrong_link(target, document) for target in re.findall(r"\]\(([^)\s]+)\)", line)
                      if not target.startswith("http")]
            problems += [f"{document}:{number}: {why}" for why in found if why]
    finish(problems, len(documents))


if __name__ == "__main__":
    main()
