"""Recovery data: volumes that are damaged on the way come back whole, without a key, to the same bytes.

The second reader's recovery data (tests/support/pcl_recovery.py) was written from parcel/FORMAT.md alone: each repairs what
the other protects.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcl_recovery  # noqa: E402
from courier_e2e import COURIER, ENVIRONMENT, GOLDEN, CourierTest, main, noise, tool, write  # noqa: E402

RECEIVE_OR_AGAIN = ("`courier receive` takes in what is intact, and the return asks for the rest; or write it again "
                    "from the origin's outbox")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def damage(path, first, size):
    """Makes every byte of the run another one."""
    with open(path, "r+b") as file:
        file.seek(first)
        was = file.read(size)
        file.seek(first)
        file.write(bytes(byte ^ 0xA5 for byte in was))


class Repair(CourierTest):
    def protect(self, content, percent, name="volume"):
        write("plain", content)
        subprocess.run([tool("make_recovery"), "plain", str(percent), name, "--whole"], check=True)
        return read(name)

    def repair(self, name, to="repaired", status=0):
        if os.path.exists(to):
            os.remove(to)
        return self.courier("--json", "parcel", "repair", name, "--to", to, status=status)

    def test_a_burst_of_the_share_comes_back_wherever_it_is_and_both_programs_agree(self):
        whole = self.protect(noise(30_000, 1), 20)
        layout = pcl_recovery.find(whole)
        self.assertEqual(pcl_recovery.protect(whole[:layout.volume], layout), whole)
        longest = (layout.m * layout.s - 1) * layout.c + 1
        for first in range(0, len(whole), 3_333):
            with self.subTest(first=first):
                write("volume", whole)
                damage("volume", first, longest)
                facts = self.repair("volume").json
                self.assertEqual(read("repaired"), whole)
                volume, lost = pcl_recovery.repair(read("volume"))
                self.assertEqual((volume, lost), (whole[:layout.volume], 0))
                bad = sum(read("volume")[i * layout.c:(i + 1) * layout.c] != whole[i * layout.c:(i + 1) * layout.c]
                          for i in range(layout.volume // layout.c))
                self.assertIn(facts["repaired_cells"] - bad, (0, 1))

    def test_one_cell_more_than_the_parity_has_is_damage_beyond_repair(self):
        whole = self.protect(noise(30_000, 2), 20)
        layout = pcl_recovery.find(whole)
        for layer in range(layout.m + 1):
            damage("volume", layer * layout.s * layout.c, 1)
        result = self.repair("volume", status=4)
        self.assertEqual((result.json["lost_cells"], result.json["written"]), (layout.m + 1, None))
        self.assertEqual(layout.s, 1)
        self.assertEqual(result.json["lost_ranges"], [{"first": 0, "last": (layout.m + 1) * layout.c - 1}])
        self.assertEqual(result.json["error"]["code"], "damaged")
        self.assertFalse(os.path.exists("repaired"))
        self.assertEqual(pcl_recovery.repair(read("volume"))[1], layout.m + 1)
        result = self.courier("parcel", "repair", "volume", "--to", "repaired", status=4)
        self.assertIn("damaged beyond repair: %d of 30000 bytes do not come back" % ((layout.m + 1) * layout.c), result.err)

    def test_a_volume_that_ends_early_or_whose_beginning_is_gone_is_repaired(self):
        whole = self.protect(noise(300_000, 3), 10)
        layout = pcl_recovery.find(whole)
        with open("volume", "r+b") as file:
            file.truncate(layout.parity_start[0] + 2_000)
        self.repair("volume")
        self.assertEqual(read("repaired"), whole)
        write("volume", whole)
        damage("volume", 0, 20_000)
        self.repair("volume")
        self.assertEqual(read("repaired"), whole)

    def test_an_undamaged_volume_is_said_to_be_so_and_written(self):
        whole = self.protect(noise(10_000, 4), 10)
        result = self.courier("parcel", "repair", "volume", "--to", "repaired")
        self.assertIn("nothing was damaged", result.out)
        self.assertEqual(read("repaired"), whole)

    def test_nothing_is_overwritten(self):
        self.protect(noise(10_000, 5), 10)
        write("repaired", b"mine")
        self.message(self.courier("parcel", "repair", "volume", "--to", "repaired", status=9),
                     "file repaired: exists already", "nothing was changed",
                     "nothing is ever overwritten: give --to another name")
        self.assertEqual(read("repaired"), b"mine")

    def test_what_has_no_recovery_data_is_told_from_what_is_no_parcel(self):
        write("notes", noise(5_000, 6))
        self.message(self.courier("parcel", "repair", "notes", "--to", "repaired", status=4),
                     "file notes: is no parcel", "nothing was changed",
                     "check the name; a parcel's file usually ends in .pcl")
        parcel = GOLDEN + "/v1/one-package.pcl"
        self.message(self.courier("parcel", "repair", parcel, "--to", "repaired", status=9),
                     "file %s: has no recovery data" % parcel, "nothing was changed", RECEIVE_OR_AGAIN)
        shutil.copy(parcel, "headless.pcl")
        with open("headless.pcl", "r+b") as file:
            file.seek(100)
            file.write(b"damaged")
        self.message(self.courier("parcel", "repair", "headless.pcl", "--to", "repaired", status=4),
                     "file headless.pcl: has no recovery data, and it is damaged where a parcel says what it is",
                     "nothing was changed",
                     "nothing of it can be taken in: take another copy, or write it again from the origin's outbox")
        self.courier("parcel", "repair", "missing", "--to", "repaired", status=7)
        self.assertFalse(os.path.exists("repaired"))

    def test_a_golden_volume_is_repaired_and_received(self):
        shutil.copy(GOLDEN + "/v1/recovery-data.pcl", "whole.pcl")
        whole = read("whole.pcl")
        layout = pcl_recovery.find(whole)
        for cell in range(layout.n):
            with self.subTest(cell=cell):
                write("volume", whole)
                damage("volume", cell * layout.c, min(layout.c, layout.volume - cell * layout.c))
                self.assertEqual(self.repair("volume").json["repaired_cells"], 1)
                self.assertEqual(read("repaired"), whole)
        checked = self.courier("--json", "parcel", "verify", "repaired")
        self.assertTrue(checked.json["whole"])


class Carried(CourierTest):
    """A parcel of PUN's in its outbox, and the ways to PSE."""
    SIZE = 12_000_000

    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        os.mkdir("src")
        write("src/noise", noise(self.SIZE, 7))
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Tools")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.id = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        self.path = "drive/%s.pcl" % self.id

    def write(self, target, *options):
        written = self.facts("A", "media", "write", self.id, target, *options)["written"]
        self.assertEqual({one["verified"] for one in written}, {True})
        return written

    def installed(self):
        self.same_tree("src", "share/PUN00020")
        self.store_is_clean("B")

    def received(self, source="drive", status=0):
        facts = self.facts("B", "receive", source, "--yes", status=status)
        return facts["parcels"][0]


class Media(Carried):
    """From media write to receive, with damage on the way (B10, B11)."""

    def test_a_medium_has_as_much_recovery_data_as_was_asked_for_and_discs_have_it_anyway(self):
        size = os.path.getsize("A/outbox/%s.pcl" % self.id)
        self.assertEqual(self.write("drive")[0]["recovery_percent"], 0)
        self.assertEqual(os.path.getsize(self.path), size)
        os.remove(self.path)
        self.assertEqual(self.write("drive", "--recovery", "20")[0]["recovery_percent"], 20)
        whole = read(self.path)
        layout = pcl_recovery.find(whole)
        self.assertEqual((layout.volume, layout.total), (size, len(whole)))
        self.assertGreaterEqual(layout.m * 5, layout.k)
        self.assertEqual(self.write("drive", "--recovery", "20")[0]["was_there"], True)
        self.assertEqual(self.write("iso:disc.iso")[0]["recovery_percent"], 10)
        self.assertEqual(self.write("iso:bare.iso", "--recovery", "0")[0]["recovery_percent"], 0)
        for percent in ("51", "-1", "x"):
            self.at("A", "media", "write", self.id, "drive", "--recovery", percent, status=2)

    def test_volumes_with_recovery_data_are_no_larger_than_was_asked_for(self):
        self.write("drive", "--volume-size", "6M", "--recovery", "25")
        names = sorted(os.listdir("drive"))
        self.assertGreater(len(names), 2)
        for name in names:
            self.assertLessEqual(os.path.getsize("drive/" + name), 6 << 20)
            damage("drive/" + name, 1_000, 60_000)
        self.at("B", "receive", "drive", "--yes")
        self.installed()

    def test_receive_repairs_what_was_damaged_on_the_way_and_says_how_much(self):
        self.write("drive", "--recovery", "10")
        damage(self.path, 5_000_000, 1_000_000)
        result = self.at("B", "receive", "drive", "--yes")
        self.assertRegex(result.out, r"remark: repaired by its recovery data: 1\.0 MB\n")
        self.installed()

    def test_what_is_intact_is_not_taken_in_twice(self):
        self.write("drive", "--recovery", "10")
        records = self.facts("A", "parcel", "show", self.id)["records"]
        damage(self.path, 5_000_000, 100)
        parcel = self.received()
        self.assertEqual((parcel["records"], parcel["missing_records"]), (records, []))
        self.assertGreater(parcel["repaired_bytes"], 100)
        self.assertEqual(parcel["beyond_repair_bytes"], 0)
        self.installed()

    def test_a_volume_whose_beginning_is_gone_is_identified_and_received(self):
        self.write("drive", "--recovery", "10")
        damage(self.path, 0, 70_000)
        offer = self.facts("B", "identify", "drive")["parcels"][0]
        self.assertEqual((offer["verdict"], offer["is_head_repaired"], offer["id"]), ("genuine", True, self.id))
        self.assertIn("its head, by its recovery data", self.at("B", "identify", "drive").out)
        self.assertGreater(self.received()["repaired_bytes"], 69_000)
        self.installed()

    def test_a_volume_that_ends_early_is_received(self):
        self.write("drive", "--recovery", "10")
        layout = pcl_recovery.find(read(self.path))
        os.truncate(self.path, layout.parity_start[0] + 1_000)
        damage(self.path, 3_000_000, 1)
        self.received(status=4)  # too little of the parity is left for that
        os.truncate(self.path, 0)
        os.remove(self.path)
        self.write("drive", "--recovery", "10")
        os.truncate(self.path, layout.parity_start[1] + 1_000_000 // 2)
        damage(self.path, 3_000_000, 1)
        self.received()
        self.installed()

    def test_a_scratched_disc_is_received_without_being_mounted(self):
        self.write("iso:disc.iso")
        damage("disc.iso", 4_000_000, 800_000)
        self.assertGreater(self.received("iso:disc.iso")["repaired_bytes"], 790_000)
        self.installed()

    def test_damage_beyond_repair_lets_in_what_is_intact_and_says_what_is_missing(self):
        self.write("drive", "--recovery", "1")
        damage(self.path, 4_000_000, 1_000_000)
        result = self.at("B", "receive", "drive", "--yes", "--json", status=4)
        parcel = result.json["parcels"][0]
        self.assertGreater(parcel["records"], 0)
        self.assertTrue(parcel["missing_records"])
        self.assertGreater(parcel["beyond_repair_bytes"], 900_000)
        self.assertIn("beyond repair", parcel["remark"])
        self.store_is_clean("B")
        # A better copy brings the rest.
        os.remove(self.path)
        self.write("drive")
        self.received()
        self.installed()

    def test_a_damaged_volume_is_repaired_to_another_folder_and_said_to_be_damaged_without(self):
        self.write("drive", "--recovery", "10")
        self.at("A", "media", "verify", "drive")
        whole = read(self.path)
        damage(self.path, 700_000, 50_000)
        facts = self.facts("A", "media", "verify", "drive", status=4)
        self.assertFalse(facts["files"][0]["whole"])
        # Both say what helps, also where the beginning is gone.
        self.assertEqual(facts["error"]["hint"], "it has recovery data: `courier media verify TARGET --repair-to OTHER` "
                         "makes a whole copy of it, and receive repairs by itself")
        write("headless", whole[:100] + noise(3_000, 9) + whole[3_100:])
        for path in (self.path, "headless"):
            result = self.courier("parcel", "verify", path, status=4)
            self.assertIn("`courier parcel repair %s --to OTHER` makes a whole copy" % path, result.err)
        # No place to try a repair in takes nothing from what verify says.
        nowhere = dict(ENVIRONMENT, TMPDIR="/nonexistent")
        for command in (("parcel", "verify", self.path), ("media", "verify", "drive")):
            done = subprocess.run([COURIER, "--json", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=nowhere,
                                  check=False)
            self.assertEqual((done.returncode, json.loads(done.stdout)["error"]["code"]), (4, "damaged"))
        os.mkdir("other")
        facts = self.facts("A", "media", "verify", "drive", "--repair-to", "other")
        self.assertGreater(facts["files"][0]["repair"]["repaired_bytes"], 49_000)
        self.assertEqual(read("other/%s.pcl" % self.id), whole)
        result = self.courier("media", "verify", "drive", "--repair-to", "other")
        self.assertIn("repaired copy written and verified: other/%s.pcl" % self.id, result.out)

    def test_damage_of_the_recovery_data_alone_is_found_by_verify(self):
        self.write("drive", "--recovery", "10")
        layout = pcl_recovery.find(read(self.path))
        damage(self.path, layout.parity_start[0] + 5_000, 1)
        result = self.at("A", "media", "verify", "drive", status=4)
        self.message(result, "file %s: is whole, but its recovery data is damaged (%s of it)"
                     % (os.path.abspath(self.path), "%.1f kB" % (layout.c / 1000)),
                     "nothing was lost: every record is intact and genuine", "write it again, to another medium")
        self.at("B", "receive", "drive", "--yes")
        self.installed()

    def test_damage_beyond_repair_leaves_no_copy(self):
        self.write("drive", "--recovery", "1")
        damage(self.path, 200_000, 300_000)
        os.mkdir("other")
        facts = self.facts("A", "media", "verify", "drive", "--repair-to", "other", status=4)
        self.assertGreater(facts["files"][0]["repair"]["lost_bytes"], 250_000)
        self.assertEqual(os.listdir("other"), [])


class BeyondRepair(Carried):
    """What no copy brought is asked for by the return, and the next parcel has just that (J9, P6)."""
    SIZE = 32_000_000  # so that a record is little of it

    def returned(self):
        """PSE's return comes to PUN; what it did there."""
        os.makedirs("back", exist_ok=True)
        self.at("B", "return", "create", "--to", "PUN", "--out", "back")
        self.receive("A", "back")
        return self.facts("A", "parcel", "show", self.id)

    def second_parcel(self, lost):
        """What the next parcel brings after so many bytes were lost, carried to PSE; its ID."""
        job = self.facts("A", "job", "list")["jobs"][0]
        self.assertEqual(job["state"], "Install Pending")
        self.assertIn("send again: records ", self.at("A", "status", "PUN00020", "--json").json["states"][0]["reason"])
        second = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        size = os.path.getsize("A/outbox/%s.pcl" % second)
        self.assertLess(size, 2 * lost)
        os.mkdir("second")
        self.at("A", "media", "write", second, "second")
        self.received("second")
        return second

    def is_finished(self, *parcels):
        self.installed()
        self.returned()
        self.assertEqual({self.facts("A", "parcel", "show", one)["state"] for one in parcels}, {"Confirmed"})
        job = self.facts("A", "job", "list")["jobs"][0]
        self.assertEqual((job["step"], job["state"]), ("confirmed", "Installed"))

    def test_the_next_parcel_brings_just_what_was_beyond_repair_and_the_job_finishes(self):
        self.write("drive", "--recovery", "1")
        damage(self.path, 9_000_000, 10_000_000)
        lost = self.received(status=4)
        self.assertTrue(lost["missing_records"])
        told = self.returned()
        self.assertEqual((told["state"], told["addressees"][0]["partly_confirmed"]), ("Sent", True))
        second = self.second_parcel(lost["beyond_repair_bytes"])
        self.is_finished(self.id, second)

    def test_it_does_so_too_when_a_volume_never_came(self):
        self.write("drive", "--volume-size", "12M", "--recovery", "1")
        volumes = sorted(os.listdir("drive"))
        self.assertGreater(len(volumes), 2)
        os.makedirs("kept")
        lost = os.path.getsize("drive/" + volumes[1])
        os.rename("drive/" + volumes[1], "kept/" + volumes[1])
        damage("drive/" + volumes[0], 2_000_000, 2_000_000)
        received = self.received(status=None)
        self.assertEqual(received["missing_volumes"], [2])
        self.returned()
        second = self.second_parcel(lost + received["beyond_repair_bytes"])
        self.is_finished(self.id, second)


if __name__ == "__main__":
    main()
