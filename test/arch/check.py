#!/usr/bin/env python3
"""Checks that the files of a tree keep to its layout: one direction, no circles.

    test/arch/check.py BUILD [LAYOUT...]            fails when there is a finding
    test/arch/check.py --report BUILD [LAYOUT...]   prints the findings and a summary, never fails
    test/arch/check.py --why A B BUILD [LAYOUT...]  by which symbols and includes A uses B; both are
                                                    files or folders, as src/io or src/io/tcp.c

BUILD is a build folder in which everything is compiled. LAYOUT is a file beside this one, without its
suffix: src, server; without one, all are checked. See layout.py for what such a file says, and graph.py
for where the symbols come from. Findings are
  circle    files whose symbols need each other, or headers that include each other
  upwards   a file that uses a symbol of a folder that the layout places below it or beside it
  include   an include of a file of such a folder, of another folder's private header (private.h,
            *_private.h), or of a header that the layout reserves to other folders
  layout    a folder that the layout does not name, or one that it names and that has no files
"""
import argparse
import collections
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "packaging"))
import report  # noqa: E402
from graph import Graph, circles, shortest_circle  # noqa: E402
from layout import Layout, is_below  # noqa: E402

KINDS = ("circle", "upwards", "include", "layout")


class Tree:
    """A layout and what the files in it use."""

    def __init__(self, graph, layout):
        self.layout = layout
        self.files = graph.files(layout.tree)
        self.uses = graph.uses(layout.tree)
        self.includes = graph.includes(layout.tree)

    def between_headers(self):
        """{(header, included header): what to say of it}"""
        return {(i.user, i.used): "%s:%d: includes %s" % (i.user, i.line, i.used)
                for i in self.includes
                if i.used and i.user.endswith(".h") and i.used.endswith(".h")}

    def between_sources(self):
        return {(user, used): "%s uses %s of %s" % (user, some(names), used)
                for (user, used), names in self.uses.items()}

    def find_circles(self):
        for edges in (self.between_sources(), self.between_headers()):
            for part in circles(edges):
                way = shortest_circle(edges, part)
                steps = [edges[pair] for pair in zip(way, way[1:] + way[:1])]
                yield "%d files: %s\n    for example: %s" % (len(part), " ".join(part),
                                                           ",\n      ".join(steps))

    def upward_uses(self):
        return [(user, used) for user, used in sorted(self.uses)
                if self.layout.folder_of(user) and not self.layout.allows(user, used)]

    def find_upwards(self):
        for user, used in self.upward_uses():
            yield "%s uses %s of %s" % (user, ", ".join(self.uses[user, used]), used)

    def may_include(self, include):
        if include.used is None:
            return self.layout.allows_header(include.user, include.text)
        name = os.path.basename(include.used)
        if name == "private.h" or name.endswith("_private.h"):
            return os.path.dirname(include.used) == os.path.dirname(include.user)
        return self.layout.allows(include.user, include.used)

    def find_includes(self):
        for include in self.includes:
            if self.layout.folder_of(include.user) and not self.may_include(include):
                yield "%s:%d: includes %s" % (include.user, include.line,
                                              include.used or "<%s>" % include.text)

    def find_layout(self):
        folders = {os.path.dirname(path) for path in self.files}
        listed = {folder for folder in self.layout.rank if self.layout.inside(folder)}
        for folder in sorted(folders - listed):
            yield "%s is not in the layout" % folder
        for folder in sorted(listed - folders):
            yield "%s is in the layout and has no files" % folder

    def findings(self):
        found = (self.find_circles(), self.find_upwards(), self.find_includes(), self.find_layout())
        return {kind: list(texts) for kind, texts in zip(KINDS, found)}


def some(names):
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def print_findings(tree, findings):
    for kind in KINDS:
        for text in findings[kind]:
            print("%s: %s" % (kind, text))
    pairs = collections.Counter((os.path.dirname(user), os.path.dirname(used))
                                for user, used in tree.upward_uses())
    for (user, used), count in pairs.most_common():
        print("upwards from %s to %s: %d" % (user, used, count))
    print("%s: %d files, %d of them in circles of symbols; findings: %s" %
          (tree.layout.tree, len(tree.files), sum(map(len, circles(tree.uses))),
           ", ".join("%d %s" % (len(findings[kind]), kind) for kind in KINDS)))


def print_why(tree, user, used):
    for (a, b), names in sorted(tree.uses.items()):
        if is_below(a, user) and is_below(b, used):
            print("%s uses %s of %s" % (a, ", ".join(names), b))
    for include in tree.includes:
        if is_below(include.user, user) and is_below(include.used or include.text, used):
            print("%s:%d: includes %s" % (include.user, include.line, include.used or include.text))


def outcomes_of(tree, findings, only_report):
    bad = "skipped" if only_report else "failed"
    for kind in KINDS:
        yield ("%s_%s" % (tree.layout.name, kind), bad if findings[kind] else "passed",
               "\n".join(findings[kind]))


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--why", nargs=2, metavar=("A", "B"))
    parser.add_argument("--root", type=pathlib.Path, default=HERE.parent.parent)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("layouts", nargs="*")
    return parser.parse_args()


def main():
    args = arguments()
    graph = Graph(args.root, args.build)
    paths = [HERE / (name + ".layout") if os.sep not in name else pathlib.Path(name)
             for name in args.layouts] or sorted(HERE.glob("*.layout"))
    outcomes = []
    for tree in (Tree(graph, Layout(path)) for path in paths):
        if args.why:
            print_why(tree, *(name.rstrip("/") for name in args.why))
            continue
        findings = tree.findings()
        print_findings(tree, findings)
        outcomes += outcomes_of(tree, findings, args.report)
    target = os.environ.get("CMOCKA_XML_FILE")
    if target and not args.why:
        report.write(target.replace("%g", "arch"), "arch", outcomes)
    sys.exit(any(outcome == "failed" for _, outcome, _ in outcomes))


if __name__ == "__main__":
    main()
