"""Increments: what changed is coded against the content that the receiver has proved to hold.

Each kind of change that an update brings makes a parcel several times smaller than what it carries, and a receiver
that lost what the parcel builds on says so, loses nothing, and gets it with the next.
"""
import os
import random
import shutil
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import GOLDEN, CourierTest, Pair, execute, main, noise, text, tool, write  # noqa: E402
from pcl_reader import LABEL, Label, frames  # noqa: E402

PACKAGE = "PUN00020"


def program(size, seed):
    """Like machine code: bytes that do not compress, and an address among every few of them."""
    code = bytearray(noise(size, seed))
    chooser = random.Random(seed)
    at = 0
    while at + 4 <= size:
        struct.pack_into("<I", code, at, 0x400000 + chooser.randrange(size))
        at += 16 + chooser.randrange(16)
    return bytes(code)


def relinked(size, seed, moved):
    """The same program linked anew: every address in it is `moved` further."""
    code = bytearray(program(size, seed))
    chooser = random.Random(seed)
    at = 0
    while at + 4 <= size:
        struct.pack_into("<I", code, at, 0x400000 + chooser.randrange(size) + moved)
        at += 16 + chooser.randrange(16)
    return bytes(code)


class Increments(Pair):
    def setUp(self):
        super().setUp()
        os.makedirs("src")

    def add(self):
        self.at("A", "package", "add", "src", "--id", PACKAGE, "--name", "Field tools")

    def at_both(self):
        """Version 1 is at PSE, and PUN knows."""
        self.add()
        self.send(PACKAGE)
        self.receive(return_to="drive")
        self.receive("A")

    def update(self, builds_on_old=True):
        """The next version in a parcel on the drive; (size of the parcel, the most that was planned)."""
        self.at("A", "package", "update", PACKAGE)
        self.at("A", "distribute", PACKAGE, "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.at("A", "parcel", "mark", created["id"], "sent")
        self.assertEqual(created["plan"]["at_most"], builds_on_old)
        self.assertLessEqual(created["file_bytes"], created["plan"]["parcel_bytes"])
        with open(created["copy"]["path"], "rb") as file:
            label = next(payload for kind, _, payload in frames(file.read()) if kind == LABEL)
        self.assertEqual(Label(label).has_bases, builds_on_old)
        return created["file_bytes"], created["plan"]["parcel_bytes"]

    def arrived(self, clean=("A", "B")):
        self.receive(return_to="drive")
        self.same_tree("src", "share/" + PACKAGE)
        self.store_is_clean(*clean)
        self.receive("A")

    def another_drive(self):
        shutil.rmtree("drive")
        os.mkdir("drive")

    def assert_is_part_of(self, sizes, part):
        size, most = sizes
        self.assertLess(size, most * part, "a parcel of %d bytes, planned as at most %d" % sizes)

    # ------------------------------------------------------------------------------- what updates bring
    def test_a_program_that_was_linked_anew(self):
        write("src/tool", relinked(2_000_000, 7, 0))
        self.at_both()
        write("src/tool", relinked(2_000_000, 7, 0x40))
        self.assert_is_part_of(self.update(), 0.7)
        self.arrived()

    def test_a_version_in_every_path(self):
        def tree(version, change):
            shutil.rmtree("src")
            for number in range(40):
                folder = "src/lib/modules/6.1.0-%d-amd64/kernel/part%d" % (version, number % 4)
                content = noise(30_000, number) + change + text(10_000, number)
                write("%s/module-%d-v%d.ko" % (folder, number, version), content)
            write("src/boot/vmlinuz-6.1.0-%d-amd64" % version, noise(900_000, 99) + change)

        tree(55, b"first")
        self.at_both()
        tree(56, b"second build")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()

    def test_a_file_that_was_renamed_and_changed_and_one_that_moved(self):
        write("src/docs/manual.pdf", noise(700_000, 1))
        write("src/lib/one/engine.so", noise(700_000, 2))
        write("src/keep", "kept")
        self.at_both()
        os.rename("src/docs/manual.pdf", "src/docs/handbook.pdf")
        os.makedirs("src/plugins/other")
        os.rename("src/lib/one/engine.so", "src/plugins/other/engine.so")
        for path in ("src/docs/handbook.pdf", "src/plugins/other/engine.so"):
            with open(path, "r+b") as file:
                for at in range(0, 700_000, 50_000):
                    file.seek(at)
                    file.write(b"changed")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()

    def test_an_image_whose_files_moved(self):
        files = [noise(random.Random(number).randrange(50_000, 300_000), number) for number in range(20)]
        write("src/os.img", b"".join(files))
        self.at_both()
        moved = list(files)
        random.Random(1).shuffle(moved)
        moved = [b"patched" + file[:40_000] + b"more" + file[40_000:] for file in moved]
        write("src/os.img", b"".join(moved))
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()

    def test_a_base_two_versions_back(self):
        write("src/data", noise(1_500_000, 1))
        self.at_both()
        with open("src/data", "r+b") as file:
            file.write(b"version 2, which never leaves")
        self.at("A", "package", "update", PACKAGE)
        with open("src/data", "r+b") as file:
            for at in range(0, 1_500_000, 60_000):
                file.seek(at)
                file.write(b"version 3")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()

    def test_many_small_files_of_which_few_changed(self):
        for number in range(400):
            write("src/folder%d/module%d.py" % (number % 20, number), text(3_000, number))
        self.at_both()
        for number in range(0, 400, 3):
            with open("src/folder%d/module%d.py" % (number % 20, number), "r+b") as file:
                file.seek(1_500)
                file.write(b"changed")
        self.assert_is_part_of(self.update(), 0.5)
        self.arrived()

    # ------------------------------------------------------------------------------------ what may be gone
    def packs_of(self, home):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(home + "/store/packs")
                      for name in names if name.endswith(".pack"))

    def at_both_then_changed(self):
        """Version 1 is at both sites; the source of version 2 differs from it in a few places."""
        write("src/data", noise(1_500_000, 1))
        self.at_both()
        with open("src/data", "r+b") as file:
            for at in range(0, 1_500_000, 60_000):
                file.seek(at)
                file.write(b"version 2")

    def spoiled_update(self, spoil):
        """Version 2, coded against version 1, comes when `spoil` has been at PSE's packs."""
        self.at_both_then_changed()
        self.update()
        for pack in self.packs_of("B"):
            spoil(pack)
        report = self.receive(return_to="drive", status=5)
        item = report["parcels"][-1]["items"][0]
        self.assertEqual(item["verdict"], "incomplete")
        self.assertIn("its base is not here (PUN00020 version 1)", item["reason"])
        # Told in the return, and the next parcel does not build on it.
        self.receive("A")
        self.another_drive()
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertGreater(created["file_bytes"], 1_500_000)
        self.arrived(clean=("A",))  # what was spoiled stays so

    def test_a_base_that_is_gone_at_the_receiver(self):
        self.spoiled_update(os.unlink)

    def test_a_base_that_is_damaged_at_the_receiver(self):
        def damage(pack):
            size = os.path.getsize(pack)
            with open(pack, "r+b") as file:
                for at in range(1000, size - 20_000, 30_000):
                    file.seek(at)
                    file.write(b"not what was written")

        self.spoiled_update(damage)

    def test_the_same_parcel_comes_in_when_the_base_has_come_back(self):
        self.at_both_then_changed()
        self.update()
        packs = self.packs_of("B")
        for pack in packs:
            os.rename(pack, os.path.basename(pack))
        self.receive(status=5)
        for pack in packs:
            os.rename(os.path.basename(pack), pack)
        self.arrived()

    def test_a_base_that_is_damaged_at_the_sender_is_none(self):
        self.at_both_then_changed()
        known = self.packs_of("A")
        self.at("A", "package", "update", PACKAGE)
        for pack in known:
            with open(pack, "r+b") as file:
                file.seek(500_000)
                file.write(b"not what was written")
        self.at("A", "distribute", PACKAGE, "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        self.same_tree("src", "share/" + PACKAGE)

    def test_what_a_parcel_on_the_road_builds_on_survives_gc(self):
        self.at_both_then_changed()
        self.update()
        self.at("B", "store", "gc", "--delete")
        self.at("A", "store", "gc", "--delete")
        self.arrived()

    def source(self, word, *names):
        """The source is files of these names, with this word in a few places."""
        shutil.rmtree("src")
        for name in names:
            write("src/" + name, noise(1_500_000, len(name)))
            with open("src/" + name, "r+b") as file:
                for at in range(0, 1_500_000, 60_000):
                    file.seek(at)
                    file.write(word)

    def test_what_a_return_claims_stays_a_base_after_gc(self):
        self.source(b"version 1", "data")
        self.at_both()
        self.source(b"version 2", "other", "another")
        self.update()
        self.arrived()
        # PSE is to keep no version before its current one from now on, but has claimed version 1.
        self.at("B", "site", "set", "delta.bases=0")
        self.at("B", "store", "gc", "--delete")
        self.source(b"version 3", "data")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()
        # What its return for version 3 no longer claims goes when PUN has said that it has that return.
        self.assertEqual(self.facts("B", "store", "gc", "--delete")["unused_objects"], 0)
        self.source(b"version 4", "data", "more")
        self.assert_is_part_of(self.update(), 0.9)
        self.arrived()
        self.assertGreater(self.facts("B", "store", "gc", "--delete")["unused_bytes"], 4_000_000)
        self.at("A", "store", "gc", "--delete")
        self.source(b"version 5", "data", "more")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()

    # ------------------------------------------------------------------------- who is told whole content
    def test_a_receiver_restored_from_a_backup_proves_anew(self):
        self.at_both_then_changed()
        self.update()
        self.arrived()
        made = self.facts("B", "site", "backup", "PSE.backup")
        shutil.rmtree("B")
        restored = self.facts("B", "site", "restore", "PSE.backup")
        self.assertNotEqual(restored["incarnation"], made["incarnation"])
        # Its return is of the new incarnation and claims no content.
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        self.another_drive()
        self.source(b"version 3", "data")
        self.assertGreater(self.update(builds_on_old=False)[0], 1_500_000)
        self.arrived()
        self.source(b"version 4", "data")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()

    @unittest.skipUnless(os.uname().machine == "x86_64", "the step tool is written for x86-64")
    def test_a_receive_that_is_killed_goes_on(self):
        self.at_both_then_changed()
        self.update()
        shutil.copytree("B", "kept/B", symlinks=True)
        shutil.copytree("share", "kept/share", symlinks=True)
        step = tool("step")
        command = [os.environ.get("COURIER", "courier"), "--home", "B", "receive", "drive", "--yes", "--no-progress"]
        counted = execute([step, "count", *command])
        self.assertEqual(counted.status, 0, str(counted))
        count = int(counted.err.strip().splitlines()[-1].split()[1])
        for stop in range(1, count, max(1, count // 6)):
            with self.subTest(step="%d of %d" % (stop, count)):
                for name in ("B", "share"):
                    shutil.rmtree(name)
                    shutil.copytree("kept/" + name, name, symlinks=True)
                self.assertIn(execute([step, "kill", str(stop), *command]).status, (0, 137))
                self.receive()
                self.same_tree("src", "share/" + PACKAGE)
                self.store_is_clean("B")


class OldPrograms(CourierTest):
    setUp, source, update = CourierTest.setUp, Increments.source, Increments.update
    add, at_both, arrived = Increments.add, Increments.at_both, Increments.arrived
    assert_is_part_of = Increments.assert_is_part_of

    def test_a_site_whose_identity_does_not_say_that_it_reads_it(self):
        self.golden_pun_and_pse()
        os.makedirs("src")
        self.source(b"version 1", "data")
        self.at_both()
        # Its identity of an older program, with the same keys.
        self.at("A", "site", "join", GOLDEN + "/keys/PSE.site", "--as", "child", "--trust")
        self.source(b"version 2", "data")
        self.assertGreater(self.update(builds_on_old=False)[0], 1_500_000)
        self.arrived()
        # The return tells of the newer program.
        self.source(b"version 3", "data")
        self.assert_is_part_of(self.update(), 0.2)
        self.arrived()


if __name__ == "__main__":
    main()
