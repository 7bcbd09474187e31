"""Parcels that span media: cut, written and proved, received in any order, and what is missing named."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, flip, main, noise, write  # noqa: E402
from spanned_parcel import PACKAGES, PARCEL, SpannedParcel  # noqa: E402
from terminal import Terminal  # noqa: E402


class Spanned(SpannedParcel):
    """The volumes of that parcel on their drives."""

    def cut(self, target, size="1M", *more, status=0):
        os.makedirs(target, exist_ok=True)
        return self.facts("A", "media", "write", PARCEL, target, "--volume-size", size, *more, status=status)

    def apart(self):
        """The three volumes on three drives."""
        self.cut("all")
        for number in (1, 2, 3):
            os.mkdir("vol%d" % number)
            os.rename("all/%s.v%d.pcl" % (PARCEL, number), "vol%d/%s.v%d.pcl" % (number, PARCEL, number))

    def medium(self, path, size):
        """A drive with so many bytes."""
        os.makedirs(path, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "none", path], stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", path], stderr=subprocess.DEVNULL)

    def all_is_installed(self):
        for number, package in enumerate(PACKAGES):
            self.same_tree("p%d" % number, "share/" + package)
        self.store_is_clean("B")
        shown = self.facts("B", "parcel", "show", PARCEL)
        self.assertEqual(shown["state"], "Processed")
        self.assertEqual([name for name in os.listdir("B/incoming")] if os.path.isdir("B/incoming") else [], [])


class Receiving(Spanned):
    def test_B11_a_parcel_spans_volumes_and_the_missing_one_is_named(self):
        written = self.cut("usb")["written"]
        self.assertEqual([(one["number"], one["of"]) for one in written], [(1, 3), (2, 3), (3, 3)])
        self.assertEqual(sorted(os.listdir("usb")), ["%s.v%d.pcl" % (PARCEL, n) for n in (1, 2, 3)])
        for name in os.listdir("usb"):
            self.assertLessEqual(os.path.getsize("usb/" + name), 1 << 20)
        os.mkdir("later")
        os.rename("usb/%s.v2.pcl" % PARCEL, "later/anything.bin")
        refused = self.at("B", "receive", "usb", "--yes", status=5)
        self.assertEqual(refused.err.splitlines()[0], "parcel %s: volume 2 of 3 is missing" % PARCEL)
        self.assertRegex(refused.err, r"\nnothing was lost: volumes 1 and 3 came, \d+ records are stored\n"
                         r"insert volume 2 \(%s.v2.pcl, on a disc or tape PUN_PSE_000001_V2\) and run the same "
                         r"command\n$" % PARCEL)
        self.assertEqual(self.facts("B", "parcel", "show", PARCEL)["state"], "Incomplete")
        done = self.receive(source="later")
        self.assertEqual(done["parcels"][0]["state"], "Processed")
        self.all_is_installed()

    def test_B11_on_any_day_from_any_drive_in_any_order(self):
        self.apart()
        one = self.receive(source="vol3", status=5)["parcels"][0]
        self.assertEqual((one["state"], one["missing_volumes"], one["volumes"]), ("Incomplete", [1, 2], 3))
        two = self.at("B", "receive", "vol1", "--yes", status=5, wrapper=("faketime", "-f", "+1d"))
        self.assertIn("volume 2 of 3 is missing", two.err)
        self.later("+9d", "B", "receive", "vol2", "--yes")
        self.all_is_installed()

    def test_B45_later_volumes_first_a_package_waits_for_its_content(self):
        self.apart()
        self.receive(source="vol2", status=5)
        for package in PACKAGES:
            row = self.facts("B", "status", package)["states"][0]
            self.assertEqual((row["state"], row["pending"]), ("Install Pending", "waiting for content"))
        self.assertEqual(os.listdir("share"), [".courier"] if os.path.exists("share/.courier") else [])
        self.receive(source="vol3", status=5)
        self.receive(source="vol1")
        self.all_is_installed()
        self.assertEqual(self.states("B", "PUN0000A")["files"], "Installed")

    def test_R9_what_came_of_a_parcel_is_told_in_a_return_while_it_is_incomplete(self):
        self.apart()
        received = self.receive(source="vol1", return_to="drive", status=5)
        self.assertEqual(len(received["returns"]), 1)
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", PARCEL)["state"], "Sent")
        os.mkdir("rest")
        for number in (2, 3):
            shutil.copy("vol%d/%s.v%d.pcl" % (number, PARCEL, number), "rest")
        self.receive(source="rest", return_to="drive")
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", PARCEL)["state"], "Confirmed")

    def test_volumes_of_different_cuts_mix(self):
        self.apart()
        self.at("A", "media", "write", "A/outbox/%s.pcl" % PARCEL, "vol2", "--volume-size", "1600K", "--anew", status=9)
        other = self.cut("other", "1600K", "--anew")["written"]
        self.assertEqual([one["of"] for one in other], [2, 2])
        os.mkdir("second")
        os.rename("other/%s.v2.pcl" % PARCEL, "second/%s.v2.pcl" % PARCEL)
        self.receive(source="vol1", status=5)
        self.receive(source="second", status=5)
        self.receive(source="vol2")
        self.all_is_installed()

    def test_strays_duplicates_renamed_files_and_volumes_of_others_are_harmless(self):
        self.apart()
        write("extra/data", noise(700_000, 9))
        self.at("A", "package", "add", "extra", "--id", "PUN0000D")
        self.at("A", "distribute", "PUN0000D", "--to", "PSE")
        other = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        os.mkdir("mixed")
        self.at("A", "media", "write", other, "mixed", "--volume-size", "1M")
        shutil.copy("vol1/%s.v1.pcl" % PARCEL, "mixed/photo.jpg")
        shutil.copy("vol1/%s.v1.pcl" % PARCEL, "mixed/again.pcl")
        shutil.copy("vol3/%s.v3.pcl" % PARCEL, "mixed/%s.v2.pcl" % PARCEL)
        write("mixed/._%s.v2.pcl" % PARCEL, noise(4096, 1))
        write("mixed/notes.txt", "not a parcel")
        found = self.at("B", "identify", "mixed")
        self.assertIn("parcel %s: volume 2 of 3 is missing" % PARCEL, found.out)
        received = self.receive(source="mixed", status=10)["parcels"]
        self.assertEqual({one["id"]: one["state"] for one in received}, {PARCEL: "Incomplete", other: "Processed"})
        # An older run of the same number would be another parcel: what is in stays in.
        self.receive(source="vol1", status=5)
        self.receive(source="vol2")
        self.all_is_installed()
        again = self.receive(source="vol2")
        self.assertTrue(again["parcels"][0]["already_received"])

    def test_a_head_that_is_bad_on_one_volume_is_taken_from_another(self):
        self.apart()
        flip("vol2/%s.v2.pcl" % PARCEL, 400)  # in the label
        self.receive(source="vol2", status=4)
        self.receive(source="vol1", status=5)
        kept = self.receive(source="vol2", status=5)["parcels"][0]
        self.assertEqual((kept["records"] > 0, kept["missing_volumes"]), (True, [3]))
        self.assertIn("head", kept["remark"])
        flip("vol3/%s.v3.pcl" % PARCEL, 100)  # in the volume header: the label says whose it is
        done = self.receive(source="vol3")["parcels"][0]
        self.assertEqual(done["state"], "Processed")
        self.all_is_installed()

    def test_a_damaged_record_is_told_from_one_on_a_volume_that_did_not_come(self):
        self.apart()
        path = "vol2/%s.v2.pcl" % PARCEL
        flip(path, os.path.getsize(path) // 2)
        second = self.at("B", "receive", "vol2", "--yes", status=5)
        self.assertRegex(second.err, r"^parcel %s: volumes 1 and 3 of 3 are missing; volume 2: record \d is damaged\n"
                         % PARCEL)
        self.assertIn("; then another copy of volume 2, or let the return ask for what is damaged\n", second.err)
        first = self.receive(source="vol1", status=5)["parcels"][0]
        self.assertEqual((first["missing_volumes"], first["damaged_volumes"]), ([3], [2]))
        third = self.at("B", "receive", "vol3", "--yes", status=10)
        self.assertRegex(third.err, r"^parcel %s: volume 2: record \d is damaged or missing\n" % PARCEL)
        self.assertIn("another copy of volume 2 will do, too\n", third.err)
        self.assertIn("Processed: 2 installed, 1 damaged", self.at("B", "parcel", "list").out)
        self.assertNotIn("all of it is here", self.at("B", "parcel", "show", PARCEL).out)
        self.assertEqual(len(self.facts("B", "parcel", "show", PARCEL)["items"]), 3)
        flip(path, os.path.getsize(path) // 2)
        self.receive(source="vol2")
        self.all_is_installed()

    def test_volumes_of_an_unknown_signer_wait_together_for_its_key(self):
        self.apart()
        self.init("C", "TEX", "Texas")
        self.join("A", "TEX", "child")
        self.at("A", "distribute", *PACKAGES, "--to", "TEX")
        parcel = self.facts("A", "parcel", "create", "--to", "TEX")["id"]
        os.mkdir("tex")
        self.at("A", "media", "write", parcel, "tex", "--volume-size", "1M")
        self.receive("C", "tex", status=5)
        self.assertEqual(len(os.listdir("C/quarantine")), 3)
        self.join("C", "PUN", "parent")
        self.at("C", "job", "run")
        self.assertEqual(self.facts("C", "parcel", "show", parcel)["state"], "Processed")
        self.assertEqual(os.listdir("C/quarantine"), [])


class Joining(Spanned):
    def test_volumes_of_any_cuts_are_joined_and_cut_again_without_home_or_key(self):
        self.apart()
        os.mkdir("more")
        self.at("A", "media", "write", PARCEL, "more", "--volume-size", "1600K", "--anew")
        volumes = ["vol3/%s.v3.pcl" % PARCEL, "more/%s.v1.pcl" % PARCEL, "vol2/%s.v2.pcl" % PARCEL, "vol3/%s.v3.pcl" % PARCEL]
        os.mkdir("whole")
        self.courier("media", "write", *volumes, "whole")
        self.assertEqual(os.listdir("whole"), [PARCEL + ".pcl"])
        with open("A/outbox/%s.pcl" % PARCEL, "rb") as one, open("whole/%s.pcl" % PARCEL, "rb") as other:
            self.assertEqual(one.read()[160:], other.read()[160:])
        os.mkdir("again")
        self.courier("media", "write", "all", "vol1", "vol2", "vol3", "again", "--volume-size", "800K", status=7)  # all is empty
        self.courier("media", "write", "vol1", "vol2", "vol3", "again", "--volume-size", "800K")
        self.assertEqual(len(os.listdir("again")), 3)
        self.receive(source="again")
        self.all_is_installed()

    def test_what_is_missing_is_named_and_nothing_written(self):
        self.apart()
        os.mkdir("target")
        refused = self.courier("media", "write", "vol1", "vol3", "target", status=5)
        self.assertRegex(refused.err, r"\(volume 2\) missing\nnothing was written\nname the volumes that have them as well\n")
        self.assertEqual(os.listdir("target"), [])
        self.courier("media", "write", "vol1/%s.v1.pcl" % PARCEL, "target")  # one by itself is copied as it is
        self.assertEqual(os.listdir("target"), ["%s.v1.pcl" % PARCEL])


class Writing(Spanned):
    def test_B10_what_is_on_a_medium_is_verified_and_every_copy_is_listed(self):
        self.cut("usb")
        self.at("A", "media", "verify", "usb")
        without = self.courier("media", "verify", "usb")
        self.assertEqual(without.out.count("intact and genuine"), 3)
        path = "usb/%s.v2.pcl" % PARCEL
        flip(path, os.path.getsize(path) // 2)
        bad = self.at("A", "media", "verify", "usb", status=4)
        self.assertIn("volume 2 of 3", bad.err)
        self.assertRegex(bad.err, r"1 record is missing or damaged: \d+")
        self.assertIn(path, bad.err)
        copies = self.facts("A", "parcel", "show", PARCEL)["copies"]
        self.assertEqual([(one["volume"], one["volumes"], one["verified"]) for one in copies],
                         [(1, 3, True), (2, 3, True), (3, 3, True)])
        for one in copies:
            self.assertIn(os.path.abspath("usb"), one["target"])
            self.assertTrue(one["medium"])
        self.assertIn("2 of 3", self.at("A", "parcel", "show", PARCEL).out)
        os.mkdir("empty")
        self.at("A", "media", "verify", "empty", status=7)

    def test_verify_of_one_volume_tells_this_volume_from_the_others(self):
        self.apart()
        path = "vol2/%s.v2.pcl" % PARCEL
        intact = self.courier("parcel", "verify", path, status=5)
        self.assertRegex(intact.out, r"records +(\d+) of \1 of this volume genuine, \d+ in all\n")
        self.assertRegex(intact.out, r"result +this volume is whole and genuine\n")
        self.assertNotIn("missing", intact.out)
        self.assertEqual(intact.err.splitlines()[1:], [
            "nothing was changed: verify only reads",
            "verify the other volumes too; `courier receive` takes them in, in any order"])
        flip(path, os.path.getsize(path) // 2)
        damaged = self.courier("parcel", "verify", path, status=4)
        self.assertRegex(damaged.out, r"missing +\d+\n")
        self.assertRegex(damaged.out, r"result +this volume is not whole\n")
        self.assertIn("the other records of this volume are genuine", damaged.err)

    def test_a_discarded_parcel_names_the_copies_that_were_written(self):
        self.cut("usb")
        discarded = self.at("A", "parcel", "discard", PARCEL)
        lines = discarded.out.splitlines()
        self.assertEqual(lines[0], "parcel %s discarded; its jobs are pending again" % PARCEL)
        self.assertRegex(lines[1], "^copies of it were written to: .*usb.*: destroy them, for a site that gets one takes it in$")
        again = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        self.assertEqual(self.facts("A", "parcel", "discard", again)["written_to"], [])

    def test_it_goes_on_with_the_same_command_medium_by_medium(self):
        for name in ("one", "two", "three"):
            self.medium(name, 1_200_000)
        first = self.at("A", "media", "write", PARCEL, "one", status=5)
        self.assertIn("volume 1 of about 3 written and verified: one/%s.v1.pcl" % PARCEL, first.out)
        self.assertEqual(first.err.splitlines()[0], "parcel %s: volume 1 of about 3 is written and verified, volumes "
                         "2 to about 3 are not yet (1: %s)" % (PARCEL, os.path.abspath("one/%s.v1.pcl" % PARCEL)))
        self.assertIn("\ninsert the next medium and run: courier media write %s one" % PARCEL, first.err)
        # The same medium has no room for more.
        full = self.at("A", "media", "write", PARCEL, "one", status=6)
        self.assertIn("has no room for volume 2 of about 3", full.err)
        self.at("A", "media", "write", PARCEL, "two", status=5)
        last = self.at("A", "media", "write", PARCEL, "three")
        self.assertIn("volume 3 of 3 written and verified", last.out)
        self.assertEqual(self.facts("A", "parcel", "show", PARCEL)["volumes"], 3)
        for name, status in (("three", 5), ("one", 5), ("two", 0)):
            self.receive(source=name, status=status)
        self.all_is_installed()

    def test_volumes_of_one_parcel_travel_on_a_disc_a_tape_and_a_drive_without_a_file_system(self):
        for number in (1, 2, 3):
            self.at("A", "media", "write", PARCEL, "iso:%d.iso" % number, "--volume-size", "1M", status=0 if number == 3 else 5)
        self.at("A", "media", "write", PARCEL, "tape:all.tap", "--volume-size", "1M", "--anew")
        with open("raw.img", "wb") as image:
            image.truncate(2 << 20)
        self.at("A", "media", "write", PARCEL, "raw:raw.img", "--anew", status=5)
        self.assertEqual(len(self.facts("A", "parcel", "show", PARCEL)["copies"]), 7)
        for target, files in (("iso:2.iso", 1), ("tape:all.tap", 3), ("raw:raw.img", 1)):
            checked = self.courier("media", "verify", target)
            self.assertEqual(checked.out.count("intact and genuine"), files)
        os.unlink("2.iso")
        self.receive(source="iso:3.iso", status=5)
        self.receive(source="raw:raw.img")  # all but the last
        self.all_is_installed()

    def test_on_a_terminal_it_asks_for_the_next_medium(self):
        for name in ("one", "two", "three"):
            self.medium(name, 1_200_000)
        os.symlink("one", "slot")
        terminal = Terminal([COURIER, "--home", "A", "--no-progress", "media", "write", PARCEL, "slot"], ENVIRONMENT)
        terminal.expect("volume 1 of about 3 written and verified: slot/%s.v1.pcl" % PARCEL)
        terminal.expect("insert the next medium for volume 2 of about 3 at slot and press Enter")
        terminal.type("\n")  # the same medium still
        terminal.expect("has no room for volume 2 of about 3")
        terminal.expect("press Enter")
        for name in ("two", "three"):
            os.unlink("slot")
            os.symlink(name, "slot")
            terminal.type("\n")
            terminal.expect("written and verified")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual([os.listdir(name) for name in ("one", "two", "three")],
                         [["%s.v%d.pcl" % (PARCEL, n)] for n in (1, 2, 3)])

    def test_on_a_terminal_it_ends_when_it_is_told_to_and_goes_on_later(self):
        self.medium("one", 1_200_000)
        terminal = Terminal([COURIER, "--home", "A", "--no-progress", "media", "write", PARCEL, "one"], ENVIRONMENT)
        terminal.expect("press Enter (q ends here)")
        terminal.type("q\n")
        self.assertEqual(terminal.end(), 5)
        os.mkdir("two")
        self.at("A", "media", "write", PARCEL, "two")
        self.assertEqual(os.listdir("two"), [PARCEL + ".v2.pcl"])

    def test_what_waited_for_a_volume_leaves_one_job_for_each_package(self):
        self.cut("usb")
        os.mkdir("first")
        os.rename("usb/%s.v1.pcl" % PARCEL, "first/%s.v1.pcl" % PARCEL)
        self.receive(source="first", status=5)
        self.receive(source="usb")
        self.all_is_installed()
        jobs = self.facts("B", "job", "list")["jobs"]
        self.assertEqual(sorted(job["package"] for job in jobs), sorted({job["package"] for job in jobs}), jobs)

    def test_ctrl_c_at_the_question_ends_it_and_says_how_to_go_on(self):
        self.medium("one", 1_200_000)
        terminal = Terminal([COURIER, "--home", "A", "media", "write", PARCEL, "one"], ENVIRONMENT)
        terminal.expect("press Enter (q ends here)")
        terminal.type("\x03")
        terminal.expect("parcel %s: was stopped by Ctrl-C (SIGINT)" % PARCEL)
        terminal.expect("nothing was lost: parcel %s is in the outbox" % PARCEL)
        terminal.expect("to go on: courier --home A media write %s one" % PARCEL)
        self.assertEqual(terminal.end(), 130)
        os.mkdir("two")
        self.at("A", "media", "write", PARCEL, "two")
        self.assertEqual(os.listdir("two"), [PARCEL + ".v2.pcl"])

    def test_a_size_that_holds_no_record_is_refused_with_the_least_one(self):
        os.mkdir("usb")
        refused = self.at("A", "media", "write", PARCEL, "usb", "--volume-size", "100K", status=2)
        size = refused.err.splitlines()[2].split("--volume-size ")[1].split()[0]
        self.assertEqual(os.listdir("usb"), [])
        self.at("A", "media", "write", PARCEL, "usb", "--volume-size", size)
        self.assertEqual(self.receive(source="usb")["parcels"][0]["state"], "Processed")

    def test_a_volume_is_written_again(self):
        self.cut("usb")
        path = "usb/%s.v2.pcl" % PARCEL
        with open(path, "rb") as file:
            before = file.read()
        os.unlink(path)
        os.mkdir("again")
        self.at("A", "media", "write", PARCEL, "again", "--volume", "2")
        with open("again/%s.v2.pcl" % PARCEL, "rb") as file:
            self.assertEqual(file.read(), before)
        self.at("A", "media", "write", PARCEL, "again", "--volume", "9", status=2)

    def test_any_station_cuts_any_parcel_again_without_a_home_and_without_a_key(self):
        self.cut("usb")
        volume, small, outbox = "usb/%s.v2.pcl" % PARCEL, "small", "A/outbox/%s.pcl" % PARCEL
        os.mkdir(small)
        self.courier("--home", "none", "media", "write", outbox, small, "--volume-size", "1M", "--volume", "3")
        self.assertEqual(os.listdir(small), [PARCEL + ".v3.pcl"])
        self.courier("--home", "none", "media", "write", volume, small, "--volume-size", "2M")
        self.assertEqual(sorted(os.listdir(small)), [PARCEL + ".v2.pcl", PARCEL + ".v3.pcl"])
        self.courier("--home", "none", "media", "write", PARCEL, small, status=7)
        # What was written is known by what lies there.
        self.courier("--home", "none", "media", "write", outbox, "usb", "--volume-size", "1M")
        self.receive(source=small, status=5)
        self.receive(source="usb")
        self.all_is_installed()

    def test_without_a_home_the_next_command_is_said(self):
        self.medium("one", 1_200_000)
        outbox = "A/outbox/%s.pcl" % PARCEL
        first = self.courier("--home", "none", "media", "write", outbox, "one", status=5)
        command = first.err.splitlines()[2].split("run: courier --home none ")[1].split()
        self.assertEqual(command[:3], ["media", "write", outbox])
        command[3] = "two"
        for number in (2, 3):
            os.makedirs("two", exist_ok=True)
            command[-1] = str(number)
            self.courier("--home", "none", *command)
        self.assertEqual(sorted(os.listdir("two")), ["%s.v%d.pcl" % (PARCEL, n) for n in (2, 3)])
        self.receive(source="one", status=5)
        self.receive(source="two")
        self.all_is_installed()

    def test_a_damaged_or_short_file_is_named_before_anything_is_written(self):
        shutil.copy("A/outbox/%s.pcl" % PARCEL, "short.pcl")
        os.truncate("short.pcl", os.path.getsize("short.pcl") - 1000)
        os.mkdir("usb")
        refused = self.courier("media", "write", "short.pcl", "usb", status=4)
        self.assertRegex(refused.err, r"ends at byte \d+, within a frame that begins at byte \d+")
        self.assertEqual(os.listdir("usb"), [])

    def test_a_parcel_for_a_drive_that_is_far_too_small_is_not_scattered(self):
        self.medium("tiny", 300_000)
        refused = self.at("A", "media", "write", PARCEL, "tiny", status=6)
        self.assertIn("needed", refused.err)
        self.assertEqual(os.listdir("tiny"), [])


if __name__ == "__main__":
    main()
