#!/usr/bin/env python3
"""Runs the tests of one suite of a build folder one by one and counts their cases.

    test/suite.py BUILD SUITE TOTALS [FUZZ_SECONDS [FUZZ_SEED]]

Each program says what it ran in a JUnit-like report (cmocka writes one; the packaging tests too). A
program that crashes, hangs, leaks or says nothing counts as a failure. Lines of its output that
begin with "note: " are always shown: what was skipped or left out, and why. The sums are added to
the file TOTALS: "passed failed skipped".
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEAD = re.compile(r'^\s*<testsuite name="[^"]*".*?>', re.M)
CASE = re.compile(r'<testcase name="([^"]*)"[^>]*>(.*?)</testcase>', re.S)
MARKUP = re.compile(r"<[^>]*\[CDATA\[|\]\]>|</?\w+/?>")


def tests_of(build, suite):
    listing = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    only = os.environ.get("TAOSUV_TEST_ONLY")
    return [t for t in json.loads(listing) if not only or t["name"] == only
            if suite in (name.split(":")[-1] for name in t["suite"])]


def environment(test, report):
    env = dict(os.environ)
    env.update(test["env"])
    env["TAOSUV_TEST_DATA"] = str(ROOT / "test" / "data")
    env["CMOCKA_MESSAGE_OUTPUT"] = "XML"
    env["CMOCKA_XML_FILE"] = os.path.join(report, "%g.xml")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    return env


def run(command, env, workdir, timeout):
    """Returns (exit code or None after a timeout, output). What the program left running dies."""
    process = subprocess.Popen(command, env=env, cwd=workdir, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        code = None
    return code, output.decode(errors="replace")


def attribute(head, name):
    found = re.search(r'\b%s="(\d+)"' % name, head)
    return int(found.group(1)) if found else 0


def read_reports(folder):
    """Sums over all reports: (cases, failed, skipped, text of the failures)."""
    cases = failed = skipped = 0
    texts = []
    for path in sorted(pathlib.Path(folder).iterdir()):
        text = path.read_text(errors="replace")
        for head in HEAD.findall(text):
            cases += attribute(head, "tests")
            failed += attribute(head, "failures") + attribute(head, "errors")
            skipped += attribute(head, "skipped")
        for name, body in CASE.findall(text):
            if "<failure" in body or "<error" in body:
                texts.append("%s: %s" % (name, MARKUP.sub("", body).strip()))
    return cases, failed, skipped, texts


def limit_of(test):
    """A real server makes databases, topics and groups in seconds, where the bundled one takes none."""
    return test["timeout"] * (8 if os.environ.get("TAOSUV_TEST_URL") else 1)


def run_cases(test):
    """Runs a program with test cases: (passed, failed, skipped, why, output)."""
    with tempfile.TemporaryDirectory() as report:
        code, output = run(test["cmd"], environment(test, report), test["workdir"], limit_of(test))
        cases, failed, skipped, texts = read_reports(report)
    passed = max(cases - failed - skipped, 0)
    why = None
    if code is None:
        why = "no end within %d s" % limit_of(test)
    elif code < 0:
        why = "ended by signal %d" % -code
    elif cases + failed == 0:
        why = "reported no test case (exit code %d)" % code
    elif code != 0 and failed == 0:
        why = "exit code %d though no case failed (a leak, or an error outside of cases)" % code
    if why is not None:
        failed += 1
    return passed, failed, skipped, why, "\n".join(texts) + "\n" + output


def run_fuzz(test, seconds, seed):
    """Runs a fuzz target for some seconds on its corpus; the corpus in the tree stays as it is."""
    corpus = ROOT / "test" / "fuzz" / "corpus" / test["name"]
    seeds = [str(corpus)] if corpus.is_dir() else []
    with tempfile.TemporaryDirectory() as grown, tempfile.TemporaryDirectory() as report:
        artifacts = os.path.join(os.path.dirname(os.path.abspath(test["cmd"][0])), "")
        command = [test["cmd"][0], "-max_total_time=%d" % seconds, "-timeout=10",
                   "-rss_limit_mb=2048", "-seed=%d" % seed, "-artifact_prefix=" + artifacts, grown] + seeds
        code, output = run(command, environment(test, report), test["workdir"], seconds + 120)
    if code == 0:
        return 1, 0, 0, None, ""
    why = "no end in time" if code is None else "exit code %d" % code
    return 0, 1, 0, why, output


def workers_of(suite):
    """How many tests run at a time. One, since some look at the clock, and some need a port on which
    nobody listens, which another test might take; as many as there are cores of what does not (fuzzing)
    or allows for a second or two (torture)."""
    cores = os.cpu_count() or 1
    return {"fuzz": cores, "torture": cores}.get(suite, 1)


def results_of(suite, tests):
    workers = workers_of(suite)
    if workers == 1:
        return map(run_cases, tests)
    pool = ThreadPoolExecutor(max_workers=workers)
    if suite != "fuzz":
        return pool.map(run_cases, tests)
    seconds, seed = (int(text) for text in (sys.argv[4:] + ["0"])[:2])
    return pool.map(lambda test: run_fuzz(test, seconds, seed), tests)


def shortened(output):
    """The beginning, which names the failures, and the end."""
    if len(output) <= 20000:
        return output.rstrip()
    return output[:4000] + "\n[…]\n" + output[-16000:].rstrip()


def main():
    build, suite, totals = sys.argv[1:4]
    sums = [0, 0, 0]
    began = time.monotonic()
    tests = tests_of(build, suite)
    for test, result in zip(tests, results_of(suite, tests)):
        passed, failed, skipped, why, output = result
        print("%-12s %-24s %d passed, %d failed, %d skipped" %
              (suite, test["name"], passed, failed, skipped), flush=True)
        for line in output.splitlines():
            if line.startswith("note: "):
                print("  " + line, flush=True)
        if failed:
            print((why + "\n" if why else "") + shortened(output), flush=True)
        sums = [a + b for a, b in zip(sums, (passed, failed, skipped))]
    print("%-12s took %d s" % (suite, time.monotonic() - began), flush=True)
    with open(totals, "a", encoding="ascii") as file:
        file.write("%d %d %d\n" % tuple(sums))


main()
