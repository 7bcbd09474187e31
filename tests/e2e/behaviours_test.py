"""The rows of the behaviour table, each as a check named by its id."""
import glob
import json
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import (COURIER, ENVIRONMENT, CourierTest, execute, flip, is_root, listing, main,  # noqa: E402
                         make_second_version, make_source, noise, write)


class Pair(CourierTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()

    def package(self, package="PUN00020", source="src", size=600_000):
        make_source(source, size)
        self.at("A", "package", "add", source, "--id", package, "--name", "Field tools")

    def installed(self, **options):
        """PUN00020 version 1 is at PSE, and PUN knows."""
        self.package(**options)
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")

    def later(self, shift, home, *arguments, status=0):
        return self.at(home, *arguments, status=status, wrapper=("faketime", "-f", shift))

    def codes(self, home, *arguments):
        return [one["id"] for one in self.facts(home, "status", "--messages", *arguments)["messages"]]


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
        self.assertIn("writing ", result.err)
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
        self.at("A", "site", "rotate-key")
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive(source="d1")
        self.receive()
        self.same_tree("src2", "share/PUN00020")
        keys = [site for site in self.facts("B", "site", "list")["sites"] if site["code"] == "PUN"][0]["keys"]
        self.assertEqual({key["status"] for key in keys}, {"current", "previous"})
        # A parcel of the old key, built before the rotation, on another drive.
        self.at("B", "site", "revoke", old)
        copy = os.path.join("d1", "copy.pcl")
        shutil.copy("d1/PUN-PSE-000001.pcl", copy)
        result = self.at("B", "receive", copy, "--yes", status=None)
        self.assertIn(result.status, (0, 3), str(result))  # Processed before it was revoked, or refused now

    def test_B36_accepting_an_identity_needs_a_decision(self):
        self.init("C", "TEX", "Texas")
        self.at("A", "site", "join", "TEX.site", "--as", "child", "--fingerprint", " ".join(["abandon"] * 8),
                status=3)
        self.at("A", "site", "join", "TEX.site", "--as", "child", status=3)
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
        self.at("B", "receive", "drive", status=2)
        self.assertFalse(os.path.exists("share/PUN00020"))

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


class Distribution(Pair):
    def test_B47_update_redistribute_and_retract_are_three_verbs(self):
        self.installed()
        self.assertEqual(self.facts("A", "package", "show", "PUN00020")["source_version"], 1)
        self.at("A", "redistribute", "PUN00020", "--to", "PSE")
        self.assertEqual(self.facts("A", "package", "show", "PUN00020")["source_version"], 1)
        again = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertGreater(again["file_bytes"], 600_000, "all of it is sent again")
        inode = os.stat("share/PUN00020/data/large.bin").st_ino
        self.receive(return_to="drive")
        self.assertNotEqual(os.stat("share/PUN00020/data/large.bin").st_ino, inode, "every file is written again")
        self.receive("A")
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        self.assertFalse(os.path.exists("share/PUN00020"))

    def damage_store(self, home):
        """Flips a byte in the middle of the largest pack."""
        packs = glob.glob(home + "/store/packs/**/*.pack", recursive=True)
        largest = max(packs, key=os.path.getsize)
        os.chmod(largest, 0o600)
        flip(largest, os.path.getsize(largest) // 3)

    def test_B48_damaged_content_is_named_and_asked_for(self):
        self.installed()
        self.damage_store("B")
        os.mkdir("d2")
        self.at("B", "dp", "add", "D2", "d2")
        self.at("B", "distribute", "PUN00020", "--to", "D2", status=4)
        self.assertEqual(self.states("B", "PUN00020")["D2"], "Install Pending")
        self.assertFalse(os.path.exists("d2/PUN00020"))
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        repair = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        whole = self.facts("A", "parcel", "show", "PUN-PSE-000001")["file_bytes"]
        self.assertGreater(repair["records"], 0)
        self.assertLessEqual(repair["file_bytes"], whole)
        self.receive()
        self.at("B", "distribute", "PUN00020", "--to", "D2", status=None)
        self.same_tree("src", "d2/PUN00020")

    def test_B50_a_version_never_seen_before_is_no_warning(self):
        self.package()
        self.send("PUN00020")
        self.receive()
        self.assertEqual({line["severity"] for line in self.facts("B", "log")["lines"]}, {"I"})

    def test_B54_an_unreachable_share_is_noticed(self):
        self.installed()
        os.rename("share", "share.away")
        self.at("B", "redistribute", "PUN00020", "--to", "files", status=11)
        os.mkdir("share")  # the empty mount point is not the share
        self.at("B", "redistribute", "PUN00020", "--to", "files", status=11)
        self.assertEqual(os.listdir("share"), [])

    def test_B55_files_that_are_there_are_not_copied_again(self):
        self.installed()
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        self.receive()
        jobs = self.facts("B", "job", "list")["jobs"]
        transfers = [one for job in jobs for one in self.facts("B", "job", "show", str(job["job"]))["transfer_jobs"]]
        latest = transfers[-1]
        self.assertGreater(latest["files_present"] + latest["files_linked"], 0)
        self.assertLess(latest["bytes_copied"], 2_000_000)

    def test_B56_distribute_again_copies_nothing_and_redistribute_everything(self):
        self.installed()
        target = "share/PUN00020/readme.txt"
        os.chmod(target, 0o644)
        with open(target, "w") as file:
            file.write("by hand\n")
        again = self.at("B", "distribute", "PUN00020", "--to", "files")
        self.assertIn("already installed", again.out)
        with open(target) as file:
            self.assertEqual(file.read(), "by hand\n")
        self.at("B", "validate", "PUN00020", status=4)
        self.at("B", "redistribute", "PUN00020", "--to", "files")
        self.at("B", "validate", "PUN00020")
        self.same_tree("src", "share/PUN00020")

    def test_B79_content_lies_under_its_id_and_strays_are_reported(self):
        self.installed()
        self.assertTrue(os.path.isdir("share/PUN00020"))
        write("share/PUN00020/stray", "by hand")
        validated = self.facts("B", "validate", "--dp", "files")["validations"][0]
        self.assertEqual([(one["kind"], one["path"]) for one in validated["findings"]], [("stray", "stray")])
        self.package("PUN00021", "src21")
        self.at("A", "package", "set", "PUN00021", "--share-name", "tools")
        self.at("A", "package", "set", "PUN00020", "--share-name", "tools", status=9)

    def test_B80_a_package_without_files_is_valid(self):
        self.at("A", "package", "add", "--no-source", "--name", "note", "--id", "PUN00030")
        self.at("A", "distribute", "PUN00030", "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertEqual(created["records"], 0)
        self.receive(return_to="drive")
        self.assertEqual(self.facts("B", "package", "show", "PUN00030")["name"], "note")
        self.assertEqual([row for row in self.facts("B", "status", "PUN00030")["states"] if row["dp"]], [])
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "show", created["id"])["state"], "Confirmed")


class ContentStore(Pair):
    def test_B68_the_packs_alone_are_enough(self):
        self.installed()
        there = self.facts("A", "package", "files", "PUN00020")["files"]
        here = self.facts("B", "package", "files", "PUN00020")["files"]
        self.assertEqual(there, here)
        for index in glob.glob("B/store/index*"):
            os.unlink(index)
        self.at("B", "store", "rebuild-index")
        self.at("B", "package", "export", "PUN00020", "x")
        self.same_tree("src", "x")
        self.store_is_clean("B")

    def test_B69_clean_up_lists_first_and_keeps_what_is_shared(self):
        write("one/shared", noise(500_000, 7))
        write("one/own", noise(500_000, 8))
        write("two/shared", noise(500_000, 7))
        self.at("A", "package", "add", "one", "--id", "PUN00001")
        self.at("A", "package", "add", "two", "--id", "PUN00002")
        self.at("A", "package", "remove", "PUN00001")
        listed = self.facts("A", "store", "gc")
        self.assertFalse(listed["deleted"])
        self.assertGreater(listed["unused_bytes"], 400_000)
        before = self.facts("A", "store", "stats")["stored_bytes"]
        self.facts("A", "store", "gc", "--delete")
        self.assertLess(self.facts("A", "store", "stats")["stored_bytes"], before - 300_000)
        self.at("A", "package", "export", "PUN00002", "x")
        self.same_tree("two", "x")
        self.store_is_clean("A")

    def test_B82_a_delta_only_against_what_is_proved(self):
        self.installed(size=3_000_000)
        whole = self.facts("A", "parcel", "show", "PUN-PSE-000001")["file_bytes"]
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        plan = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.assertLess(plan["parcel_bytes"], whole / 3)
        self.assertEqual(plan["items"][0]["bases"], ["PUN00020 version 1"])
        self.at("A", "package", "set", "PUN00020", "--delta", "off")
        self.assertGreater(self.facts("A", "parcel", "create", "--to", "PSE", "--plan")["parcel_bytes"], whole * 0.9)
        self.at("A", "package", "set", "PUN00020", "--delta", "on")
        # The base is gone at PSE: said, not applied half, and then sent again.
        self.send("PUN00020")
        for pack in glob.glob("B/store/packs/**/*.pack", recursive=True):
            os.unlink(pack)
        for index in glob.glob("B/store/index*"):
            os.unlink(index)
        self.at("B", "store", "rebuild-index", status=None)
        self.receive(return_to="drive", status=5)
        self.same_tree("src", "share/PUN00020")
        self.receive("A")
        again = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.assertGreater(again["file_bytes"], whole / 2)
        self.receive(return_to="drive", status=None)
        self.same_tree("src2", "share/PUN00020")

    def test_B87_names_survive_the_whole_loop(self):
        write("src/ção/Återställning", "x")
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Återställning ção")
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.assertEqual(self.facts("B", "package", "show", "PUN00020")["name"], "Återställning ção")
        self.same_tree("src", "share/PUN00020")
        self.assertIn("Återställning ção", self.at("A", "package", "list").out)


class TheProgram(CourierTest):
    def test_every_verb_has_help_with_an_example(self):
        def commands(*path):
            result = execute([COURIER, *path, "--help"])
            self.assertEqual(result.status, 0, str(result))
            lines = result.out.split("Commands:\n")
            names = [line.split()[0] for line in lines[1].split("\n\n")[0].splitlines()
                     if line.startswith("  ") and line[2] != " "] if len(lines) > 1 else []
            if not names:
                example = result.out.split("example:\n  courier ")[1]
                self.assertIn(" ".join(path), example, " ".join(path))
            for name in names:
                commands(*path, name)

        commands()

    def test_errors_are_one_json_document_too(self):
        result = execute([COURIER, "--home", "nowhere", "parcel", "list", "--json"])
        self.assertEqual(result.status, 7)
        error = json.loads(result.out)["error"]
        self.assertEqual((error["code"], error["exit_status"]), ("not-found", 7))
        self.assertEqual(len(result.err.splitlines()), 3)

    def test_a_closed_output_is_no_success(self):
        self.at("A", "site", "init", "PUN")
        with open("/dev/full", "w") as full:
            done = subprocess.run([COURIER, "--home", "A", "site", "show"], stdout=full, stderr=subprocess.PIPE,
                                  env=ENVIRONMENT)
        self.assertEqual(done.returncode, 11)

    def test_a_busy_home_is_named(self):
        import fcntl
        self.at("A", "site", "init", "PUN")
        write("src/x", "x")
        self.at("A", "package", "add", "src", "--id", "PUN00001")
        with open("A/courier.lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            busy = self.at("A", "package", "add", "src", "--id", "PUN00002", status=8)
            self.assertIn("another courier works on it: process", busy.err.splitlines()[0])
            self.at("A", "package", "set", "PUN00001", "--name", "does not wait")


if __name__ == "__main__":
    main()
