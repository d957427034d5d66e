#!/usr/bin/env python3
"""citations.py finds a wrong citation that is planted in a small tree, and nothing in a clean one."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "packaging"))
import report  # noqa: E402

REFERENCE = "# Reference\n\n## 4 Messages\n\n### 4.3 A reply\n\n### 4.6 An old reply\n\n#### 4.6.1 More\n"
CLEAN = "/* A reply (PROTOCOL 4.3). */\nenum { EPROTOCOL = 9, PROTOCOL, LAST };\n"


class Citations(unittest.TestCase):
    def check(self, text, name="src/wire/reply.h", reference=REFERENCE):
        """Runs the check on a tree with one source file: (exit code, output)."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in (("src/wire/README.md", reference), (name, text)):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content, encoding="utf-8")
            env = {key: value for key, value in os.environ.items() if key != "CMOCKA_XML_FILE"}
            done = subprocess.run([sys.executable, str(HERE / "citations.py"), folder], env=env,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def wrong(self, text, *lines, **more):
        code, output = self.check(text, **more)
        self.assertEqual(code, 1, output)
        self.assertEqual(output.splitlines()[:-1],
                         ["%s is not a section of src/wire/README.md" % line for line in lines])

    def test_clean(self):
        self.assertEqual(self.check(CLEAN), (0, "1 citations, 0 wrong\n"))

    def test_lists(self):
        code, output = self.check("/* PROTOCOL 4, 4.3 and 4.6 */ /* (PROTOCOL 4.3 to 4.6.1; RFC 1, 2) */\n")
        self.assertEqual((code, output), (0, "5 citations, 0 wrong\n"))

    def test_wrong_section(self):
        self.wrong(CLEAN + "/* (PROTOCOL 4.4). */\n", "src/wire/reply.h:3: PROTOCOL 4.4")

    def test_wrong_in_a_list(self):
        self.wrong("/* (PROTOCOL 4.3, 4.7 to 5): */\n", "src/wire/reply.h:1: PROTOCOL 4.7",
                   "src/wire/reply.h:1: PROTOCOL 5")

    def test_wrong_on_the_next_line(self):
        self.wrong("/* A reply (PROTOCOL\n * 4.9). */\n", "src/wire/reply.h:2: PROTOCOL 4.9")

    def test_longer_number_is_another_section(self):
        self.wrong("/* PROTOCOL 4.6.10 */\n", "src/wire/reply.h:1: PROTOCOL 4.6.10")

    def test_each_folder_is_looked_at(self):
        for folder in ("include/a.h", "test/unit/a.c", "bench/a.c", "examples/a.c", "README.md"):
            with self.subTest(folder):
                self.wrong("PROTOCOL 7.7", folder + ":1: PROTOCOL 7.7", name=folder)

    def test_section_is_removed(self):
        self.wrong(CLEAN, "src/wire/reply.h:1: PROTOCOL 4.3",
                   reference=REFERENCE.replace("### 4.3 A reply\n", ""))

    def test_no_citation_at_all(self):
        self.assertEqual(self.check("int a;\n"), (1, "0 citations, 0 wrong\n"))


if __name__ == "__main__":
    report.main("citations")
