"""The closed loop, command by command as the documentation has it."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import CourierTest, listing, main, make_second_version, make_source  # noqa: E402


class Walkthrough(CourierTest):
    def test_the_closed_loop(self):
        make_source("SOURCE")
        make_second_version("SOURCE", "SOURCE2")
        os.mkdir("DRIVE")
        os.mkdir("SHARE")
        self.courier("--home", "A", "site", "init", "PUN", "--name", "Pune")
        self.courier("--home", "B", "site", "init", "PSE", "--name", "Branch")
        self.courier("--home", "A", "site", "export", "PUN.site")
        self.courier("--home", "B", "site", "export", "PSE.site")
        self.courier("--home", "A", "site", "join", "PSE.site", "--as", "child", "--trust")
        self.courier("--home", "B", "site", "join", "PUN.site", "--as", "parent", "--trust")
        added = self.courier("--home", "A", "package", "add", "SOURCE", "--id", "PUN00020", "--name", "Field tools")
        self.assertIn("package PUN00020 (Field tools) version 1", added.out)

        distributed = self.facts("A", "distribute", "PUN00020", "--to", "PSE")
        self.assertEqual([job["state"] for job in distributed["jobs"]], ["Install Pending"])
        self.assertEqual(distributed["jobs"][0]["pending"], "not created")

        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "DRIVE", "--carrier", "DHL",
                             "--tracking", "JD01")
        self.assertEqual(created["id"], "PUN-PSE-000001")
        self.assertEqual(created["state"], "Created")
        self.assertTrue(created["copy"]["verified"])
        self.assertEqual(os.listdir("DRIVE"), ["PUN-PSE-000001.pcl"])
        first_bytes = os.path.getsize("DRIVE/PUN-PSE-000001.pcl")
        self.courier("--home", "A", "parcel", "mark", "PUN-PSE-000001", "sent")
        self.courier("--home", "B", "dp", "add", "files", "SHARE")

        homes = listing("B", contents=True)
        seen = self.facts("B", "identify", "DRIVE")["parcels"]
        self.assertEqual(listing("B", contents=True), homes, "identify changed the home")
        self.assertEqual(len(seen), 1)
        self.assertEqual((seen[0]["from"], seen[0]["to"], seen[0]["verdict"], seen[0]["item_count"]),
                         ("PUN", "PSE", "genuine", 1))
        self.assertEqual(seen[0]["items"][0]["package"], "PUN00020")

        received = self.receive(source="DRIVE", return_to="DRIVE")
        self.assertEqual([item["verdict"] for item in received["parcels"][0]["items"]], ["installed"])
        self.assertEqual(subprocess.run(["diff", "-r", "--no-dereference", "SOURCE", "SHARE/PUN00020"]).returncode, 0)
        self.same_tree("SOURCE", "SHARE/PUN00020")

        # Only the return makes it Installed at the origin.
        before = self.facts("A", "status", "PUN00020", "--site", "PSE")["states"]
        self.assertNotIn("Installed", {row["state"] for row in before})
        self.courier("--home", "A", "receive", "DRIVE", "--yes")
        parcel = self.facts("A", "parcel", "show", "PUN-PSE-000001")
        self.assertEqual(parcel["state"], "Confirmed")
        self.assertEqual(parcel["addressees"][0]["return"], "PSE-PUN-000001")
        rows = [row for row in self.facts("A", "status", "PUN00020", "--site", "PSE")["states"] if row["dp"] == "files"]
        self.assertEqual([row["state"] for row in rows], ["Installed"])
        self.assertIn("PSE-PUN-000001", rows[0]["evidence"])
        self.assertIsNotNone(rows[0]["as_of"])
        self.assertEqual(self.facts("A", "job", "show", "1")["step"], "confirmed")

        updated = self.at("A", "package", "update", "PUN00020", "SOURCE2")
        self.assertIn("version 2 goes with the next parcel to PSE, where the package is; see what that carries: "
                      "courier parcel pending --to PSE\n", updated.out)
        self.courier("--home", "A", "distribute", "PUN00020", "--to", "PSE")
        second = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "DRIVE")
        self.assertEqual(second["id"], "PUN-PSE-000002")
        # One changed place in a large file, and a new small one: a few chunks and nodes.
        self.assertLess(os.path.getsize("DRIVE/PUN-PSE-000002.pcl"), first_bytes / 4)
        self.receive(source="DRIVE", return_to="DRIVE")
        self.same_tree("SOURCE2", "SHARE/PUN00020")
        self.receive("A", "DRIVE")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000002")["state"], "Confirmed")
        self.store_is_clean("A", "B")

    def test_a_second_distribution_point_needs_no_medium(self):
        self.pun_and_pse()
        make_source("src")
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        self.receive()
        shutil.rmtree("drive")
        os.mkdir("d2")
        self.at("B", "dp", "add", "D2", "d2")
        outcome = self.facts("B", "distribute", "PUN00020", "--to", "D2")["distribution_points"]
        self.assertEqual([(row["dp"], row["state"]) for row in outcome], [("D2", "Installed")])
        self.same_tree("src", "d2/PUN00020")

    def test_one_parcel_for_several_sites(self):
        self.pun_and_pse()
        self.init("C", "TEX", "Texas")
        self.join("A", "TEX", "child")
        self.join("C", "PUN", "parent")
        os.mkdir("share-c")
        self.at("C", "dp", "add", "D1", "share-c")
        make_source("src")
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE,TEX")
        created = self.facts("A", "parcel", "create", "--to", "PSE,TEX", "--out", "drive")
        self.assertEqual([one["id"] for one in created["addressees"]], ["PUN-PSE-000001", "PUN-TEX-000001"])
        self.assertEqual(len(os.listdir("drive")), 1)
        self.receive("B", return_to="drive")
        self.receive("A")
        states = {one["site"]: one["state"]
                  for one in self.facts("A", "parcel", "show", "PUN-PSE-000001")["addressees"]}
        self.assertEqual(states["PSE"], "Confirmed")
        self.assertNotEqual(states["TEX"], "Confirmed")
        self.assertNotEqual(self.facts("A", "parcel", "show", "PUN-TEX-000001")["state"], "Confirmed")
        self.receive("C", return_to="drive")
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", "PUN-PSE-000001")["state"], "Confirmed")
        self.same_tree("src", "share/PUN00020")
        self.same_tree("src", "share-c/PUN00020")

    def test_one_drive_for_many_sites_and_their_returns(self):
        self.pun_and_pse()
        self.init("C", "TEX", "Texas")
        self.join("A", "TEX", "child")
        self.join("C", "PUN", "parent")
        make_source("src")
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020", "PSE")
        self.send("PUN00020", "TEX")
        own = self.facts("A", "receive", "drive", "--yes", status=None)
        self.assertEqual({one["verdict"] for one in own["left_alone"]}, {"own"})
        first = self.receive("B", return_to="drive")
        self.assertEqual(len(first["parcels"]), 1)
        self.assertEqual([one["to"] for one in first["left_alone"]], ["TEX"])
        second = self.receive("C", return_to="drive")
        self.assertEqual(len(second["parcels"]), 1)
        self.receive("A")
        for parcel in ("PUN-PSE-000001", "PUN-TEX-000001"):
            self.assertEqual(self.facts("A", "parcel", "show", parcel)["state"], "Confirmed", parcel)


if __name__ == "__main__":
    main()
