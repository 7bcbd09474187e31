"""Drives without a file system: volumes from the first byte on, nothing overwritten, damage named."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, flip, is_root, write, main  # noqa: E402


class Raw(Pair):
    def setUp(self):
        super().setUp()
        self.size = 64 << 20
        write("drive.img", b"")
        os.truncate("drive.img", self.size)

    def test_parcels_are_written_one_behind_the_other_and_received(self):
        first = self.created()
        wrote = self.facts("A", "media", "write", first, "raw:drive.img")
        self.assertEqual(wrote["copy"]["path"], "raw:drive.img/%s.pcl" % first)
        self.assertEqual(os.path.getsize("drive.img"), self.size)
        second = self.created("PUN00021", "src21")
        self.at("A", "media", "write", second, "raw:drive.img")
        self.at("A", "media", "write", first, "raw:drive.img")  # the same again: proved
        with open("drive.img", "rb") as image:
            before = image.read()
        shown = self.at("B", "identify", "raw:drive.img")
        for parcel in (first, second):
            self.assertIn("raw:drive.img/%s.pcl" % parcel, shown.out)
        self.courier("--home", "nowhere", "identify", "raw:drive.img")
        self.receive(source="raw:drive.img", return_to="raw:drive.img")
        with open("drive.img", "rb") as image:
            self.assertEqual(image.read(len(before) // 100), before[:len(before) // 100])
        self.same_tree("src", "share/PUN00020")
        self.same_tree("src21", "share/PUN00021")
        self.receive("A", source="raw:drive.img")
        self.assertEqual(self.facts("A", "parcel", "show", first)["state"], "Confirmed")

    def test_what_is_there_already_is_never_overwritten(self):
        parcel = self.created()
        for make in (["mkfs.ext4", "-q", "-F", "drive.img"], ["dd", "if=/dev/urandom", "of=drive.img", "bs=512",
                     "seek=100", "count=1", "conv=notrunc", "status=none"]):
            subprocess.run(make, check=True)
            with open("drive.img", "rb") as image:
                before = image.read()
            refused = self.at("A", "media", "write", parcel, "raw:drive.img", status=9)
            self.assertIn("holds something that is not Courier's", refused.err)
            with open("drive.img", "rb") as image:
                self.assertEqual(image.read(), before)

    def test_what_the_refusal_names_clears_both_ends_and_the_drive_is_taken(self):
        parcel = self.created()
        subprocess.run(["mkfs.ext4", "-q", "-F", "drive.img"], check=True)
        with open("drive.img", "r+b") as image:
            image.seek(-512, os.SEEK_END)
            image.write(b"EFI PART")
        refused = self.at("A", "media", "write", parcel, "raw:drive.img", status=9)
        hint = refused.err.splitlines()[2]
        before, _, command = hint.partition("if what is on it may go, clear it: `")
        command, _, then = command.partition("`, then: ")
        self.assertIn("take another medium", before)
        self.assertEqual(then, "courier media write %s TARGET" % parcel)
        subprocess.run(command, shell=True, check=True, stderr=subprocess.DEVNULL)
        self.assertEqual(os.path.getsize("drive.img"), self.size)
        self.at("A", "media", "write", parcel, "raw:drive.img")

    def test_a_parcel_copied_there_with_dd_is_found(self):
        parcel = self.created()
        subprocess.run(["dd", "if=A/outbox/%s.pcl" % parcel, "of=drive.img", "conv=notrunc", "status=none"],
                       check=True)
        self.receive(source="raw:drive.img")
        self.same_tree("src", "share/PUN00020")
        self.at("A", "media", "write", parcel, "raw:drive.img", status=9)

    def test_a_parcel_spans_volumes_on_one_drive_and_on_two(self):
        parcel = self.created(size=9_000_000)
        drives = []
        while not drives or result.status == 5:
            drives.append("raw:drive%d.img" % len(drives))
            write(drives[-1][4:], b"")
            os.truncate(drives[-1][4:], 10 << 20)
            result = self.at("A", "media", "write", parcel, drives[-1], "--volume-size", "4500000", status=None)
        self.assertEqual(result.status, 0, result)
        self.assertGreater(len(drives), 1)
        self.assertEqual(self.at("A", "media", "verify", drives[0]).out.count("intact and genuine"), 2)
        for drive in drives[:0:-1]:
            self.receive(source=drive, status=5)
        self.receive(source=drives[0])
        self.same_tree("src", "share/PUN00020")

    def test_a_block_device_is_written_to_and_read(self):
        if not is_root():
            self.skipTest("only root has loop devices")
        parcel = self.created()
        found = subprocess.run(["losetup", "-f", "--show", "drive.img"], stdout=subprocess.PIPE, check=False)
        if found.returncode:
            self.skipTest("no loop devices here")
        device = found.stdout.decode().strip()
        try:
            self.at("A", "media", "write", parcel, "raw:" + device)
            self.receive(source="raw:" + device)
        finally:
            subprocess.run(["losetup", "-d", device], check=True)
        self.same_tree("src", "share/PUN00020")

    def test_a_mounted_drive_is_refused(self):
        if not is_root():
            self.skipTest("only root can mount")
        parcel = self.created()
        subprocess.run(["mkfs.ext4", "-q", "-F", "drive.img"], check=True)
        found = subprocess.run(["losetup", "-f", "--show", "drive.img"], stdout=subprocess.PIPE, check=False)
        if found.returncode:
            self.skipTest("no loop devices here")
        device = found.stdout.decode().strip()
        os.mkdir("mnt")
        try:
            subprocess.run(["mount", device, "mnt"], check=True)
            refused = self.at("A", "media", "write", parcel, "raw:" + device, status=9)
            self.assertIn("is mounted at %s/mnt" % os.getcwd(), refused.err)
        finally:
            subprocess.run(["umount", "mnt"], check=False)
            subprocess.run(["losetup", "-d", device], check=True)

    def test_it_is_full_before_the_first_byte(self):
        parcel = self.created(size=8_000_000)
        os.truncate("drive.img", 1 << 20)
        with open("drive.img", "rb") as image:
            before = image.read()
        result = self.at("A", "media", "write", parcel, "raw:drive.img", status=6)
        self.assertIn("needed", result.err)
        with open("drive.img", "rb") as image:
            self.assertEqual(image.read(), before)

    def test_a_flipped_byte_and_lost_marks_are_no_other_content(self):
        parcel = self.created()
        self.at("A", "media", "write", parcel, "raw:drive.img")
        flip("drive.img", 10)
        flip("drive.img", (64 << 10) + 10)
        self.at("B", "identify", "raw:drive.img")
        flip("drive.img", (128 << 10) + 400_000)
        self.receive(source="raw:drive.img", status=4)

    def test_disks_of_this_machine_are_refused(self):
        parcel = self.created()
        disk = next((name for name in sorted(os.listdir("/sys/block"))
                     if not name.startswith(("loop", "zram", "ram", "sr"))), None)
        if disk is None or not os.path.exists("/dev/" + disk):
            self.skipTest("there is no disk to be refused")
        result = self.at("A", "media", "write", parcel, "raw:/dev/" + disk, status=None)
        if "operation not permitted" in result.err:
            self.skipTest("its disk cannot even be opened")
        self.assertEqual(result.status, 9, result)
        self.assertRegex(result.err, "is (mounted at|a disk of this machine|part of|used as swap)")

    def test_what_is_no_drive_is_a_wrong_command(self):
        self.at("B", "identify", "raw:drive", status=2)
        self.at("B", "identify", "raw:/dev/null", status=2)
        self.at("B", "identify", "raw:absent", status=7)
        self.at("B", "identify", "raw:drive.img", status=7)


if __name__ == "__main__":
    main()
