#!/usr/bin/env python3
"""What the README shows is true: its first program compiles, its tables have every code and key."""
import re
import tempfile
import unittest

import report
from common import CC, POSIX, ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")


class Readme(unittest.TestCase):
    def test_the_first_program_compiles_without_a_warning(self):
        program = re.search(r"```c\n(.*?)```", README, re.S).group(1)
        uv = run("pkg-config", "--cflags", "libuv").split()
        with tempfile.NamedTemporaryFile("w", suffix=".c", encoding="utf-8") as source:
            source.write(program)
            source.flush()
            run(*CC, "-std=c11", POSIX, "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include", *uv,
                "-fsyntax-only", source.name)

    def test_every_status_is_listed_with_its_value(self):
        header = (ROOT / "include/taosuv/error.h").read_text(encoding="utf-8")
        codes = re.findall(r"XX\((\w+), (-\d+),", header)
        self.assertGreater(len(codes), 10)
        for name, value in codes:
            self.assertTrue("| `TAOSUV_%s` | %s |" % (name, value) in README, name)

    def test_every_url_key_is_listed(self):
        source = (ROOT / "src/wire/url/settings.c").read_text(encoding="utf-8")
        keys = re.findall(r'^    \{"(\w+)", (?:"(\w+)"|NULL),', source, re.M)
        self.assertGreater(len(keys), 15)
        for names in keys:
            for name in filter(None, names):
                self.assertTrue("`%s`" % name in README, name)

    def test_every_operation_is_listed(self):
        exports = (ROOT / "test/packaging/exports.txt").read_text(encoding="ascii").split()
        listed = README.split("## Operations")[1].split("## URL")[0]
        headers = "".join(p.read_text(encoding="utf-8")
                          for p in (ROOT / "include/taosuv").glob("*.h"))
        for name in exports:
            if re.search(r"\bint %s\(taosuv_client_t\*" % name, headers):
                self.assertIn("`%s`" % name, listed)


if __name__ == "__main__":
    report.main("readme")
