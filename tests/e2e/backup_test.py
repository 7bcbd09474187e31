#!/usr/bin/env python3
"""site backup and site restore as an operator uses them: the origin lost and restored, and what is refused."""
import os
import shutil
import stat
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import CourierTest, noise, write  # noqa: E402


class BackupTest(CourierTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        write("src/data.bin", noise(300000, 1))
        write("src/readme.txt", "field tools\n")
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Field tools")

    def back_up(self):
        return self.facts("A", "site", "backup", "PUN.backup")

    def test_an_origin_restored_from_a_backup_goes_on_without_surgery(self):
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        made = self.back_up()
        self.assertTrue(made["verified"])
        self.assertEqual(stat.S_IMODE(os.stat("PUN.backup").st_mode), 0o600)
        # Parcels after the backup: their numbers must not come again. The version's does, for PSE has 3 by then and
        # the restored PUN counts 2 next.
        for edition in ("second", "third"):
            write("src/readme.txt", "field tools, %s edition\n" % edition)
            self.at("A", "package", "update", "PUN00020", "src")
            lost_id, _ = self.send("PUN00020")
            self.receive(return_to="drive")
        shutil.rmtree("A")

        restored = self.facts("A", "site", "restore", "PUN.backup")
        self.assertEqual(restored["packages_to_add"], ["PUN00020"])
        self.assertNotEqual(restored["incarnation"], made["incarnation"])
        self.store_is_clean("A")
        # The returns on the drive were written to the former incarnation: nothing breaks.
        self.receive("A", status=None)
        write("src/readme.txt", "field tools, fourth edition\n")
        self.at("A", "package", "update", "PUN00020", "src")
        new_id, _ = self.send("PUN00020")
        self.assertGreater(int(new_id.split("-")[2]), int(lost_id.split("-")[2]))
        self.receive(return_to="drive")
        self.same_tree("src", "share/PUN00020")
        self.receive("A")
        self.assertIn("Installed", self.states("A", "PUN00020", "--site", "PSE").values())
        self.store_is_clean("A", "B")

    def test_the_same_source_again_makes_the_version_stored_again(self):
        self.back_up()
        shutil.rmtree("A")
        self.at("A", "site", "restore", "PUN.backup")
        self.assertEqual(self.facts("A", "package", "show", "PUN00020")["stored_version"], 0)
        self.at("A", "package", "update", "PUN00020", "src")
        shown = self.facts("A", "package", "show", "PUN00020")
        self.assertEqual((shown["source_version"], shown["stored_version"]), (1, 1))
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.same_tree("src", "share/PUN00020")

    def test_a_home_that_is_not_empty_is_left_as_it_is(self):
        self.back_up()
        self.message(self.at("A", "site", "restore", "PUN.backup", status=9),
                     "home A: is a site already", "nothing was changed",
                     "restore into an empty home: name another with --home")
        write("C/notes.txt", "mine")
        self.message(self.at("C", "site", "restore", "PUN.backup", status=9),
                     "home C: is not empty: it holds 'notes.txt'", "nothing was changed",
                     "restore into an empty home: name another with --home")
        self.assertEqual(os.listdir("C"), ["courier.lock", "notes.txt"])
        self.at("A", "site", "backup", "PUN.backup", status=9)

    def test_a_damaged_or_cut_backup_names_the_part(self):
        self.back_up()
        with open("PUN.backup", "rb") as backup:
            whole = backup.read()
        write("flipped", whole[:-1] + bytes([whole[-1] ^ 1]))
        self.message(self.at("C", "site", "restore", "flipped", status=4),
                     "backup flipped: bytes of its ledger have changed", "nothing was changed", "use another backup")
        write("cut", whole[:300])
        result = self.at("C", "site", "restore", "cut", status=4)
        self.assertRegex(result.err, r"^backup cut: ends in the (keys|trust list), after \d+ of its \d+ bytes\n")
        self.at("C", "site", "restore", "src/readme.txt", status=4)
        self.at("C", "site", "restore", "nothing", status=7)
        self.assertFalse(os.path.exists("C"))

    def test_a_site_with_a_passphrase_keeps_it(self):
        write("pass", "open sesame\n")
        self.courier("--home", "D", "--passphrase-file", "pass", "site", "init", "TEX")
        made = self.facts("D", "site", "backup", "TEX.backup")
        self.assertTrue(made["keys_have_passphrase"])
        self.at("E", "site", "restore", "TEX.backup")
        self.at("E", "site", "export", "TEX.site", status=2)
        self.courier("--home", "E", "--passphrase-file", "pass", "site", "export", "TEX.site")


if __name__ == "__main__":
    unittest.main()
