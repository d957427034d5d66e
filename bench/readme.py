"""Writes the figures of a run into the marked section of bench/README.md."""
import json
import os
import platform
import subprocess
import time

BEGIN = "<!-- figures: written by sh bench/run -->"
END = "<!-- end of the figures -->"
INGEST_BEGIN = "<!-- ingest: written by sh bench/run -->"
INGEST_END = "<!-- end of the ingest -->"


def replace(path, begin, end, lines):
    """Puts lines, the markers among them, in the place of a marked section."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    path.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def machine(build, uv):
    options = {option["name"]: option["value"] for option in
               json.loads(output("meson", "introspect", "--buildoptions", str(build)))}
    tools = output(str(build / "bench" / "taosuv-micro"), "--tools")
    return ["- %s: %s, %d cores, %s %s" % (time.strftime("%Y-%m-%d"), cpu_model(),
                                          os.cpu_count(), platform.system(), platform.release()),
            "- %s, libuv %s; meson buildtype=%s (-O%s)"
            % (tools, uv, options["buildtype"], options["optimization"])]


def target_rows(targets):
    rows = ["| target | figure | at most | |", "|---|---:|---:|---|"]
    for each in targets:
        rows.append("| %s (%s) | %.2f%s | %g | %s |"
                    % (each["name"], each["how"], each["figure"], each["unit"], each["limit"],
                       "met" if each["met"] else "**NOT met**"))
    return rows


def latency_rows(results, median):
    rows = ["| client | operations a second | p50 | p99 | p99.9 | max |",
            "|---|---:|---:|---:|---:|---:|"]
    for name, title in (("1", "one at a time"), ("64", "64 in flight"),
                        ("many", "100,000 in flight")):
        runs = results[name][0]
        rate = median(runs, lambda run: run["rows_or_ops"] / run["wall_s"])
        times = [median(runs, lambda run, key=key: run["latency_us"][key])
                 for key in ("p50", "p99", "p999", "max")]
        texts = ["%s µs" % format(round(each), ",") for each in times]
        rows.append("| %s | %s | %s |" % (title, format(round(rate), ","), " | ".join(texts)))
    return rows


def point_rows(points):
    rows = ["| in flight | taosuv | floor |", "|---:|---:|---:|"]
    rows += ["| %s | %s ns | %s ns |" % tuple(format(round(value), ",") for value in point)
             for point in points]
    return rows


def write_ingest(path, targets, points):
    lines = [INGEST_BEGIN, "", *target_rows(targets), "",
             "| rows of a batch | taosuv, rows per CPU second | floor |", "|---:|---:|---:|"]
    lines += ["| %s | %s | %s |" % tuple(format(round(value), ",") for value in point)
              for point in points]
    lines += ["", "![Rows per second of CPU time against rows of a batch](rows-per-cpu-second.svg)",
              "", INGEST_END]
    replace(path, INGEST_BEGIN, INGEST_END, lines)


def write(path, build, results, targets, points, median):
    fetch = results["fetch"][0]
    rate = median(fetch, lambda run: run["rows_or_ops"] / run["wall_s"])
    steady = max(run["allocations_measured"] for run in results["64"][0])
    lines = [BEGIN, ""]
    lines += machine(build, results["64"][1][0]["version"].replace("libuv ", ""))
    lines += ["", *target_rows(targets), ""]
    lines += ["Fetch: %s rows a second. Allocations of %s queries, 64 in flight, after the warm-up:"
              " %d." % (format(round(rate), ","), format(results["64"][0][0]["rows_or_ops"], ","),
                       steady), ""]
    lines += latency_rows(results, median)
    lines += ["", "CPU time per operation:", "", *point_rows(points), ""]
    lines += ["![CPU per operation against requests in flight](cpu-per-op.svg)", "", END]
    replace(path, BEGIN, END, lines)
