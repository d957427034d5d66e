"""What the packaging tests share: where the tree is, and running programs."""
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "test" / "packaging"
CC = os.environ.get("CC", "cc").split()
CXX = os.environ.get("CXX", "g++").split()
# libuv's header needs POSIX types, which plain -std=c11 hides.
POSIX = "-D_POSIX_C_SOURCE=200809L"


class Failed(AssertionError):
    pass


def run(*command, **kwargs):
    """Runs a program and returns what it printed; raises with its output when it fails."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise Failed("exit code %d: %s\n%s" %
                     (done.returncode, " ".join(map(str, command)), done.stdout[-6000:]))
    return done.stdout


def fails(*command, **kwargs):
    """The output of a program that must fail."""
    try:
        output = run(*command, **kwargs)
    except Failed as failure:
        return str(failure)
    raise Failed("should have failed: %s\n%s" % (" ".join(map(str, command)), output))


def copy_tree(target):
    """Copies what a release of taosuv consists of, as far as a user builds it."""
    target.mkdir(parents=True)
    for name in ("meson.build", "meson_options.txt"):
        shutil.copy(ROOT / name, target)
    for name in ("include", "src"):
        shutil.copytree(ROOT / name, target / name)
    wraps = target / "subprojects"
    shutil.copytree(ROOT / "subprojects" / "packagefiles", wraps / "packagefiles")
    for wrap in (ROOT / "subprojects").glob("*.wrap"):
        shutil.copy(wrap, wraps)
