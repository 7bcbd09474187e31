"""The drives: which there are and what is on them, made tidy, and taken out."""
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, CourierTest, execute, is_root, listing, main, make_source, write  # noqa: E402
from usb_devices import Stick, keyboard_stick, plugged  # noqa: E402


class Drives(CourierTest):
    """Sticks that are not there, with file systems that are: memory, mounted where they are told to be."""

    def setUp(self):
        super().setUp()
        self.pun_and_pse()

    def mount(self, folder, *what):
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(["mount", *(what or ("-t", "tmpfs", "none")), folder], stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], stderr=subprocess.DEVNULL, check=False)

    def sent(self, out="drive", size=50_000):
        make_source("src", size)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020", out=out)

    # ------------------------------------------------------------------------------------ media list
    @unittest.skipUnless(is_root(), "mounts")
    def test_list_says_what_is_plugged_in_and_what_is_on_it(self):
        self.mount("drive")
        self.mount("evil")
        self.sent()
        shutil.copy("drive/PUN-PSE-000001.pcl", "evil")
        sight = plugged(Stick("drive", ID_FS_TYPE="vfat", ID_FS_LABEL_ENC="FIELD\\x2001"),
                        keyboard_stick("evil", port="1-2", number=3, disk="sdz", ID_FS_TYPE="vfat"))
        good, evil = self.at("B", "media", "list", "--json", wrapper=sight).json["drives"]
        self.assertEqual((good["drive"], good["usb"], good["file_system"], good["label"], good["gate"], good["mounted_at"]),
                         ("/dev/sdy", "0951:1666:GOOD01 (Kingston DataTraveler 3.0)", "vfat", "FIELD 01", "passes",
                          os.path.abspath("drive")))
        self.assertGreater(good["free_bytes"], 0)
        self.assertEqual([(one["id"], one["verdict"]) for one in good["parcels"]], [("PUN-PSE-000001", "genuine")])
        self.assertEqual((evil["drive"], evil["gate"], evil["parcels"], evil["free_bytes"]), ("/dev/sdz", "refused", [], None))
        self.assertIn("also a keyboard (class 03/01/01)", evil["gate_reason"])
        shown = self.at("B", "media", "list", wrapper=sight).out
        self.assertIn("for this site", shown)
        self.assertIn("FIELD 01", shown)
        self.assertEqual(shown.count("PUN-PSE-000001"), 1)
        self.at("B", "site", "set", "gate.allow=0951:1666:EVIL01")
        good, evil = self.at("B", "media", "list", "--json", wrapper=sight).json["drives"]
        self.assertEqual((evil["gate"], len(evil["parcels"])), ("passes", 1))

    @unittest.skipUnless(is_root(), "mounts")
    def test_list_needs_no_home(self):
        self.mount("drive")
        self.sent()
        sight = plugged(Stick("drive", ID_FS_TYPE="vfat"))
        drives = self.courier("--home", "none", "media", "list", "--json", wrapper=sight).json["drives"]
        self.assertEqual([one["verdict"] for one in drives[0]["parcels"]], ["intact, by a signer not known here"])

    def test_list_shows_a_drive_that_is_not_mounted_and_no_disk_of_the_machine(self):
        drives = self.at("B", "media", "list", "--json", wrapper=plugged(Stick(ID_FS_TYPE="vfat"))).json["drives"]
        self.assertEqual([(one["drive"], one["mounted_at"], one["parcels"]) for one in drives], [("/dev/sdy", None, [])])
        self.assertEqual(self.at("B", "media", "list", wrapper=plugged()).out, "no drive is plugged in\n")

    # ------------------------------------------------------------------------------------ media tidy
    def test_tidy_removes_what_is_confirmed_here_and_nothing_else(self):
        """In volumes on the drive and whole beneath it: all of a Confirmed parcel goes."""
        self.sent(size=10_000_000)
        os.mkdir("drive/copies")
        os.rename("drive/PUN-PSE-000001.pcl", "drive/copies/odd \\name")
        self.at("A", "media", "write", "PUN-PSE-000001", "drive", "--volume-size", "4400K")
        volumes = ["PUN-PSE-000001.v%d.pcl" % number for number in range(1, len(os.listdir("drive")))]
        self.assertGreater(len(volumes), 2)
        write("drive/notes.txt", "mine")
        before = listing("drive", contents=True)
        told = self.facts("A", "media", "tidy", "drive")  # Sent: nobody has confirmed it
        self.assertEqual((told["removed"], len(told["left"]), told["freed_bytes"]), ([], len(volumes) + 1, 0))
        self.assertEqual(listing("drive", contents=True), before)
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "package", "add", "src", "--id", "PUN00021")
        self.send("PUN00021")
        told = self.facts("A", "media", "tidy", "drive")
        self.assertEqual({one["id"] for one in told["removed"]}, {"PUN-PSE-000001"})
        self.assertEqual(len(told["removed"]), len(volumes) + 1)
        self.assertEqual(told["freed_bytes"], sum(one["bytes"] for one in told["removed"]))
        self.assertEqual(sorted(os.listdir("drive")), ["PSE-PUN-000001.pcl", "PUN-PSE-000002.pcl", "copies", "notes.txt"])
        self.assertEqual(os.listdir("drive/copies"), [])
        before = listing("drive", contents=True)
        self.assertIn("0 files removed", self.at("B", "media", "tidy", "drive").out)
        told = self.at("A", "media", "tidy", "drive").out
        self.assertRegex(told, r"PSE-PUN-000001 .* left: a return for this site")
        self.assertIn("0 files removed, 0 bytes freed; 2 files left, of them 1 return to this site: only what", told)
        self.assertEqual(listing("drive", contents=True), before)

    def test_tidy_leaves_the_outbox_alone(self):
        """Also where the folder that is tidied holds the home, or is reached through another name."""
        self.sent()
        self.receive(return_to="drive")
        self.receive("A")
        os.symlink("A", "other")
        for target in (".", "A", "A/outbox", "other"):
            told = self.facts("A", "media", "tidy", target)
            self.assertNotIn("outbox", str(told["removed"]), target)
        self.assertTrue(os.path.exists("A/outbox/PUN-PSE-000001.pcl"))
        self.at("A", "media", "write", "PUN-PSE-000001", "drive")

    def test_tidy_takes_a_mounted_folder_only(self):
        write("file", "x")
        for target, status in (("file", 2), ("iso:file", 2), ("raw:file", 2), ("none", 7)):
            self.at("A", "media", "tidy", target, status=status)

    # ----------------------------------------------------------------------------------- media eject
    def loop(self):
        """A loop device with a file system, mounted on stick/."""
        with open("stick.img", "wb") as image:
            image.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "stick.img"], check=True)
        made = subprocess.run(["losetup", "-f", "--show", "stick.img"], stdout=subprocess.PIPE, text=True, check=False)
        if made.returncode != 0:
            self.skipTest("no loop devices here")
        node = made.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", node], stderr=subprocess.DEVNULL, check=False)
        self.mount("stick", node)
        return node

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_flushes_unmounts_flushes_the_drive_and_lets_go_of_it(self):
        loop = self.loop()
        write("stick/file", "written")
        stick = Stick("stick", disk=os.path.basename(loop), has_node=False)
        sight = plugged(stick)
        with open("stick/file", "rb"):
            result = self.courier("media", "eject", "stick", status=9, wrapper=sight)
        self.assertIn("cannot unmount " + os.path.abspath("stick"), result.err)
        self.assertIn("nothing was lost: flushed %s; the rest was not done" % os.path.abspath("stick"), result.err)
        self.assertNotIn("safe to remove", result.out)
        self.assertTrue(os.path.ismount("stick"))
        script = 'courier="$1"; "$courier" media eject stick --json; cat /sys%s/remove' % stick.folder
        done = execute([*sight, "sh", "-c", script, "sh", COURIER])
        told, rest = json.JSONDecoder().raw_decode(done.out)
        self.assertEqual(told["steps"], ["flushed " + os.path.abspath("stick"), "unmounted " + os.path.abspath("stick"),
                                         "flushed the drive's own cache", "taken from the kernel", "switched its port off"])
        self.assertTrue(told["safe_to_remove"])
        self.assertEqual(done.out[rest:].strip(), "1")
        self.assertEqual(os.listdir("stick"), [])
        self.mount("stick", loop)
        self.assertEqual(sorted(os.listdir("stick")), ["file", "lost+found"])

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_leaves_the_port_on_where_another_slot_holds_a_medium(self):
        node = self.loop()
        sight = plugged(Stick("stick", disk=os.path.basename(node), has_node=False, other_slot="sdz"))
        steps = self.courier("media", "eject", "raw:" + node, "--json", wrapper=sight).json["steps"]
        self.assertEqual(steps[-1], "taken from the kernel")

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_says_when_a_port_stays_under_power(self):
        node = self.loop()
        stick = Stick("stick", disk=os.path.basename(node), has_node=False, hub=(0x2109, 0x3431))
        steps = self.courier("media", "eject", "raw:" + node, "--json", wrapper=plugged(stick)).json["steps"]
        self.assertEqual(steps[-1], "disconnected it (its port stays under power)")

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_has_the_kernel_flush_a_cache_that_it_does_not_know_of(self):
        node = self.loop()
        for vendor, product, believed in ((0x0951, 0x1666, "write through"), (0x0bc2, 0x2300, "temporary write back")):
            stick = Stick("stick", disk=os.path.basename(node), has_node=False, vendor=vendor, product=product,
                          cache="write through")
            script = '"$0" media eject raw:%s >&2; cat /sys%s/*/*/*/*/scsi_disk/*/cache_type' % (node, stick.folder)
            done = execute([*plugged(stick), "sh", "-c", script, COURIER])
            self.assertEqual((done.status, done.out.splitlines()[0][:len(believed)]), (0, believed), str(done))
            # And it is left alone for a while before it is switched off.
            self.assertEqual("left it alone for 10 seconds" in done.err, vendor == 0x0bc2, str(done))
            self.mount("stick", node)

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_unmounts_what_goes_by_itself_with_another_mount(self):
        self.mount("one")
        subprocess.run(["mount", "--make-shared", "one"], check=True)
        self.mount("two", "--bind", "one")
        os.mkdir("one/stick")
        node = self.loop()
        self.mount("one/stick", node)
        self.assertTrue(os.path.ismount("two/stick"))
        sight = plugged(Stick("stick", disk=os.path.basename(node), has_node=False))
        told = self.courier("media", "eject", "stick", "--json", wrapper=sight).json
        self.assertTrue(told["safe_to_remove"])
        self.assertFalse(any(os.path.ismount(folder) for folder in ("stick", "one/stick", "two/stick")))

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_touches_nothing_of_what_is_mounted_over_the_drive(self):
        node = self.loop()
        sight = plugged(Stick("stick", disk=os.path.basename(node), has_node=False))
        self.mount("stick")
        write("stick/other", "not the drive's")
        result = self.courier("media", "eject", "raw:" + node, status=9, wrapper=sight)
        folder = os.path.abspath("stick")
        self.assertIn("tmpfs is mounted over %s, where the drive is" % folder, result.err)
        self.assertIn("nothing was lost: nothing was done", result.err)
        self.assertIn("umount " + folder, result.err)
        self.assertTrue(os.path.exists("stick/other"))

    @unittest.skipUnless(is_root(), "mounts")
    def test_eject_says_no_word_of_safety_while_another_mounted_it_out_of_sight(self):
        node = self.loop()
        held = subprocess.Popen(["unshare", "-m", "sh", "-c", "echo; read word"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(held.communicate)
        held.stdout.readline()
        sight = plugged(Stick("stick", disk=os.path.basename(node), has_node=False))
        result = self.courier("media", "eject", "stick", status=9, wrapper=sight)
        self.assertIn("cannot be had for itself: Device or resource busy", result.err)
        self.assertIn("unmounted %s; the rest was not done" % os.path.abspath("stick"), result.err)
        self.assertEqual(result.out, "")

    def test_eject_refuses_a_drive_on_usb_that_the_machine_runs_from(self):
        # Without the right to unmount anything: this test may fail, too.
        harmless = ("setpriv", "--bounding-set", "-all", "--") if is_root() else ()
        result = self.courier("media", "eject", "/", status=9, wrapper=(*harmless, *plugged(Stick("/"))))
        self.assertIn("is a disk of this machine: it is not taken out", result.err)
        self.assertIn("nothing was lost: nothing was done", result.err)

    def test_eject_refuses_what_is_no_drive_and_a_disk_of_the_machine(self):
        self.courier("media", "eject", "none", status=7)
        self.courier("media", "eject", "iso:none", status=2)
        result = self.courier("media", "eject", "drive", status=9)
        self.assertRegex(result.err, "is a disk of this machine|lies on no drive")
        self.assertIn("nothing was lost: nothing was done", result.err)


if __name__ == "__main__":
    main()
