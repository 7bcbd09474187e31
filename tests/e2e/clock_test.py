"""The program itself under a clock that is wrong: at the beginning of 1970, one second past what 32 bits hold with
and without a sign, and set back between any two commands. Nothing is refused for it, dates are shown as they are, and
order comes from counters. (tests/fault/clock_test.cc has the same in process, and retries.)"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import CourierTest, main, make_source, write  # noqa: E402


class Clocked(CourierTest):
    def setUp(self):
        super().setUp()
        self.assertIsNotNone(shutil.which("faketime"), "install it: scripts/setup test")
        self.times = []

    def at(self, home, *arguments, **options):
        """Each command at the next of the times, the last one again and again."""
        time = self.times.pop(0) if len(self.times) > 1 else self.times[0]
        # Only the date is wrong: waiting and measuring go by a clock that is not faked.
        wrapper = ("env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", "@" + time)
        return super().at(home, *arguments, wrapper=wrapper, **options)

    def go_round(self):
        make_source("src", 200_000)
        subprocess.run(["cp", "-a", "src", "src2"], check=True)
        write("src2/readme.txt", "read me again\n")
        self.pun_and_pse()
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        for source, number in (("src", 1), ("src2", 2)):
            if number == 2:
                self.at("A", "package", "update", "PUN00020", source)
            parcel, _ = self.send("PUN00020")
            self.assertEqual(parcel, "PUN-PSE-00000%d" % number)
            self.receive(return_to="drive")
            self.same_tree(source, "share/PUN00020")
            self.receive("A")
            states = self.facts("A", "parcel", "list", "--outgoing")["outgoing"]
            self.assertEqual([one["state"] for one in states], ["Confirmed"] * number)
        self.assertEqual(self.states("A", "PUN00020", "--site", "PSE"), {None: "Installed", "files": "Installed"})
        self.store_is_clean("A", "B")
        return states

    def test_the_loop_at_the_ends_of_the_clock(self):
        for time in ("1970-01-01 00:00:00", "2038-01-19 03:14:08", "2106-02-07 06:28:16"):
            with self.subTest(time=time):
                self.times = [time]
                for parcel in self.go_round():
                    self.assertEqual(parcel["created"][:16], time[:16].replace(" ", "T"))
                shown = self.at("A", "parcel", "list").out
                self.assertIn(time[:16] + " UTC", shown)
                self.tearDown()
                CourierTest.setUp(self)

    def test_the_clock_set_back_before_each_command(self):
        self.times = ["%d-06-01 12:00:00" % year for year in range(2120, 1990, -4)]
        self.go_round()


if __name__ == "__main__":
    main()
