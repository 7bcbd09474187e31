"""What must hold beyond the straight way: other sites' parcels, copies, order, loss, rebuilt sites, rights."""
import os
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import (CourierTest, listing, main, make_second_version, make_source, noise,  # noqa: E402
                         write)


class Rules(CourierTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()

    def package(self, source="src", package="PUN00020", size=1_500_000):
        make_source(source, size)
        self.at("A", "package", "add", source, "--id", package)

    # -------------------------------------------------------------------------- other sites' parcels
    def test_a_parcel_for_another_site_is_refused_and_named(self):
        self.init("C", "PXX", "Stranger")
        self.package()
        self.send("PUN00020")
        before = self.facts("C", "store", "stats")
        result = self.at("C", "receive", "drive", "--yes", status=3)
        self.assertIn("PUN-PSE-000001", result.err)
        self.assertEqual(self.facts("C", "store", "stats")["packs"], before["packs"])

    def test_the_same_parcel_again_changes_nothing(self):
        self.package()
        self.send("PUN00020")
        self.receive()
        shares = listing("share", contents=True)
        again = self.receive()
        self.assertTrue(again["parcels"][0]["already_received"])
        self.assertEqual(listing("share", contents=True), shares)
        self.assertEqual(len(self.facts("B", "status", "--messages", "--id", "4400")["messages"]), 1)
        # Its return can be written again.
        os.mkdir("other")
        self.at("B", "return", "create", "--to", "PUN", "--out", "other")
        self.receive("A", "other")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000001")["state"], "Confirmed")

    def test_an_older_version_that_comes_late_is_superseded(self):
        self.package()
        os.mkdir("d1")
        os.mkdir("d2")
        self.send("PUN00020", out="d1")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020", out="d2")
        self.receive(source="d2")
        self.same_tree("src2", "share/PUN00020")
        late = self.receive(source="d1")
        self.assertEqual([item["verdict"] for item in late["parcels"][0]["items"]], ["superseded"])
        self.same_tree("src2", "share/PUN00020")
        self.assertEqual(self.facts("B", "package", "show", "PUN00020")["stored_version"], 2)

    # ------------------------------------------------------------------------------------------ loss
    def test_a_lost_parcel_is_planned_anew_from_what_is_proved(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        lost, path = self.send("PUN00020")
        os.unlink(path)
        self.at("A", "parcel", "lost", lost)
        again = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertNotEqual(again["id"], lost)
        self.assertLess(again["file_bytes"], 500_000, "the whole content was sent, not what is not proved")
        self.receive(return_to="drive")
        self.same_tree("src2", "share/PUN00020")
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", again["id"])["state"], "Confirmed")

    def test_a_lost_parcel_that_arrives_after_all_does_no_harm(self):
        self.package()
        os.mkdir("d1")
        lost, _ = self.send("PUN00020", out="d1")
        self.at("A", "parcel", "lost", lost)
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        late = self.receive(source="d1")["parcels"][0]
        self.assertEqual((late["items"][0]["verdict"], late["items"][0]["reason"], late["records"]),
                         ("superseded", "job 1 came with parcel PUN-PSE-000002 before", 0))
        self.same_tree("src", "share/PUN00020")
        self.store_is_clean("B")

    def test_a_package_removed_here_is_still_removed_there_and_holds_nothing_up(self):
        self.package()
        self.package("src21", "PUN00021", 100_000)
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        self.at("A", "package", "remove", "PUN00020")
        self.send("PUN00021")
        self.receive()
        self.assertFalse(os.path.exists("share/PUN00020"))
        self.same_tree("src21", "share/PUN00021")

    def test_a_job_to_a_distribution_point_that_is_not_there_is_not_called_installed(self):
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE/kiosk")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive(return_to="drive")
        self.receive("A")
        job = self.facts("A", "job", "show", "1")
        self.assertEqual((job["step"], job["state"], job["reason"]),
                         ("confirmed", "Install Pending", "kiosk: stored there, and not on a distribution point of that name"))
        os.mkdir("kiosk")
        self.at("B", "dp", "add", "kiosk", "kiosk")
        self.at("B", "distribute", "PUN00020", "--to", "kiosk")
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        self.assertEqual(self.facts("A", "job", "show", "1")["state"], "Installed")

    # ----------------------------------------------------------------------------------- rebuilt site
    def test_a_site_restored_from_a_backup_goes_on_without_surgery(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        self.at("B", "site", "backup", "B.backup")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        # The machine is lost; its share is on another drive.
        shutil.rmtree("B")
        self.at("B", "site", "restore", "B.backup")
        for name in os.listdir("drive"):
            os.unlink("drive/" + name)
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        self.assertNotIn("Installed", {row["state"] for row in self.facts("A", "status", "PUN00020", "--site", "PSE")[
            "states"] if row["dp"] is None})
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        received = self.receive(return_to="drive")
        self.assertEqual({item["verdict"] for one in received["parcels"] for item in one["items"]}, {"installed"})
        self.same_tree("src2", "share/PUN00020")
        self.receive("A")
        self.assertIn("Installed", self.states("A", "PUN00020", "--site", "PSE").values())

    def test_a_site_built_anew_is_joined_again_and_goes_on(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        shutil.rmtree("B")
        shutil.rmtree("share")
        os.mkdir("share")
        for name in os.listdir("drive"):
            os.unlink("drive/" + name)
        self.init("B", "PSE", "Branch")
        words = self.facts("B", "site", "show")["fingerprint"]
        self.at("A", "site", "join", "PSE.site", "--as", "child", "--trust", status=3)
        self.at("A", "site", "join", "PSE.site", "--as", "child", "--fingerprint", words)
        self.join("B", "PUN", "parent")
        self.at("B", "dp", "add", "files", "share")
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.same_tree("src", "share/PUN00020")
        self.receive("A")
        self.assertIn("Installed", self.states("A", "PUN00020", "--site", "PSE").values())

    def test_a_return_is_never_answered(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        answered = self.receive("A", return_to="drive")
        self.assertEqual(answered["returns"], [])
        self.assertEqual(sorted(os.listdir("drive")), ["PSE-PUN-000001.pcl", "PUN-PSE-000001.pcl"])

    # ---------------------------------------------------------------------------------------- rights
    def peer(self):
        self.init("C", "TEX", "Texas")
        self.join("B", "TEX", "peer")
        self.join("C", "PSE", "peer")

    def from_peer(self, status=None):
        self.at("C", "distribute", "TEX00001", "--to", "PSE")
        self.facts("C", "parcel", "create", "--to", "PSE", "--out", "drive")
        received = self.receive(status=status)
        return received["parcels"][0]["items"][0]

    def test_a_peer_sends_packages_only_where_granted(self):
        self.peer()
        write("tex/file", noise(1000, 5))
        self.at("C", "package", "add", "tex", "--id", "TEX00001")
        item = self.from_peer(status=3)
        self.assertEqual(item["verdict"], "refused")
        self.assertFalse(os.path.exists("share/TEX00001"))
        self.at("B", "site", "grant", "TEX", "TEX")
        for name in os.listdir("drive"):
            os.unlink("drive/" + name)
        write("tex/file", noise(1000, 6))
        self.at("C", "package", "update", "TEX00001")
        self.assertEqual(self.from_peer(status=0)["verdict"], "installed")
        self.same_tree("tex", "share/TEX00001")

    def test_a_late_remove_cannot_undo_a_newer_job(self):
        self.package()
        os.mkdir("d1")
        os.mkdir("d2")
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        removal = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "d1")
        self.at("A", "parcel", "mark", removal["id"], "sent")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020", out="d2")
        self.receive(source="d2")
        late = self.receive(source="d1")
        self.assertEqual([item["verdict"] for item in late["parcels"][0]["items"]], ["superseded"])
        self.same_tree("src2", "share/PUN00020")

    def test_a_retracted_package_leaves_the_share(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        received = self.receive(return_to="drive")
        self.assertEqual([item["verdict"] for one in received["parcels"] if not one["already_received"]
                          for item in one["items"]], ["removed"])
        self.assertFalse(os.path.exists("share/PUN00020"))
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000002")["state"], "Confirmed")

    def test_a_package_that_was_removed_here_can_be_retracted_there(self):
        self.package()
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")
        self.at("A", "package", "remove", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE", status=7)
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive(return_to="drive")
        self.assertFalse(os.path.exists("share/PUN00020"))
        self.receive("A")
        self.assertEqual(self.facts("A", "job", "show", "2")["step"], "confirmed")

    # ------------------------------------------------------------------------------------------ swap
    def test_readers_of_the_share_see_one_version_or_the_other(self):
        def version(number):
            for index in range(60):
                write("src/%02d" % index, "version %d" % number)

        version(1)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        self.receive()
        show = self.facts("B", "dp", "show", "files")
        self.assertIn(show["atomic_swap"], (True, False))
        version(2)
        self.at("A", "package", "update", "PUN00020")
        os.unlink("drive/PUN-PSE-000001.pcl")
        self.send("PUN00020")
        seen, stop = [], threading.Event()

        def read():
            while not stop.is_set():
                try:
                    folder = os.open("share/PUN00020", os.O_RDONLY | os.O_DIRECTORY)
                except FileNotFoundError:
                    seen.append("absent")
                    continue
                contents = set()
                try:
                    for name in os.listdir(folder):
                        with open(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as file:
                            contents.add(file.read())
                except FileNotFoundError:
                    contents = {b"retired"}  # the old version is taken away only after the swap
                finally:
                    os.close(folder)
                seen.append(tuple(sorted(contents)))

        reader = threading.Thread(target=read)
        reader.start()
        self.receive()
        stop.set()
        reader.join()
        allowed = {(b"version 1",), (b"version 2",), (b"retired",)}
        if not show["atomic_swap"]:
            allowed.add("absent")
        self.assertLessEqual(set(seen), allowed)
        self.assertEqual(subprocess.run(["cat", "share/PUN00020/00"], stdout=subprocess.PIPE).stdout, b"version 2")


if __name__ == "__main__":
    main()
