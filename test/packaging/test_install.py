#!/usr/bin/env python3
"""taosuv installed: what pkg-config says of it, what programs link, what the library exports."""
import json
import os
import pathlib
import re
import shlex
import shutil
import tempfile
import unittest

import report
from common import CC, HERE, POSIX, ROOT, fails, run


def listed_names():
    return (HERE / "exports.txt").read_text().split()


class Installed(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.temp = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.temp.name)
        cls.build = cls.work / "build"
        cls.prefix = cls.work / "usr"
        run("meson", "setup", cls.build, ROOT, "--prefix", cls.prefix, "--libdir", "lib",
            "--buildtype", "release", "-Dtests=disabled", "-Dexamples=disabled",
            "-Dbench=disabled", "-Ddefault_library=both")
        run("ninja", "-C", cls.build, "-j", "2")
        run("meson", "install", "-C", cls.build, "--no-rebuild")

    @classmethod
    def tearDownClass(cls):
        cls.temp.cleanup()

    def pkg_config(self, *arguments, prefix=None):
        prefix = prefix or self.prefix
        env = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))
        return shlex.split(run("pkg-config", "--define-variable=prefix=%s" % prefix, *arguments,
                               "taosuv", env=env))

    def link(self, flags, name):
        program = self.work / name
        run(*CC, "-std=c11", POSIX, "-Wall", "-Wextra", "-Werror", HERE / "consumer.c", "-o",
            program, *flags)
        return program

    def version(self):
        text = (ROOT / "meson.build").read_text()
        return re.search(r"^\s*version: '([^']+)'", text, re.M).group(1)

    def test_a_program_links_the_shared_library_by_pkg_config(self):
        program = self.link(self.pkg_config("--cflags", "--libs"), "shared")
        env = dict(os.environ, LD_LIBRARY_PATH=str(self.prefix / "lib"))
        self.assertIn("libtaosuv.so.0", run("readelf", "-d", program))
        self.assertEqual(run(program, env=env), "taosuv %s\n" % self.version())

    def test_a_program_links_the_static_library_by_pkg_config(self):
        prefix = self.work / "static"
        shutil.copytree(self.prefix, prefix, symlinks=True)
        for shared in (prefix / "lib").glob("libtaosuv.so*"):
            shared.unlink()
        flags = self.pkg_config("--static", "--cflags", "--libs", prefix=prefix)
        program = self.link(flags, "static-consumer")
        self.assertNotIn("libtaosuv", run("readelf", "-d", program))
        self.assertEqual(run(program), "taosuv %s\n" % self.version())

    def test_pkg_config_names_the_version_and_libuv(self):
        self.assertEqual(self.pkg_config("--modversion"), [self.version()])
        self.assertIn("libuv", " ".join(self.pkg_config("--print-requires")))
        self.assertNotIn("llhttp", " ".join(self.pkg_config("--libs")))

    def test_every_public_header_is_installed(self):
        have = {p.relative_to(ROOT / "include") for p in (ROOT / "include").rglob("*.h")}
        there = {p.relative_to(self.prefix / "include")
                 for p in (self.prefix / "include").rglob("*.h")}
        self.assertEqual(sorted(map(str, have)), sorted(map(str, there)))

    def test_the_soname_is_libtaosuv_so_0(self):
        dynamic = run("readelf", "-d", self.prefix / "lib" / "libtaosuv.so")
        self.assertEqual(re.findall(r"soname: \[([^\]]+)\]", dynamic), ["libtaosuv.so.0"])

    def test_the_library_exports_exactly_the_listed_names(self):
        lines = run("nm", "-D", "--defined-only", self.prefix / "lib" / "libtaosuv.so")
        exported = sorted(line.split()[-1] for line in lines.splitlines())
        self.assertEqual(exported, sorted(listed_names()))

    def test_wire_cannot_include_libuv(self):
        """By the command that compiles a file of src/wire, with another file in its place."""
        commands = json.loads((self.build / "compile_commands.json").read_text())
        entry = next(c for c in commands if "src/wire/" in c["file"])
        command = shlex.split(entry["command"])
        place = command.index(entry["file"])
        source = self.work / "wrong.c"
        command[place] = str(source)
        source.write_text("int tuv_nothing;\n")
        run(*command, cwd=entry["directory"])
        for header in ("<uv.h>", '"uv.h"', '"taosuv/client.h"'):
            source.write_text("#include %s\nint tuv_nothing;\n" % header)
            self.assertIn("src/wire does no I/O", fails(*command, cwd=entry["directory"]))


class Listed(unittest.TestCase):
    def test_the_listed_names_are_those_of_the_public_headers(self):
        declared = set()
        for header in (ROOT / "include").rglob("*.h"):
            text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
            text = re.sub(r"^[ \t]*#.*$", "", text, flags=re.M)
            declared |= set(re.findall(r"\bTAOSUV_EXTERN\b[^;(]*?\b(taosuv_\w+)\s*\(", text))
        self.assertEqual(sorted(declared), listed_names())


if __name__ == "__main__":
    report.main("install")
