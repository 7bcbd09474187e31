"""The gate: what a USB device says of itself is looked at before what lies on it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import GOLDEN, CourierTest, listing, main, make_source  # noqa: E402
from usb_devices import NETWORK, STORAGE, Stick, keyboard_stick, plugged  # noqa: E402

EVIL = ("medium {0}: USB device 0951:1666:EVIL01 (Kingston DataTraveler 3.0): "
        "it is not only a drive but also a keyboard (class 03/01/01)")
NOT_LOOKED_AT = "nothing was lost: its content was not looked at"


class Gate(CourierTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        make_source("src", 100_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")

    def parcel(self):
        self.send("PUN00020")
        return listing("drive", contents=True)

    def test_a_plain_stick_passes_and_its_identity_is_recorded(self):
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        sight = plugged(Stick("drive", serial="GOOD 01,'x"))
        created = self.at("A", "parcel", "create", "--to", "PSE", "--out", "drive", "--json", wrapper=sight).json
        shown = self.facts("A", "parcel", "show", created["id"])
        identity = "0951:1666:GOOD\\x2001\\x2c\\x27x"
        self.assertEqual(shown["copies"][0]["medium_serial"], identity)
        self.assertIn(" USB %s)" % identity, shown["copies"][0]["medium"])
        self.assertIn("0951:1666:", self.at("A", "parcel", "show", created["id"]).out)
        self.at("B", "identify", "drive", wrapper=sight)
        self.at("B", "receive", "drive", "--yes", wrapper=sight)
        self.same_tree("src", "share/PUN00020")

    def test_a_stick_that_is_also_a_keyboard_is_refused_before_it_is_looked_at(self):
        before = self.parcel()
        sight = plugged(keyboard_stick("drive"))
        for command in (("identify", "drive"), ("receive", "drive", "--yes")):
            with self.subTest(command):
                result = self.at("B", *command, status=3, wrapper=sight)
                self.assertEqual(result.out, "")
                happened, lost, now = result.err.splitlines()
                self.assertIn(EVIL.format("drive"), happened)
                self.assertIn(NOT_LOOKED_AT, lost)
                self.assertIn("courier site set 'gate.allow=0951:1666:EVIL01'", now)
                self.assertNotIn("PUN-PSE", result.err)
        self.assertFalse(os.path.exists("share/PUN00020"))
        self.assertEqual(listing("drive", contents=True), before)

    def test_nothing_is_written_to_it(self):
        self.parcel()
        os.mkdir("evil")
        sight = plugged(keyboard_stick("evil"))
        result = self.at("A", "media", "write", "PUN-PSE-000001", "evil", status=3, wrapper=sight)
        self.assertIn(EVIL.format("evil"), result.err)
        self.assertEqual(os.listdir("evil"), [])
        result = self.at("B", "receive", "drive", "--yes", "--return-to", "evil", status=3, wrapper=sight)
        self.assertEqual(os.listdir("evil"), [])

    def test_without_a_home_the_same_rules_hold(self):
        sight = plugged(keyboard_stick(GOLDEN))
        result = self.courier("--home", "none", "identify", GOLDEN + "/v1", status=3, wrapper=sight)
        self.assertIn(EVIL.format(GOLDEN + "/v1"), result.err)
        result = self.courier("--home", "none", "identify", GOLDEN + "/v1/one-package.pcl", wrapper=plugged(Stick(GOLDEN)))
        self.assertIn("PUN-PSE", result.out)

    def test_the_setting_lets_exactly_that_device_pass(self):
        self.parcel()
        self.at("B", "site", "set", "gate.allow=0951:1666:EVIL02")
        sight = plugged(keyboard_stick("drive"))
        result = self.at("B", "identify", "drive", status=3, wrapper=sight)
        self.assertIn("'gate.allow=0951:1666:EVIL02,0951:1666:EVIL01'", result.err)
        self.at("B", "site", "set", "gate.allow=0951:1666:EVIL02,0951:1666:EVIL01")
        self.at("B", "receive", "drive", "--yes", wrapper=sight)
        self.same_tree("src", "share/PUN00020")

    def test_a_list_of_devices_that_is_none_is_not_taken(self):
        result = self.at("B", "site", "set", "gate.allow=EVIL01", status=2)
        self.assertIn("'EVIL01' is no USB device", result.err)
        self.at("B", "site", "set", "gate.allow=")

    def test_names_of_a_device_cannot_command_a_terminal(self):
        sight = plugged(Stick("drive", serial="\x1b[2J", name="stick\u202e", interfaces=(STORAGE, NETWORK)))
        result = self.at("B", "identify", "drive", status=3, wrapper=sight)
        self.assertIn("a network or serial device (class 02/06/00)", result.err)
        self.assertNotIn("\x1b", result.err)
        self.assertNotIn("\u202e", result.err)


if __name__ == "__main__":
    main()
