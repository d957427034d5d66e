#!/usr/bin/env python3
"""Counts the instructions of each codec of taosuv-micro and compares them with the recorded ones.

    bench/instructions.py BUILD [--update]

A count is what callgrind collects for many calls, less what it collects for none, for one call: so
that start-up and set-up cancel out.
"""
import pathlib
import platform
import re
import shutil
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
RECORD = BENCH / "instructions.txt"
ALLOWED = 1.10
TIMES = {"frame_write_64k": 20, "frame_read": 20, "block_check": 10, "nchar_utf8": 10}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True).stdout


def toolchain(program):
    """What the counts depend on, as one line."""
    return "%s, %s" % (output(program, "--tools").strip(), platform.machine())


def collected(program, codec, times):
    text = output("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, codec,
                  str(times))
    return int(re.search(r"Collected\s*:\s*(\d+)", text).group(1))


def count(program, codec):
    times = TIMES.get(codec, 10 if codec.startswith("bind_") else 1000)
    return round((collected(program, codec, times) - collected(program, codec, 0)) / times)


def read_record():
    """The recorded toolchain and counts by codec."""
    if not RECORD.exists():
        return None, {}
    lines = [line for line in RECORD.read_text().splitlines() if line]
    tools = next(line[len("# with "):] for line in lines if line.startswith("# with "))
    return tools, {line.split()[0]: int(line.split()[1]) for line in lines if line[0] != "#"}


def write_record(tools, counts, about):
    text = ("# Instructions for one call of each codec, written by sh bench/instructions --update\n"
            "# with " + tools + "\n")
    text += "".join("%-16s %9d  %s\n" % (codec, counts[codec], about[codec]) for codec in counts)
    RECORD.write_text(text)


def judge(codec, instructions, recorded):
    """Prints one line; returns whether the codec has passed."""
    if codec not in recorded:
        print("FAILED %-16s %9d  not recorded: run sh bench/instructions --update"
              % (codec, instructions))
        return False
    change = 100 * (instructions / recorded[codec] - 1)
    passed = instructions <= recorded[codec] * ALLOWED
    print("%s %-16s %9d  recorded %d, %+.1f %%"
          % ("passed" if passed else "FAILED", codec, instructions, recorded[codec], change))
    return passed


def main():
    build, update = sys.argv[1], "--update" in sys.argv[2:]
    program = str(pathlib.Path(build) / "bench" / "taosuv-micro")
    about = dict(line.split(" ", 1) for line in output(program, "--list").splitlines())
    tools = toolchain(program)
    recorded_tools, recorded = read_record()
    why = None
    if shutil.which("valgrind") is None:
        why = "valgrind is not installed"
    elif not update and recorded_tools != tools:
        why = "recorded with %s, this is %s" % (recorded_tools, tools)
    if why is not None:
        print("skipped: " + why)
        print("0 passed, 0 failed, %d skipped" % len(about))
        return 1 if update else 0
    counts = {codec: count(program, codec) for codec in about}
    if update:
        write_record(tools, counts, about)
        recorded = counts
    passed = sum([judge(codec, counts[codec], recorded) for codec in counts])
    print("%d passed, %d failed" % (passed, len(counts) - passed))
    return 0 if passed == len(counts) else 1


if __name__ == "__main__":
    sys.exit(main())
