"""Spare volumes: any n of n + N volumes bring the parcel, on any day, in any order, whatever came to harm."""
import itertools
import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import flip, main, write  # noqa: E402
from spanned_parcel import PACKAGES, PARCEL, SpannedParcel  # noqa: E402

NAMES = ["%s.v%d.pcl" % (PARCEL, n) for n in (1, 2, 3)] + ["%s.s%d.pcl" % (PARCEL, n) for n in (1, 2)]


class Spares(SpannedParcel):
    """A parcel of three volumes of 1 MiB, with two spare ones, each on a drive of its own."""

    def apart(self, *more):
        os.mkdir("all")
        written = self.facts("A", "media", "write", PARCEL, "all", "--volume-size", "1M", "--spare-volumes", "2", *more)["written"]
        for number, name in enumerate(NAMES, 1):
            os.mkdir("vol%d" % number)
            shutil.copy("all/" + name, "vol%d" % number)
        return written

    def path(self, number):
        return "vol%d/%s" % (number, NAMES[number - 1])

    def together(self, folder, *numbers):
        os.mkdir(folder)
        for number in numbers:
            shutil.copy(self.path(number), folder)
        return folder

    def all_is_installed(self):
        for number, package in enumerate(PACKAGES):
            self.same_tree("p%d" % number, "share/" + package)
        self.store_is_clean("B")
        self.assertEqual(self.facts("B", "parcel", "show", PARCEL)["state"], "Processed")
        self.assertEqual(os.listdir("B/staged") if os.path.isdir("B/staged") else [], [])

    def afresh(self):
        """B and its share as they were before anything came."""
        for folder in ("B", "share"):
            if not os.path.isdir(folder + ".new"):
                shutil.copytree(folder, folder + ".new", symlinks=True)
            shutil.rmtree(folder)
            shutil.copytree(folder + ".new", folder, symlinks=True)


class Writing(Spares):
    def test_spare_volumes_are_written_behind_the_others_and_are_told_apart(self):
        written = self.apart()
        self.assertEqual([(one["number"], one["of"], one["is_spare"]) for one in written],
                         [(1, 3, False), (2, 3, False), (3, 3, False), (4, 3, True), (5, 3, True)])
        self.assertEqual(sorted(os.listdir("all")), sorted(NAMES))
        for name in NAMES:
            self.assertLessEqual(os.path.getsize("all/" + name), 1 << 20)
        verified = self.at("B", "media", "verify", "all")
        self.assertEqual(verified.out.count("intact and genuine"), 5)
        self.assertIn(", spare volume 2 of 2: intact and genuine", verified.out)
        found = self.at("B", "identify", "vol4")
        self.assertRegex(found.out, r"volume +spare volume 1 of 2\n")
        shown = self.at("A", "parcel", "show", PARCEL)
        self.assertIn("spare volume 2 of 2", shown.out)
        copies = self.facts("A", "parcel", "show", PARCEL)["copies"]
        self.assertEqual([one["is_spare"] for one in copies], [False] * 3 + [True] * 2)
        # The same command proves the same volumes.
        again = self.facts("A", "media", "write", PARCEL, "all", "--volume-size", "1M", "--spare-volumes", "2")["written"]
        self.assertEqual([one["was_there"] for one in again], [True] * 5)

    def test_a_damaged_spare_volume_is_found_by_verify(self):
        self.apart()
        flip(self.path(4), os.path.getsize(self.path(4)) // 2)
        bad = self.at("B", "media", "verify", "vol4", status=4)
        self.assertIn("stands in for no volume", bad.err)

    def test_one_spare_volume_is_written_again_and_any_is_copied_as_a_file(self):
        self.apart()
        os.mkdir("again")
        self.at("A", "media", "write", PARCEL, "again", "--volume", "5")
        self.at("A", "media", "write", self.path(4), "again")
        for number in (4, 5):
            with open(self.path(number), "rb") as one, open("again/" + NAMES[number - 1], "rb") as other:
                self.assertEqual(one.read(), other.read())

    def test_a_volume_size_too_small_for_a_spare_volume_is_refused_with_the_least(self):
        os.mkdir("small")
        refused = self.at("A", "media", "write", PARCEL, "small", "--volume-size", "701000", "--spare-volumes", "1", status=2)
        self.assertRegex(refused.err, r"needs a volume of \d+ bytes, so that a spare volume has no more\n")
        self.assertEqual(os.listdir("small"), [])


class Receiving(Spares):
    def test_any_three_of_five_bring_the_parcel_together_and_one_by_one(self):
        self.apart()
        for number, lost in enumerate(itertools.combinations(range(1, 6), 2)):
            with self.subTest(lost=lost):
                self.afresh()
                here = [n for n in range(1, 6) if n not in lost]
                self.receive(source=self.together("case%d" % number, *here))
                self.all_is_installed()
        for order in ((4, 2, 5), (5, 4, 1), (3, 1, 4)):
            with self.subTest(order=order):
                self.afresh()
                for n in order[:2]:
                    self.receive(source="vol%d" % n, status=5)
                last = self.receive(source="vol%d" % order[2])["parcels"][0]
                self.assertIn("made of the others and spare volumes", last["remark"])
                self.all_is_installed()

    def test_what_is_missing_is_said_with_what_helps(self):
        self.apart()
        first = self.at("B", "receive", "vol1", "--yes", status=5)
        self.assertIn("any 3 of its 3 volumes and 2 spare volumes are enough, 1 of them is here\n", first.err)
        self.assertRegex(first.err, r"any spare volume of the set \(%s.s1.pcl, on a disc or tape PUN_PSE_000001_S1\) helps as "
                         r"well\n" % PARCEL)
        self.assertEqual(len(os.listdir("B/staged")), 1)
        found = self.at("B", "identify", self.together("two", 2, 5))
        self.assertNotIn("missing", found.out)
        self.at("B", "parcel", "discard", PARCEL)
        self.assertEqual(os.listdir("B/staged"), [])

    def test_a_damaged_volume_counts_as_missing_and_a_spare_one_brings_it(self):
        self.apart()
        flip(self.path(2), os.path.getsize(self.path(2)) // 2)
        flip(self.path(4), os.path.getsize(self.path(4)) // 2)
        self.receive(source="vol1", status=5)
        self.receive(source="vol2", status=5)
        waits = self.at("B", "receive", "vol3", "--yes", status=5)
        self.assertRegex(waits.err, r"^parcel %s: volume 2: record \d is damaged; any 3 of its 3 volumes" % PARCEL)
        self.receive(source="vol4", status=5)  # beyond use
        self.receive(source="vol5")
        self.all_is_installed()

    def test_recovery_data_repairs_what_is_staged(self):
        self.apart("--recovery", "20")
        for number in (1, 4):
            flip(self.path(number), 300_000)
        for number in (1, 2):
            self.receive(source="vol%d" % number, status=5)
        self.receive(source="vol4")
        self.all_is_installed()

    def test_spare_volumes_of_another_cut_are_of_no_use_and_no_harm(self):
        self.apart()
        os.mkdir("other")
        self.at("A", "media", "write", PARCEL, "other", "--volume-size", "1600K", "--spare-volumes", "1", "--anew")
        os.mkdir("mixed")
        shutil.copy("other/%s.s1.pcl" % PARCEL, "mixed/other")
        shutil.copy(self.path(1), "mixed")
        shutil.copy(self.path(4), "mixed")
        self.receive(source="mixed", status=5)
        self.receive(source="vol3")
        self.all_is_installed()

    # The frames hold, their content does not: what is solved is no volume, or not signed.
    def forged(self, number, at):
        path = self.path(number)
        with open(path, "rb") as source:
            data = bytearray(source.read())
        offset = 0
        while offset < len(data):
            size = struct.unpack("<I", data[offset + 16:offset + 20])[0]
            if data[offset + 4] == 8 and offset > 160:
                data[offset + 32 + at] ^= 0x10
                import pcl_recovery
                payload = bytes(data[offset + 32:offset + 32 + size])
                struct.pack_into("<Q", data, offset + 20, pcl_recovery.XXHASH.XXH3_64bits(payload, size))
                struct.pack_into("<I", data, offset + 28, pcl_recovery.crc32c(bytes(data[offset:offset + 28])))
                break
            offset += 32 + size
        with open(path, "wb") as target:
            target.write(data)

    def test_wrong_parity_brings_nothing_and_is_said(self):
        self.apart()
        self.forged(4, 500_000)
        self.receive(source="vol1", status=5)
        self.receive(source="vol2", status=5)
        bad = self.facts("B", "receive", "vol4", "--yes", status=5)["parcels"][0]
        self.assertIn("volume 3 cannot be made of the others", bad["remark"])
        self.assertEqual(bad["records"], 0)
        self.store_is_clean("B")
        self.receive(source="vol3")
        self.all_is_installed()


if __name__ == "__main__":
    main()
