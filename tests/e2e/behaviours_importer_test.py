"""The rows of the behaviour table about receiving and the ledger, each as a check named by its id."""
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, is_root, listing, main, make_second_version, noise, write  # noqa: E402


class Importer(Pair):
    def test_B13_nothing_on_the_medium_is_written_or_executed(self):
        self.package()
        self.send("PUN00020")
        before = listing("drive", contents=True)
        if is_root():
            subprocess.run(["mount", "--bind", "drive", "drive"], check=False, stderr=subprocess.DEVNULL)
            bound = subprocess.run(["mount", "-o", "remount,bind,ro,noexec", "drive"], stderr=subprocess.DEVNULL)
            try:
                self.receive()
                self.assertEqual(listing("drive", contents=True), before)
            finally:
                if bound.returncode == 0:
                    subprocess.run(["umount", "drive"], check=True)
        else:
            os.chmod("drive", 0o555)
            self.receive()
            self.assertEqual([line for line in listing("drive", contents=True) if not line.startswith(".: ")],
                             [line for line in before if not line.startswith(".: ")])

    def test_B14_identify_changes_nothing_and_receive_asks(self):
        self.package()
        self.send("PUN00020")
        before = listing("B", contents=True)
        result = self.at("B", "identify", "drive")
        for fact in ("PUN (Pune)", "PUN-PSE-000001", "genuine", "PUN00020", "Field tools"):
            self.assertIn(fact, result.out)
        self.assertEqual(listing("B", contents=True), before)
        # Not a terminal: it does not guess.
        self.assertIn("no terminal to ask", self.at("B", "receive", "drive", status=2).err)
        self.assertFalse(os.path.exists("share/PUN00020"))
        # What is not there is not asked about.
        for source in ("nowhere", "iso:nowhere", "tape:nowhere", "raw:nowhere"):
            self.assertNotIn("no terminal", self.at("B", "receive", source, status=7).err)

    def test_B15_a_parcel_for_others_is_left_alone_and_reported_when_alone(self):
        self.init("C", "TEX", "Texas")
        self.join("A", "TEX", "child")
        self.join("C", "PUN", "parent")
        self.package()
        self.send("PUN00020", to="PSE")
        before = self.facts("C", "store", "stats")["packs"]
        self.at("C", "identify", "drive", status=3)
        self.assertEqual(self.codes("C"), [])
        self.receive("C", status=3)
        self.assertEqual(self.codes("C"), ["C2"])
        self.assertEqual(self.facts("C", "store", "stats")["packs"], before)
        self.send("PUN00020", to="TEX")
        left = self.receive("C")["left_alone"]
        self.assertEqual([one["to"] for one in left], ["PSE"])

    def test_B17_the_end_is_said_plainly(self):
        self.package()
        self.send("PUN00020")
        result = self.at("B", "receive", "drive", "--yes")
        self.assertIn("the medium may be taken out now", result.out)
        self.assertIn("installed", result.out)
        received = self.facts("B", "parcel", "show", "PUN-PSE-000001")["items"]
        self.assertEqual([(item["package"], item["verdict"]) for item in received], [("PUN00020", "installed")])
        again = self.receive()["parcels"][0]["items"]
        self.assertEqual([{key: item[key] for key in again[0]} for item in received], again)

    def test_B31_an_item_is_executed_only_when_all_of_it_is_here(self):
        self.package(size=3_000_000)
        self.package("PUN00021", "src21")
        self.at("A", "distribute", "PUN00020", "PUN00021", "--to", "PSE")
        path = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")["copy"]["path"]
        with open(path, "rb") as file:
            whole = file.read()
        with open(path, "wb") as file:
            file.write(whole[:len(whole) // 2])
        self.receive(status=5)
        self.assertEqual([name for name in os.listdir("share") if name != ".courier"], [])
        with open(path, "wb") as file:
            file.write(whole)
        self.receive()
        self.same_tree("src", "share/PUN00020")
        running, most = 0, 0
        for line in self.facts("B", "log", "--component", "Despooler")["lines"]:
            if "item" not in line["fields"] and "verdict" not in line["fields"]:
                continue
            running += 1 if line["message"].endswith(" begins") else -1
            most = max(most, running)
        self.assertEqual(running, 0)
        self.assertIn(most, (1, 2, 3))

    def test_B32_an_unknown_item_kind_is_refused_and_its_neighbours_run(self):
        self.golden("unknown-item-kind", "unknown-feature", "unknown-algorithm")
        received = self.receive("GB", "unknown-item-kind.pcl", status=10)
        self.assertEqual([item["verdict"] for item in received["parcels"][0]["items"]], ["refused", "installed"])
        self.at("GB", "receive", "unknown-feature.pcl", "--yes", status=3)
        told = self.receive("GB", "unknown-item-kind.pcl", return_to="drive", status=None)
        self.assertEqual(len(told["returns"]), 1)

    def test_B33_no_flipped_byte_is_ever_taken_for_a_whole_parcel(self):
        self.package(size=200_000)
        _, path = self.send("PUN00020")
        with open(path, "rb") as file:
            whole = file.read()
        chooser = random.Random(33)
        shutil.copytree("B", "B.kept")
        statuses = set()
        for _ in range(50):
            shutil.rmtree("B")
            shutil.copytree("B.kept", "B")
            place = chooser.randrange(len(whole))
            with open(path, "wb") as file:
                file.write(whole[:place] + bytes([whole[place] ^ (1 << chooser.randrange(8))]) + whole[place + 1:])
            result = self.at("B", "receive", "drive", "--yes", status=None)
            self.assertIn(result.status, (3, 4, 5, 10), "byte %d\n%s" % (place, result))
            statuses.add(result.status)
            self.assertFalse(os.path.exists("share/PUN00020"))
            self.store_is_clean("B")
        with open(path, "wb") as file:
            file.write(whole)
        self.receive()
        self.same_tree("src", "share/PUN00020")

    def test_B40_and_B46_only_a_greater_version_replaces(self):
        self.package()
        os.mkdir("d1")
        self.send("PUN00020", out="d1")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive()
        late = self.receive(source="d1")
        self.assertEqual(late["parcels"][0]["items"][0]["verdict"], "superseded")
        package = self.facts("B", "package", "show", "PUN00020")
        self.assertEqual((package["stored_version"], package["source_version"]), (2, 2))


    def test_B45_announced_before_its_content_a_package_waits_and_that_is_no_failure(self):
        write("p/data", noise(400_000, 1))
        self.at("A", "package", "add", "p", "--id", "PUN00020")
        self.package("PUN00021", "src21", 100_000)
        self.at("A", "distribute", "PUN00021", "PUN00020", "--to", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive", "--max-bytes", "600000")
        received = self.receive()["parcels"][0]
        self.assertEqual({item["package"]: item["verdict"] for item in received["items"]},
                         {"PUN00021": "installed", "PUN00020": "announced"})
        row = self.facts("B", "status", "PUN00020")["states"][0]
        self.assertEqual((row["state"], row["pending"]), ("Install Pending", "waiting for content"))
        # Asked for here, it says what is missing and how it comes; and what it says works.
        result = self.at("B", "distribute", "PUN00020", "--to", "files", status=5)
        self.message(result, "package PUN00020 version 1: its content is not whole in the store: 1 object is missing",
                     "nothing was lost: the shares serve what they served, and the job waits",
                     "ask site PUN for it: courier return create --to PUN --out DRIVE; its next parcel brings it")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        self.assertEqual(self.states("B", "PUN00020")["files"], "Installed")
        self.same_tree("p", "share/PUN00020")

    def test_B46_an_announcement_older_than_what_is_known_is_dropped_and_logged(self):
        self.package("PUN00021", "src21", 100_000)
        write("p/data", noise(600_000, 1))
        self.at("A", "package", "add", "p", "--id", "PUN00020")
        os.mkdir("d1")
        self.at("A", "distribute", "PUN00021", "PUN00020", "--to", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "d1", "--max-bytes", "700000")
        write("p/data", noise(500_000, 2))
        self.at("A", "package", "update", "PUN00020")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        late = self.receive(source="d1")["parcels"][0]
        self.assertEqual([item["verdict"] for item in late["items"] if item["package"] == "PUN00020"], ["superseded"])
        package = self.facts("B", "package", "show", "PUN00020")
        self.assertEqual((package["stored_version"], package["source_version"]), (2, 2))
        lines = [line["message"] for line in self.facts("B", "log")["lines"] if "superseded" in line["message"]]
        self.assertEqual(len(lines), 1, lines)

    def test_a_site_built_from_its_backup_says_which_content_it_lacks(self):
        self.installed()
        self.at("B", "site", "backup", "B.backup")
        shutil.rmtree("B")
        self.at("B", "site", "restore", "B.backup")
        for arguments in (("redistribute", "PUN00020", "--to", "files"), ("validate", "PUN00020"),
                          ("package", "export", "PUN00020", "x")):
            result = self.at("B", *arguments, status=5)
            self.assertEqual(result.err.splitlines()[2],
                             "ask site PUN for it: courier return create --to PUN --out DRIVE; its next parcel brings it")
        job = self.facts("B", "job", "list")["jobs"][-1]
        self.assertEqual((job["state"], job["pending"]), ("Install Pending", "waiting for content"))
        # The hint, to the letter.
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        for name in os.listdir("drive"):
            os.unlink("drive/" + name)
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        self.at("B", "validate", "PUN00020")
        self.same_tree("src", "share/PUN00020")


class LedgerAndStatus(Pair):
    def test_B41_a_received_package_is_recorded_and_told(self):
        self.installed()
        message = self.facts("B", "status", "--messages", "--id", "4400")["messages"][0]
        self.assertEqual(message["package"], "PUN00020")
        self.assertIn("1", message["strings"])
        told = self.facts("A", "status", "--messages", "--site", "PSE", "--id", "4400")["messages"]
        self.assertEqual([one["package"] for one in told], ["PUN00020"])

    def test_B44_what_is_only_announced_waits_for_its_content(self):
        for number, package in enumerate(("PUN00020", "PUN00021")):
            write("p%d/data" % number, noise(400_000, number))
            self.at("A", "package", "add", "p%d" % number, "--id", package)
        self.at("A", "distribute", "PUN00020", "PUN00021", "--to", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive", "--max-bytes", "600000")
        self.receive()
        package = self.facts("B", "package", "show", "PUN00021")
        self.assertEqual((package["source_version"], package["stored_version"], package["waiting"]), (1, 0, True))
        row = [one for one in self.facts("B", "status", "PUN00021")["states"] if one["dp"] == "files"][0]
        self.assertEqual((row["state"], row["pending"]), ("Install Pending", "waiting for content"))
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        self.assertEqual(self.states("B", "PUN00021")["files"], "Installed")

    def test_B53_a_return_is_cumulative_and_the_latest_is_the_state(self):
        self.package()
        self.send("PUN00020")
        os.mkdir("r1")
        os.mkdir("r2")
        self.receive(return_to="r1")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive(return_to="r2")
        self.receive("A", "r2")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000001")["state"], "Confirmed")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000002")["state"], "Confirmed")
        states = self.states("A", "PUN00020", "--site", "PSE")
        self.receive("A", "r2")
        older = self.receive("A", "r1")
        self.assertFalse(any(one["changed"] for one in older["returns_applied"]))
        self.assertEqual(self.states("A", "PUN00020", "--site", "PSE"), states)

    def test_B86_two_truths_each_with_its_date(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.assertEqual(self.states("B", "PUN00020")["files"], "Installed")
        self.assertNotIn("Installed", self.states("A", "PUN00020", "--site", "PSE").values())
        self.receive("A")
        self.assertEqual(self.facts("A", "status", "PUN00020", "--site", "PSE")["installed"], 1)
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.assertEqual(self.facts("A", "status", "PUN00020", "--site", "PSE")["installed"], 0)


if __name__ == "__main__":
    main()
