"""The rows of the behaviour table about distribution points and the content store, each as a check named by its id."""
import glob
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, flip, main, make_second_version, noise, tool, write  # noqa: E402


class Distribution(Pair):
    def test_B47_update_redistribute_and_retract_are_three_verbs(self):
        self.installed()
        self.assertEqual(self.facts("A", "package", "show", "PUN00020")["source_version"], 1)
        self.at("A", "redistribute", "PUN00020", "--to", "PSE")
        self.assertEqual(self.facts("A", "package", "show", "PUN00020")["source_version"], 1)
        again = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertGreater(again["file_bytes"], 600_000, "all of it is sent again")
        inode = os.stat("share/PUN00020/data/large.bin").st_ino
        self.receive(return_to="drive")
        self.assertNotEqual(os.stat("share/PUN00020/data/large.bin").st_ino, inode, "every file is written again")
        self.receive("A")
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        self.assertFalse(os.path.exists("share/PUN00020"))

    def damage_store(self, home):
        """Flips a byte in the middle of the largest pack."""
        packs = glob.glob(home + "/store/packs/**/*.pack", recursive=True)
        largest = max(packs, key=os.path.getsize)
        os.chmod(largest, 0o600)
        flip(largest, os.path.getsize(largest) // 3)

    def test_B48_damaged_content_is_named_and_asked_for(self):
        self.installed()
        self.damage_store("B")
        os.mkdir("d2")
        self.at("B", "dp", "add", "D2", "d2")
        self.at("B", "distribute", "PUN00020", "--to", "D2", status=4)
        self.assertEqual(self.states("B", "PUN00020")["D2"], "Install Pending")
        self.assertFalse(os.path.exists("d2/PUN00020"))
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        repair = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        whole = self.facts("A", "parcel", "show", "PUN-PSE-000001")["file_bytes"]
        self.assertGreater(repair["records"], 0)
        self.assertLessEqual(repair["file_bytes"], whole)
        self.receive()
        self.at("B", "distribute", "PUN00020", "--to", "D2", status=None)
        self.same_tree("src", "d2/PUN00020")

    def test_B49_what_a_crash_left_of_a_copy_is_swept(self):
        self.package()
        self.send("PUN00020")
        os.mkdir("d2")
        self.at("B", "dp", "add", "D2", "d2")
        for share in ("share", "d2"):
            os.rename(share, share + ".away")
        self.receive(status=11)
        for share in ("share", "d2"):
            os.rename(share + ".away", share)
        shutil.copytree("B", "B.kept", symlinks=True)
        arguments = ("distribute", "PUN00020", "--to", "files,D2")
        counted = self.at("B", *arguments, wrapper=(tool("step"), "count"))
        steps = int(counted.err.split()[-1])
        staged = 0
        for step in (steps * part // 8 for part in (2, 3, 4, 5, 6)):
            for name in ("B", "share/PUN00020", "d2/PUN00020"):
                shutil.rmtree(name, ignore_errors=True)
            shutil.copytree("B.kept", "B", symlinks=True)
            killed = self.at("B", *arguments, status=None, wrapper=(tool("step"), "kill", str(step)))
            self.assertIn(killed.status, (0, 137), str(killed))
            staged += len(glob.glob("*/.courier/staging/*"))
            self.at("B", *arguments)
            self.assertEqual(glob.glob("*/.courier/staging/*"), [])
            self.same_tree("src", "share/PUN00020")
            self.same_tree("src", "d2/PUN00020")
        self.assertGreater(staged, 0, "no crash left anything")

    def test_B52_local_retries_make_no_jobs_and_no_parcels(self):
        self.installed()
        os.rename("share", "share.away")
        self.at("B", "redistribute", "PUN00020", "--to", "files", status=11)

        def jobs():
            return [[(job["job"], job["kind"], job["package"]) for job in self.facts(home, "job", "list")["jobs"]]
                    for home in ("A", "B")], [self.facts(home, "parcel", "list")["outgoing"] for home in ("A", "B")]

        before = jobs()
        for number in range(1, 11):
            self.later("+%dh" % number, "B", "job", "run", status=11)
        self.assertEqual(jobs(), before)
        self.assertEqual(self.facts("B", "job", "show", "2/files")["attempts"], 11)

    def test_B50_a_version_never_seen_before_is_no_warning(self):
        self.package()
        self.send("PUN00020")
        self.receive()
        self.assertEqual({line["severity"] for line in self.facts("B", "log")["lines"]}, {"I"})

    def test_B54_an_unreachable_share_is_noticed(self):
        self.installed()
        os.rename("share", "share.away")
        self.at("B", "redistribute", "PUN00020", "--to", "files", status=11)
        os.mkdir("share")  # the empty mount point is not the share
        self.at("B", "redistribute", "PUN00020", "--to", "files", status=11)
        self.assertEqual(os.listdir("share"), [])

    def test_B55_files_that_are_there_are_not_copied_again(self):
        self.installed()
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive()
        jobs = self.facts("B", "job", "list")["jobs"]
        transfers = [one for job in jobs for one in self.facts("B", "job", "show", str(job["job"]))["transfer_jobs"]]
        latest = transfers[-1]
        self.assertGreater(latest["files_present"] + latest["files_linked"], 0)
        self.assertLess(latest["bytes_copied"], 2_000_000)

    def test_B56_distribute_again_copies_nothing_and_redistribute_everything(self):
        self.installed()
        target = "share/PUN00020/readme.txt"
        os.chmod(target, 0o644)
        with open(target, "w") as file:
            file.write("by hand\n")
        again = self.at("B", "distribute", "PUN00020", "--to", "files")
        self.assertIn("already installed", again.out)
        with open(target) as file:
            self.assertEqual(file.read(), "by hand\n")
        self.at("B", "validate", "PUN00020", status=4)
        self.at("B", "redistribute", "PUN00020", "--to", "files")
        self.at("B", "validate", "PUN00020")
        self.same_tree("src", "share/PUN00020")

    def test_B79_content_lies_under_its_id_and_strays_are_reported(self):
        self.installed()
        self.assertTrue(os.path.isdir("share/PUN00020"))
        write("share/PUN00020/stray", "by hand")
        validated = self.facts("B", "validate", "--dp", "files")["validations"][0]
        self.assertEqual([(one["kind"], one["path"]) for one in validated["findings"]], [("stray", "stray")])
        self.package("PUN00021", "src21")
        self.at("A", "package", "set", "PUN00021", "--share-name", "tools")
        self.at("A", "package", "set", "PUN00020", "--share-name", "tools", status=9)

    def test_B80_a_package_without_files_is_valid(self):
        self.at("A", "package", "add", "--no-source", "--name", "note", "--id", "PUN00030")
        self.at("A", "distribute", "PUN00030", "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertEqual(created["records"], 0)
        self.receive(return_to="drive")
        self.assertEqual(self.facts("B", "package", "show", "PUN00030")["name"], "note")
        self.assertEqual([row for row in self.facts("B", "status", "PUN00030")["states"] if row["dp"]], [])
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", created["id"])["state"], "Confirmed")


class ContentStore(Pair):
    def test_B39_later_distribution_points_are_filled_from_the_store(self):
        self.installed()
        shutil.rmtree("drive")
        os.mkdir("d2")
        self.at("B", "dp", "add", "D2", "d2")
        self.at("B", "distribute", "PUN00020", "--to", "D2")
        self.assertEqual(self.states("B", "PUN00020"), {"files": "Installed", "D2": "Installed"})
        self.same_tree("src", "d2/PUN00020")

    def test_B81_what_a_delta_needs_is_derived_from_the_store(self):
        self.installed(size=3_000_000)
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        before = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.at("B", "store", "rebuild-index")
        self.store_is_clean("B")
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        applied = [one for one in self.receive("A")["returns_applied"] if one["changed"]]
        self.assertEqual([(one["id"], one["repair_jobs"]) for one in applied], [("PSE-PUN-000002", [])])
        after = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.assertEqual((after["items"], after["parcel_bytes"]), (before["items"], before["parcel_bytes"]))

    def test_B68_the_packs_alone_are_enough(self):
        self.installed()
        there = self.facts("A", "package", "files", "PUN00020")["files"]
        here = self.facts("B", "package", "files", "PUN00020")["files"]
        self.assertEqual(there, here)
        for index in glob.glob("B/store/index*"):
            os.unlink(index)
        self.at("B", "store", "rebuild-index")
        self.at("B", "package", "export", "PUN00020", "x")
        self.same_tree("src", "x")
        self.store_is_clean("B")

    def test_B69_clean_up_lists_first_and_keeps_what_is_shared(self):
        write("one/shared", noise(500_000, 7))
        write("one/own", noise(500_000, 8))
        write("two/shared", noise(500_000, 7))
        self.at("A", "package", "add", "one", "--id", "PUN00001")
        self.at("A", "package", "add", "two", "--id", "PUN00002")
        self.at("A", "package", "remove", "PUN00001")
        listed = self.facts("A", "store", "gc")
        self.assertFalse(listed["deleted"])
        self.assertGreater(listed["unused_bytes"], 400_000)
        before = self.facts("A", "store", "stats")["stored_bytes"]
        self.facts("A", "store", "gc", "--delete")
        self.assertLess(self.facts("A", "store", "stats")["stored_bytes"], before - 300_000)
        self.at("A", "package", "export", "PUN00002", "x")
        self.same_tree("two", "x")
        self.store_is_clean("A")

    def test_B82_a_delta_only_against_what_is_proved(self):
        self.installed(size=3_000_000)
        whole = self.facts("A", "parcel", "show", "PUN-PSE-000001")["file_bytes"]
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        plan = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.assertLess(plan["parcel_bytes"], whole / 3)
        self.assertEqual(plan["items"][0]["bases"], ["PUN00020 version 1"])
        self.at("A", "package", "set", "PUN00020", "--delta", "off")
        self.assertGreater(self.facts("A", "parcel", "create", "--to", "PSE", "--plan")["parcel_bytes"], whole * 0.9)
        self.at("A", "package", "set", "PUN00020", "--delta", "on")
        # The base is gone at PSE: said, not applied half, and then sent again.
        self.send("PUN00020")
        for pack in glob.glob("B/store/packs/**/*.pack", recursive=True):
            os.unlink(pack)
        for index in glob.glob("B/store/index*"):
            os.unlink(index)
        self.at("B", "store", "rebuild-index", status=None)
        self.receive(return_to="drive", status=5)
        self.same_tree("src", "share/PUN00020")
        self.receive("A")
        again = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertGreater(again["file_bytes"], whole / 2)
        self.receive(return_to="drive", status=None)
        self.same_tree("src2", "share/PUN00020")

    def test_B87_names_survive_the_whole_loop(self):
        write("src/ção/Återställning", "x")
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Återställning ção")
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.assertEqual(self.facts("B", "package", "show", "PUN00020")["name"], "Återställning ção")
        self.same_tree("src", "share/PUN00020")
        self.assertIn("Återställning ção", self.at("A", "package", "list").out)


if __name__ == "__main__":
    main()
