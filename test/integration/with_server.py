#!/usr/bin/env python3
"""Runs an integration program against the development server as a server of its own, in another version.

    with_server.py SERVER VERSION PROGRAM

The program finds the server in TAOSUV_TEST_URL, as it would find a TDengine of that version.
"""
import os
import subprocess
import sys


def main():
    server, version, program = sys.argv[1:4]
    with subprocess.Popen([server, "--port", "0", "--version", version, "--compression", "--quiet"],
                          stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        code = subprocess.run([program], check=False,
                              env=dict(os.environ, TAOSUV_TEST_URL=url)).returncode
        ended = process.poll()
        process.terminate()
    if ended is not None:
        print("the server of version %s has ended (%d)" % (version, ended))
        return 1
    return code if code >= 0 else 1


sys.exit(main())
