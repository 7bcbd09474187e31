"""What drives do to a kiosk: several at once, swapped, read-only, damaged."""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from console_client import ConsoleTest  # noqa: E402
from courier_e2e import flip, is_root, main, write  # noqa: E402


class Several(ConsoleTest):
    def test_two_drives_at_once_are_taken_in_one_after_the_other(self):
        self.packed(size=3_000_000)
        os.rename("packed", "first")
        self.packed("PUN00021", "src2")
        os.rename("packed", "second")
        console = self.console("--folder", "first", "--folder", "second")
        drives = console.until(lambda now: [drive["state"] for drive in now["drives"]] == ["offer"] * 2)["drives"]
        for drive in drives:
            self.assertEqual(console.act(drive, "take")[0], 202)
        drives = console.until(lambda now: all(drive["state"] not in ("taking", "offer") for drive in now["drives"]))["drives"]
        self.assertEqual([(drive["state"], drive["result"]["installed"]) for drive in drives], [("done", 1)] * 2)
        self.same_tree("src", "share/PUN00020")
        self.same_tree("src2", "share/PUN00021")

    def test_another_drive_in_the_place_of_one_is_looked_at_even_if_none_was_ever_missed(self):
        one, _ = self.packed()
        os.rename("packed", "one")
        other, _ = self.packed("PUN00021", "src2")
        self.put_in("one")
        console = self.console("--folder", "usb")
        self.assertEqual(console.drive("offer")["offers"][0]["parcel"], one)
        os.rename("usb", "one")
        os.rename("packed", "usb")
        drive = console.until(lambda now: [each["id"] for each in now["drives"]] == ["d2"] and now["drives"][0]["state"] == "offer")["drives"][0]
        self.assertEqual(drive["offers"][0]["parcel"], other)


class ReadOnly(ConsoleTest):
    def test_the_return_of_a_read_only_drive_goes_to_the_next_one(self):
        parcel, copy = self.packed()
        self.mounted("disc", 8 << 20)
        shutil.copy(copy, "disc")
        subprocess.run(["mount", "-o", "remount,ro", "disc"], check=True)
        console = self.console("--folder", "disc", "--folder", "usb")
        drive = console.drive("offer")
        self.assertEqual((drive["read_only"], "return" in drive["actions"]), (True, False))
        console.act(drive, "take")
        drive = console.drive("done", "problem")
        self.assertEqual((drive["state"], drive["result"]["safe_to_remove"]), ("done", True), drive)
        self.assertEqual([(one["to"], one["path"], one["on_this_drive"]) for one in drive["result"]["returns"]], [("PUN", "", False)])
        self.assertEqual(console.get("/api/v1/receipts/" + parcel)[0], 200)
        os.mkdir("photos")
        write("photos/cat.jpg", "no parcel")
        self.put_in("photos")
        empty = console.until(lambda now: any(each["state"] == "empty" for each in now["drives"]))["drives"][1]
        self.assertEqual(console.act(empty, "return")[0], 202)
        state = console.until(lambda now: now["drives"][1]["state"] != "taking")
        self.assertEqual([(each["state"], each["problem"]) for each in state["drives"]], [("done", None), ("empty", None)])
        self.receive("A", "usb")
        self.assertEqual(self.facts("A", "parcel", "show", parcel)["state"], "Confirmed")


class Pulled(ConsoleTest):
    def mount(self):
        """The drive is in, with nothing of it in memory."""
        made = subprocess.run(["mount", "-o", "loop,ro", "usb.img", "usb"], stderr=subprocess.DEVNULL)
        if made.returncode != 0:
            self.skipTest("no loop devices here")
        self.addCleanup(subprocess.run, ["umount", "-l", "usb"], stderr=subprocess.DEVNULL, check=False)

    @unittest.skipUnless(is_root(), "mounts")
    def test_what_was_being_taken_in_ends_by_itself_and_goes_on_when_the_drive_is_in_again(self):
        self.packed(size=40_000_000)
        subprocess.run(["mkfs.ext4", "-q", "-d", "packed", "usb.img", "80M"], stdout=subprocess.DEVNULL, check=True)
        os.mkdir("usb")
        self.mount()
        console = self.console("--folder", "usb")
        console.act(console.drive("offer"), "take")
        console.until(lambda now: (now["drives"][0]["progress"] or {}).get("done", 0) > 0)
        os.rename("usb.img", "whole.img")
        shutil.copy("whole.img", "usb.img")
        os.truncate("whole.img", 0)  # from here on every read of the drive fails
        subprocess.run(["umount", "-l", "usb"], check=True)
        drive = console.drive("gone", "done")
        self.assertEqual((drive["state"], drive["problem"]["code"], drive["actions"]), ("gone", "device", ["dismiss"]))
        self.assertIn("put it in again", drive["problem"]["hint"])
        self.mount()
        drive = console.until(lambda now: now["drives"][-1]["state"] in ("done", "problem", "offer"))["drives"][-1]
        self.assertEqual((drive["state"], drive["resumed"]), ("done", True))
        self.same_tree("src", "share/PUN00020")


class Damaged(ConsoleTest):
    def pressed(self, console, drive, action):
        """The first drive when what was pressed on it has ended."""
        self.assertEqual(console.act(drive, action)[0], 202)
        return console.until(lambda now: now["drives"][0]["state"] != "taking")["drives"][0]

    def spoilt(self, *options):
        """A drive with a parcel that is damaged in the middle; its path and what it was."""
        self.package(size=3_000_000)
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        parcel = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        os.mkdir("usb")
        path = self.facts("A", "media", "write", parcel, "usb", *options)["copy"]["path"]
        self.at("A", "parcel", "mark", parcel, "sent")
        with open(path, "rb") as file:
            whole = file.read()
        flip(path, len(whole) // 3)
        return parcel, path, whole

    def test_what_recovery_data_repairs_comes_in_and_is_said_to_have_been_repaired(self):
        self.spoilt("--recovery", "20")
        console = self.console("--folder", "usb")
        drive = self.pressed(console, console.drive("offer"), "take")
        self.assertEqual((drive["state"], drive["problem"], drive["result"]["installed"]), ("done", None, 1), drive)
        self.assertGreater(drive["result"]["repaired_bytes"], 0)
        self.same_tree("src", "share/PUN00020")

    def test_repair_reads_again_what_is_missing(self):
        _, path, whole = self.spoilt("--recovery", "0")
        console = self.console("--folder", "usb")
        drive = self.pressed(console, console.drive("offer"), "take")
        self.assertEqual((drive["state"], drive["problem"]["code"]), ("problem", "damaged"))
        drive = self.pressed(console, drive, "repair")
        self.assertEqual((drive["state"], drive["problem"]["code"]), ("problem", "damaged"))  # nothing has changed
        with open(path, "wb") as file:  # the drive reads better now
            file.write(whole)
        drive = self.pressed(console, drive, "repair")
        self.assertEqual((drive["state"], drive["problem"]), ("done", None))
        self.same_tree("src", "share/PUN00020")

    def test_the_rest_is_kept_and_reported_and_the_origin_sends_what_is_missing(self):
        parcel, _, _ = self.spoilt("--recovery", "0")
        console = self.console("--folder", "usb")
        drive = self.pressed(console, console.drive("offer"), "take")
        drive = self.pressed(console, drive, "return")
        self.assertEqual((drive["state"], drive["problem"]["code"], drive["result"]["safe_to_remove"]), ("problem", "damaged", True))
        self.assertEqual([(one["to"], one["on_this_drive"]) for one in drive["result"]["returns"]], [("PUN", True)])
        console.close()
        self.receive("A", "usb")
        self.assertTrue(self.facts("A", "parcel", "show", parcel)["addressees"][0]["partly_confirmed"])
        again = self.facts("A", "parcel", "create", "--to", "PSE")
        self.receive("B", again["path"])
        self.same_tree("src", "share/PUN00020")


if __name__ == "__main__":
    main()
