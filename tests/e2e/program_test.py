"""The program itself: help, errors, output, and what holds for every command."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, Pair, execute, flip, listing, main, make_source, write  # noqa: E402


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

    def test_a_reader_that_has_seen_enough_is_no_failure(self):
        self.at("A", "site", "init", "PUN")
        for status, command in ((0, ("site", "show")), (7, ("package", "show", "PUN00001"))):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run([COURIER, "--home", "A", "--json", *command], stdout=writer, stderr=subprocess.PIPE,
                                  env=ENVIRONMENT, check=False)
            os.close(writer)
            self.assertEqual(done.returncode, status)
            self.assertNotIn(b"standard output", done.stderr)

    def test_a_folder_in_the_place_of_a_file_is_said_to_be_one(self):
        os.mkdir("folder")
        self.message(self.courier("parcel", "verify", "folder", status=7),
                     os.path.abspath("folder") + ": cannot read it: is a directory",
                     "nothing was lost", "it is a folder: name a file")

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


# What a new operator types, in the wrong order and with slips: exit status, and a word of the hint.
SLIPS = (
    (("package", "add", "src", "--id", "PSE00001"), 2, "--help"),
    (("package", "add", "src", "--id", "PUN20"), 2, "such as PUN00020"),
    (("distribute", "PUN00020", "--to", "PSE"), 7, "site join PSE.site"),
    (("site", "join", "TEX.site", "--as", "child"), 7, "check the path"),
    (("site", "join", "PSE.site", "--as", "child"), 3, "--fingerprint"),
    (("site", "join", "PSE.site"), 2, "site join --help"),
    (("parcel", "create", "--to", "PSE"), 7, "site join"),
    (("parcel", "mark", "PUN-PSE-1", "sent"), 2, "such as PUN-PSE-000001"),
    (("site", "grant", "pun", "PUN"), 2, "such as PUN;"),
    (("parcel", "create", "--to", "PSE", "--level", "top"), 2, "such as small"),
    (("site", "join", "PSE.site", "--as", "boss"), 2, "such as --as child"),
    (("site", "set", "parcel.grace=soon"), 2, "such as parcel.grace=7"),
    (("parcel", "mark", "PUN-PSE-000001", "sent"), 7, "parcel list"),
    (("receive", "nowhere", "--yes"), 7, "mount the medium"),
    (("identify", "src"), 7, "right medium"),
    (("dp", "add", "files", "nowhere"), 7, "check the path"),
    (("status", "PUN00021"), 7, "package list"),
    (("job", "show", "7"), 7, "job list"),
)


class NewOperator(Pair):
    def test_slips_are_answered_with_what_to_do_and_change_nothing(self):
        self.at("new", "site", "init", "PUN")
        write("src/file", "x")
        before = listing("new", contents=True)
        for arguments, status, hint in SLIPS:
            result = self.at("new", *arguments, status=status)
            lines = result.err.splitlines()
            self.assertEqual(len(lines), 3, str(result))
            self.assertIn(hint, lines[2], str(result))
        def lasting(lines):
            return [line for line in lines if not re.search("ledger|lock|journal", line)]

        self.assertEqual(lasting(listing("new", contents=True)), lasting(before))

    def busy_sites(self):
        """Something of everything in each table, with names as long as they may be."""
        share = "a folder with a long name/" * 4 + "share"
        os.makedirs(share)
        self.at("B", "dp", "add", "a-distribution-point-with-a-long-name", share)
        make_source("src", 300_000)
        name = "Ferramentas de instalação e configuração " * 4
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", name.strip())
        self.at("A", "package", "add", "src", "--id", "PUN00021")
        self.at("A", "distribute", "PUN00020", "PUN00021", "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE", "--out", "drive", "--name", name.strip(), "--carrier",
                "A carrier with a long name", "--tracking", "JD0123456789012345678901234567890123456789")
        shutil.rmtree(share)
        self.receive(return_to="drive", status=None)
        self.receive("A")
        self.at("A", "package", "update", "PUN00021", "drive")
        self.at("A", "distribute", "PUN00021", "--to", "PSE/files")

    TABLES = (("A", "site", "list"), ("A", "site", "show", "--settings"), ("A", "package", "list"),
              ("A", "package", "show", "PUN00020"), ("A", "package", "files", "PUN00020"), ("A", "address", "list"),
              ("A", "status"), ("A", "status", "--messages"), ("A", "job", "list"), ("A", "job", "show", "1"),
              ("A", "parcel", "list"), ("A", "parcel", "show", "PUN-PSE-000001"),
              ("A", "parcel", "contents", "PUN-PSE-000001"), ("A", "parcel", "pending"),
              ("A", "parcel", "create", "--to", "PSE", "--plan"), ("A", "store", "stats"), ("B", "dp", "list"),
              ("B", "dp", "show", "files"), ("B", "status"), ("B", "status", "--messages"), ("B", "job", "list"),
              ("B", "job", "show", "1"), ("B", "parcel", "list"), ("B", "parcel", "show", "PUN-PSE-000001"),
              ("B", "identify", "drive"), ("B", "receive", "drive", "--yes"), ("B", "validate"), ("B", "store", "check"),
              ("B", "job", "run"), ("B", "store", "gc"), ("B", "log"))

    def test_a_parcel_is_not_made_for_a_target_that_is_not_there(self):
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        for target, status in (("nosuch", 7), ("iso:nosuch/x.iso", 7), ("tape:nosuch/x.tape", 7), ("raw:nosuch", 7),
                               ("/dev/nosuch", 7), ("src/readme.txt", 2)):
            refused = self.at("A", "parcel", "create", "--to", "PSE", "--out", target, status=status)
            self.assertIn("nothing was made\n", refused.err)
            self.assertEqual(os.listdir("A/outbox"), [], target)
        self.assertEqual([job["ready"] for job in self.facts("A", "parcel", "pending", "--to", "PSE")["jobs"]], [True])
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "iso:x.iso")
        self.assertEqual(created["id"], "PUN-PSE-000001")

    def test_a_parcel_is_never_larger_than_it_may_be(self):
        self.package()
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        create = ("parcel", "create", "--to", "PSE", "--out", "drive", "--max-bytes")
        refused = self.at("A", *create, "10000", status=2)
        self.assertIn("parcel to PSE: nothing that waits fits into 10000 bytes\nnothing was made\n", refused.err)
        self.assertEqual((os.listdir("A/outbox"), os.listdir("drive")), ([], []))
        least = int(re.search(r"needs --max-bytes (\d+)", refused.err).group(1))
        self.at("A", *create, str(least - 1), status=2)
        made = self.facts("A", "parcel", "create", "--to", "PSE", "--max-bytes", str(least))
        self.assertLessEqual(made["file_bytes"], least)
        # One that waits for its medium is not cut either.
        refused = self.at("A", *create, "10000", status=9)
        self.assertIn("courier parcel discard PUN-PSE-000001", refused.err)
        self.assertEqual(os.listdir("drive"), [])
        self.assertEqual(self.facts("A", *create, str(least))["id"], "PUN-PSE-000001")

    def test_media_verify_names_the_target_and_each_file_once(self):
        parcel, path = self.send_one()
        self.assertEqual(self.courier("media", "verify", "drive").out.splitlines()[-1], "medium drive: 1 parcel file")
        flip(path, 100)
        told = self.courier("media", "verify", path, status=4).out
        self.assertEqual(told.count(parcel), 1 + 1, told)  # and in the line of the medium
        os.mkdir("nothing")
        self.assertEqual(self.courier("media", "verify", "nothing", status=7).out, "")

    def send_one(self):
        self.package()
        return self.send("PUN00020")

    def test_one_is_not_many(self):
        self.installed()
        self.assertIn("1 package is on it", self.at("B", "dp", "remove", "files", status=9).err)
        again = self.at("B", "dp", "add", "files", "share", status=9)
        self.assertIn("'courier dp show files' shows it", again.err)

    def test_advice_to_join_names_what_a_site_can_be_here(self):
        self.init("C", "TEX", "Texas")
        self.join("C", "PSE", "child")
        write("p/data", "x")
        self.at("C", "package", "add", "p", "--id", "TEX00001")
        self.at("C", "distribute", "TEX00001", "--to", "PSE")
        self.at("C", "parcel", "create", "--to", "PSE", "--out", "drive")
        # PSE has a parent.
        self.assertIn("courier site join TEX.site --as child|peer'", self.at("B", "identify", "drive", status=5).err)

    def test_a_finished_parcel_is_not_said_to_be_at_most_so_large(self):
        self.installed()
        write("src/more", "more")
        self.at("A", "package", "update", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.assertIn("at most", self.at("A", "parcel", "create", "--to", "PSE", "--plan").out)
        self.assertNotIn("at most", self.at("A", "parcel", "create", "--to", "PSE").out)
        self.at("A", "retract", "PUN00020", "--from", "PSE")
        removal = self.at("A", "parcel", "create", "--to", "PSE", "--plan").out
        self.assertRegex(removal, r"remove +\d +PUN00020 +- ")

    def test_every_table_fits_into_a_line_and_every_command_is_one_json_document(self):
        self.busy_sites()
        for home, *arguments in self.TABLES:
            with self.subTest(" ".join(arguments)):
                shown = self.at(home, *arguments, status=None)
                if arguments[0] not in ("log", "validate") and arguments[1:2] != ["files"]:
                    # What has no space, such as a path, stays whole in lists of one thing a line.
                    wide = [line for line in shown.out.splitlines() if len(line) > 100 and "  " in line.strip() and
                            not line.startswith(("folder", "file ", " "))]
                    self.assertEqual(wide, [], str(shown))
                document = self.at(home, *arguments, "--json", status=shown.status)
                self.assertIsInstance(json.loads(document.out), dict)
                for line in document.err.splitlines():
                    self.assertNotIn("{", line)

    def test_a_setting_is_shown_in_its_unit_however_it_was_given(self):
        self.at("A", "site", "set", "key.wait=8h", "parcel.grace=48h", "log.max-size=1M")
        shown = {setting["name"]: (setting["value"], setting["unit"])
                 for setting in self.facts("A", "site", "show", "--settings")["settings"]}
        self.assertEqual(shown["key.wait"], ("480", "min"))
        self.assertEqual(shown["parcel.grace"], ("2", "days"))
        self.assertEqual(shown["log.max-size"], ("1048576", "bytes"))
        self.assertIn("480 min", self.at("A", "site", "show", "--settings").out)

    def test_a_preferred_sender_is_one_that_an_address_can_have(self):
        self.at("A", "package", "add", "--no-source", "--id", "PUN00020")
        for command in (("package", "set", "PUN00020"), ("address", "add", "PSE")):
            self.at("A", *command, "--sender", "folder", status=2)


if __name__ == "__main__":
    main()
