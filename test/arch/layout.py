"""Reads a layout: a table of the folders of a tree and of the one direction between them.

    check test/server               the folder whose files are checked, with all that is below it
    src/util                        a folder may include and call what stands above it
    src/wire/json src/wire/url      side by side: neither uses the other
    <uv.h> only src/io src/client   these folders, and what is below them, may include this header

Lines that begin with '#' are comments. A folder outside of the checked one stands for all that is
below it; a folder inside of it stands for its own files alone.
"""
import pathlib


class Layout:
    def __init__(self, path):
        self.name = path.stem
        self.tree = None
        self.rank = {}
        self.only = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "check":
                self.tree = words[1]
            elif words[0].startswith("<"):
                self.only[words[0][1:-1]] = words[2:]
            else:
                self.rank.update((folder, number) for folder in words)
        if self.tree is None:
            raise ValueError("%s: no line \"check FOLDER\"" % path)

    def inside(self, path):
        return is_below(path, self.tree)

    def folder_of(self, path):
        """The folder of the layout that a file belongs to, or None."""
        folder = str(pathlib.PurePosixPath(path).parent)
        if is_below(folder, self.tree):
            return folder if folder in self.rank else None
        above = [listed for listed in self.rank if is_below(folder, listed)]
        return max(above, key=len, default=None)

    def allows(self, user, used):
        """Whether a file may use another one."""
        a, b = self.folder_of(user), self.folder_of(used)
        return a is not None and b is not None and (a == b or self.rank[b] < self.rank[a])

    def allows_header(self, user, header):
        """Whether a file may include a header of the system."""
        folders = self.only.get(header)
        return folders is None or any(is_below(user, folder) for folder in folders)


def is_below(path, folder):
    return path == folder or path.startswith(folder + "/")
