"""Media and shares that fail while they are used: what changes, what is pulled out, what gives back something else.

The step tool stops the program at a read or refuses one of its calls, so that each case is the real
program at a real instant. After each case the store checks clean and the share serves what it served.
"""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import (COURIER, CourierTest, execute, listing, main, make_second_version,  # noqa: E402
                         make_source, noise, tool, write)

STEP = tool("step")
PARCEL = "parcel PUN-PSE-000002: "
FILE = "drive/PUN-PSE-000002.pcl"
PARTLY = "nothing was lost here: the items that are whole are in, the shares serve what they served"
ASKS = "the return asks for what is missing; another copy of the parcel will do, too"


@unittest.skipUnless(os.uname().machine == "x86_64", "the step tool is made for x86-64")
class FailingWorld(CourierTest):
    """PSE serves version 1; version 2 is on the drive."""

    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        make_source("src", 300_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        make_second_version("src", "src2")
        write("src2/data/more.bin", noise(6_000_000, 9))
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.served = listing("share/PUN00020", contents=True)
        shutil.copytree("B", "kept/B", symlinks=True)
        subprocess.run(["cp", "-a", "share", "drive", "kept"], check=True)

    def back(self):
        for name in ("B", "share", "drive"):
            shutil.rmtree(name, ignore_errors=True)
            subprocess.run(["cp", "-a", "kept/" + name, "."], check=True)

    def step(self, *how, arguments=("receive", FILE, "--yes")):
        return execute([STEP, *how, COURIER, "--home", "B", *arguments]).without_home("B")

    def unharmed(self):
        self.store_is_clean("B")
        self.assertEqual(listing("share/PUN00020", contents=True), self.served)
        self.at("B", "validate", "PUN00020")

    def goes_on(self):
        """With the whole medium the same command ends well."""
        shutil.rmtree("drive")
        subprocess.run(["cp", "-a", "kept/drive", "."], check=True)
        self.at("B", "receive", FILE, "--yes")
        self.same_tree("src2", "share/PUN00020")
        self.store_is_clean("B")

    # --------------------------------------------------------------------------------- the medium
    def at_reads(self, command, status, lines):
        """Runs `command` before each of the first reads: what is said is always the same, but for numbers."""
        for read in (1, 3, 6):
            with self.subTest(read=read):
                self.back()
                result = self.step("at-read", str(read), FILE, command)
                self.assertEqual(result.status, status, str(result))
                self.assertEqual(len(result.err.splitlines()), 3, str(result))
                for line, expected in zip(result.err.splitlines(), lines):
                    self.assertRegex(line, "^(%s)$" % expected)
                self.unharmed()
                self.goes_on()

    def test_a_medium_whose_bytes_change_while_it_is_read(self):
        size = os.path.getsize(FILE)
        self.at_reads("dd if=/dev/zero of=%s bs=1 seek=%d count=5000 conv=notrunc status=none" % (FILE, size // 2), 4,
                      (PARCEL + r"records? [\d-]+ (is|are) damaged or missing", PARTLY, ASKS))

    def test_a_medium_that_is_cut_while_it_is_read(self):
        self.at_reads("truncate -s 3000000 " + FILE, 5,
                      (PARCEL + r"ends early: records? [\d-]+ (is|are) missing",
                       r"nothing was lost: (1 record is|\d+ records are) stored",
                       "insert the medium, or another copy of it, and run the same command"))

    def test_a_parcel_that_becomes_another_one_while_it_is_read(self):
        """Another genuine parcel of the same sender takes the place of the bytes that follow the head."""
        write("src3/data/more.bin", noise(6_000_000, 10))
        self.at("A", "package", "update", "PUN00020", "src3")
        _, path = self.send("PUN00020", out="drive")
        shutil.move(path, "other.pcl")
        self.at_reads("dd if=other.pcl of=%s bs=1M skip=1 seek=1 conv=notrunc status=none" % FILE, 4,
                      (PARCEL + r"records? [\d-]+ (is|are) (damaged, missing or forged; 1 record is not as PUN signed it|"
                       "not as PUN signed (it|them), and never opened)", PARTLY, ASKS))

    def test_a_parcel_removed_while_it_is_read_is_read_to_its_end(self):
        self.back()
        result = self.step("at-read", "3", FILE, "rm " + FILE)
        self.assertEqual((result.status, result.err), (0, ""), str(result))
        self.same_tree("src2", "share/PUN00020")

    def test_a_drive_that_is_pulled_out(self):
        place = r"reading at byte \d+: %s: cannot read it: input/output error" % os.path.realpath(FILE)
        early = (place, "nothing was lost", "clean the medium or try another drive, then run the same command")
        late = (PARCEL + place, r"nothing was lost: (1 record is|\d+ records are) stored",
                "insert the medium, or another copy of it, and run the same command")
        for read, status, lines in ((1, 11, None), (2, 11, early), (5, 5, late), (7, 5, late)):
            with self.subTest(read=read):
                self.back()
                result = self.step("pull", str(read), FILE)
                self.assertEqual(result.status, status, str(result))
                self.assertEqual(len(result.err.splitlines()), 3, str(result))
                for line, expected in zip(result.err.splitlines(), lines or ()):
                    self.assertRegex(line, "^(%s)$" % expected)
                self.unharmed()
                self.goes_on()

    # ---------------------------------------------------------------------------------- the share
    def test_a_name_that_the_target_cannot_hold(self):
        result = self.step("refuse", "added.txt")
        self.assertEqual(result.status, 11, str(result))
        share = os.path.realpath("share")
        self.message(result, PARCEL + "PUN00020 version 2 stored: files: Install Retrying, file new/added.txt: the target "
                     "cannot hold it: cannot create it: invalid argument", "nothing was lost: the content is stored",
                     "put %s on a file system that can hold it, or rename it in the source; then `courier distribute PUN00020 "
                     "--to PSE` does it at once, without the medium" % share)
        self.store_is_clean("B")
        self.assertEqual(listing("share/PUN00020", contents=True), self.served)
        self.assertEqual(os.listdir("share/.courier/staging"), [])
        # What the message says to do works.
        self.at("B", "distribute", "PUN00020", "--to", "PSE")
        self.same_tree("src2", "share/PUN00020")

    def test_B59_only_what_reads_back_equal_is_installed(self):
        result = self.step("spoil", "more.bin")
        self.assertEqual(result.status, 11, str(result))
        share = os.path.realpath("share")
        self.message(result, PARCEL + "PUN00020 version 2 stored: files: Install Retrying, file data/more.bin: read back "
                     "from the share: content differs", "nothing was lost: the content is stored",
                     "check the drive of %s; then `courier distribute PUN00020 --to PSE` does it at once, without the medium"
                     % share)
        self.assertEqual(self.states("B", "PUN00020"), {"files": "Install Retrying"})
        self.assertEqual(listing("share/PUN00020", contents=True), self.served)
        # Nor is it at the origin.
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        self.assertEqual(self.states("A", "PUN00020", "--site", "PSE")["files"], "Install Retrying")
        self.at("B", "distribute", "PUN00020", "--to", "PSE")
        self.same_tree("src2", "share/PUN00020")

    def test_B54_an_unmounted_share_is_named_with_what_to_do(self):
        os.rename("share", "share.away")
        os.mkdir("share")
        result = self.at("B", "receive", FILE, "--yes", status=11)
        share = os.path.realpath("share")
        self.message(result, PARCEL + "PUN00020 version 2 stored: files: Install Retrying, not reachable: there is no "
                     "mark of Courier on " + share, "nothing was lost: the content is stored",
                     "mount the drive of %s, or correct the path with `courier dp set`; then `courier distribute PUN00020 --to PSE` "
                     "does it at once, without the medium" % share)
        job = self.facts("B", "job", "list")["jobs"][-1]["job"]
        shown = self.facts("B", "job", "show", "%d/files" % job)
        self.assertIn("not reachable", shown["reason"])
        self.assertIsNotNone(shown["retry_at"])
        os.rmdir("share")
        os.rename("share.away", "share")
        self.at("B", "distribute", "PUN00020", "--to", "PSE")
        self.same_tree("src2", "share/PUN00020")

    # ----------------------------------------------------------------------------------- the disk
    def test_B42_a_home_without_room_is_noticed_before_anything_is_taken_in(self):
        self.mounted("small", 5_000_000)
        subprocess.run(["cp", "-a", "B", "small/B"], check=True)
        result = self.at("small/B", "receive", FILE, "--yes", status=6)
        lines = result.err.splitlines()
        self.assertRegex(lines[0], r"^parcel PUN-PSE-000002: \d+ bytes needed in the home, \d+ free$")
        self.assertEqual(len(lines), 3, str(result))
        codes = [one["id"] for one in self.facts("small/B", "status", "--messages", "--id", "4402")["messages"]]
        self.assertEqual(codes, ["4402"])
        self.assertEqual(self.facts("small/B", "validate", "PUN00020")["validations"][0]["version"], 1)
        self.store_is_clean("small/B")
        subprocess.run(["mount", "-o", "remount,size=60000000", "small"], check=True)
        self.at("small/B", "receive", FILE, "--yes")
        self.same_tree("src2", "share/PUN00020")

    def test_a_drive_smaller_than_its_reserve_is_named_with_the_setting_that_helps(self):
        self.mounted("d2", 40_000_000)
        added = self.at("B", "dp", "add", "small", "d2")
        help_ = "courier dp set small --reserve SIZE"
        self.assertIn("the reserve is more than a whole drive has, so nothing fits there; lower it: " + help_, added.out)
        result = self.at("B", "distribute", "PUN00020", "--to", "small", status=6)
        self.assertIn("free, 268 MB to be kept in reserve", result.err)
        self.assertIn("make room on %s, or keep less of it free: %s" % (os.path.realpath("d2"), help_), result.err)
        self.assertNotIn("nothing fits", self.at("B", "dp", "set", "small", "--reserve", "1M").out)
        self.at("B", "distribute", "PUN00020", "--to", "small")

    def test_B42_a_share_without_room_serves_the_old_version(self):
        self.mounted("d2", 6_500_000)
        self.at("B", "dp", "add", "small", "d2", "--reserve", "0")
        self.at("B", "distribute", "PUN00020", "--to", "small")
        result = self.at("B", "receive", FILE, "--yes", status=6)
        lines = result.err.splitlines()
        self.assertRegex(lines[0], "^" + PARCEL + r"PUN00020 version 2 stored: small: Install Retrying, "
                         r"[\d.]+ MB \(\d+ bytes\) needed, [\d.]+ MB \(\d+ bytes\) free, 0 bytes to be kept in reserve$")
        self.assertEqual(lines[1], "nothing was lost: the content is stored")
        self.assertEqual(lines[2], "make room on %s; then `courier distribute PUN00020 --to PSE` does it at once, without the "
                         "medium" % os.path.realpath("d2"))
        self.assertEqual([line for line in listing("d2/PUN00020", contents=True) if "large.bin" in line],
                         [line for line in self.served if "large.bin" in line])
        self.same_tree("src2", "share/PUN00020")


if __name__ == "__main__":
    main()
