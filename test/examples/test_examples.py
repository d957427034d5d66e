#!/usr/bin/env python3
"""The examples run, print what they should, and have written what they say.

    test_examples.py BUILD tls|no-tls   a build folder, with the bundled server and the examples

Each test has a server of its own on a free port of the loopback. Nothing here waits for a time to
pass; the limits only end what hangs.
"""
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "packaging"))
import report  # noqa: E402

BUILD = pathlib.Path(sys.argv[1])
HAS_TLS = sys.argv[2] == "tls"
SERVER = BUILD / "test" / "server" / "taosuv-testserver"
LIMIT = 60


class Server:
    """The bundled server, started; `url` is what it prints."""

    def __init__(self, *args):
        self.process = subprocess.Popen([SERVER, "--quiet", *(args or ("--port", "0"))],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.address = self.url.rsplit("@", 1)[1]

    def stop(self):
        self.process.terminate()
        code = self.process.wait(LIMIT)
        self.process.stdout.close()
        if code != 0:
            raise AssertionError("the server ended with %d" % code)

    def rows(self, sql):
        link = http.client.HTTPConnection(self.address, timeout=LIMIT)
        login = base64.b64encode(b"root:taosdata").decode()
        link.request("POST", "/rest/sql", sql, {"Authorization": "Basic " + login})
        answer = json.loads(link.getresponse().read())
        link.close()
        if answer["code"] != 0:
            raise AssertionError("%s: %s" % (sql, answer["desc"]))
        return answer["data"]


def start(name, *args, url, **kwargs):
    """Starts an example, with all that it says in pipes."""
    env = dict(os.environ, TAOSUV_URL=url, **kwargs.pop("env", {}))
    return subprocess.Popen([BUILD / "examples" / name, *args], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


def finish(process, given=None):
    """What a program printed; it must end well. A sanitizer's finding is an exit code, too."""
    try:
        output, errors = process.communicate(given, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if process.returncode != 0:
        raise AssertionError("exit code %d\n%s%s" % (process.returncode, output, errors))
    return output


class OneServer(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    def run_example(self, name, *args, given=None):
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        return finish(start(name, *args, url=self.server.url, stdin=stdin), given)


class Programs(OneServer):
    def test_quickstart_prints_its_rows(self):
        output = self.run_example("quickstart")
        self.assertRegex(output, r"connected to 127\.0\.0\.1:\d+, server \d")
        self.assertIn("block 1: 5 rows", output)
        self.assertIn("| 12.6 | 218 |", output)
        self.assertIn("no current", output)

    def test_ingest_writes_rows_of_its_own(self):
        output = self.run_example("ingest", "--demo", "20000")
        self.assertRegex(output, r"^20000 rows written in \d+ batches, 0 failed, 0 lines not und")
        self.assertEqual([[20000]], self.server.rows("select count(*) from power.meters"))

    def test_ingest_writes_a_csv_from_stdin(self):
        text = ("table,location,groupid,ts,current,voltage,phase\n"
                "d1,Here,1,1700000000000,10.5,220,0.25\n"
                "d1,Here,1,1700000001000,,221,0.5\n"
                "d2,There,2,1700000000000,11.5,219,")
        output = self.run_example("ingest", given=text)
        self.assertRegex(output, r"^3 rows written in \d+ batches, 0 failed, 0 lines not und")
        self.assertEqual([[10.5, 220, "Here"], [None, 221, "Here"], [11.5, 219, "There"]],
                         self.server.rows("select `current`, voltage, location from power.meters "
                                          "order by location, ts"))

    def test_ingest_refuses_lines_that_are_none_and_writes_the_others(self):
        good = "d%d,Here,1,%d,10.5,220,0.25"
        bad = ["d1,Here,1,1700000000000,10.5,220", "d1,Here,1,x,1,2,3", ",Here,1,1,1,2,3",
               "d1,Here,1,,1,2,3", "d1,Here,1,1,1,99999999999,3", "d" * 200 + ",Here,1,1,1,2,3",
               "d1,%s,1,1700000000000,1,2,3" % ("x" * 65), "d1,He\0re,1,1700000000000,1,2,3",
               "d1,Here,1,1700000000000,1,2,3\0, and more",
               # what follows the first 4096 bytes would be lost
               "d1,Here,1,1700000000000,1,2,0." + "0" * 4096 + "1"]
        lines = [good % (i, 1700000000000 + i) for i in range(20)]
        for i, line in enumerate(bad):
            lines.insert(2 * i + 1, line)
        process = start("ingest", url=self.server.url, stdin=subprocess.PIPE)
        output, errors = process.communicate("\r\n".join(lines) + "\n\n", timeout=LIMIT)
        self.assertEqual(1, process.returncode, output + errors)
        self.assertIn("20 rows written in", output)
        self.assertIn(", 0 failed, %d lines not understood;" % len(bad), output)
        for i in range(len(bad)):
            self.assertRegex(errors, r"line %d: \S" % (2 * i + 2))
        self.assertEqual([[20]], self.server.rows("select count(*) from power.meters"))

    def test_ingest_tells_what_the_server_refused(self):
        text = "\n".join("d%d,Here,1,%d,1,2,3" % (i, i) for i in range(7))
        process = start("ingest", url=self.server.url, stdin=subprocess.PIPE)
        # The super table itself, which is no child of it.
        output, errors = process.communicate(text + "\nmeters,There,1,1,1,2,3\n", timeout=LIMIT)
        self.assertEqual(1, process.returncode, output + errors)
        self.assertRegex(output, r"^7 rows written in \d+ batches, 1 failed, 0 lines")
        self.assertIn("1 rows were not written", errors)
        self.assertIn("meters: 1 rows", errors)

    def test_ingest_shows_how_far_it_is(self):
        process = start("ingest", url=self.server.url, stdin=subprocess.PIPE)
        process.stdin.write("d1,Here,1,1700000000000,1,2,3\n")
        process.stdin.flush()
        shown = b""
        while not re.search(rb"\r1 rows written, 0 pending, \d+ rows/s", shown):
            more = os.read(process.stderr.fileno(), 1000)
            self.assertTrue(more, shown)
            shown += more
        self.assertRegex(finish(process, ""), r"^1 rows written in 1 batches, 0 failed, 0 lines")

    def test_ingest_reads_a_file_and_tells_when_there_is_none(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("table,location,groupid,ts,current,voltage,phase\n")
            file.writelines("d%d,Here,1,%d,1,2,3\n" % (i % 50, 1700000000000 + i)
                            for i in range(30000))
            file.flush()
            output = self.run_example("ingest", file.name)
        self.assertIn("30000 rows written in", output)
        self.assertEqual([[30000]], self.server.rows("select count(*) from power.meters"))
        process = start("ingest", "/nowhere/at/all", url=self.server.url)
        _, errors = process.communicate(timeout=LIMIT)
        self.assertEqual(2, process.returncode)
        self.assertIn("/nowhere/at/all", errors)

    def test_metrics_writes_points(self):
        output = self.run_example("metrics", "--count", "2")
        self.assertEqual(2, len(re.findall(r"^2 points in [\d.]+ ms$", output, re.M)))
        for table in ("taosuv_metrics.cpu", "taosuv_metrics.mem"):
            self.assertEqual([[2]], self.server.rows("select count(*) from " + table))


    def left(self):
        """Databases and topics that are there."""
        return [row[0] for what in ("databases", "topics")
                for row in self.server.rows("show " + what)]

    def test_tail_shows_itself_and_leaves_nothing(self):
        for form in ((), ("--json",)):
            output = self.run_example("tail", "--demo", *form)
            self.assertEqual(20, len(output.splitlines()))
            self.assertIn("row-19", output)
            self.assertEqual([], self.left())

    def test_mirror_shows_itself_and_leaves_nothing(self):
        for _ in range(2):
            self.assertEqual("20 rows in the copy\n", self.run_example("mirror", "--demo"))
            self.assertEqual([], self.left())


class Others(unittest.TestCase):
    def test_tls_verifies_by_a_private_ca(self):
        if not HAS_TLS:
            print("note: built without TLS, the example tls is not run", flush=True)
            self.skipTest("built without TLS")
        with tempfile.TemporaryDirectory() as folder:
            authority = os.path.join(folder, "ca.pem")
            server = Server("--port", "0", "--tls-make", authority)
            try:
                self.assertTrue(server.url.startswith("wss://"), server.url)
                output = finish(start("tls", url=server.url, env={"TAOSUV_CA": authority}))
                process = start("tls", url=server.url, env={"TAOSUV_CA": ""})
                _, errors = process.communicate(timeout=LIMIT)
            finally:
                server.stop()
        self.assertIn("connected over TLS to 127.0.0.1", output)
        self.assertIn("the answer: 42", output)
        self.assertEqual(1, process.returncode)
        self.assertIn("open failed", errors)

    def test_failover_loses_nothing_when_a_server_dies(self):
        servers = [Server() for _ in range(3)]
        hosts = ",".join(server.address for server in servers[1:])
        process = start("failover", "4", url="%s,%s" % (servers[0].url, hosts))
        try:
            first = process.stdout.readline()
            while "answers:" not in first:  # the first second is over
                first = process.stdout.readline()
            died = servers.pop().process
            died.kill()
            died.communicate()
            output = finish(process)
        finally:
            for server in servers:
                server.stop()
        found = re.search(r"^in 4 seconds (\d+) answers, 0 failures$", output, re.M)
        self.assertTrue(found, output)
        self.assertGreater(int(found.group(1)), 16)


class Gateway(OneServer):
    def setUp(self):
        super().setUp()
        self.begin()

    def begin(self, *args):
        self.process = start("gateway", "--port", "0", *args, url=self.server.url)
        self.addCleanup(self.end)
        line = self.process.stdout.readline()
        self.port = int(re.match(r"http://127\.0\.0\.1:(\d+)/ writes to", line).group(1))
        self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        self.addCleanup(self.link.close)

    def end(self, number=signal.SIGTERM):
        """Ends the gateway, once, and returns its last words."""
        process, self.process = self.process, None
        if process is None:
            return ""
        process.send_signal(number)
        return finish(process)

    def post(self, body, json_body=False, path="/write", **headers):
        if json_body:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        self.link.request("POST", path, body.encode(), headers)
        answer = self.link.getresponse()
        return answer.status, answer.read().decode()

    def stats(self):
        self.link.request("GET", "/stats")
        answer = self.link.getresponse()
        self.assertEqual(200, answer.status)
        return json.loads(answer.read())

    def wait_until_written(self, rows):
        limit = time.monotonic() + LIMIT
        while self.stats()["rows_written"] < rows and time.monotonic() < limit:
            time.sleep(0.02)
        return self.stats()

    def exchange(self, raw):
        """Sends bytes as they are and returns all that comes until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT) as link:
            link.sendall(raw)
            return b"".join(iter(lambda: link.recv(65536), b""))

    def test_lines_and_json_are_written(self):
        self.assertEqual((202, ""), self.post(
            "cpu,host=a user=0.5,n=2i 1700000000000\n# no line\n"
            "cpu,host=b\\ c user=1.5,note=\"x, y\" 1700000000001"))
        self.assertEqual((202, ""), self.post(
            {"measurement": "cpu", "tags": {"host": "c"}, "timestamp": 1700000000002,
             "fields": {"user": 3, "note": "\"é\""}}, True))
        self.assertEqual((202, ""), self.post(
            [{"measurement": "mem", "tags": {"host": "c"}, "fields": {"ok": True}},
             {"measurement": "mem", "tags": {"host": "d"}, "fields": {"ok": False}}], True))
        stats = self.wait_until_written(5)
        for key, value in {"rows_taken": 5, "rows_written": 5, "rows_failed": 0, "requests": 3,
                           "requests_taken": 3, "requests_refused": 0}.items():
            self.assertEqual(value, stats[key], key)
        self.assertEqual([["a", 0.5, None], ["b c", 1.5, "x, y"], ["c", 3, "\"é\""]],
                         self.server.rows("select `host`, `user`, note from gateway.cpu order by _ts"))
        self.assertEqual([[2]], self.server.rows("select count(*) from gateway.mem"))
        self.assertIn("5 points taken, 5 written in", self.end())

    def test_what_is_wrong_is_refused_with_a_reason(self):
        for body, reason in {"cpu": "has no fields", "": "the body contains no line",
                             "cpu user=x": "neither", "a b=1\ncpu user=\"x": "line 2: a quote",
                             "cpu user=300i8": "in range",
                             "cpu,=x user=1": "a key is empty", "cpu user=1 17": "not in ms",
                             "cpu user=1 x": "not a number", "a b=1,": "without '='"}.items():
            status, text = self.post(body)
            self.assertEqual(400, status, body)
            self.assertIn(reason, text)
        for body, reason in (({}, "measurement"), ([], "no point"), (3, "not an object"),
                             ({"measurement": "m", "fields": {}}, "has no fields"),
                             ({"measurement": "m", "fields": {"a": 1}, "time": 1}, "has members"),
                             ({"measurement": "m", "fields": {"a": [1]}}, "a field must be")):
            status, text = self.post(body, True)
            self.assertEqual(400, status, body)
            self.assertIn(reason, text)
        self.assertEqual(400, self.post("a b=1", path="/write?precision=s")[0])
        self.assertEqual(400, self.post("a b=1", path="/write?db=other")[0])
        self.assertEqual(415, self.post("a b=1", **{"Content-Encoding": "gzip"})[0])
        self.assertEqual(403, self.post("a b=1", Origin="http://elsewhere")[0])
        for kind in ("image/png", "multipart/form-data; boundary=x", "application/jsonx", "x"):
            self.assertEqual(415, self.post("a b=1", **{"Content-Type": kind})[0], kind)
        self.assertEqual(404, self.post("a b=1", path="/other")[0])
        stats = self.stats()
        self.assertEqual((0, 0, 23), (stats["rows_taken"], stats["requests_taken"],
                                      stats["requests_refused"]))

    def test_hostile_bytes_end_a_connection_and_nothing_else(self):
        head = b"POST /write HTTP/1.1\r\nHost: x\r\n"
        for raw, status in ((b"garbage\r\n\r\n", b"400"),
                            (head + b"Content-Length: 1048577\r\n\r\n", b"413"),
                            (head + b"Content-Length: 99999999999999999999\r\n\r\n", b"400"),
                            (head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
                            (head + b"Transfer-Encoding: chunked\r\n\r\n"
                             + b"80000\r\n" + b"a" * 0x80000 + b"\r\n" + b"80001\r\n"
                             + b"a" * 0x80001, b"413"),
                            (head + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", b"400"),
                            (head + b"X: " + b"a" * 20000 + b"\r\n\r\n", b"431"),
                            (head + b"X: y\r\n" * 100 + b"\r\n", b"431"),
                            (b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n\r\n", b"414"),
                            (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"400")):
            self.assertEqual(b"HTTP/1.1 " + status, self.exchange(raw)[:12], raw[:80])
        self.assertEqual(202, self.post("a b=1", Upgrade="h2c", Connection="Upgrade")[0])
        self.assertEqual(202, self.post("a b=1")[0])

    def test_requests_sent_ahead_are_answered_in_order(self):
        one = b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
        bodies = [b"p,n=%d v=1i 170000000%04d" % (i, i) if i % 5 else b"bad" for i in range(500)]
        raw = b"".join(one % (len(body), body) for body in bodies)
        raw += b"GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answers = re.findall(rb"HTTP/1\.1 (\d+)", self.exchange(raw))
        self.assertEqual([b"202" if i % 5 else b"400" for i in range(500)] + [b"200"], answers)
        self.assertEqual(400, self.wait_until_written(400)["rows_written"])

    def test_a_full_writer_makes_connections_wait_and_loses_nothing(self):
        self.end()
        self.begin("--max-pending", "1", "--db", "narrow")
        statuses = []

        def send(number):
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
            for i in range(40):
                link.request("POST", "/write", "m,c=%d v=1 170000000%04d" % (number, i))
                answer = link.getresponse()
                answer.read()
                statuses.append(answer.status)
            link.close()

        threads = [threading.Thread(target=send, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([202] * 320, statuses)
        self.assertGreater(self.stats()["waits"], 0)
        self.assertIn("320 points taken, 320 written in", self.end(signal.SIGINT))
        self.assertEqual([[320]], self.server.rows("select count(*) from narrow.m"))

    def test_a_point_that_does_not_fit_its_table_fails_alone(self):
        self.assertEqual(202, self.post("t,k=a v=1.5 1700000000000")[0])
        self.wait_until_written(1)
        for i in range(40):  # text where a number must be, among others' points
            bad = i in (7, 22)
            self.assertEqual(202, self.post("t,k=b v=%s %d\nu,k=c w=%d %d" % (
                '"x"' if bad else i, 1700000000001 + i, i, 1700000000001 + i))[0])
        self.wait_until_written(79)
        limit = time.monotonic() + LIMIT
        while self.stats()["rows_pending"] > 0 and time.monotonic() < limit:
            time.sleep(0.02)
        stats = self.stats()
        self.assertEqual((81, 79, 2), (stats["rows_taken"], stats["rows_written"],
                                       stats["rows_failed"]))
        self.assertIn("1 points: ", stats["last_failure"])
        self.assertEqual([[39]], self.server.rows("select count(*) from gateway.t"))
        self.assertEqual([[40]], self.server.rows("select count(*) from gateway.u"))

    def test_methods_that_do_not_fit_are_told_which_do(self):
        for method, path, allowed in (("GET", "/write", "POST"), ("PUT", "/write?db=gateway", "POST"),
                                      ("POST", "/", "GET, HEAD"), ("DELETE", "/stats", "GET, HEAD")):
            self.link.request(method, path)
            answer = self.link.getresponse()
            answer.read()
            self.assertEqual((405, allowed), (answer.status, answer.getheader("Allow")))
        for path in ("/", "/stats"):
            self.link.request("HEAD", path)
            answer = self.link.getresponse()
            self.assertEqual((200, b""), (answer.status, answer.read()))
        for kind in (None, "text/plain; charset=utf-8", "application/x-www-form-urlencoded",
                     "application/octet-stream"):
            headers = {"Content-Type": kind} if kind else {}
            self.assertEqual(202, self.post("a b=1", **headers)[0], kind)

    def test_who_is_slow_is_told_and_left(self):
        self.end()
        self.begin("--timeout", "300")
        self.assertEqual(b"HTTP/1.1 408", self.exchange(b"POST /write HTTP/1.1\r\nHost")[:12])
        head = b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        self.assertEqual(b"HTTP/1.1 408", self.exchange(head + b"a b")[:12])
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT) as link:
            answer = b""
            try:
                for byte in head + b"a b=1" * 100:  # one by one, and never enough
                    link.sendall(bytes([byte]))
                    time.sleep(0.02)
                answer = link.recv(100)
            except OSError:  # it was closed
                pass
        if answer:
            self.assertEqual(b"HTTP/1.1 408", answer[:12])
        self.assertGreaterEqual(self.stats()["requests_refused"], 3)
        self.assertEqual(202, self.post("a b=1")[0])

    def test_who_waits_for_too_long_is_told_so_and_nothing_is_taken(self):
        self.end()
        self.begin("--max-pending", "1", "--timeout", "300", "--db", "stopped")
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            self.assertEqual(202, self.post("a b=1 1700000000000")[0])
            for i in range(3):
                self.link.request("POST", "/write", "a b=1 %d" % (1700000000001 + i))
                answer = self.link.getresponse()
                self.assertIn(b"behind", answer.read())
                self.assertEqual((503, "1"), (answer.status, answer.getheader("Retry-After")))
            stats = self.stats()
            self.assertEqual((1, 0, 3, 0), (stats["rows_taken"], stats["rows_written"],
                                            stats["requests_refused"], stats["waiting"]))
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        self.wait_until_written(1)
        self.assertEqual(202, self.post("a b=1 1700000000009")[0])
        self.assertIn("2 points taken, 2 written in", self.end())
        self.assertEqual([[2]], self.server.rows("select count(*) from stopped.a"))

    def test_connections_are_bounded(self):
        self.stats()  # the first one
        links = [socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)
                 for _ in range(256)]
        try:
            answer = b"".join(iter(lambda: links[-1].recv(1000), b""))
            self.assertEqual(b"HTTP/1.1 503", answer[:12])
            self.assertIn(b"Retry-After: 1", answer)
            self.assertEqual(256, self.stats()["connections"])
        finally:
            for link in links:
                link.close()
        limit = time.monotonic() + LIMIT
        while self.stats()["connections"] > 1 and time.monotonic() < limit:
            time.sleep(0.02)
        self.assertEqual(1, self.stats()["connections"])
        self.assertEqual(202, self.post("a b=1")[0])

    def test_the_page_is_whole(self):
        self.link.request("GET", "/")
        answer = self.link.getresponse()
        page = answer.read().decode()
        self.assertEqual("text/html; charset=utf-8", answer.getheader("Content-Type"))
        self.assertIn("default-src 'none'", answer.getheader("Content-Security-Policy"))
        self.assertIn("</html>", page)
        self.assertIn("fetch('/stats'", page)
        self.assertNotRegex(page, r"https?://|src=|@import")


if __name__ == "__main__":
    report.main("examples")
