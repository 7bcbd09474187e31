"""Recovery data: volumes that are damaged on the way come back whole, without a key, to the same bytes.

The second reader's recovery data (tests/support/pcl_recovery.py) was written from parcel/FORMAT.md alone: each repairs what
the other protects.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcl_recovery  # noqa: E402
from courier_e2e import GOLDEN, CourierTest, main, noise, tool, write  # noqa: E402

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


if __name__ == "__main__":
    main()
