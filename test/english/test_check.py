#!/usr/bin/env python3
"""check.py finds the words that are planted, and nothing in plain English."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "packaging"))
import report  # noqa: E402

PLAIN = """/* Returns the number of rows. There is no line without a number, and nothing else.
 * Waits for more, otherwise it returns 0. */
int rows(void) { return tuv_fail(err, 1, "the port must be a number from %d to %d", 1, 2); }
"""


class Check(unittest.TestCase):
    def run_on(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, str(HERE / "check.py"), "--files", str(path)],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout

    def assert_found(self, name, text, line, word):
        code, out = self.run_on(name, text)
        self.assertEqual(code, 1, out)
        self.assertIn(':%d: ' % line, out)
        self.assertIn('"%s"' % word, out)

    def test_plain_english_passes(self):
        code, out = self.run_on("planted.c", PLAIN)
        self.assertEqual(code, 0, out)

    def test_a_comment_is_found_across_the_end_of_a_line(self):
        self.assert_found("planted.c", "int a;\n/* It waits for so\n * many bytes. */\n", 2,
                          "for so many")

    def test_a_half_sentence_over_two_fields_is_found(self):
        self.assert_found("planted.h", "int a; /* the first … */\nint b; /* … and the second */\n",
                          1, "first … */")

    def test_an_error_text_is_found(self):
        self.assert_found("planted.c", 'int f(void) {\n  return tuv_fail(err, 1, "the port of "\n'
                          '                  "%u is no number", 1);\n}\n', 2, "is no number")

    def test_a_message_of_a_failure_is_found(self):
        self.assert_found("planted.c", 'void f(void) {\n  failure.message = "a: is none of b, c";\n}\n',
                          2, "is none")

    def test_a_name_is_found(self):
        self.assert_found("planted.c", "int tuv_carrier_of(int x);\n", 1, "tuv_carrier_of")

    def test_a_document_is_found(self):
        self.assert_found("planted.md", "# Title\n\nThe server is told that\nit may go on.\n", 3,
                          "is told")

    def test_a_comment_of_a_script_is_found(self):
        self.assert_found("planted.py", "x = 1\n# Runs for so\n# long.\n", 2, "for so long")

    def test_the_table_of_error_texts_is_found(self):
        self.assert_found("error.h", '#define MAP(XX) \\\n  XX(A, -1, "the key is none of these")\n', 2,
                          "is none")


if __name__ == "__main__":
    report.main("english")
