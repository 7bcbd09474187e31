"""The notes on devices and the table of quirks say the same: every quirk has its note, every note's quirk exists."""
import os
import re
import sys
import tomllib
import unittest

SOURCE = os.environ.get("COURIER_SOURCE") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NOTES = os.path.join(SOURCE, "firmware-notes")
PARTS = ["Observed", "Detected", "What the code does", "Source"]
FAMILIES = {"usb-sata-bridges.md", "flash-sticks.md", "dvd-bd-writers.md", "tape-drives.md", "kiosk-boards.md"}


def read(name):
    with open(os.path.join(NOTES, name), encoding="utf-8") as file:
        return file.read()


class FirmwareNotes(unittest.TestCase):
    def setUp(self):
        self.quirks = {quirk["id"]: quirk for quirk in tomllib.loads(read("quirks.toml"))["quirk"]}
        self.notes = {name: read(name) for name in os.listdir(NOTES) if name.endswith(".md")}

    def test_every_family_has_its_note_with_all_its_parts(self):
        self.assertEqual(set(self.notes), FAMILIES)
        for name, text in self.notes.items():
            self.assertEqual(re.findall("^## (.*)$", text, re.M), PARTS, name)
            source = text.split("## Source")[1]
            self.assertRegex(source, r"https?://|Linux, `|FreeBSD, `", name)

    def test_every_quirk_is_in_its_note_and_every_quirk_of_a_note_exists(self):
        for name, text in self.notes.items():
            said = re.search("^Quirks: (.*)$", text, re.M).group(1)
            listed = set() if said == "none" else set(re.findall("`([^`]+)`", said))
            self.assertEqual(listed, {one for one, quirk in self.quirks.items() if quirk["note"] == name}, name)
            done = text.split("## What the code does")[1].split("## Source")[0]
            for one in listed:
                self.assertIn("`%s`" % one, done, name)
        self.assertLessEqual({quirk["note"] for quirk in self.quirks.values()}, set(self.notes))

    def test_every_device_of_a_quirk_is_in_its_note(self):
        for one, quirk in self.quirks.items():
            text = self.notes[quirk["note"]]
            for device in quirk.get("usb", []) + quirk.get("inquiry", []):
                self.assertIn(device, text, one)


if __name__ == "__main__":
    unittest.main()
