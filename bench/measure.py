#!/usr/bin/env python3
"""Runs client and floor in turn, prints medians and whether each target is met. For bench/run.

Reads TAOSUV_BENCH_URL, TAOSUV_BENCH_PIN (a command prefix such as "taskset -c 1") and
TAOSUV_BENCH_QUICK (1: less of everything, nothing is written); TAOSUV_BENCH_PART (ingest: nothing
else); for TLS TAOSUV_BENCH_TLS_URL and
TAOSUV_BENCH_TLS_CA (a file), without which it is left out.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys

import plot
import readme

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-bench"
URL = os.environ["TAOSUV_BENCH_URL"]
TLS_URL = os.environ.get("TAOSUV_BENCH_TLS_URL", "")
TLS_CA = os.environ.get("TAOSUV_BENCH_TLS_CA", "")
PIN = os.environ.get("TAOSUV_BENCH_PIN", "").split()
QUICK = os.environ.get("TAOSUV_BENCH_QUICK") == "1"
ROUNDS = 2 if QUICK else 5
MANY = 100000
BIG_ROWS = 1000000 if QUICK else 10000000
ONLY_INGEST = os.environ.get("TAOSUV_BENCH_PART") == "ingest"
BATCHES = [10, 100, 1000, 10000, 100000, 1000000]
PLOTTED = [1, 4, 16, 64, 256, 1024, 4096, 16384, MANY]


def run(program, *options):
    """One run of taosuv-bench or taosuv-floor; its JSON."""
    command = PIN + [str(BUILD / "bench" / program), "--json"]
    if "--url" not in options:
        options += ("--url", URL)
    done = subprocess.run(command + [str(option) for option in options], stdout=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        sys.exit("bench/run: failed: " + " ".join(str(o) for o in (program,) + options))
    return json.loads(done.stdout)


def bench(*options):
    return run("taosuv-bench", *options)


def floor(*options):
    return run("taosuv-floor", *options)


def bench_rows(rows):
    return "select * from bench.rows_%d_4096" % rows


def query(ops, inflight, connections):
    """The options of a client run with many queries, and those of the floor's same work."""
    common = ("--workload", "query", "--ops", ops, "--inflight", inflight)
    return common + ("--connections", connections), common


def cpu_ns(result):
    """Nanoseconds of CPU for a row or an operation."""
    return 1e9 * (result["cpu_user_s"] + result["cpu_sys_s"]) / result["rows_or_ops"]


def median(results, figure=cpu_ns):
    return statistics.median(figure(result) for result in results)


def progress(text):
    print(text, file=sys.stderr, flush=True)


def cases():
    """name → (options of the client, options of the floor or None)."""
    fetch = ("--workload", "fetch", "--ops", 10, "--sql", bench_rows(BIG_ROWS))
    over_tls = fetch + ("--url", TLS_URL + "?tls_ca=" + TLS_CA)
    found = {
        "fetch": (fetch, fetch + ("--touch",)),
        "64": query(50000 if QUICK else 200000, 64, 4),
        "1": query(3000 if QUICK else 20000, 1, 1),
        "many": (query(3 * MANY if QUICK else 5 * MANY, MANY, 4)[0], None),
    }
    if TLS_URL:
        found["tls"] = (over_tls, fetch + ("--url", TLS_URL))
    return found


def run_cases():
    """Client and floor in turn, as often as there are rounds: name → (client's, floor's)."""
    results = {name: ([], []) for name in cases()}
    for number in range(ROUNDS):
        progress("round %d of %d" % (number + 1, ROUNDS))
        for name, (client_options, floor_options) in cases().items():
            results[name][0].append(bench(*client_options))
            if floor_options is not None:
                results[name][1].append(floor(*floor_options))
    sums = {result["checksum"] for side in results["fetch"] for result in side}
    if len(sums) != 1:
        sys.exit("bench/run: the checksums differ: " + "; ".join(sorted(sums)))
    return results


def peak_kib(rows):
    options = ("--workload", "fetch", "--sql", bench_rows(rows))
    return median([bench(*options) for _ in range(ROUNDS)], lambda result: result["maxrss_kb"])


def target(name, figure, limit, unit, how):
    return {"name": name, "figure": figure, "limit": limit, "unit": unit, "how": how,
            "met": figure <= limit}


def ratio(name, results, base, limit):
    """The median of the rounds' ratios: what disturbs a round disturbs both of its runs."""
    ratios = [cpu_ns(one) / cpu_ns(other) for one, other in zip(results, base)]
    return target(name, statistics.median(ratios), limit, "x",
                  "%.1f ns against %.1f ns" % (median(results), median(base)))


def targets(results):
    small, large = peak_kib(100000), peak_kib(BIG_ROWS)
    memory = bench("--idle-memory", *query(3 * MANY, MANY, 4)[0])
    tls = [ratio("fetch over TLS, CPU per row, against mbedTLS's reads alone", *results["tls"],
                 1.15)] if TLS_URL else []
    return [
        ratio("fetch, CPU per row, against the touching floor", *results["fetch"], 1.3),
        ratio("64 in flight on 4 connections, CPU per operation, against the floor",
              *results["64"], 5.0),
        ratio("one at a time, CPU per operation, against the floor", *results["1"], 1.5),
        ratio("100,000 in flight, CPU per operation, against 64 in flight", results["many"][0],
              results["64"][0], 1.5),
        target("peak memory of %s rows above that of 100,000" % format(BIG_ROWS, ","),
               large - small, 1024, " KiB", "%d KiB against %d KiB" % (large, small)),
        target("library memory per request in flight, 100,000 of them, at its peak",
               memory["peak_bytes_per_request"], 512, " bytes",
               "%.1f bytes when all are sent" % memory["bytes_per_request"]),
    ] + tls


def print_targets(found):
    for each in found:
        print("%-7s %s: %.2f%s (at most %g): %s"
              % ("met" if each["met"] else "NOT met", each["name"], each["figure"], each["unit"],
                 each["limit"], each["how"]))
    print("%d of %d targets met" % (sum(each["met"] for each in found), len(found)))


def curve(inflight):
    """CPU per operation of client and floor with so many in flight."""
    ops = 5000 if inflight == 1 else 20000 if inflight < 64 else max(100000, 3 * inflight)
    client_options, floor_options = query(ops, inflight, min(4, inflight))
    pairs = [(bench(*client_options), floor(*floor_options)) for _ in range(3)]
    return (inflight, median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs]))


def ingest(batch, rows, rounds):
    """Client and floor in turn: batches of so many rows over ten tables, one in flight."""
    options = ("--workload", "ingest", "--rows", rows, "--batch", batch, "--inflight", 1)
    pairs = [(bench(*options), floor(*options)) for _ in range(rounds)]
    if {each["rows"] for pair in pairs for each in pair} != {rows}:
        sys.exit("bench/run: rows were lost in the ingest")
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def rows_per_cpu_second(results):
    return 1e9 / median(results)


def measure_ingest():
    progress("ingest")
    pair = ingest(10000, 2000000 if QUICK else 10000000, 6 * ROUNDS + 1)  # rounds differ a lot
    found = [ratio("ingest by batches of 10,000 rows over 10 tables, CPU per row, against the floor",
                   *pair, 1.4),
             target("allocations of the ingest after the warm-up",
                    max(run["allocations_measured"] for run in pair[0]), 0, "", "of the client")]
    print_targets(found)
    if QUICK:
        return
    points = []
    for batch in BATCHES:
        rows = max(batch * 20, min(2000000, 2000 * batch)) // batch * batch
        one, other = ingest(batch, rows, 5)
        points.append((batch, rows_per_cpu_second(one), rows_per_cpu_second(other)))
    plot.write(ROOT / "bench" / "rows-per-cpu-second.svg", points, plot.INGEST)
    readme.write_ingest(ROOT / "bench" / "README.md", found, points)


def main():
    measure_ingest()
    if ONLY_INGEST:
        return
    results = run_cases()
    found = targets(results)
    print_targets(found)
    if QUICK:
        return
    progress("CPU per operation from 1 to %d in flight" % MANY)
    points = [curve(inflight) for inflight in PLOTTED]
    plot.write(ROOT / "bench" / "cpu-per-op.svg", points, plot.PER_OPERATION)
    readme.write(ROOT / "bench" / "README.md", BUILD, results, found, points, median)


if __name__ == "__main__":
    main()
