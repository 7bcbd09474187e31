"""receive --watch: drives that come are looked at, taken in and answered, until it is told to stop."""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, TIMEOUT, CourierTest, is_root, main, make_source, tool, write  # noqa: E402
from usb_devices import Stick, describe, keyboard_stick  # noqa: E402

TAKEN_OUT = "the medium may be taken out now"


class Watch:
    """A running watch that sees sticks which are not there."""

    def __init__(self, *arguments):
        environment = dict(ENVIRONMENT, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.program = subprocess.Popen(
            ["umockdev-wrapper", tool("hotplug"), COURIER, "--home", "B", "receive", "--watch", "--no-progress", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True)
        self.said = ""
        self.guard = threading.Timer(TIMEOUT, self.program.kill)
        self.guard.start()

    def order(self, *words):
        self.program.stdin.write(" ".join(words) + "\n")
        self.program.stdin.flush()

    def plug(self, stick):
        describe("stick.umockdev", stick)
        self.order("add", os.path.abspath("stick.umockdev"))

    def again(self, stick):
        """The stick is taken out and put in again, faster than anybody looks."""
        self.order("again", stick.block)

    def until(self, words):
        """What it says up to the line with these words."""
        told = ""
        while words not in told:
            line = self.program.stdout.readline()
            if not line:
                raise AssertionError("it ended before it said '%s':\n%s" % (words, self.said + told))
            told += line
        self.said += told
        return told

    def end(self, number=signal.SIGTERM):
        """Its exit status, and what it said at last."""
        self.order("stop", str(int(number)))
        rest = self.program.stdout.read()
        self.close()
        return self.program.returncode, rest

    def close(self):
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait()
        self.guard.cancel()


class WatchTest(CourierTest):
    def packed(self):
        make_source("src", 600_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")

    def drive(self, folder="drive", **more):
        """A stick with a parcel for PSE, mounted."""
        if os.path.isdir(folder):
            os.rmdir(folder)
        self.mounted(folder, 8 << 20)
        self.send("PUN00020", out=folder)
        return Stick(folder, ID_FS_TYPE="vfat", **more)

    def watch(self, *arguments):
        watch = Watch(*arguments)
        self.addCleanup(watch.close)
        return watch


class Watched(WatchTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        self.packed()

    def test_what_comes_is_taken_in_and_answered_on_the_same_medium(self):
        stick = self.drive()
        self.at("B", "site", "set", "kiosk.auto-receive=on")
        watch = self.watch()
        watch.until("watching for drives")
        watch.plug(stick)
        told = watch.until(TAKEN_OUT)
        self.assertIn("drive /dev/sdy, 0951:1666:GOOD01 (Kingston DataTraveler 3.0)\n", told)
        self.assertIn("parcel PUN-PSE-000001: Processed: 1 installed", told)
        self.same_tree("src", "share/PUN00020")
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000001")["state"], "Confirmed")
        # It is not looked at again until it was taken out.
        watch.again(stick)
        self.assertIn("already received", watch.until(TAKEN_OUT))
        self.assertEqual(watch.end(), (0, "the watch has ended: 2 drives were looked at\n"))

    def test_what_is_there_already_is_shown_and_left_where_nobody_asked_for_more(self):
        stick = self.drive()
        watch = self.watch("--json")
        watch.plug(stick)
        told = watch.until('"incomplete": []\n}')
        self.assertEqual(json.loads(told[told.index("{"):])["parcels"][0]["id"], "PUN-PSE-000001")
        self.assertFalse(os.path.exists("share/PUN00020"))
        # The home is not held meanwhile, and what others set counts.
        self.at("B", "site", "set", "kiosk.auto-receive=on", "kiosk.return-to=returns")
        os.mkdir("returns")
        self.at("B", "job", "run")
        watch.again(stick)
        told = watch.until('"medium_may_be_removed": true\n}')
        self.assertEqual(json.loads(told[told.index("{"):])["drive"], "/dev/sdy")
        self.same_tree("src", "share/PUN00020")
        self.assertEqual(os.listdir("returns"), ["PSE-PUN-000001.pcl"])
        self.assertEqual(os.listdir("drive"), ["PUN-PSE-000001.pcl"])
        status, last = watch.end(signal.SIGINT)
        self.assertEqual((status, json.loads(last)), (0, {"drives": 2}))

    def test_the_drive_that_holds_the_home_is_left_alone(self):
        stick = self.drive()
        subprocess.run(["cp", "-a", "B", "drive/B"], check=True)
        shutil.rmtree("B")
        os.symlink("drive/B", "B")
        other = Stick(self.empty("other"), port="1-3", number=4, disk="sdw", serial="GOOD02", ID_FS_TYPE="vfat")
        watch = self.watch("--yes")
        watch.plug(stick)
        watch.until("drive /dev/sdy holds this home: it is not looked at")
        watch.plug(other)
        watch.until("there is no parcel on it")
        self.assertNotIn("PUN-PSE-000001", watch.said)
        status, last = watch.end()
        self.assertEqual((status, last.splitlines()[-1]), (0, "the watch has ended: 1 drive was looked at"))

    def empty(self, folder):
        self.mounted(folder, 1 << 20)
        return folder

    def test_a_drive_that_fails_does_not_end_the_watch(self):
        stick = self.drive()
        self.mounted("evil", 1 << 20)
        self.mounted("empty", 1 << 20)
        evil = keyboard_stick("evil", port="1-2", number=3, disk="sdx", ID_FS_TYPE="vfat")
        empty = Stick("empty", port="1-3", number=4, disk="sdw", serial="GOOD02", ID_FS_TYPE="vfat")
        watch = self.watch("--yes")
        watch.plug(evil)
        watch.until("its content was not looked at")
        self.assertIn("drive /dev/sdx: USB device 0951:1666:EVIL01 (Kingston DataTraveler 3.0): "
                      "it is not only a drive but also a keyboard", watch.said)
        watch.plug(empty)
        watch.until("there is no parcel on it")
        watch.plug(stick)
        watch.until(TAKEN_OUT)
        self.assertEqual(watch.end()[0], 0)
        logged = self.at("B", "log", "--component", "Despooler").out
        self.assertIn("drive /dev/sdx: USB device 0951:1666:EVIL01", logged)
        self.assertIn("drive /dev/sdw: ", logged)

    def test_while_another_courier_works_on_the_home_the_drive_waits(self):
        stick = self.drive()
        with open("B/courier.lock", "r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            watch = self.watch("--yes")
            watch.plug(stick)
            watch.until("another courier")
        watch.until(TAKEN_OUT)
        self.same_tree("src", "share/PUN00020")
        self.assertEqual(watch.end(), (0, "the watch has ended: 1 drive was looked at\n"))

    @unittest.skipUnless(is_root(), "mounts")
    def test_what_it_does_not_mount_is_looked_at_as_soon_as_somebody_does(self):
        with open("stick.img", "wb") as image:
            image.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "stick.img"], check=True)
        loop = subprocess.run(["losetup", "-f", "--show", "stick.img"], check=False, stdout=subprocess.PIPE, text=True)
        if loop.returncode != 0:
            self.skipTest("no loop devices here")
        node = loop.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", node], stderr=subprocess.DEVNULL)
        self.send("PUN00020")
        os.mkdir("stick")
        self.addCleanup(subprocess.run, ["umount", "-l", "stick"], stderr=subprocess.DEVNULL)
        subprocess.run(["mount", node, "stick"], check=True)
        shutil.copy("drive/PUN-PSE-000001.pcl", "stick")
        subprocess.run(["umount", "stick"], check=True)
        watch = self.watch("--yes")
        watch.plug(Stick(numbers=os.stat(node).st_rdev, disk=os.path.basename(node), has_node=False, ID_FS_TYPE="ext4"))
        self.assertIn("Courier mounts no ext4", watch.until("mount it, and it is looked at at once"))
        subprocess.run(["mount", node, "stick"], check=True)
        watch.until(TAKEN_OUT)
        self.same_tree("src", "share/PUN00020")
        self.assertEqual(watch.end()[0], 0)
        self.assertEqual(os.path.ismount("stick"), True)

    def test_it_takes_no_source_and_receive_takes_one(self):
        self.at("B", "receive", "drive", "--watch", status=2)
        self.message(self.at("B", "receive", "--yes", status=2), "courier receive: SOURCE is required", "nothing was done",
                     "name the medium, or wait for drives with --watch")

    def test_the_settings_take_no_other_words(self):
        self.assertIn("neither on nor off", self.at("B", "site", "set", "kiosk.auto-receive=yes", status=2).err)


class WatchedWithAPassphrase(WatchTest):
    def test_it_is_read_once_before_the_first_drive(self):
        write("secret", "open sesame\n")
        self.init("A", "PUN", "Pune")
        self.at("B", "--passphrase-file", "secret", "site", "init", "PSE", "--name", "Branch")
        self.at("B", "--passphrase-file", "secret", "site", "export", "PSE.site")
        self.join_pun_and_pse()
        self.packed()
        self.assertIn("--passphrase-file", self.at("B", "receive", "--watch", "--yes", status=2).err)
        watch = self.watch("--yes", "--passphrase-file", "secret")
        watch.until("watching for drives")
        os.remove("secret")
        watch.plug(self.drive())
        watch.until(TAKEN_OUT)
        self.same_tree("src", "share/PUN00020")
        self.assertEqual(watch.end()[0], 0)


if __name__ == "__main__":
    main()
