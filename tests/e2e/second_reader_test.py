"""A reader written from the documents alone reads what the program writes. golden_test.py has what it refuses."""
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import CourierTest, execute, flip, main, make_source, write  # noqa: E402

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "pcl_reader.py")


class SecondReader(CourierTest):
    def read(self, *files, home="B", unpack=None, status=0):
        arguments = [*files, "--signer", "PUN.site", "--key-ring", home + "/keys/key_ring"]
        result = execute([sys.executable, "-B", READER, *arguments, *(["--unpack", unpack] if unpack else [])])
        if status is not None:
            self.assertEqual(result.status, status, str(result))
        return result

    def send_source(self, level="default"):
        self.pun_and_pse()
        make_source("source")
        self.at("A", "package", "add", "source", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        return self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive", "--level", level)["copy"]["path"]

    def test_unpacks_the_same_tree(self):
        parcel = self.send_source()
        self.assertEqual(self.read(parcel, unpack="out").out, "package PUN00020 1\n")
        self.same_tree("source", "out/PUN00020")

    def test_reads_several_volumes_and_one_with_the_head_of_another(self):
        parcel = self.send_source()
        os.mkdir("volumes")
        self.at("A", "media", "write", "PUN-PSE-000001", "volumes", "--volume-size", str(os.path.getsize(parcel) - 1))
        names = sorted("volumes/" + name for name in os.listdir("volumes"))
        self.assertEqual(len(names), 2)
        self.assertEqual(self.read(names[0], status=None).status, 5)
        self.read(*names[::-1], unpack="out")
        self.same_tree("source", "out/PUN00020")
        flip(names[1], 400)  # its label
        self.read(*names, unpack="again")
        self.same_tree("source", "again/PUN00020")

    def test_makes_a_volume_of_the_others_and_a_spare_one(self):
        parcel = self.send_source()
        os.mkdir("volumes")
        size = os.path.getsize(parcel) - 1
        self.at("A", "media", "write", "PUN-PSE-000001", "volumes", "--volume-size", str(size), "--spare-volumes", "2")
        names = sorted("volumes/" + name for name in os.listdir("volumes"))
        self.assertEqual([name[-6:] for name in names], ["s1.pcl", "s2.pcl", "v1.pcl", "v2.pcl"])
        for number, here in enumerate(((0, 1), (0, 3), (2, 1))):
            self.read(*(names[i] for i in here), unpack="out%d" % number)
            self.same_tree("source", "out%d/PUN00020" % number)
        self.assertEqual(self.read(names[2], status=None).status, 5)
        flip(names[0], size // 2)
        self.assertEqual(self.read(names[0], names[2], status=None).status, 5)

    def test_unpacks_what_was_made_small(self):
        self.read(self.send_source("small"), unpack="out")
        self.same_tree("source", "out/PUN00020")

    def test_small_compresses_again_what_is_stored_and_what_it_gives_is_read(self):
        self.pun_and_pse()
        numbers = random.Random(1)
        write("source/numbers", "".join("%d\n" % numbers.randrange(1000) for _ in range(200_000)))
        self.at("A", "package", "add", "source", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        shutil.copytree("A", "other", symlinks=True)
        sizes = {}
        for home, level in (("A", "small"), ("other", "default")):
            self.at(home, "parcel", "create", "--to", "PSE", "--level", level)
            sizes[level] = os.path.getsize(home + "/outbox/PUN-PSE-000001.pcl")
        self.assertLess(sizes["small"], sizes["default"])
        self.read("A/outbox/PUN-PSE-000001.pcl", unpack="out")
        self.same_tree("source", "out/PUN00020")

    def test_unpacks_an_increment_whose_records_are_lean_and_build_on_the_version_before(self):
        self.pun_and_pse()
        numbers = random.Random(2)
        text = "".join("%d\n" % numbers.randrange(10**9) for _ in range(40_000))
        write("source/numbers", text)
        for number in range(200):
            write("source/folder/%d" % number, "file %d of many\n" % numbers.randrange(10**9))
        self.at("A", "package", "add", "source", "--id", "PUN00020")
        self.send("PUN00020")
        shutil.copy("drive/PUN-PSE-000001.pcl", "first.pcl")
        self.receive(return_to="drive")
        self.receive("A")
        write("source/numbers", text[:50_000] + "new" + text[50_000:])
        for number in range(0, 200, 3):
            write("source/folder/%d" % number, "file %d of other ones\n" % number)
        self.at("A", "package", "update", "PUN00020")
        self.at("A", "parcel", "create", "--to", "PSE")
        parcel = "A/outbox/PUN-PSE-000002.pcl"
        self.assertLess(os.path.getsize(parcel), os.path.getsize("first.pcl") // 4)
        self.assertEqual(self.read(parcel, status=None).status, 5)
        self.read(parcel, "--after", "first.pcl", unpack="out")
        self.same_tree("source", "out/PUN00020")

    def test_reads_a_return(self):
        self.send_source()
        self.receive(return_to="drive")
        name = "drive/PSE-PUN-000001.pcl"
        result = execute([sys.executable, "-B", READER, name, "--signer", "PSE.site", "--key-ring", "A/keys/key_ring"])
        self.assertEqual((result.status, result.out), (0, "verdicts  0\n"), str(result))

    def test_notices_flipped_bits(self):
        parcel = self.send_source()
        size = os.path.getsize(parcel)
        for offset in [*range(0, 800, 37), *range(800, size, size // 40), size - 1]:
            flip(parcel, offset)
            self.assertNotEqual(self.read(parcel, status=None).status, 0, "byte %d" % offset)
            flip(parcel, offset)
        self.read(parcel)


if __name__ == "__main__":
    main()
