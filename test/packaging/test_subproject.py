#!/usr/bin/env python3
"""Another Meson project takes taosuv as its subproject."""
import pathlib
import shutil
import tempfile
import unittest

import report
from common import HERE, copy_tree, run


class Subproject(unittest.TestCase):
    def build_parent(self, *options):
        with tempfile.TemporaryDirectory() as temp:
            parent = pathlib.Path(temp) / "parent"
            shutil.copytree(HERE / "parent", parent)
            shutil.copy(HERE / "consumer.c", parent)
            copy_tree(parent / "subprojects" / "taosuv")
            build = parent / "build"
            run("meson", "setup", build, parent, "--force-fallback-for=taosuv", *options)
            run("ninja", "-C", build, "-j", "2")
            return run(build / "consumer"), run("meson", "introspect", "--targets", build)

    def test_a_parent_project_builds_and_runs(self):
        output, targets = self.build_parent()
        self.assertRegex(output, r"^taosuv \d+\.\d+\.\d+\n$")
        # Nothing that is only for those who work on taosuv.
        self.assertNotIn("testserver", targets)
        self.assertNotIn("test_", targets)

    def test_a_parent_project_links_taosuv_statically(self):
        output, _ = self.build_parent("-Ddefault_library=static")
        self.assertRegex(output, r"^taosuv \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    report.main("subproject")
