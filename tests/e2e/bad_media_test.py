"""Media that are wrong as a whole: the clear error of each, with its status, and that nothing is lost."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import TESTS, Pair, is_root, main, noise, write  # noqa: E402

PARCEL = "PUN-PSE-000001"
PACKAGES = ("PUN0000A", "PUN0000B", "PUN0000C")


class BadMedia(Pair):
    def made(self, home="A", seed=0):
        """A parcel of three volumes of 1 MiB, made by PUN in `home`."""
        for number, package in enumerate(PACKAGES):
            source = "%s-p%d" % (home, number)
            write(source + "/data", noise(700_000, seed + number))
            self.at(home, "package", "add", source, "--id", package)
        self.at(home, "distribute", *PACKAGES, "--to", "PSE")
        self.assertEqual(self.facts(home, "parcel", "create", "--to", "PSE")["id"], PARCEL)

    def cut(self, target, home="A"):
        os.makedirs(target, exist_ok=True)
        self.at(home, "media", "write", PARCEL, target, "--volume-size", "1M")

    def volume(self, number, folder):
        return "%s/%s.v%d.pcl" % (folder, PARCEL, number)

    def all_is_installed(self, home="A"):
        for number, package in enumerate(PACKAGES):
            self.same_tree("%s-p%d" % (home, number), "share/" + package)
        self.store_is_clean("B")
        self.assertEqual(self.facts("B", "parcel", "show", PARCEL)["state"], "Processed")

    def bound(self, source, target, *more):
        """A second name for a folder, as another mount."""
        os.makedirs(target, exist_ok=True)
        for command in (["mount", "--bind", source, target], *more):
            if subprocess.run(command, stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", target], stderr=subprocess.DEVNULL)

    def test_two_drives_at_once_with_volumes_of_one_parcel(self):
        self.made()
        self.cut("all")
        for drive, numbers in (("media/one", (1, 3)), ("media/two", (2, 3))):
            self.mounted_below(drive)
            for number in numbers:
                shutil.copy(self.volume(number, "all"), drive)
        found = self.at("B", "identify", "media")
        self.assertNotIn("missing", found.out)
        self.receive(source="media")
        self.all_is_installed()

    def mounted_below(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.mounted(path, 8 << 20)

    def test_a_volume_of_an_older_run_among_those_of_the_parcel(self):
        # PUN was put back to an older state and used its first number for something else.
        subprocess.run(["cp", "-a", "A", "old"], check=True)
        self.made()
        self.made("old", seed=50)
        self.cut("all")
        self.cut("older", "old")
        shutil.copy(self.volume(2, "older"), "all/A.pcl")  # comes first
        other = (r"^medium %s: parcel PUN-PSE-000001: has a number that was Processed here with other content "
                 r"\(label [0-9a-f]{12}, now [0-9a-f]{12}\)\n")
        mixed = self.at("B", "receive", "all", "--yes", status=10)
        self.assertRegex(mixed.err, other % "all" + "what is in stays in\n")
        self.all_is_installed()
        alone = self.at("B", "receive", "older", "--yes", status=3)
        self.assertRegex(alone.err, other.replace("medium %s: ", "") + "nothing was taken in\nask PUN for a new parcel\n$")
        self.all_is_installed()

    def test_a_read_only_medium_is_named_before_anything_is_written(self):
        self.made()
        os.mkdir("usb")
        self.bound("usb", "usb", ["mount", "-o", "remount,bind,ro", "usb"])
        refused = self.at("A", "media", "write", PARCEL, "usb", status=11)
        self.message(refused, "medium %s: is read-only: nothing can be written to it" % os.path.abspath("usb"),
                     "nothing was lost: parcel {0} is in the outbox, A/outbox/{0}.pcl".format(PARCEL),
                     "put it right, or take another medium, then: courier media write %s TARGET" % PARCEL)

    def test_a_folder_that_contains_itself_is_read_once(self):
        self.made()
        self.cut("usb")
        os.makedirs("usb/a/b")
        os.symlink("../..", "usb/a/up")
        self.bound("usb", "usb/a/b")
        found = self.facts("B", "identify", "usb")["parcels"]
        self.assertEqual(len(found), 3)  # its volumes, each once
        self.receive(source="usb")
        self.all_is_installed()

    def test_an_image_that_claims_sixteen_tebibytes(self):
        self.made()
        with open("/dev/shm/courier-16t-%d.img" % os.getpid(), "wb") as image:
            self.addCleanup(os.unlink, image.name)
            try:
                image.truncate(16 << 40)
            except OSError:
                self.skipTest("no file can be so large here")
        target = "raw:" + image.name
        nothing = self.at("B", "receive", target, "--yes", status=7)
        self.assertIn("there is no parcel on it", nothing.err)
        self.at("A", "media", "write", PARCEL, target)
        self.receive(source=target)
        self.all_is_installed()

    def test_a_length_of_two_gibibytes_is_not_believed(self):
        self.made()
        self.at("A", "media", "write", PARCEL, "tape:x.tap")
        with open("x.tap", "r+b") as tape:
            whole = tape.read()
            tape.seek(4 + 4096 + 4)  # the length of the first record behind the mark
            tape.write(b"\xff\xff\xff\x7f")
        bad = self.at("B", "receive", "tape:x.tap", "--yes", status=11)
        self.message(bad, "tape:x.tap: has no record, but the number 2147483647 at byte 4104", "nothing was lost",
                     "what is before that is read; take another copy of the tape for the rest")
        write("x.tap", whole)
        self.receive(source="tape:x.tap")
        self.all_is_installed()

    def test_a_folder_that_this_user_may_not_write_to_is_named(self):
        self.made()
        os.mkdir("usb")
        self.at("A", "media", "write", PARCEL, "usb", "--recovery", "10")
        os.mkdir("closed", 0o555)
        limited = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if is_root() else []
        for arguments in (("media", "write", PARCEL, "closed"),
                          ("parcel", "repair", "usb/%s.pcl" % PARCEL, "--to", "closed/whole.pcl")):
            refused = self.at("A", *arguments, status=9, wrapper=limited)
            self.assertEqual(refused.err.splitlines()[0],
                             "folder %s: this user may make no file in it" % os.path.abspath("closed"))
        # Nothing of it is told as a bad copy: the medium did nothing wrong.
        self.assertEqual([one for one in self.facts("A", "parcel", "show", PARCEL)["copies"] if not one["verified"]], [])

    def test_a_label_that_is_genuine_is_not_said_to_be_a_parcel_that_is(self):
        self.made()
        os.mkdir("usb")
        self.at("A", "media", "write", PARCEL, "usb")
        path = "usb/%s.pcl" % PARCEL
        verdict = r"verdict +genuine label; the records are not looked at yet \(parcel verify and media verify do\)\n"
        self.assertRegex(self.at("B", "identify", path).out, verdict)
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) // 2)
        self.assertRegex(self.at("B", "identify", path).out,
                         r"verdict +genuine label; the end of the file is missing or damaged, see parcel verify\n")
        self.assertTrue(self.facts("B", "identify", path)["parcels"][0]["lacks_its_end"])
        os.remove(path)
        self.at("A", "media", "write", PARCEL, "usb", "--recovery", "10")
        self.assertFalse(self.facts("B", "identify", path)["parcels"][0]["lacks_its_end"])


class Table(unittest.TestCase):
    def test_every_test_that_the_table_names_exists(self):
        with open(os.path.join(TESTS, "..", "docs", "bad-media.md"), encoding="utf-8") as file:
            rows = [line.split("|")[3] for line in file if line.startswith("| ") and "`" in line]
        self.assertGreater(len(rows), 20)
        for row in rows:
            text = ""
            for path in re.findall("`([^`]+)`", row):
                paths = [os.path.join(TESTS, path), os.path.join(TESTS, "unit/media", path)]
                found = [one for one in paths if os.path.exists(one)]
                self.assertTrue(found, path)
                with open(found[0], encoding="utf-8") as source:
                    text += source.read()
            for name in re.findall(r"\btest_\w+|\b(?:[A-Z][a-z]+){4,}\w*", re.sub("`[^`]+`", "", row)):
                self.assertIn(name, text, row)


if __name__ == "__main__":
    main()
