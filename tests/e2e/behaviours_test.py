"""The rows of the behaviour table about sending, receiving, keys and the ledger, each as a check named by its id."""
import glob
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, flip, is_root, listing, main, make_second_version, noise, write  # noqa: E402


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
                     "ask site PUN for it: return create --to PUN --out DRIVE; its next parcel brings it")
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
                             "ask site PUN for it: return create --to PUN --out DRIVE; its next parcel brings it")
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
