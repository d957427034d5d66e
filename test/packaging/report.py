"""Runs unittest cases and reports them as cmocka does, for test/suite.py to count."""
import os
import sys
import unittest
from xml.sax.saxutils import quoteattr


class Result(unittest.TextTestResult):
    """Keeps the outcome of each test: (name, "passed", "failed" or "skipped", text)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.outcomes = []

    def keep(self, test, outcome, text=""):
        name = getattr(test, "_testMethodName", str(test))
        self.outcomes.append((name, outcome, text))

    def addSuccess(self, test):
        super().addSuccess(test)
        self.keep(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.keep(test, "failed", str(err[1]))

    def addError(self, test, err):
        super().addError(test, err)
        self.keep(test, "failed", "%s: %s" % (err[0].__name__, err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.keep(test, "skipped", reason)


def write(path, group, outcomes):
    count = {key: sum(1 for o in outcomes if o[1] == key) for key in ("failed", "skipped")}
    with open(path, "w", encoding="utf-8") as file:
        file.write('<testsuites>\n  <testsuite name="%s" tests="%d" failures="%d" errors="0" '
                   'skipped="%d" >\n' % (group, len(outcomes), count["failed"], count["skipped"]))
        for name, outcome, text in outcomes:
            file.write("    <testcase name=%s >\n" % quoteattr(name))
            if outcome == "failed":
                text = text.replace("]]>", "]] >")
                file.write("      <failure><![CDATA[%s]]></failure>\n" % text)
            elif outcome == "skipped":
                file.write("      <skipped/>\n")
            file.write("    </testcase>\n")
        file.write("  </testsuite>\n</testsuites>\n")


def main(group):
    """Runs the test cases of the calling script and exits."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
    path = os.environ.get("CMOCKA_XML_FILE")
    if path:
        write(path.replace("%g", group), group, result.outcomes)
    sys.exit(0 if result.wasSuccessful() else 1)
