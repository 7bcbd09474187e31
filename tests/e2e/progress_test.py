"""What a command tells while it works: phases in order, one share of all that never goes back; and the kiosk's one bar."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from console_client import ConsoleTest, Events  # noqa: E402
from courier_e2e import flip, main, write  # noqa: E402


class Progress(ConsoleTest):
    def events(self, home, *arguments, status=0):
        """The progress that a command tells, and its report."""
        lines = [json.loads(line) for line in self.at(home, *arguments, "--events", status=status).out.splitlines()]
        self.assertEqual([line["event"] for line in lines], ["progress"] * (len(lines) - 1) + ["report"])
        return lines[:-1], lines[-1]["report"]

    def told(self, events):
        """The phases, each once; every event is looked at on the way."""
        phases, share, index = [], 0, -1
        for event in events:
            self.assertGreaterEqual(event["share"], share, event)
            self.assertLessEqual(event["share"], 1, event)
            self.assertGreaterEqual(event["phase_index"], index, event)
            if event["total"]:
                self.assertLessEqual(event["done"], event["total"], event)
            if event["phase_index"] != index:
                phases.append("%d/%d %s" % (event["phase_index"] + 1, event["phase_count"], event["phase"]))
            share, index = event["share"], event["phase_index"]
        return phases

    def test_a_receive_tells_its_phases_in_order(self):
        self.package(size=3_000_000)
        self.send("PUN00020")
        events, _ = self.events("B", "receive", "drive", "--yes", "--return-to", "drive")
        self.assertEqual(self.told(events), ["1/3 receiving", "2/3 publishing", "3/3 returning"])
        # The return of what is here already is all that there is to do.
        events, _ = self.events("B", "receive", "drive", "--yes", "--return-to", "drive")
        self.assertEqual(self.told(events), ["1/1 returning"])

    def test_several_parcels_and_an_increment_are_one_work(self):
        self.package(size=3_000_000)
        self.package("PUN00021", "src2")
        self.send("PUN00020")
        self.send("PUN00021")
        write("src/readme.txt", "another")
        self.at("A", "package", "update", "PUN00020")
        self.send("PUN00020")
        events, report = self.events("B", "receive", "drive", "--yes", "--return-to", "drive")
        self.assertEqual(len(report["parcels"]), 3)
        self.assertEqual(self.told(events), ["%d/7 %s" % (n + 1, "returning" if n == 6 else ("receiving", "publishing")[n % 2]) for n in range(7)])
        self.same_tree("src", "share/PUN00020")

    def test_what_is_repaired_and_read_once_more_never_goes_back(self):
        self.package(size=3_000_000)
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        parcel = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        self.at("A", "media", "write", parcel, "drive", "--recovery", "20")
        path = os.path.join("drive", os.listdir("drive")[0])
        flip(path, os.path.getsize(path) // 3)
        events, report = self.events("B", "receive", "drive", "--yes")
        self.assertGreater(report["parcels"][0]["repaired_bytes"], 0)
        self.assertEqual(self.told(events), ["1/2 receiving", "2/2 publishing"])

    def test_what_is_written_to_media_is_told_in_phases(self):
        self.package(size=3_000_000)
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        events, created = self.events("A", "parcel", "create", "--to", "PSE")
        self.assertEqual(self.told(events), ["1/2 sealing", "2/2 flushing"])
        self.package("PUN00021", "src2")
        self.at("A", "distribute", "PUN00021", "--to", "PSE")
        events, _ = self.events("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertEqual(self.told(events), ["1/4 sealing", "2/4 flushing", "3/4 writing", "4/4 verifying"])
        os.mkdir("plain")
        events, _ = self.events("A", "media", "write", created["id"], "plain")
        self.assertEqual(self.told(events), ["1/2 writing", "2/2 verifying"])
        # A tape is not made to wait: its recovery data is made before.
        events, _ = self.events("A", "media", "write", created["id"], "tape:spool", "--recovery", "20")
        self.assertEqual(self.told(events), ["1/3 recovery", "2/3 writing", "3/3 verifying"])

    def test_the_one_bar_of_the_kiosk_never_goes_back(self):
        self.package(size=3_000_000)
        self.package("PUN00021", "src2")
        os.mkdir("usb")
        self.send("PUN00020", out="usb")
        self.send("PUN00021", out="usb")
        console = self.console("--folder", "usb")
        drive = console.drive("offer")
        seen = []

        def is_done(state):
            seen.append(state["drives"][0]["progress"])
            return state["drives"][0]["state"] == "done"
        stream = Events(console)
        console.act(drive, "take")
        next(state for state in stream if is_done(state))
        stream.close()
        shares = [progress["share"] for progress in seen if progress]
        self.assertTrue(shares, seen)
        self.assertEqual(shares, sorted(shares))
        self.assertEqual({progress["phase_count"] for progress in seen if progress and "phase_count" in progress} - {5}, set())


if __name__ == "__main__":
    main()
