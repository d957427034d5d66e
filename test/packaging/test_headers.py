#!/usr/bin/env python3
"""Every public header compiles alone, without a warning, as C11 and as C++17."""
import shutil
import tempfile
import unittest

import report
from common import CC, CXX, POSIX, ROOT, run

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wno-unused-function"]
HEADERS = sorted(p.relative_to(ROOT / "include") for p in (ROOT / "include").rglob("*.h"))


class Headers(unittest.TestCase):
    def compile(self, compiler, suffix, standard, header):
        uv = run("pkg-config", "--cflags", "libuv").split()
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as source:
            source.write("#include <%s>\n#include <%s>\nint main(void) { return 0; }\n" %
                         (header, header))
            source.flush()
            run(*compiler, standard, POSIX, *WARNINGS, "-I", ROOT / "include", *uv,
                "-fsyntax-only", source.name)


def add(header):
    name = str(header).replace("/", "_").replace(".h", "")

    def as_c11(self):
        self.compile(CC, ".c", "-std=c11", header)

    def as_cxx17(self):
        if shutil.which(CXX[0]) is None:
            self.skipTest("no C++ compiler (%s)" % CXX[0])
        self.compile(CXX, ".cc", "-std=c++17", header)

    setattr(Headers, "test_%s_compiles_alone_as_c11" % name, as_c11)
    setattr(Headers, "test_%s_compiles_alone_as_cxx17" % name, as_cxx17)


for each in HEADERS:
    add(each)

if __name__ == "__main__":
    report.main("headers")
