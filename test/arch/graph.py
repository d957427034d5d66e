"""What the files of a tree use of each other, as the compiler saw it.

Symbols come from the object files (`nm`): a file uses another one when its object needs a symbol that
the other one's object defines, so that a function pointer in a table counts too. A static inline
function of a header is in the object of each file that includes the header: what it calls is called by
that file. What the optimiser removed is not there.

Includes come from the source lines, those in `#if` too.
"""
import collections
import json
import os
import pathlib
import re
import shlex
import subprocess

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


# `used` is a file of the project, or None for a header of the system.
Include = collections.namedtuple("Include", "user line text used")


class Graph:
    """Paths are relative to the project's root, with '/'."""

    def __init__(self, root, build):
        self.root = pathlib.Path(root).resolve()
        self.build = pathlib.Path(build).resolve()
        self.objects = {}
        self.folders = []
        for command in json.loads((self.build / "compile_commands.json").read_text("utf-8")):
            self.read_command(command)

    def relative(self, path):
        path = os.path.normpath(path)
        root = str(self.root) + os.sep
        build = str(self.build) + os.sep
        return path[len(root):] if path.startswith(root) and not path.startswith(build) else None

    def read_command(self, command):
        directory = command["directory"]
        source = self.relative(os.path.join(directory, command["file"]))
        if source is None:
            return
        # A file that is compiled several times is taken once.
        self.objects.setdefault(source, os.path.join(directory, command["output"]))
        for word in shlex.split(command["command"]):
            folder = self.relative(os.path.join(directory, word[2:])) if word[:2] == "-I" else None
            if folder is not None and folder not in self.folders:
                self.folders.append(folder)

    def sources(self, tree):
        return sorted(s for s in self.objects if s.startswith(tree + "/"))

    def files(self, tree):
        return sorted(path.relative_to(self.root).as_posix()
                      for path in (self.root / tree).rglob("*") if path.suffix in (".c", ".h"))

    def symbols(self, sources):
        """(what each source defines, what each source needs)."""
        missing = [s for s in sources if not os.path.exists(self.objects[s])]
        if missing:
            raise FileNotFoundError("%s is not compiled in %s" % (missing[0], self.build))
        source_of = {self.objects[s]: s for s in sources}
        defined, needed = collections.defaultdict(set), collections.defaultdict(set)
        for line in run("nm", "-g", "-A", "-P", *source_of).splitlines():
            path, rest = line.split(": ", 1)
            name, kind = rest.split()[:2]
            (needed if kind in "Uwv" else defined)[source_of[path]].add(name)
        return defined, needed

    def uses(self, tree):
        """{(user, used): symbols} for the users of a tree; what they use may be outside of it."""
        inside = self.sources(tree)
        outside = [s for s in self.objects if s not in inside and os.path.exists(self.objects[s])]
        defined, needed = self.symbols(inside + outside)
        owner = {}
        for source in outside + inside: # of two definitions the tree's own counts
            owner.update((name, source) for name in defined[source])
        found = collections.defaultdict(set)
        for user in inside:
            for name in needed[user]:
                used = owner.get(name)
                if used is not None and used != user:
                    found[user, used].add(name)
        return {pair: sorted(names) for pair, names in found.items()}

    def resolve(self, user, quote, name):
        """The file of the project that an include names. One in <> is public or of the system."""
        folders = ["include"] if quote == "<" else [os.path.dirname(user)] + self.folders
        for folder in folders:
            path = os.path.normpath(os.path.join(folder, name))
            if (self.root / path).is_file():
                return path.replace(os.sep, "/")
        return None

    def includes(self, tree):
        found = []
        for user in self.files(tree):
            text = (self.root / user).read_text("utf-8", errors="replace")
            for number, line in enumerate(text.splitlines(), 1):
                match = INCLUDE.match(line)
                if match:
                    used = self.resolve(user, *match.groups())
                    found.append(Include(user, number, match.group(2), used))
        return found


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def circles(edges):
    """The strongly connected parts with more than one node, largest first (Tarjan, no recursion)."""
    after = collections.defaultdict(list)
    for user, used in sorted(edges):
        after[user].append(used)
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for start in sorted(after):
        work = [(start, None)] if start not in index else []
        while work:
            node, rest = work.pop()
            if rest is None:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
                rest = iter(after[node])
            for other in rest:
                if other not in index:
                    work += [(node, rest), (other, None)]
                    break
                if other in on_stack:
                    low[node] = min(low[node], low[other])
            else:
                if low[node] == index[node]:
                    part = stack[stack.index(node):]
                    del stack[stack.index(node):]
                    on_stack.difference_update(part)
                    if len(part) > 1:
                        found.append(sorted(part))
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
    return sorted(found, key=lambda part: (-len(part), part))


def shortest_circle(edges, part):
    """The files along one of the shortest circles inside a strongly connected part."""
    inside = set(part)
    after = collections.defaultdict(list)
    for user, used in sorted(edges):
        if user in inside and used in inside:
            after[user].append(used)
    best = None
    for start in part:
        way = way_back(after, start)
        if best is None or len(way) < len(best):
            best = way
    return best


def way_back(after, start):
    came_from, queue = {}, collections.deque([start])
    while queue:
        node = queue.popleft()
        for other in after[node]:
            if other == start:
                way = [node]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if other not in came_from:
                came_from[other] = node
                queue.append(other)
    raise ValueError("%s is in no circle" % start)
