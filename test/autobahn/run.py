#!/usr/bin/env python3
"""Runs cases of the Autobahn suite, served by kosoku, against the echo client; each is a test.

    run.py CLIENT VENV GROUP...

The groups about compression (12, 13) are run apart from the others, with a client that offers it;
and as they take long, at the same time.
kosoku is put into the virtual environment VENV when it is not there yet. Where that cannot be done
the cases count as skipped. The suite's own reports are left in the folder `reports` beside CLIENT.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "packaging"))
import report  # noqa: E402

KOSOKU = "0.1.0"
CASES = {"1": 16, "2": 11, "3": 7, "4": 10, "5": 20, "6": 145, "7": 37, "9": 54, "10": 1,
         "12": 90, "13": 126}
DEFLATE = ("12", "13")
ALLOWED = ("OK", "NON-STRICT", "INFORMATIONAL")
CLIENT_SECONDS = 1500
SERVER_SECONDS = 60


class Unavailable(Exception):
    """kosoku cannot be installed here."""


def attempt(*command):
    """Runs a step of the set-up; raises with the last line that it printed when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if line.strip()] or ["no output"]
        raise Unavailable("%s: %s" % (" ".join(command[1:4]), lines[-1].strip()))
    return done.stdout


def set_up(venv):
    """Makes sure of the virtual environment; returns the path of kosoku in it."""
    python = str(venv / "bin" / "python")
    version = "import importlib.metadata as m; print(m.version('kosoku'))"
    try:
        if attempt(python, "-c", version).strip() == KOSOKU:
            return venv / "bin" / "kosoku"
    except (OSError, Unavailable):
        pass  # not there yet
    attempt(sys.executable, "-m", "venv", "--clear", str(venv))
    attempt(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--only-binary", ":all:", "--retries", "1", "kosoku==" + KOSOKU)
    return venv / "bin" / "kosoku"


def run_client(command):
    """Runs all cases; returns what went wrong with the client itself, or None."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                              timeout=CLIENT_SECONDS)
    except subprocess.TimeoutExpired:
        return "the client did not end within %d s" % CLIENT_SECONDS
    if done.returncode == 0:
        return None
    return "the client's exit code is %d\n%s" % (done.returncode, done.stdout)


def serve(kosoku, client, options, groups, folder):
    """Runs the groups between a server and the client; returns what went wrong, or None."""
    command = [str(kosoku), "--mode", "fuzzingserver", "--outdir", str(folder)]
    for group in groups:
        command += ["--include", group + ".*"]
    server = subprocess.Popen(command + ["127.0.0.1:0"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        address = server.stderr.readline().strip()
        port = address.rpartition(":")[2]
        if not port.isdigit():
            return "kosoku did not start: %s%s" % (address, server.communicate()[1])
        trouble = run_client([client, port] + options)
        if trouble is None:
            server.communicate(timeout=SERVER_SECONDS)
        return trouble
    except subprocess.TimeoutExpired:
        return "kosoku did not end within %d s after the client" % SERVER_SECONDS
    finally:
        server.kill()
        server.wait()


def judge(folder, entry):
    """What is wrong with a case, or None."""
    if entry["behavior"] in ALLOWED and entry["behaviorClose"] in ALLOWED:
        return None
    case = json.loads((folder / entry["reportfile"]).read_text(encoding="utf-8"))
    return ("%(behavior)s, closing %(behaviorClose)s\n%(description)s\nexpected: %(expectation)s\n"
            "%(result)s %(resultClose)s" % case)


def outcomes_of(folder, groups):
    """An outcome for each case, and how often each behaviour was seen."""
    outcomes, seen = [], collections.Counter()
    index = folder / "index.json"
    agents = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}
    for name, entry in agents.get("taosuv", {}).items():
        wrong = judge(folder, entry)
        outcomes.append(("case " + name, "failed" if wrong else "passed", wrong or ""))
        seen[entry["behavior"]] += 1
    for missing in range(len(outcomes), sum(CASES[group] for group in groups)):
        outcomes.append(("case without a result, %d" % (missing + 1), "failed", "it did not run"))
    return outcomes, seen


def run_part(kosoku, client, groups, folder):
    folder.mkdir(parents=True)
    options = ["deflate"] if groups[0] in DEFLATE else []
    trouble = serve(kosoku, client, options, groups, folder)
    outcomes, seen = outcomes_of(folder, groups)
    if trouble is not None:
        outcomes.append(("echo_client", "failed", trouble))
    return outcomes, seen


def run_parts(kosoku, client, parts, folder):
    outcomes, seen = [], collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(run_part, kosoku, client, groups, folder / groups[0])
                for groups in parts]
        for run in runs:
            more, behaviours = run.result()
            outcomes += more
            seen += behaviours
    return outcomes, seen


def counted(groups):
    return ", ".join("%s (%d)" % (group, CASES[group]) for group in groups)


def main():
    client, venv, groups = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    folder = pathlib.Path(client).resolve().parent / "reports"
    plain = [group for group in groups if group not in DEFLATE]
    parts = [[group] for group in groups if group in DEFLATE] + ([plain] if plain else [])
    try:
        kosoku = set_up(venv)
        shutil.rmtree(folder, ignore_errors=True)
        outcomes, seen = run_parts(kosoku, client, parts, folder)
        counts = ", ".join("%s %d" % pair for pair in sorted(seen.items()))
        print("note: behaviour of the cases: " + (counts or "none ran"))
    except Unavailable as reason:
        outcomes = [("case %s.%d" % (group, number + 1), "skipped", str(reason))
                    for group in groups for number in range(CASES[group])]
        print("note: kosoku %s is not available, so no case was run: %s" % (KOSOKU, reason))
    left_out = [group for group in CASES if group not in groups]
    if left_out:
        print("note: not run here, groups (cases): %s; 12 and 13 are about compression, which this "
              "build does not have" % counted(left_out))
    failed = [outcome for outcome in outcomes if outcome[1] == "failed"]
    for name, _, text in failed:
        print("%s: %s" % (name, text))
    path = os.environ.get("CMOCKA_XML_FILE")
    if path:
        report.write(path.replace("%g", "autobahn"), "autobahn", outcomes)
    sys.exit(1 if failed else 0)


main()
