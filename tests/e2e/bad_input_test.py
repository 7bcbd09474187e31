"""Bad input gets a clear error, and nothing is lost: the whole message and the exit status of each case.

After each case the store checks clean and the share serves what it served before.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import (BAD, CourierTest, bad_parcels, flip, is_root, listing, main,  # noqa: E402
                         make_second_version, make_source)

NOTHING = "nothing was taken in"
OTHER_COPY = "try another copy, or copy it again from where it came; without one ask the sender for it"
UPDATE = "update courier on this machine and run the same command"
DO_NOT_USE = "do not use this medium; tell the sender and ask for it again"
NO_CHANGE = "nothing was changed"
CHECK_NAME = "check the name; a parcel's file usually ends in .pcl"
ALL_IN = "nothing was lost: every item is in"
NO_TRUST = "do not trust this medium with another parcel"
PARTLY = "nothing was lost here: the items that are whole are in, the shares serve what they served"
ASKS = "the return asks for what is missing; another copy of the parcel will do, too"
NONE_ACCEPTED = "nothing was lost: 0 of 1 item is accepted, the shares serve what they served"
TELLS = "the return parcel tells PUN what became of it and what to send again"
KEPT = "nothing was lost: it is kept in quarantine, unopened"
AGAIN = "insert the medium, or another copy of it, and run the same command"

# name of a parcel of tests/bad: exit status, and what is said: {file}, {id}, {package}.
CASES = {
    "another-number-of-items": (3, "{id}: its label says 2 items, its packing list has 1", NOTHING, DO_NOT_USE),
    "another-number-of-records": (10, "parcel {id}: is damaged where no item needs it: its end", ALL_IN, NO_TRUST),
    "base-not-here": (5,
        "parcel {id}: records 0-2 build on content that is not here (object a756b7033454: is not in the store)",
        "nothing was lost: what is here is as it was, and what came is kept",
        "the return asks for what is missing"),
    "base-without-feature": (4,
        "parcel {id}: records 0-2 are damaged or missing",
        PARTLY,
        ASKS),
    "end-of-another": (10, "parcel {id}: is damaged where no item needs it: its end", ALL_IN, NO_TRUST),
    "key-slots-of-another": (3, "{id}: its key slots are not those its label was signed for", NOTHING, DO_NOT_USE),
    "label-with-more": (4, "label of {file}: has 1 bytes left over at byte 278", NOTHING, OTHER_COPY),
    "longer-number": (4, "label of {file}: has a number that is not in its shortest form at byte 25", NOTHING, OTHER_COPY),
    "packing-list-of-another": (3, "{id}: its packing list is not the one its label was signed for", NOTHING, DO_NOT_USE),
    "record-of-another": (4, "parcel {id}: record 1 is not as PUN signed it, and never opened", PARTLY, ASKS),
    "volume-header-of-another": (4, "{file}: has a volume header that belongs to another label", NOTHING, OTHER_COPY),
    "damaged-end": (10, "parcel {id}: is damaged where no item needs it: its end", ALL_IN, NO_TRUST),
    "damaged-key-slots": (4,
        "{file}: is damaged in its key slots (byte N and N bytes from there)",
        NOTHING,
        OTHER_COPY),
    "damaged-label": (4, "{file}: is damaged in its label (byte N and N bytes from there)", NOTHING, OTHER_COPY),
    "damaged-packing-list": (4,
        "{file}: is damaged in its packing list (byte N and N bytes from there)",
        NOTHING,
        OTHER_COPY),
    "beyond-repair": (4, "parcel {id}: record 1 is damaged or missing", PARTLY, ASKS),
    "damaged-record": (4, "parcel {id}: record 1 is damaged or missing", PARTLY, ASKS),
    "damaged-return": (3,
        "parcel {id}: verdicts refused: return report: has a number that is not in its shortest form at byte 25",
        NONE_ACCEPTED,
        "ask PUN to write its return again, with `return create`"),
    "damaged-volume-header": (4,
        "{file}: is damaged in its volume header (byte N and N bytes from there)",
        NOTHING,
        OTHER_COPY),
    "deep-path": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: path 'd...': is longer than 4096 bytes",
        NONE_ACCEPTED,
        TELLS),
    "empty": (4, "file {file}: is no parcel", NO_CHANGE, CHECK_NAME),
    "forged-record": (4,
        "parcel {id}: record 0 is not as PUN signed it, and never opened",
        PARTLY,
        ASKS),
    "lean-list-digest": (4, "parcel {id}: record 1 is damaged or missing", PARTLY, ASKS),
    "lean-without-the-feature": (4, "parcel {id}: records 0-1 are damaged or missing", PARTLY, ASKS),
    "link-and-folder": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: node: entries out of order at byte 74",
        NONE_ACCEPTED,
        TELLS),
    "missing-base": (5,
        "parcel {id}: {package} version 2 incomplete: its base is not here ({package} version 1): 1 object is missing",
        NONE_ACCEPTED,
        TELLS),
    "missing-content": (5,
        "parcel {id}: {package} version 1 incomplete: its content is not whole: 1 object is missing",
        NONE_ACCEPTED,
        TELLS),
    "newer-version": (3, "label of {file}: is of format version 2, this courier reads up to 1", NOTHING, UPDATE),
    "no-end": (5,
        "parcel {id}: ends early: records 2 and all after it are missing",
        "nothing was lost: 2 records are stored",
        AGAIN),
    "no-parcel": (4, "file {file}: is no parcel", NO_CHANGE, CHECK_NAME),
    "other-addressee": (3,
        "medium {file}: nothing on it is for this site: {to_zzz} is for ZZZ",
        NOTHING,
        "hand the medium on to the site it is addressed to"),
    "other-key": (5,
        "parcel {id}: is signed by a key of PUN that is not known here",
        KEPT,
        "join the identity of PUN with `courier site join`; then `courier job run` goes on without the medium"),
    "oversized-block": (4,
        "parcel {id}: record 0 is not as PUN signed it, and never opened",
        PARTLY,
        ASKS),
    "oversized-end": (10,
        "parcel {id}: is damaged where no item needs it: 72 bytes between records, its end",
        ALL_IN,
        NO_TRUST),
    "oversized-key-slots": (4,
        "{file}: states 4294967295 bytes for its key slots, which is beyond the limit",
        NOTHING,
        OTHER_COPY),
    "oversized-label": (4,
        "{file}: states 4294967295 bytes for its label, which is beyond the limit",
        NOTHING,
        OTHER_COPY),
    "oversized-label-text": (4,
        "label of {file}: has 9223372036854775808 where at most 256 is allowed at byte 33",
        NOTHING,
        OTHER_COPY),
    "oversized-packing-list": (4,
        "{file}: states 4294967295 bytes for its packing list, which is beyond the limit",
        NOTHING,
        OTHER_COPY),
    "oversized-record": (4, "parcel {id}: record 0 is damaged or missing", PARTLY, ASKS),
    "oversized-volume-header": (4,
        "{file}: states 4294967295 bytes for its volume header, which is beyond the limit",
        NOTHING,
        OTHER_COPY),
    "path-absolute": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: node: an entry named /tmp/escaped. at byte 18",
        NONE_ACCEPTED,
        TELLS),
    "path-dotdot": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: node: an entry named .. at byte 7",
        NONE_ACCEPTED,
        TELLS),
    "path-nul": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: node: an entry named a\\x00b at byte 8",
        NONE_ACCEPTED,
        TELLS),
    "path-slash": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: node: an entry named ../escaped1 at byte 16",
        NONE_ACCEPTED,
        TELLS),
    "same-number-other-content": (3,
        "parcel {id}: has a number that was Processed here with other content (label N, now N)",
        NOTHING,
        "ask PUN for a new parcel"),
    "swapped-records": (4,
        "parcel {id}: records 0-1 are not as PUN signed them, and never opened",
        PARTLY,
        ASKS),
    "through-symlink": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: file b-through: is a hard link to a-link/target.txt, which is no earlier file of the package",
        NONE_ACCEPTED,
        TELLS),
    "through-symlink-inside": (3,
        "parcel {id}: {package} version 1 refused: its content is malformed: file b-through: is a hard link to a-link/target.txt, which is no earlier file of the package",
        NONE_ACCEPTED,
        TELLS),
    "truncated-head": (4,
        "{file}: is damaged in its packing list (byte N and N bytes from there)",
        NOTHING,
        OTHER_COPY),
    "truncated-record": (5,
        "parcel {id}: ends early: records 1 and all after it are missing",
        "nothing was lost: 1 record is stored",
        AGAIN),
    "unknown-algorithm": (3, "label of {file}: is signed with algorithm 9, which is not known", NOTHING, UPDATE),
    "unknown-codec": (4, "parcel {id}: record 0 is damaged or missing", PARTLY, ASKS),
    "unknown-feature": (3, "label of {file}: needs features that this courier does not know (0x4)", NOTHING, UPDATE),
    "unknown-item-kind": (10,
        "parcel {id}: unknown kind 77 refused: item kind 77 is not known to this program",
        "nothing was lost: 1 of 2 items are accepted, the shares serve what they served",
        TELLS),
    "unknown-seal": (3, "label of {file}: is sealed with algorithm 9, which is not known", NOTHING, UPDATE),
    "unknown-signer": (5,
        "parcel {from_zzz}: is signed by a key of ZZZ that is not known here",
        KEPT,
        "join the identity of ZZZ with `courier site join`; then `courier job run` goes on without the medium"),
    "unsent-return": (3,
        "return {id}: speaks of parcel PSE-PUN-999999, which was never sent from here",
        "nothing was lost: no job and no parcel was changed by it",
        "ask site PUN where that parcel came from"),
    "wrong-digest": (4, "parcel {id}: record 1 is damaged or missing", PARTLY, ASKS),
    "wrong-magic": (4, "{file}: has no volume header where it belongs", NOTHING, OTHER_COPY),
    "wrong-signature": (3,
        "{id}: its label is not signed by the key of PUN it names",
        NOTHING,
        DO_NOT_USE),
    "zip-bomb": (4, "parcel {id}: record 1 is damaged or missing", PARTLY, ASKS),
    "zip-bomb-unstated": (4, "parcel {id}: record 1 is damaged or missing", PARTLY, ASKS),
}
# What differs from run to run.
MASKS = ((r"\(byte \d+ and \d+ bytes from there\)", "(byte N and N bytes from there)"),
         (r"label [0-9a-f]{12}, now [0-9a-f]{12}", "label N, now N"),
         (r"\bPUN-PSE-\d{6}\b", "{id}"),
         (r"\bPUN-ZZZ-9\d{5}\b", "{to_zzz}"),
         (r"\bZZZ-PSE-9\d{5}\b", "{from_zzz}"),
         (r"\bPUNBAD[0-9A-F]{2}\b", "{package}"),
         (r"path 'd[d/]+\.\.\.'", "path 'd...'"))


class BadParcels(CourierTest):
    def setUp(self):
        super().setUp()
        self.golden_pun_and_pse()
        make_source("src", 300_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        self.receive()
        self.keep()

    def keep(self):
        subprocess.run(["rm", "-rf", "B.kept"], check=True)
        subprocess.run(["cp", "-a", "B", "B.kept"], check=True)
        subprocess.run(["rm", "-rf", "share.kept"], check=True)
        subprocess.run(["cp", "-a", "share", "share.kept"], check=True)
        self.served = listing("share/PUN00020", contents=True)

    def back(self):
        shutil.rmtree("B")
        subprocess.run(["cp", "-a", "B.kept", "B"], check=True)
        for name in os.listdir("share"):
            if name.startswith("PUNBAD"):
                shutil.rmtree("share/" + name)
                os.unlink("share/.courier/served/" + name + ".json")

    def back_with_share(self):
        shutil.rmtree("share")
        subprocess.run(["cp", "-a", "share.kept", "share"], check=True)

    def unharmed(self):
        self.store_is_clean("B")
        self.assertEqual(listing("share/PUN00020", contents=True), self.served)
        self.at("B", "validate", "PUN00020")

    def test_parcels_wrong_in_one_way_each(self):
        self.assertEqual({name: case[0] for name, case in CASES.items()},
                         {name: status for name, (_, status) in bad_parcels().items()})
        folder = os.path.realpath(BAD)
        for name, (status, *lines) in CASES.items():
            self.back()
            with self.subTest(name):
                result = self.at("B", "receive", "%s/%s.pcl" % (BAD, name), "--yes", status=None)
                shown = [line.replace("{", "{{").replace("}", "}}") for line in result.err.splitlines()]
                shown = [line.replace("%s/%s.pcl" % (folder, name), "{file}") for line in shown]
                for pattern, instead in MASKS:
                    shown = [re.sub(pattern, instead, line) for line in shown]
                self.assertEqual((result.status, shown), (status, lines), str(result))
                if status != 10:
                    self.assertEqual([found for found in os.listdir("share") if found.startswith("PUNBAD")], [])
                self.unharmed()

    def test_truncated_anywhere(self):
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        _, path = self.send("PUN00020")
        os.unlink("drive/PUN-PSE-000001.pcl")
        with open(path, "rb") as file:
            whole = file.read()
        self.keep()
        for size in sorted({0, 1, 100, 159, 160, 161, len(whole) - 1} | set(range(0, len(whole), len(whole) // 24))):
            self.back()
            with self.subTest(size=size):
                with open(path, "wb") as file:
                    file.write(whole[:size])
                result = self.at("B", "receive", path, "--yes", status=None)
                self.assertEqual(len(result.err.splitlines()), 0 if result.status == 0 else 3, str(result))
                if result.status in (0, 10):  # cut in its end, which carries no content: all of it is in
                    self.same_tree("src2", "share/PUN00020")
                    self.assertGreater(size, len(whole) - 200)
                    self.back_with_share()
                    continue
                self.assertIn(result.status, (4, 5), str(result))
                self.unharmed()
        self.back()
        with open(path, "wb") as file:
            file.write(whole)
        # What a cut copy brought is kept, and the whole one goes on from there.
        with open("cut.pcl", "wb") as file:
            file.write(whole[:len(whole) * 3 // 4])
        self.at("B", "receive", "cut.pcl", "--yes", status=None)
        self.receive()
        self.same_tree("src2", "share/PUN00020")

    def test_signed_by_a_revoked_key(self):
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        os.unlink("drive/PUN-PSE-000001.pcl")
        self.at("B", "site", "revoke", "PUN")
        result = self.at("B", "receive", "drive", "--yes", status=3)
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("PUN-PSE-000002", lines[0])
        self.assertIn("revoked", lines[0])
        self.assertEqual(lines[1], NOTHING)
        self.unharmed()

    def test_a_ledger_of_a_newer_courier(self):
        ledger = sqlite3.connect("B/ledger.sqlite")
        ledger.execute("PRAGMA user_version = 99")
        ledger.close()
        result = self.at("B", "parcel", "list", status=9)
        self.assertEqual(len(result.err.splitlines()), 3)
        self.assertIn("99", result.err.splitlines()[0])

    def test_a_ledger_that_is_none(self):
        with open("B/ledger.sqlite", "wb") as file:
            file.write(b"this is not a database" * 100)
        result = self.at("B", "parcel", "list", status=4)
        self.assertEqual(len(result.err.splitlines()), 3)

    def test_a_read_only_medium_for_the_return(self):
        make_second_version("src", "src2")
        self.at("A", "package", "update", "PUN00020", "src2")
        self.send("PUN00020")
        os.mkdir("ro")
        mounted = is_root() and subprocess.run("mount --bind ro ro && mount -o remount,bind,ro ro", shell=True,
                                               stderr=subprocess.DEVNULL).returncode == 0
        if not mounted:
            os.chmod("ro", 0o555)
        try:
            result = self.at("B", "receive", "drive", "--yes", "--return-to", "ro", status=11)
        finally:
            if mounted:
                subprocess.run(["umount", "ro"], check=True)
        self.same_tree("src2", "share/PUN00020")
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("PSE-PUN-", lines[0])
        self.assertIn("nothing was lost", lines[1])
        self.assertIn("return create --to PUN --out TARGET", lines[2])

    def test_no_such_medium(self):
        result = self.at("B", "receive", "nowhere", "--yes", status=7)
        self.assertEqual(len(result.err.splitlines()), 3)
        os.mkdir("empty")
        result = self.at("B", "receive", "empty", "--yes", status=7)
        self.message(result, "medium empty: there is no parcel on it", "nothing was lost",
                     "check that it is the right medium and that it is mounted")
        self.assertNotIn("taken out", result.out)

    def test_files_that_only_look_like_parcels_are_passed_over(self):
        with open("drive/._PUN-PSE-000009.pcl", "wb") as file:
            file.write(b"\0\5\26\7" * 100)
        with open("drive/PUN-PSE-000009.pcl", "wb") as file:
            file.write(b"not a parcel at all, by content")
        self.receive()

    def test_a_source_with_odd_things_says_so_by_name(self):
        os.mkfifo("src/a fifo")
        result = self.at("A", "package", "update", "PUN00020", "src")
        self.assertIn("not stored: a fifo (", result.out)

    def test_a_source_that_is_not_there(self):
        result = self.at("A", "package", "add", "nowhere", status=7)
        self.assertEqual(len(result.err.splitlines()), 3)
        self.assertIn("nowhere", result.err)

    def test_usage_errors_name_what_was_typed(self):
        for arguments, words in ((["distribute", "PUN00020"], "--to is required"),
                                 (["package", "show", "nonsense"], "nonsense"),
                                 (["job", "show", "x"], "job x"),
                                 (["parcel", "create", "--to", "toolong"], "toolong"),
                                 (["site", "set", "dp.retries=0"], "dp.retries"),
                                 (["site", "set", "nothing=1"], "nothing"),
                                 (["nonsense"], "nonsense"),
                                 ([], "needs a command")):
            result = self.at("A", *arguments, status=2)
            self.assertIn(words, result.err.splitlines()[0])
            self.assertEqual(len(result.err.splitlines()), 3, str(result))

    def test_what_is_not_there_is_named(self):
        for arguments in (["package", "show", "PUN0FFFF"], ["job", "show", "99"], ["parcel", "show", "PUN-PSE-000099"],
                          ["dp", "show", "nowhere"], ["status", "PUN0FFFF"], ["site", "revoke", "ZZZ"]):
            result = self.at("A", *arguments, status=7)
            self.assertIn(arguments[-1], result.err.splitlines()[0])
            self.assertEqual(len(result.err.splitlines()), 3, str(result))

    def test_one_bit_in_each_region_is_found_by_verify_too(self):
        path = "drive/PUN-PSE-000001.pcl"
        size = os.path.getsize(path)
        for place in (10, 200, 600, 750, 1200, size // 2, size - 30):
            with self.subTest(place=place):
                shutil.copy(path, "copy.pcl")
                flip("copy.pcl", place)
                result = self.courier("--home", "nowhere", "parcel", "verify", "copy.pcl", status=None)
                self.assertIn(result.status, (3, 4), str(result))


if __name__ == "__main__":
    main()
