"""Keys with a passphrase, and questions at a terminal."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, main, make_source, write  # noqa: E402
from terminal import Terminal  # noqa: E402


class Keys(CourierTest):
    def test_locked_keys_are_unlocked_before_any_work_or_the_command_stops(self):
        write("secret", "correct horse battery\n", 0o600)
        self.at("A", "site", "init", "PUN", "--passphrase-file", "secret")
        self.assertTrue(self.facts("A", "site", "show")["passphrase"])
        locked = self.at("A", "site", "export", "PUN.site", status=2)
        self.assertIn("--passphrase-file", locked.err)
        self.assertFalse(os.path.exists("PUN.site"))
        self.at("A", "--passphrase-file", "secret", "site", "export", "PUN.site")
        write("wrong", "incorrect horse\n", 0o600)
        self.at("A", "--passphrase-file", "wrong", "site", "export", "PUN.site", status=2)
        reader, writer = os.pipe()
        os.write(writer, b"correct horse battery\n")
        os.close(writer)
        self.at("A", "--passphrase-fd", str(reader), "site", "rotate-key", pass_fds=(reader,))
        os.close(reader)
        self.assertEqual(self.facts("A", "site", "show")["key_generation"], 2)

    def test_lost_signing_keys_leave_what_is_under_way_readable_where_the_passphrase_is_known(self):
        self.init("A", "PUN", "Pune")
        write("secret", "correct horse battery\n", 0o600)
        write("other", "another passphrase\n", 0o600)
        for home, known in (("B", "secret"), ("C", "other")):
            self.at(home, "site", "init", "PSE", "--passphrase-file", "secret")
            self.at(home, "--passphrase-file", "secret", "site", "export", "PSE.site")
            self.join(home, "PUN", "parent")
            rotated = self.facts(home, "--passphrase-file", known, "site", "rotate-key", "--lost")
            self.assertEqual((rotated["vouched_for"], rotated["opens_parcels_under_way"]), (False, known == "secret"))
            self.assertTrue(self.facts(home, "site", "show")["passphrase"])
            # The new keys are locked with it, either way.
            self.at(home, "--passphrase-file", known, "site", "export", "new.site")

    def test_a_new_passphrase_for_keys_that_are_not_lost_is_refused_before_they_are_changed(self):
        self.init("A", "PUN", "Pune")
        before = self.facts("A", "site", "show")
        refused = self.at("A", "site", "rotate-key", "--passphrase", status=2)
        self.assertIn("--passphrase requires --lost", refused.err)
        self.assertEqual(self.facts("A", "site", "show"), before)

    def test_a_passphrase_is_asked_for_at_a_terminal(self):
        write("secret", "correct horse battery\n", 0o600)
        self.at("A", "site", "init", "PUN", "--passphrase-file", "secret")
        terminal = Terminal([COURIER, "--home", "A", "site", "export", "PUN.site"], ENVIRONMENT)
        terminal.expect("assphrase")
        terminal.type("correct horse battery\n")
        self.assertEqual(terminal.end(), 0, terminal.seen)
        self.assertNotIn("correct horse", terminal.seen)
        self.assertTrue(os.path.exists("PUN.site"))


class Questions(CourierTest):
    def test_join_shows_the_fingerprint_and_asks(self):
        self.init("A", "PUN", "Pune")
        self.init("B", "PSE", "Branch")
        words = self.facts("B", "site", "show")["fingerprint"]
        terminal = Terminal([COURIER, "--home", "A", "site", "join", "PSE.site", "--as", "child"], ENVIRONMENT)
        terminal.expect(words)
        terminal.expect("[y/N]")
        terminal.type("n\n")
        self.assertEqual(terminal.end(), 3, terminal.seen)
        self.assertEqual(len(self.facts("A", "site", "list")["sites"]), 1)
        terminal = Terminal([COURIER, "--home", "A", "site", "join", "PSE.site", "--as", "child"], ENVIRONMENT)
        terminal.expect("[y/N]")
        terminal.type("yes\n")
        self.assertEqual(terminal.end(), 0, terminal.seen)
        self.assertEqual(len(self.facts("A", "site", "list")["sites"]), 2)

    def test_receive_shows_the_parcel_and_asks(self):
        self.pun_and_pse()
        make_source("src", 500_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Field tools")
        self.send("PUN00020")
        terminal = Terminal([COURIER, "--home", "B", "receive", "drive"], ENVIRONMENT)
        terminal.expect("PUN-PSE-000001")
        terminal.expect("[y/N]")
        terminal.type("n\n")
        self.assertEqual(terminal.end(), 0, terminal.seen)
        self.assertFalse(os.path.exists("share/PUN00020"))
        terminal = Terminal([COURIER, "--home", "B", "receive", "drive"], ENVIRONMENT)
        terminal.expect("[y/N]")
        terminal.type("y\n")
        self.assertEqual(terminal.end(), 0, terminal.seen)
        self.same_tree("src", "share/PUN00020")


if __name__ == "__main__":
    main()
