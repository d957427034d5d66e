#!/usr/bin/env python3
"""Checks that each section of the protocol reference that the tree cites exists.

    test/docs/citations.py [ROOT]

A citation is "PROTOCOL 4.3", "PROTOCOL 4.3, 4.6" or "PROTOCOL 6.3.3 to 6.3.5", also over the end of a
line of a comment. Sections are the headings of src/wire/README.md. Each wrong citation is a line
"FILE:LINE: …", and then the exit code is 1.
"""
import os
import pathlib
import re
import sys

REFERENCE = "src/wire/README.md"
FOLDERS = ("src", "include", "test", "bench", "examples")
FILES = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
ENDINGS = {".c", ".h", ".inc", ".md", ".py", ".build", ".sh", ".txt"}
OURS = "test/docs"  # its texts are examples
NUMBER = r"\d+(?:\.\d+)*(?![\w.]\d)"
BREAK = r"(?:[ \t]+|[ \t]*\n[ \t]*(?:\*|//|#)?[ \t]*)"
CITATION = re.compile(r"\bPROTOCOL" + BREAK + NUMBER +
                      r"(?:(?:,|" + BREAK + r"to|" + BREAK + r"and)" + BREAK + NUMBER + ")*")
HEADING = re.compile(r"^#+ (\d+(?:\.\d+)*) ", re.M)


def sections_of(root):
    return set(HEADING.findall((root / REFERENCE).read_text(encoding="utf-8")))


def sources_of(root):
    paths = [root / name for name in FILES]
    for folder in FOLDERS:
        paths += sorted((root / folder).rglob("*"))
    return [path for path in paths if path.is_file() and path.suffix in ENDINGS and
            not path.relative_to(root).as_posix().startswith(OURS + "/")]


def citations_of(text):
    """(line, section) for each section that the text cites."""
    for found in CITATION.finditer(text):
        for number in re.finditer(r"\d+(?:\.\d+)*", found.group()):
            yield text.count("\n", 0, found.start() + number.start()) + 1, number.group()


def check(root):
    """(how many sections are cited, the lines about those that do not exist)."""
    sections = sections_of(root)
    cited, wrong = 0, []
    for path in sources_of(root):
        for line, section in citations_of(path.read_text(encoding="utf-8", errors="replace")):
            cited += 1
            if section not in sections:
                wrong.append("%s:%d: PROTOCOL %s is not a section of %s" %
                             (path.relative_to(root).as_posix(), line, section, REFERENCE))
    return cited, wrong


def write_report(wrong):
    """For test/suite.py: one case, in the form of cmocka's reports."""
    target = os.environ.get("CMOCKA_XML_FILE")
    if target:
        failure = "<failure><![CDATA[%s]]></failure>" % "\n".join(wrong) if wrong else ""
        pathlib.Path(target.replace("%g", "citations")).write_text(
            '<testsuites>\n<testsuite name="citations" tests="1" failures="%d" errors="0" skipped="0">\n'
            '<testcase name="sections_exist">%s</testcase>\n</testsuite>\n</testsuites>\n' %
            (bool(wrong), failure), encoding="utf-8")


def main():
    here = pathlib.Path(__file__).resolve().parent.parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    cited, wrong = check(root)
    print("\n".join(wrong + ["%d citations, %d wrong" % (cited, len(wrong))]))
    write_report(wrong)
    return 1 if wrong or cited == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
