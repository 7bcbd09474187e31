"""The rows of the behaviour table about sending, parcels, media and keys, each as a check named by its id."""
import glob
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, flip, main, make_second_version, noise, write  # noqa: E402


class SenderAndScheduler(Pair):
    def test_B1_one_installation_sends_and_receives_and_no_service_runs(self):
        os.mkdir("empty")
        self.at("new", "site", "init", "NEW")
        self.at("new", "parcel", "list")
        self.at("new", "identify", "empty", status=7)
        working_here = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if int(process) != os.getpid() and os.readlink("/proc/%s/cwd" % process) == self.folder:
                    working_here.append(process)
            except OSError:
                continue
        self.assertEqual(working_here, [])

    def test_B3_nothing_is_addressed_to_a_site_before_it_is_joined(self):
        self.package()
        self.init("C", "TEX", "Texas")
        refused = self.at("A", "distribute", "PUN00020", "--to", "TEX", status=7)
        self.assertIn("site join", refused.err)
        self.join("A", "TEX", "child")
        self.at("A", "distribute", "PUN00020", "--to", "TEX")

    def test_B4_joining_makes_an_address_and_without_one_no_job_is_made(self):
        self.package()
        self.package("PUN00021", "src21")
        addresses = self.facts("A", "address", "list")["addresses"]
        self.assertEqual([(one["site"], one["sender"], one["priority"]) for one in addresses], [("PSE", "courier", 1)])
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.at("A", "address", "remove", "PSE", "courier")
        self.at("A", "distribute", "PUN00021", "--to", "PSE", status=9)
        self.assertEqual([job["package"] for job in self.facts("A", "job", "list")["jobs"]], ["PUN00020"])
        self.assertTrue(os.path.isdir("A/outbox"))

    def test_B6_pending_jobs_are_listed_with_what_they_wait_for(self):
        self.package()
        self.assertEqual(self.facts("A", "parcel", "pending", "--to", "PSE", "--wait", "1")["jobs"], [])
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        jobs = self.facts("A", "parcel", "pending", "--to", "PSE", "--wait", "1")["jobs"]
        self.assertEqual([(job["package"], job["priority"], job["ready"]) for job in jobs],
                         [("PUN00020", "medium", True)])
        self.assertGreater(jobs[0]["total_bytes"], 0)

    def test_B6_sites_that_hold_and_wait_for_the_same_share_one_parcel(self):
        self.assertEqual(self.facts("A", "parcel", "pending", "--groups")["groups"], [])
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        fleet = self.facts("A", "parcel", "pending", "--groups")
        self.assertEqual((fleet["sites"], fleet["without_jobs"], fleet["problems"]), (1, 0, []))
        plan = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.assertEqual(fleet["groups"], [plan])
        self.assertEqual(fleet["parcel_bytes"], plan["parcel_bytes"])
        self.assertIn("PSE", self.at("A", "parcel", "pending", "--groups").out)
        package, = self.facts("A", "status", "--summary")["packages"]
        self.assertEqual((package["package"], package["sites"], package["installed"]), ("PUN00020", 1, 0))

    def test_B21_distributing_again_makes_no_second_job(self):
        self.package()
        for _ in range(2):
            self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.assertEqual([job["job"] for job in self.facts("A", "job", "list")["jobs"]], [1])

    def test_B22_a_job_shows_everything_about_itself(self):
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        job = self.facts("A", "job", "show", "1")
        for key in ("job", "package", "version", "destination", "priority", "state", "step", "total_bytes",
                    "remaining_bytes", "started", "finished", "retry_at"):
            self.assertIn(key, job)

    def test_B23_priorities_order_a_parcel_with_a_size_limit(self):
        for number, package in enumerate(("PUN0000A", "PUN0000B", "PUN0000C")):
            write("p%d/data" % number, noise(300_000, number))
            self.at("A", "package", "add", "p%d" % number, "--id", package)
        self.at("A", "distribute", "PUN0000A", "--to", "PSE", "--priority", "low")
        self.at("A", "distribute", "PUN0000B", "--to", "PSE", "--priority", "high")
        self.at("A", "distribute", "PUN0000C", "--to", "PSE")
        plan = self.facts("A", "parcel", "create", "--to", "PSE", "--max-bytes", "700000", "--plan")
        carried = [item["package"] for item in plan["items"] if item["kind"] == "package"]
        self.assertEqual(carried, ["PUN0000B", "PUN0000C"])
        self.assertEqual([(one["package"], one["reason"]) for one in plan["left"]], [("PUN0000A", "size limit")])

    def test_B30_cancelling_takes_an_unsent_parcel_with_it(self):
        self.package()
        self.package("PUN00021", "src21")
        self.at("A", "distribute", "PUN00020", "PUN00021", "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE")
        self.assertEqual(len(glob.glob("A/outbox/*.pcl")), 1)
        self.at("A", "job", "cancel", "1")
        self.assertEqual(glob.glob("A/outbox/*.pcl"), [])
        pending = self.facts("A", "parcel", "pending", "--to", "PSE")["jobs"]
        self.assertEqual([job["package"] for job in pending], ["PUN00021"])
        created = self.facts("A", "parcel", "create", "--to", "PSE")
        self.at("A", "parcel", "mark", created["id"], "sent")
        refused = self.at("A", "job", "cancel", "2", status=9)
        self.assertIn("retract", refused.err)
        self.store_is_clean("A")


class ParcelAndMedia(Pair):
    def test_B2_a_parcel_carries_a_closed_list_of_kinds(self):
        self.package()
        self.at("A", "parcel", "create", "--to", "PSE", "--add", "notes.txt", status=2)
        parcel, _ = self.send("PUN00020")
        kinds = {item["kind"] for item in self.facts("A", "parcel", "contents", parcel)["items"]}
        self.assertLessEqual(kinds, {"package", "announcement", "redistribute", "remove", "trust", "verdicts",
                                     "request"})

    def test_B7_the_packing_list_is_signed(self):
        self.package()
        self.package("PUN00021", "src21")
        self.at("A", "distribute", "PUN00020", "PUN00021", "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        items = self.facts("A", "parcel", "contents", created["id"])["items"]
        self.assertEqual([(item["jobs"], item["package"], item["version"]) for item in items],
                         [([1], "PUN00020", 1), ([2], "PUN00021", 1)])
        path = created["copy"]["path"]
        self.at("A", "parcel", "verify", path)
        self.courier("--home", "nowhere", "parcel", "verify", path)
        label_only = self.facts("nowhere", "parcel", "contents", path)
        self.assertEqual((label_only["items"], label_only["item_count"]), ([], 2))
        flip(path, os.path.getsize(path) // 2)
        self.at("A", "parcel", "verify", path, status=4)

    def test_B8_carrier_and_tracking_change_without_signing_again(self):
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--name", "Åre kiosk", "--comment", "três",
                             "--carrier", "DHL", "--tracking", "JD01")
        with open(created["path"], "rb") as file:
            before = file.read()
        self.at("A", "parcel", "set", created["id"], "--tracking", "JD02")
        shown = self.facts("A", "parcel", "show", created["id"])
        self.assertEqual((shown["name"], shown["comment"], shown["carrier"], shown["tracking"]),
                         ("Åre kiosk", "três", "DHL", "JD02"))
        with open(created["path"], "rb") as file:
            self.assertEqual(file.read(), before)

    def test_B9_an_existing_file_is_never_overwritten(self):
        self.package()
        write("drive/PUN-PSE-000001.pcl", "something of the operator's")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        result = self.at("A", "parcel", "create", "--to", "PSE", "--out", "drive", status=9)
        self.assertIn("writing A/outbox/PUN-PSE-000001.pcl, then a copy of it to drive\n", result.err)
        self.assertIn("kept here, in the outbox: A/outbox/PUN-PSE-000001.pcl\n", result.out)
        with open("drive/PUN-PSE-000001.pcl") as file:
            self.assertEqual(file.read(), "something of the operator's")

    def test_B12_parcel_states_go_forwards_and_by_the_operator(self):
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertEqual(self.facts("A", "parcel", "show", created["id"])["state"], "Created")
        os.mkdir("usb")
        self.at("A", "media", "write", created["id"], "usb")
        shown = self.facts("A", "parcel", "show", created["id"])
        self.assertEqual(shown["state"], "Created")
        self.assertEqual([copy["verified"] for copy in shown["copies"]], [True, True])
        self.at("A", "parcel", "mark", created["id"], "sent")
        self.at("A", "parcel", "mark", created["id"], "created", status=9)
        self.at("A", "parcel", "mark", created["id"], "confirmed", status=9)
        history = self.facts("A", "parcel", "show", created["id"])["history"]
        self.assertEqual([row["to"] for row in history if row["from"] != row["to"]], ["Created", "Sent"])

    def test_B18_a_return_that_accounts_for_every_item_confirms(self):
        self.installed()
        parcel = self.facts("A", "parcel", "show", "PUN-PSE-000001")
        self.assertEqual((parcel["state"], parcel["addressees"][0]["return"]), ("Confirmed", "PSE-PUN-000001"))
        self.assertIsNotNone(parcel["addressees"][0]["confirmed"])

    def test_B19_the_payload_goes_after_the_grace_time_and_never_before_confirmed(self):
        self.package()
        self.send("PUN00020")
        self.later("+90d", "A", "job", "run")
        self.assertTrue(os.path.exists("A/outbox/PUN-PSE-000001.pcl"))
        self.receive(return_to="drive")
        self.receive("A")
        self.later("+6d", "A", "job", "run")
        self.assertTrue(os.path.exists("A/outbox/PUN-PSE-000001.pcl"))
        self.later("+8d", "A", "job", "run")
        self.assertFalse(os.path.exists("A/outbox/PUN-PSE-000001.pcl"))
        self.assertTrue(self.facts("A", "parcel", "show", "PUN-PSE-000001")["payload_removed"])

    def test_B20_a_parcel_shows_its_history_with_operator(self):
        self.installed()
        shown = self.facts("A", "parcel", "show", "PUN-PSE-000001")
        for key in ("id", "from", "addressees", "items", "file_bytes", "label_digest", "name", "comment", "carrier",
                    "tracking", "volumes", "copies"):
            self.assertIn(key, shown)
        self.assertTrue(shown["history"][0]["operator"])
        self.assertTrue(shown["history"][0]["time"])


class Signer(Pair):
    def test_B34_keys_are_current_previous_or_revoked(self):
        self.package()
        os.mkdir("d1")
        old = self.facts("A", "site", "show")["fingerprint"]
        self.send("PUN00020", out="d1")
        shutil.copytree("B", "B2")
        self.at("A", "site", "rotate-key")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive(source="d1")
        self.receive()
        self.same_tree("src2", "share/PUN00020")
        keys = [site for site in self.facts("B", "site", "list")["sites"] if site["code"] == "PUN"][0]["keys"]
        self.assertEqual({key["status"] for key in keys}, {"current", "previous"})
        # Another site that has not taken in the parcel of the old key yet.
        self.at("B2", "site", "revoke", old)
        refused = self.at("B2", "receive", "d1", "--yes", status=3)
        self.assertIn("revoked", refused.err)

    def test_B35_an_unknown_algorithm_is_refused_before_any_signature_is_checked(self):
        self.golden("unknown-algorithm")
        refused = self.at("GB", "receive", "unknown-algorithm.pcl", "--yes", status=3)
        self.assertIn("signed with algorithm 9, which is not known", refused.err)
        pun = [site for site in self.facts("GB", "site", "list")["sites"] if site["code"] == "PUN"][0]
        self.assertEqual((pun["role"], [key["status"] for key in pun["keys"]]), ("parent", ["current"]))
        self.assertEqual(pun["keys"][0]["fingerprint"], self.facts("GA", "site", "show")["fingerprint"])

    def test_B36_accepting_an_identity_needs_a_decision(self):
        self.init("C", "TEX", "Texas")
        self.at("A", "site", "join", "TEX.site", "--as", "child", "--fingerprint", " ".join(["abandon"] * 8),
                status=3)
        self.at("A", "site", "join", "TEX.site", "--as", "child", status=3)
        for content in (b"no identity", bytes(1 << 20)):
            write("other.site", content)
            other = self.at("A", "site", "join", "other.site", "--as", "child", status=4).err.splitlines()
            self.assertIn("is no intact site identity file: it ", other[0])
            self.assertEqual(other[1:], ["nothing was changed",
                                         "ask the other site for the file that its `site export` writes there"])
        words = self.facts("C", "site", "show")["fingerprint"]
        self.at("A", "site", "join", "TEX.site", "--as", "child", "--fingerprint", words)
        hexadecimal = self.facts("C", "site", "show")["fingerprint_hex"]
        self.at("B", "site", "join", "TEX.site", "--as", "peer", "--fingerprint", hexadecimal)

    def test_B37_a_parcel_of_an_unknown_signer_waits_for_the_key(self):
        self.init("C", "TEX", "Texas")
        self.join("A", "TEX", "child")
        os.mkdir("share-c")
        self.at("C", "dp", "add", "D1", "share-c")
        self.package()
        self.send("PUN00020", to="TEX")
        self.receive("C", status=5)
        self.assertEqual(self.codes("C", "--id", "4404"), ["4404"])
        self.assertEqual(self.facts("C", "parcel", "list")["incoming"][0]["state"], "Quarantined")
        shutil.rmtree("drive")
        self.join("C", "PUN", "parent")
        self.at("C", "job", "run")
        self.assertEqual(self.states("C", "PUN00020")["D1"], "Installed")
        self.same_tree("src", "share-c/PUN00020")

    def test_B38_a_lost_key_must_be_accepted_by_fingerprint(self):
        self.package()
        os.mkdir("d1")
        self.send("PUN00020", out="d1")
        self.at("A", "site", "rotate-key", "--lost")
        self.at("A", "site", "export", "PUN.site")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive(status=5)
        self.at("B", "site", "join", "PUN.site", "--as", "parent", "--trust", status=3)
        words = self.facts("A", "site", "show")["fingerprint"]
        self.at("B", "site", "join", "PUN.site", "--as", "parent", "--fingerprint", words)
        self.at("B", "job", "run")
        self.same_tree("src2", "share/PUN00020")
        lost = self.at("B", "receive", "d1", "--yes", status=3)
        self.assertIn("lost", lost.err)


if __name__ == "__main__":
    main()
