#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which file and which tests stand for each requirement of TCP's RFCs.

    tests/evidence/evidence.py    check, write build/evidence.md, one line per RFC

tests/evidence/rfcNNNN.txt has a row per requirement:

    id | clause | level | the requirement in our words | file:function, ... | reason

The tests are found: the EVIDENCE comment of a test, or the first line of a packet script, cites ids
(`RFC 9293 MUST-12, MUST-13; RFC 6298 5.4`). A row without a test needs a reason: `n/a: why` or
`deviation: the row's name in docs/deviations.md`. Each MUST of RFC 9293 that has a test also has a
mutant in tests/mutants/rfc9293.txt, or `no mutant: why` as its reason. A bare section number that is
no id (`RFC 9293 3.10.7.4`) only says where a test belongs; the header says which sections there are.
"""
import collections
import glob
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY")
KINDS = ("n/a", "deviation", "no mutant")

TEST = re.compile(r"^(?:static )?void (\w+)\(\s*void \*\*\w+\) \{", re.M)
EVIDENCE = re.compile(r"^( *)/\* EVIDENCE:(.*?)\*/", re.M | re.S)
TOKEN = re.compile(r"\s*,?\s*(?:and |to )?(?:((?:MUST|SHLD|MAY|REC)-\d+|\d+(?:\.\d+)*[a-z]?)(?![\w-])"
                   r"|\(([^)]*)\))")
NAMED = re.compile(r"(?:MUST|SHLD|MAY|REC)-\d+")

Row = collections.namedtuple("Row", "id clause level text where reason")
Table = collections.namedtuple("Table", "number title sections rows")
Test = collections.namedtuple("Test", "path name")


def read(path):
    with open(os.path.join(ROOT, path), encoding="ascii") as source:
        return source.read()


def tables():
    """The tables by RFC number, and what is wrong with their form."""
    found, wrong = {}, []
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "evidence", "rfc*.txt"))):
        name = os.path.relpath(path, ROOT)
        number = re.search(r"rfc(\d+)\.txt$", name)[1]
        title, sections, rows = "", set(), {}
        for line in read(name).splitlines():
            if line.startswith("# RFC "):
                title = line[2:]
            elif line.startswith("# sections: "):
                first, last = re.match(r"# sections: (\d+) to (\d+)", line).groups()
                sections = {str(section) for section in range(int(first), int(last) + 1)}
            elif line and not line.startswith("#"):
                cells = [cell.strip() for cell in line.split("|")]
                if len(cells) != 6 or cells[2] not in LEVELS or cells[0] in rows:
                    wrong.append(f"{name}: not a row, or its id is there twice: {line}")
                    continue
                rows[cells[0]] = Row(*cells)
        found[number] = Table(number, title, sections, rows)
    return found, wrong


def citations(text):
    """(RFC number, id or section) of a comment."""
    for part in re.split(r"(?=\bRFC \d)", text):
        head = re.match(r"RFC (\d+)", part)
        if not head:
            continue
        at = head.end()
        while True:
            token = TOKEN.match(part, at)
            if not token:
                break
            if token[1]:
                yield head[1], token[1]
            else:
                for name in NAMED.findall(token[2]):
                    yield head[1], name
            at = token.end()


def c_tests(path):
    """(Test, EVIDENCE text) of a C program: a comment inside a function, or in front of one."""
    text = read(path)
    starts = [(match.start(), match[1]) for match in TEST.finditer(text)]
    for comment in EVIDENCE.finditer(text):
        if comment[1]:
            names = [name for at, name in starts if at < comment.start()][-1:]
        else:
            names = [name for at, name in starts if at > comment.start()][:1]
        words = " ".join(comment[2].replace("\n", " ").replace(" * ", " ").split())
        for name in names:
            yield Test(path, name), words


def all_tests():
    for kind in ("stack", "driver", "cosim"):
        for path in sorted(glob.glob(os.path.join(ROOT, "tests", kind, "test_*.c"))):
            yield from c_tests(os.path.relpath(path, ROOT))
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "packet", "*.pkt"))):
        name = os.path.relpath(path, ROOT)
        first = [line for line in read(name).splitlines() if line.startswith("// RFC")][:1]
        for line in first:
            yield Test(name, os.path.basename(name)[:-4]), line


def cited(rfcs):
    """{(number, id): tests}, and citations of what these RFCs do not have."""
    tests, wrong = collections.defaultdict(list), []
    for test, words in all_tests():
        for number, token in citations(words):
            if number not in rfcs:
                continue
            if token in rfcs[number].rows:
                if test not in tests[number, token]:
                    tests[number, token].append(test)
            elif token[-1].isalpha() or "-" in token or token.partition(".")[0] not in rfcs[number].sections:
                wrong.append(f"{test.path}:{test.name} cites RFC {number} {token}, which there is not")
    return tests, wrong


def reasons(row):
    return [tuple(part.strip() for part in reason.partition(":")[::2])
            for reason in row.reason.split(";") if reason.strip()]


def wrong_places(row):
    """Files and functions that the row names and that are not there."""
    for where in filter(None, (part.strip() for part in row.where.split(","))):
        path, _, function = where.partition(":")
        if not os.path.isfile(os.path.join(ROOT, path)):
            yield f"there is no {path}"
        elif function and not re.search(rf"^[A-Za-z#][^;=\n]*\b{function}\(|^#define {function}\b",
                                        read(path), re.M):
            yield f"{path} has no {function}"


def mutants():
    """Rows of tests/mutants/*.txt: (file, text to find, text to put, RFC number, id)."""
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "mutants", "*.txt"))):
        for line in read(os.path.relpath(path, ROOT)).splitlines():
            if " | " in line and not line.startswith("#"):
                target, old, new, cites = (part.strip() for part in line.split(" | "))
                yield target, old, new, *re.match(r"RFC (\d+) (\S+)$", cites).groups()


def wrong_mutants(rfcs, tests):
    mutated = set()
    for path, old, _, number, token in mutants():
        mutated.add((number, token))
        if not os.path.isfile(os.path.join(ROOT, path)) or old not in read(path):
            yield f"mutant of RFC {number} {token}: the text is not in {path} any more: {old}"
        if not tests[number, token]:
            yield f"mutant of RFC {number} {token}: no test cites that"
    for row in rfcs["9293"].rows.values() if "9293" in rfcs else ():
        if (row.level.startswith("MUST") and tests["9293", row.id] and
                ("9293", row.id) not in mutated and "no mutant" not in dict(reasons(row))):
            yield f"RFC 9293 {row.id}: no mutant in tests/mutants/rfc9293.txt"


def wrong_row(number, row, found, deviations):
    name = f"RFC {number} {row.id}"
    for kind, text in reasons(row):
        if kind not in KINDS or not text:
            yield f"{name}: not a reason: {row.reason}"
        if kind == "deviation" and text not in deviations:
            yield f"{name}: docs/deviations.md has no row `{text}`"
    excused = any(kind != "no mutant" for kind, _ in reasons(row))
    if not found and not excused:
        yield f"{name}: neither a test that cites it nor a reason ({row.text})"
    if not row.where and not excused:
        yield f"{name}: no file"
    for place in wrong_places(row):
        yield f"{name}: {place}"


def totals(table, tests):
    """`N requirements: N with tests, N that do not apply, N deviations without test`."""
    bare = [dict(reasons(row)) for row in table.rows.values() if not tests[table.number, row.id]]
    return (f"{len(table.rows)} requirements: {len(table.rows) - len(bare)} with tests, "
            f"{sum('n/a' in kinds for kinds in bare)} that do not apply, "
            f"{sum('deviation' in kinds for kinds in bare)} not met (docs/deviations.md)")


def report(table, tests):
    """The table of one RFC as Markdown lines."""
    yield f"\n## {table.title}\n"
    yield totals(table, tests) + ".\n"
    yield "| id | clause | level | requirement | where | tests | reason |"
    yield "|---|---|---|---|---|---|---|"
    for row in table.rows.values():
        names = ", ".join(f"{os.path.basename(test.path).partition('.')[0]}: {test.name}"
                          if test.path.endswith(".c") else os.path.basename(test.path)
                          for test in tests[table.number, row.id])
        yield f"| {row.id} | {row.clause} | {row.level} | {row.text} | {row.where} | {names} | {row.reason} |"


def main():
    rfcs, wrong = tables()
    tests, unknown = cited(rfcs)
    deviations = {line.split("|")[1].strip() for line in read("docs/deviations.md").splitlines()
                  if line.startswith("| ")}
    lines = ["<!-- Made by tests/evidence/evidence.py. -->", "# Evidence"]
    failed = 0
    for number, table in sorted(rfcs.items(), key=lambda item: int(item[0])):
        mine = [text for row in table.rows.values()
                for text in wrong_row(number, row, tests[number, row.id], deviations)]
        print(f"  {'FAIL' if mine else 'ok':4} RFC {number}: {totals(table, tests)}")
        failed += bool(mine)
        wrong += mine
        lines += report(table, tests)
    before = len(wrong)
    wrong += unknown + list(wrong_mutants(rfcs, tests))
    os.makedirs(BUILD, exist_ok=True)
    with open(os.path.join(BUILD, "evidence.md"), "w", encoding="ascii") as page:
        page.write("\n".join(lines) + "\n")
    for text in wrong:
        print(f"  {text}")
    rest = len(wrong) > before
    counts = {"passed": len(rfcs) - failed + (not rest), "failed": failed + rest, "skipped": 0}
    with open(os.path.join(BUILD, "evidence.json"), "w", encoding="ascii") as out:
        json.dump(counts, out)
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if wrong or not rfcs else 0)


if __name__ == "__main__":
    main()
