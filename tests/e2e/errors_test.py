"""Errors as the source throws them: every code of the table is thrown somewhere, and no throw leaves the subject
or what happened to it empty. (The table itself is held by base/error_test.cc and courier/report_test.cc.)"""
import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("base", "signer", "store", "parcel", "media", "ledger", "distribution", "sender", "importer", "courier")
CODES = re.compile(r"enum class ErrorCode \{(.*?)\};", re.S)
# A constructed Error, or one made from errno, up to the end of its first arguments.
MADE = re.compile(r"\b(?:Error(?:\s+\w+)?\s*[({]\s*(?:ErrorCode::\w+|[\w.()]+)|system_error\(\s*[\w.]+)\s*,\s*([^;]*?);", re.S)


def sources():
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.cc")) + sorted((SOURCE / room).rglob("*.h")):
            yield path, re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))


class Errors(unittest.TestCase):
    def test_every_code_is_thrown_somewhere(self):
        enum = CODES.search((SOURCE / "base/error.h").read_text(encoding="utf-8")).group(1)
        codes = set(re.findall(r"^\s*(\w+),", re.sub(r"//[^\n]*", "", enum), re.M))
        self.assertGreater(len(codes), 15)
        used = set()
        for path, text in sources():
            if path.name not in ("error.h", "error.cc"):
                used |= set(re.findall(r"ErrorCode::(\w+)", text))
        self.assertEqual(codes - used - {"internal"}, set())
        self.assertTrue(any(re.search(r"\bbug\(", text) for _, text in sources()))

    def test_every_throw_names_its_subject_and_what_happened(self):
        bad, seen = [], 0
        for path, text in sources():
            for made in MADE.finditer(text):
                seen += 1
                arguments = made.group(1)
                if arguments.startswith('""') or re.match(r'[^,]*,\s*""\s*[)}]', arguments):
                    bad.append("%s: %s" % (path.relative_to(SOURCE), " ".join(made.group(0).split())))
        self.assertEqual(bad, [])
        self.assertGreater(seen, 150)


if __name__ == "__main__":
    unittest.main()
