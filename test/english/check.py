#!/usr/bin/env python3
"""Fails on words that the project does not use; words.txt lists them, with the better ones.

    check.py                        the whole project
    check.py --files FILE ...       only these

Error texts are looked at in the sources here, and once more by the tests that provoke them: see
test/unit/provoked.c.
"""
import pathlib
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "test" / "packaging"))
import report  # noqa: E402

FOLDERS = ["src", "include", "test", "bench", "examples"]
KINDS = {".c", ".h", ".py", ".sh", ".md", ".build"}
LEFT_OUT = {"test/data", "test/fuzz/corpus", "test/english", "subprojects"}
# A string of a C source that goes to the caller: what calls take it, and what fields keep it.
TEXT_CALLS = re.compile(
    r'\b(?:tuv_fail|tuv_\w*fail\w*|fail\w*|refuse\w*|violation|tuv_conn_(?:lost|silent)|tuv_req_defer|wrong|no_json|no_row|'
    r'snprintf)\s*\(|\bmessage\s*=|\(tuv_failure_t\)\s*\{|\breturn\s*"')
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)


class Rule:
    def __init__(self, line):
        self.where, self.pattern, self.better = line.split("\t")
        self.regex = re.compile(r"(?<![A-Za-z_])(?:%s)(?![A-Za-z_])" % self.pattern, re.I)


def rules():
    lines = (HERE / "words.txt").read_text(encoding="utf-8").splitlines()
    return [Rule(line) for line in lines if line and not line.startswith("#")]


def files():
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    found += sorted(ROOT.glob("*.md"))
    for path in found:
        name = path.relative_to(ROOT).as_posix()
        plain = path.suffix in KINDS or (path.suffix == "" and path.is_file())
        if path.is_file() and plain and not any(name.startswith(out + "/") for out in LEFT_OUT):
            yield path


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def joined(comment):
    """A comment as one line of text, so that a phrase is found across the end of a line."""
    return re.sub(r"\n\s*\*?\s*", " ", comment)


def c_comments(text):
    for match in COMMENT.finditer(text):
        yield line_of(text, match.start()), joined(match[0])


def script_comments(text):
    block, first = [], 0
    for number, line in enumerate(text.splitlines() + [""], 1):
        words = line.strip()
        if words.startswith("#"):
            first = first if block else number
            block.append(words.lstrip("# "))
        elif block:
            yield first, " ".join(block)
            block = []


def paragraphs(text):
    number = 1
    for part in text.split("\n\n"):
        yield number, re.sub(r"\s*\n\s*", " ", part)
        number += part.count("\n") + 2


def c_texts(text):
    """Strings in statements that make an error text, pieces joined."""
    plain = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    for statement in re.finditer(r"[^;{}]*(?:\{[^{};]*\})?[^;{}]*;", plain):
        if not TEXT_CALLS.search(statement[0]):
            continue
        strings = STRING.findall(statement[0])
        if strings:
            at = statement.start() + statement[0].index('"')
            yield line_of(plain, at), "".join(strings)


def names(text):
    plain = STRING.sub('""', COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text))
    for match in re.finditer(r"\b[A-Za-z_]\w*\b", plain):
        yield line_of(plain, match.start()), match[0]


def pieces(path):
    """(line, where, text) of all that is to be looked at in a file."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".c", ".h"):
        yield from ((line, "comment", part) for line, part in c_comments(text))
        if name.startswith(("src/", "include/", "examples/", "planted")):
            yield from ((line, "text", part) for line, part in c_texts(text))
        if name.startswith(("src/", "include/", "planted")):
            yield from ((line, "name", part) for line, part in names(text))
    elif path.suffix == ".md":
        yield from ((line, "comment", part) for line, part in paragraphs(text))
    else:
        yield from ((line, "comment", part) for line, part in script_comments(text))


def table_of_errors(path):
    """The texts of the statuses: include/taosuv/error.h has them in a macro."""
    text = path.read_text(encoding="utf-8")
    for match in STRING.finditer(COMMENT.sub("", text)):
        yield line_of(text, match.start()), "text", match[1]


def findings(paths):
    listed = rules()
    any_of = {where: re.compile("|".join(rule.regex.pattern for rule in listed if rule.where == where),
                                re.I)
              for where in ("text", "comment", "name")}
    for path in paths:
        parts = list(pieces(path))
        if path.name == "error.h":
            parts += table_of_errors(path)
        for line, where, text in parts:
            if not any_of[where].search(text):
                continue
            for rule in listed:
                match = rule.regex.search(text) if rule.where == where else None
                if match:
                    yield path, line, where, match[0], rule.better


class Project(unittest.TestCase):
    def test_the_project_is_in_plain_english(self):
        found = ["%s:%d: %s: \"%s\": better: %s" % (path.relative_to(ROOT), *rest)
                 for path, *rest in findings(files())]
        self.assertEqual(found, [], "\n" + "\n".join(found))


def main():
    if sys.argv[1:2] != ["--files"]:
        report.main("english")
    count = 0
    for path, *rest in findings(pathlib.Path(name).resolve() for name in sys.argv[2:]):
        print("%s:%d: %s: \"%s\": better: %s" % (path, *rest))
        count += 1
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
