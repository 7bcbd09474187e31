"""kill -9 and a full disk at the steps of a command, then the same command again: it goes on where it was.

Each command is run once to count its steps (system calls that change a file), then stopped at a
choice of them spread over the whole. COURIER_STEPS sets how many (default 24; "all" for every one).
"""
import os
import platform
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import (COURIER, CourierTest, execute, listing, main, make_second_version,  # noqa: E402
                         make_source, noise, tool, write)

STEP = tool("step")
STATE = ("A", "B", "share", "drive")


def chosen(count):
    """Some of 1..count: the first and last few, and others spread evenly."""
    wanted = os.environ.get("COURIER_STEPS", "24")
    if wanted == "all" or count <= int(wanted):
        return list(range(1, count + 1))
    few = int(wanted)
    edge = max(1, few // 6)
    spread = {1 + round(index * (count - 1) / (few - 1)) for index in range(few)}
    return sorted(spread | set(range(1, edge + 1)) | set(range(count - edge + 1, count + 1)))


@unittest.skipUnless(platform.machine() == "x86_64", "the step tool is written for x86-64")
class Killed(CourierTest):
    def setUp(self):
        super().setUp()
        self.assertTrue(os.path.exists(STEP), "build it first: " + STEP)
        self.pun_and_pse()
        make_source("src", 2_000_000)
        make_second_version("src", "src2")

    def keep(self):
        shutil.rmtree("kept", ignore_errors=True)
        os.mkdir("kept")
        subprocess.run(["cp", "-a", *STATE, "kept"], check=True)

    def back(self):
        for name in STATE:
            shutil.rmtree(name, ignore_errors=True)
        subprocess.run("cp -a kept/* .", shell=True, check=True)

    def at_every_step(self, home, arguments, check_between, check_after, repeat_status=(0,)):
        self.keep()
        counted = execute([STEP, "count", COURIER, "--home", home, *arguments])
        self.assertEqual(counted.status, 0, str(counted))
        count = int(counted.err.strip().splitlines()[-1].split()[1])
        check_after()
        self.assertGreater(count, 5)
        for step in chosen(count):
            with self.subTest(step="%d of %d" % (step, count)):
                self.back()
                killed = execute([STEP, "kill", str(step), COURIER, "--home", home, *arguments])
                # Threads may change the number of steps a little from run to run.
                self.assertIn(killed.status, (0, 137), str(killed))
                check_between()
                again = self.at(home, *arguments, status=None)
                self.assertIn(again.status, repeat_status if killed.status else (0, *repeat_status), str(again))
                check_after()

    def test_package_add(self):
        def between():
            self.assertIn(len(self.facts("A", "package", "list")["packages"]), (0, 1))

        def after():
            self.assertEqual(len(self.facts("A", "package", "list")["packages"]), 1)
            self.store_is_clean("A")
            shutil.rmtree("out", ignore_errors=True)
            self.at("A", "package", "export", "PUN00020", "out")
            self.same_tree("src", "out")

        # Once the package is there the same command is refused, by name.
        self.at_every_step("A", ("package", "add", "src", "--id", "PUN00020"), between, after, (0, 9))

    def test_B21_distribute(self):
        self.at("A", "package", "add", "src", "--id", "PUN00020")

        def after():
            jobs = self.facts("A", "job", "list")["jobs"]
            self.assertEqual([(job["job"], job["package"]) for job in jobs], [(1, "PUN00020")])

        self.at_every_step("A", ("distribute", "PUN00020", "--to", "PSE"), lambda: None, after)

    def test_B9_parcel_create(self):
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")

        def between():
            visible = [name for name in os.listdir("A/outbox") if name.endswith(".pcl")]
            parcels = [one for one in self.facts("A", "parcel", "list")["outgoing"]]
            # B9: no file looks like a parcel without being one, but for what a crash left between its name
            # and its rows: that is listed as unfinished, and the next command that writes removes it.
            unfinished = self.facts("A", "parcel", "list")["unfinished"]
            self.assertEqual(sorted(visible), sorted([one["file"] for one in parcels] +
                                                     [one + ".pcl" for one in unfinished]))
            if unfinished:
                self.at("A", "store", "check")
                self.assertEqual([name for name in os.listdir("A/outbox") if name.endswith(".pcl")], [])
                self.assertEqual(self.facts("A", "parcel", "list")["unfinished"], [])
            if not parcels:
                self.assertEqual(len(self.facts("A", "parcel", "pending", "--to", "PSE")["jobs"]), 1)
            for name in os.listdir("drive"):
                if not name.startswith("."):
                    self.at("A", "parcel", "verify", "drive/" + name)

        def after():
            parcels = self.facts("A", "parcel", "list")["outgoing"]
            self.assertEqual(len(parcels), 1)
            self.assertEqual([name for name in os.listdir("A/outbox") if name.endswith(".pcl")], [parcels[0]["file"]])
            self.at("A", "parcel", "verify", "A/outbox/" + parcels[0]["file"])
            self.at("A", "parcel", "verify", "drive/" + parcels[0]["file"])
            self.store_is_clean("A")

        # Killed after its copy was recorded: nothing is pending any more.
        self.at_every_step("A", ("parcel", "create", "--to", "PSE", "--out", "drive"), between, after, (0, 9))

    def received(self):
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")

    def after_receive(self, source):
        def after():
            self.same_tree(source, "share/PUN00020")
            self.assertEqual(os.listdir("share/.courier/staging"), [])
            self.store_is_clean("B")
            self.assertEqual(self.facts("B", "status", "PUN00020")["installed"], 1)
            stored = self.facts("B", "status", "--messages", "--id", "4400")["messages"]
            self.assertEqual(len(stored), 1 if source == "src" else 2, stored)
            self.assertNotIn("B/quarantine", os.listdir("B"))

        return after

    def test_B16_receive(self):
        self.received()

        def between():
            if os.path.exists("share/PUN00020"):
                self.same_tree("src", "share/PUN00020")

        self.at_every_step("B", ("receive", "drive", "--yes", "--return-to", "drive"), between,
                           self.after_receive("src"))

    def test_receive_an_update(self):
        self.received()
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        versions = (listing("src", contents=True), listing("src2", contents=True))
        atomic = self.facts("B", "dp", "show", "files")["atomic_swap"]

        def between():
            if atomic or os.path.exists("share/PUN00020"):
                self.assertIn(listing("share/PUN00020", contents=True), versions)

        self.at_every_step("B", ("receive", "drive", "--yes", "--return-to", "drive"), between,
                           self.after_receive("src2"))

    def test_receive_a_return(self):
        self.received()
        self.receive(return_to="drive")

        def after():
            self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000001")["state"], "Confirmed")
            self.assertEqual(self.facts("A", "job", "show", "1")["step"], "confirmed")
            self.assertEqual(len(self.facts("A", "job", "list")["jobs"]), 1)

        self.at_every_step("A", ("receive", "drive", "--yes"), lambda: None, after)

    def spanned(self):
        """A parcel of three volumes of 400 KiB."""
        for number in range(3):
            write("p%d/data" % number, noise(300_000, number))
            self.at("A", "package", "add", "p%d" % number, "--id", "PUN0001%d" % number)
        self.at("A", "distribute", "PUN00010", "PUN00011", "PUN00012", "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE")
        return ("media", "write", "PUN-PSE-000001", "drive", "--volume-size", "400K")

    def test_a_volume_is_made_of_the_others_and_a_spare_one(self):
        self.spanned()
        os.mkdir("all")
        self.at("A", "media", "write", "PUN-PSE-000001", "all", "--volume-size", "400K", "--spare-volumes", "1")
        for name in ("v1", "v3", "s1"):
            shutil.copy("all/PUN-PSE-000001.%s.pcl" % name, "drive")

        def after():
            for number in range(3):
                self.same_tree("p%d" % number, "share/PUN0001%d" % number)
            self.store_is_clean("B")
            self.assertEqual(os.listdir("B/staged"), [])

        self.at_every_step("B", ("receive", "drive", "--yes"), lambda: None, after)

    def test_B11_media_write(self):
        def between():
            for name in os.listdir("drive"):
                if not name.startswith("."):
                    self.at("A", "media", "verify", "drive/" + name)

        def after():
            self.at("A", "media", "verify", "drive")
            self.assertEqual(sorted(os.listdir("drive")), ["PUN-PSE-000001.v%d.pcl" % n for n in (1, 2, 3)])
            copies = self.facts("A", "parcel", "show", "PUN-PSE-000001")["copies"]
            self.assertLessEqual({1, 2, 3}, {one["volume"] for one in copies if one["verified"]})

        self.at_every_step("A", self.spanned(), between, after)

    def test_B11_receive_volumes(self):
        self.at("A", *self.spanned())

        def after():
            for number in range(3):
                self.same_tree("p%d" % number, "share/PUN0001%d" % number)
            self.store_is_clean("B")
            self.assertEqual(self.facts("B", "parcel", "show", "PUN-PSE-000001")["state"], "Processed")

        self.at_every_step("B", ("receive", "drive", "--yes"), lambda: None, after)

    # -------------------------------------------------------------------------------------- full disk
    def full(self, home, arguments, folder, between, after):
        """The disk beneath `folder` fills up at each of some steps; then there is room again."""
        self.keep()
        counted = execute([STEP, "count", COURIER, "--home", home, *arguments])
        count = int(counted.err.strip().splitlines()[-1].split()[1])
        refused = 0
        for step in chosen(count)[:16]:
            with self.subTest(step="%d of %d" % (step, count)):
                self.back()
                result = execute([STEP, "full", str(step), folder, COURIER, "-q", "--home", home, *arguments])
                if result.status != 0:
                    refused += 1
                    self.assertIn(result.status, (6, 11), str(result))
                    self.assertEqual(len(result.err.strip().splitlines()), 3, str(result))
                between()
                again = self.at(home, *arguments, status=None)
                self.assertIn(again.status, (0, 9) if arguments[0] != "receive" else (0,), str(again))
                after()
        self.assertGreater(refused, 0)

    def test_no_space_in_the_home_while_a_package_is_added(self):
        def after():
            self.assertEqual(len(self.facts("A", "package", "list")["packages"]), 1)
            self.store_is_clean("A")

        self.full("A", ("package", "add", "src", "--id", "PUN00020"), "A", lambda: self.store_is_clean("A"), after)

    def test_no_space_in_the_home_while_a_parcel_is_created(self):
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")

        def after():
            self.assertEqual(len(self.facts("A", "parcel", "list")["outgoing"]), 1)
            self.store_is_clean("A")

        self.full("A", ("parcel", "create", "--to", "PSE"), "A", lambda: self.store_is_clean("A"), after)

    def test_no_space_in_the_home_while_a_parcel_is_received(self):
        self.received()
        self.full("B", ("receive", "drive", "--yes"), "B", lambda: self.store_is_clean("B"),
                  self.after_receive("src"))

    def test_no_space_on_the_share_leaves_the_old_version_served(self):
        self.received()
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.keep()
        for step in (1, 5, 20, 60):
            with self.subTest(step=step):
                self.back()
                execute([STEP, "full", str(step), "share", COURIER, "--home", "B", "receive", "drive", "--yes"])
                self.assertIn(listing("share/PUN00020", contents=True),
                              (listing("src", contents=True), listing("src2", contents=True)))
                self.store_is_clean("B")
                # There is room again: the retry is due later, redistribute does it now.
                self.at("B", "redistribute", "PUN00020", "--to", "files")
                self.same_tree("src2", "share/PUN00020")

    def test_media_tidy(self):
        """A volume is there whole or gone; the same command removes the rest, and nothing else ever."""
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        for copy in range(4):
            shutil.copy("drive/PUN-PSE-000001.pcl", "drive/copy%d.pcl" % copy)
        self.receive(return_to="drive")
        self.receive("A")
        whole = set(listing("drive", contents=True))

        def between():
            left = set(listing("drive", contents=True))
            self.assertLessEqual({line for line in left if ".pcl" in line}, whole)
            self.assertTrue(any("PSE-PUN-000001.pcl" in line for line in left))

        def after():
            self.assertEqual(os.listdir("drive"), ["PSE-PUN-000001.pcl"])

        self.at_every_step("A", ["media", "tidy", "drive"], between, after)


if __name__ == "__main__":
    main()
