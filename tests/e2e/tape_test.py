"""Tapes, in a file: volumes behind one another, foreign ones kept, cut ones read as far as they go."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, flip, is_root, write, main  # noqa: E402


def records(path):
    """Sizes of the records of a tape's file, and 0 for each filemark."""
    with open(path, "rb") as file:
        tape = file.read()
    at, sizes = 0, []
    while at < len(tape):
        size = struct.unpack_from("<I", tape, at)[0]
        sizes.append(size)
        at += 4
        if size:
            assert struct.unpack_from("<I", tape, at + size + size % 2)[0] == size
            at += size + size % 2 + 4
    return sizes


class Tape(Pair):
    def test_parcels_are_written_one_behind_the_other_and_received(self):
        first = self.created()
        wrote = self.facts("A", "media", "write", first, "tape:drive.tap")
        self.assertEqual(wrote["copy"]["path"], "tape:drive.tap/%s.pcl" % first)
        self.assertEqual(records("drive.tap")[:2], [4096, 262144])
        self.assertEqual(records("drive.tap")[-3:], [0, 4096, 0])
        second = self.created("PUN00021", "src21")
        self.at("A", "media", "write", second, "tape:drive.tap")
        self.at("A", "media", "write", first, "tape:drive.tap")  # the same again: proved
        shown = self.at("B", "identify", "tape:drive.tap")
        for parcel in (first, second):
            self.assertIn("tape:drive.tap/%s.pcl" % parcel, shown.out)
        self.courier("--home", "nowhere", "identify", "tape:drive.tap")
        self.receive(source="tape:drive.tap", return_to="tape:drive.tap")
        self.same_tree("src", "share/PUN00020")
        self.same_tree("src21", "share/PUN00021")
        self.receive("A", source="tape:drive.tap")
        self.assertEqual(self.facts("A", "parcel", "show", first)["state"], "Confirmed")

    def test_a_parcel_spans_tapes(self):
        parcel = self.created(size=6_000_000)
        self.at("A", "media", "write", parcel, "tape:1.tap", "--volume-size", "5M", "--volume", "1")
        self.at("A", "media", "write", parcel, "tape:2.tap", "--volume-size", "5M", "--volume", "2")
        self.receive(source="tape:2.tap", status=5)
        self.receive(source="tape:1.tap")
        self.same_tree("src", "share/PUN00020")

    def test_a_foreign_tape_is_kept_and_named(self):
        parcel = self.created()
        label = b"VOL1OTHERS".ljust(80)
        write("foreign.tap", struct.pack("<I", 80) + label + struct.pack("<I", 80) + bytes(4))
        with open("foreign.tap", "rb") as tape:
            before = tape.read()
        refused = self.at("A", "media", "write", parcel, "tape:foreign.tap", status=9)
        self.assertIn("'VOL1OTHERS", refused.err)
        self.assertIn("VOL1OTHERS", self.at("B", "identify", "tape:foreign.tap", status=7).err)
        with open("foreign.tap", "rb") as tape:
            self.assertEqual(tape.read(), before)
        write("noise.tap", b"\x11\x22\x33\x44" * 1250)
        self.at("A", "media", "write", parcel, "tape:noise.tap", status=11)
        self.assertEqual(os.path.getsize("noise.tap"), 5000)

    def test_a_tape_that_ends_in_the_middle_is_read_as_far_as_it_goes(self):
        parcel = self.created(size=3_000_000)
        self.at("A", "media", "write", parcel, "tape:drive.tap")
        with open("drive.tap", "rb") as file:
            tape = file.read()
        # Five records and a filemark; then: cut within a record.
        write("short.tap", tape[:4104 + 5 * 262152] + bytes(4))
        self.receive(source="tape:short.tap", status=5)
        write("cut.tap", tape[:4104 + 5 * 262152 + 1000])
        self.at("B", "identify", "tape:cut.tap", status=7)
        self.receive(source="tape:drive.tap")
        self.same_tree("src", "share/PUN00020")

    def test_a_flipped_byte_is_no_other_content(self):
        parcel = self.created()
        self.at("A", "media", "write", parcel, "tape:drive.tap")
        self.assertIn("intact and genuine", self.at("A", "media", "verify", "tape:drive.tap").out)
        flip("drive.tap", 4104 + 400_000)
        self.at("A", "media", "verify", "tape:drive.tap", status=4)
        self.receive(source="tape:drive.tap", status=4)

    def test_a_bad_record_says_at_which_byte(self):
        parcel = self.created(size=3_000_000)
        self.at("A", "media", "write", parcel, "tape:drive.tap")
        flip("drive.tap", 4104 + 5 * 262152 + 3, 0x80)
        result = self.at("B", "receive", "tape:drive.tap", "--yes", status=None)
        self.assertIn("reading at byte %d of tape:drive.tap/%s.pcl" % (5 * 262144, parcel), result.err + result.out)

    def test_a_full_folder_is_said_before_the_first_byte(self):
        if not is_root():
            self.skipTest("only root can mount")
        parcel = self.created(size=8_000_000)
        os.mkdir("small")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", "small"], check=False).returncode:
            self.skipTest("no mount here")
        try:
            result = self.at("A", "media", "write", parcel, "tape:small/x.tap", status=6)
            self.assertIn("needed", result.err)
            self.assertEqual(os.listdir("small"), [])
        finally:
            subprocess.run(["umount", "small"], check=True)

    def test_without_a_drive_it_says_so(self):
        self.at("B", "identify", "/dev/nst9", status=7)
        self.at("B", "identify", "tape:drive", status=2)
        self.at("B", "identify", "tape:absent.tap", status=7)


if __name__ == "__main__":
    main()
