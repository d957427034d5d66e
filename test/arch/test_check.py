#!/usr/bin/env python3
"""check.py finds what is planted in a small tree, and nothing in a clean one."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "packaging"))
import report  # noqa: E402

CC = os.environ.get("CC", "cc").split()
LAYOUT = """# A small tree.
check src
include
src/low
src/left src/right
src/high
<stdio.h> only src/high
"""
CLEAN = {
    "include/public.h": "int public_call(void);\n",
    "src/low/low.h": "int low(void);\n",
    "src/low/low.c": '#include "low/low.h"\nint low(void) { return 1; }\n',
    "src/left/private.h": "int left_only(void);\n",
    "src/left/left.h": '#include "low/low.h"\nint left(void);\n',
    "src/left/left.c": '#include "left/left.h"\n#include "left/private.h"\n'
                       'int left(void) { return low() + left_only(); }\n',
    "src/left/only.c": '#include "private.h"\nint left_only(void) { return 2; }\n',
    "src/right/right.h": "int right(void);\n",
    "src/right/right.c": '#include "right/right.h"\nint right(void) { return 3; }\n',
    "src/high/high.c": '#include <stdio.h>\n#include <public.h>\n#include "left/left.h"\n'
                       '#include "right/right.h"\n'
                       'int public_call(void) { return puts("") + left() + right(); }\n',
}


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name) / "a tree"
        self.build = self.root / "build"
        for name, text in CLEAN.items():
            self.plant(name, text)
        self.plant("small.layout", LAYOUT)

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compile(self):
        self.build.mkdir(exist_ok=True)
        commands = []
        for source in sorted((self.root / "src").rglob("*.c")):
            output = "_".join(source.relative_to(self.root).parts) + ".o"
            words = CC + ["-I../src", "-I../include", "-o", output, "-c",
                          os.path.relpath(source, self.build)]
            subprocess.run(words, cwd=self.build, check=True)
            commands.append({"directory": str(self.build), "command": " ".join(words),
                             "file": words[-1], "output": output})
        (self.build / "compile_commands.json").write_text(json.dumps(commands))

    def check(self, *options):
        """(exit code, output) of check.py for the tree."""
        self.compile()
        env = {key: value for key, value in os.environ.items() if key != "CMOCKA_XML_FILE"}
        done = subprocess.run([sys.executable, HERE / "check.py", "--root", self.root, *options,
                               self.build, self.root / "small.layout"], env=env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def finds(self, *texts):
        code, output = self.check()
        self.assertEqual(code, 1, output)
        for text in texts:
            self.assertIn(text, output)

    def test_a_clean_tree_passes(self):
        code, output = self.check()
        self.assertEqual(code, 0, output)
        self.assertIn("src: 9 files, 0 of them in circles of symbols; findings: 0 circle, "
                      "0 upwards, 0 include, 0 layout", output)

    def test_a_circle_of_files_is_named(self):
        self.plant("src/left/only.c", 'int left(void);\n#include "private.h"\n'
                   'int left_only(void) { return left(); }\n')
        self.finds("circle: 2 files: src/left/left.c src/left/only.c",
                   "src/left/left.c uses left_only of src/left/only.c",
                   "src/left/only.c uses left of src/left/left.c")

    def test_the_shortest_of_several_circles_is_shown(self):
        self.plant("src/right/a.c", "int b(void);\nint d(void);\nint a(void) { return b() + d(); }\n")
        self.plant("src/right/b.c", "int c(void);\nint b(void) { return c(); }\n")
        self.plant("src/right/c.c", "int a(void);\nint c(void) { return a(); }\n")
        self.plant("src/right/d.c", "int a(void);\nint d(void) { return a(); }\n")
        self.finds("circle: 4 files: src/right/a.c src/right/b.c src/right/c.c src/right/d.c\n"
                   "    for example: src/right/a.c uses d of src/right/d.c,\n"
                   "      src/right/d.c uses a of src/right/a.c\n")

    def test_a_circle_of_headers_is_named(self):
        self.plant("src/low/low.h", '#pragma once\n#include "low/other.h"\nint low(void);\n')
        self.plant("src/low/other.h", '#pragma once\n#include "low/low.h"\n')
        self.finds("circle: 2 files: src/low/low.h src/low/other.h",
                   "src/low/low.h:2: includes src/low/other.h")

    def test_a_call_upwards_is_named(self):
        self.plant("src/low/up.c", "int left(void);\nint up(void) { return left(); }\n")
        self.finds("upwards: src/low/up.c uses left of src/left/left.c",
                   "upwards from src/low to src/left: 1")

    def test_a_function_pointer_in_a_table_counts(self):
        self.plant("src/low/table.c", "int right(void);\nint (*const table[])(void) = {right};\n")
        self.finds("upwards: src/low/table.c uses right of src/right/right.c")

    def test_an_inline_function_counts_where_it_is_included(self):
        self.plant("src/low/low.h", "int right(void);\nint low(void);\n"
                   "static inline int in_line(void) { return right(); }\n")
        self.plant("src/low/use.c", '#include "low/low.h"\nint use(void) { return in_line(); }\n')
        self.finds("upwards: src/low/use.c uses right of src/right/right.c")

    def test_a_call_beside_is_an_arrow_upwards(self):
        self.plant("src/right/right.c", "int left(void);\nint right(void) { return left(); }\n")
        self.finds("upwards: src/right/right.c uses left of src/left/left.c")

    def test_an_include_upwards_is_named(self):
        self.plant("src/low/more.h", 'int more(void);\n\n#include "left/left.h"\n')
        self.finds("include: src/low/more.h:3: includes src/left/left.h")

    def test_a_private_header_of_another_folder_is_named(self):
        self.plant("src/high/more.c", '#include "left/private.h"\nint more(void) { return 1; }\n')
        self.finds("include: src/high/more.c:1: includes src/left/private.h")

    def test_a_reserved_header_is_named(self):
        self.plant("src/low/low.c", "#  include <stdio.h>\nint low(void) { return puts(\"\"); }\n")
        self.finds("include: src/low/low.c:1: includes <stdio.h>")

    def test_a_folder_outside_of_the_layout_is_named(self):
        self.plant("src/new/new.c", "int new(void) { return 1; }\n")
        self.finds("layout: src/new is not in the layout")

    def test_a_use_of_a_folder_outside_of_the_layout_is_named(self):
        self.plant("src/left/new/new.c", "int new(void) { return 1; }\n")
        self.plant("src/high/use.c", "int new(void);\nint use(void) { return new(); }\n")
        self.finds("upwards: src/high/use.c uses new of src/left/new/new.c")

    def test_a_folder_without_files_is_named(self):
        self.plant("small.layout", LAYOUT + "src/empty\n")
        self.finds("layout: src/empty is in the layout and has no files")

    def test_a_report_does_not_fail(self):
        self.plant("src/low/up.c", "int left(void);\nint up(void) { return left(); }\n")
        code, output = self.check("--report")
        self.assertEqual(code, 0, output)
        self.assertIn("upwards: src/low/up.c uses left of src/left/left.c", output)

    def test_why_names_symbols_and_includes(self):
        code, output = self.check("--why", "src/left", "src/low/")
        self.assertEqual((code, output), (0, "src/left/left.c uses low of src/low/low.c\n"
                                          "src/left/left.h:1: includes src/low/low.h\n"))

    def test_what_is_not_compiled_is_an_error(self):
        self.compile()
        (self.build / "src_low_low.c.o").unlink()
        done = subprocess.run([sys.executable, HERE / "check.py", "--root", self.root, self.build,
                               self.root / "small.layout"], check=False, stderr=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("src/low/low.c is not compiled in", done.stderr)


if __name__ == "__main__":
    report.main("arch_check")
