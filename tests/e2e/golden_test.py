"""The golden parcels are read by two readers to the same end, the bad ones refused by both for the same cause.

tests/golden/MANIFEST.md and tests/bad/MANIFEST.md say what each file shows and which command made it.
"""
import ctypes
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcl_content  # noqa: E402
import pcl_difference  # noqa: E402
import pcl_reader  # noqa: E402
from courier_e2e import (BAD, GOLDEN, CourierTest, bad_parcels, execute, listing, main, manifest_rows,  # noqa: E402
                         tool)

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "pcl_reader.py")
V1 = GOLDEN + "/v1/"
KEYS = GOLDEN + "/keys/"
# These build upon the package of another, or have its number.
AFTER = {**dict.fromkeys(("increment", "no-records", "redistribute", "remove", "same-number-other-content"), "one-package"),
         "coded-against-a-base": "base", "lean-increment": "base"}
# The exit statuses of receiving golden parcels that are not 0: this site answers no requests.
RECEIVED = {"request": 3}
# What only the ledger of the receiver can tell: the second reader has none.
LEDGER_ONLY = {"unsent-return"}


# Volumes of one parcel: only together they are whole.
VOLUMES = ("volume-1-of-2", "volume-2-of-2")


def golden_names():
    return sorted(name[:-4] for name in os.listdir(V1) if name.endswith(".pcl") and name[:-4] not in VOLUMES)


def read(path, *options):
    name = os.path.basename(path)[:-4]
    signer, receiver = ("PSE", "PUN") if name == "return" else ("PUN", "PSE")
    after = ["--after", V1 + AFTER[name] + ".pcl"] if name in AFTER else []
    return execute([sys.executable, "-B", READER, path, "--signer", KEYS + signer + ".site", "--key-ring",
                    KEYS + receiver + ".keys", *after, *options])


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Differences(CourierTest):
    def test_the_second_reader_opens_the_vectors_to_what_they_say_or_refuses_them(self):
        with open(GOLDEN + "/differences.json", encoding="utf-8") as file:
            vectors = json.load(file)
        for vector in vectors:
            with self.subTest(vector["name"]):
                coded, base = bytes.fromhex(vector["coded"]), bytes.fromhex(vector["base"])
                try:
                    raw = pcl_difference.decode(vector["codec"], coded, base, vector["raw_size"]).hex()
                except pcl_content.Refused as refusal:
                    self.assertEqual(refusal.cause, "damaged")
                    raw = None
                self.assertEqual(raw, vector["raw"])


class LeanBlocks(CourierTest):
    def test_the_second_reader_opens_the_vectors_to_what_they_say_or_refuses_them(self):
        with open(GOLDEN + "/lean_blocks.json", encoding="utf-8") as file:
            vectors = json.load(file)
        for vector in vectors:
            with self.subTest(vector["name"]):
                old = bytes.fromhex(vector["held"])
                held = pcl_reader.Held({("chunk", pcl_content.digest("chunk", old)): old})
                try:
                    opened = pcl_content.open_lean(bytes.fromhex(vector["block"]),
                                                   lambda *block: pcl_difference.open_against(held, *block, 16))
                    found = [[kind, name.hex(), data.hex()] for (kind, name), data in opened.items()]
                except pcl_content.Refused as refusal:
                    self.assertIn(refusal.cause, ("damaged", "incomplete"))
                    found = None
                self.assertEqual(found, vector["objects"])


class Manifests(CourierTest):
    def test_the_command_makes_these_very_bytes(self):
        zstd = ctypes.CDLL("libzstd.so.1")
        zstd.ZSTD_versionString.restype = ctypes.c_char_p
        with open(GOLDEN + "/MANIFEST.md", encoding="utf-8") as file:
            made_with = re.search(r"libzstd (\S+)[,.]", file.read()).group(1)
        if zstd.ZSTD_versionString().decode() != made_with:
            self.skipTest("another libzstd may compress to other bytes")
        subprocess.run([tool("make_golden"), "made"], check=True)
        for made, kept, kinds in (("made/golden/keys", KEYS, (".keys", ".site")), ("made/golden/v1", V1, (".pcl",)),
                                  ("made/bad", BAD, (".pcl",))):
            names = sorted(name for name in os.listdir(kept) if name.endswith(kinds))
            self.assertEqual(sorted(os.listdir(made)), names)
            for name in names:
                self.assertEqual(sha256(os.path.join(made, name)), sha256(os.path.join(kept, name)), name)

    def test_each_file_has_its_row_and_each_row_its_file(self):
        for folder, manifest in ((V1, GOLDEN + "/MANIFEST.md"), (BAD, BAD + "/MANIFEST.md")):
            rows = manifest_rows(manifest)
            self.assertEqual([row[0] for row in rows], [row[0] for row in sorted(rows)], manifest)
            self.assertEqual({row[0] for row in rows}, {name for name in os.listdir(folder) if name.endswith(".pcl")})
            for name, *_, command, digest in rows:
                self.assertEqual(command, "make_golden --only %s tests" % name[:-4])
                self.assertEqual(digest, sha256(os.path.join(folder, name)), name)
        self.assertEqual([name + ".json" for name in golden_names()],
                         sorted(name for name in os.listdir(V1) if not name.endswith(".pcl")))

    def test_the_set_stays_small(self):
        size = sum(os.path.getsize(os.path.join(folder, name)) for top in (GOLDEN, BAD)
                   for folder, _, names in os.walk(top) for name in names)
        self.assertLess(size, 2_000_000)

    def test_a_home_of_the_command_has_the_golden_keys(self):
        subprocess.run([tool("make_golden"), "--home", "PSE", "B"], check=True)
        self.assertEqual(sha256("B/keys/key_ring"), sha256(KEYS + "PSE.keys"))


class TwoReaders(CourierTest):
    def setUp(self):
        super().setUp()
        self.golden_pun_and_pse()
        os.rename("B", "B.new")
        os.rename("share", "share.new")

    def anew(self, name):
        """B and its share as they were; with the golden parcel in that this one builds upon."""
        for folder in ("B", "share"):
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run(["cp", "-a", folder + ".new", folder], check=True)
        if name in AFTER:
            self.at("B", "receive", V1 + AFTER[name] + ".pcl", "--yes")

    def contained(self, facts, whole, where):
        """What the program says is what the second reader says, where both say it."""
        for key in facts.keys() & whole.keys():
            if key == "items":
                self.assertEqual(len(facts[key]), len(whole[key]), where)
                for one, other in zip(facts[key], whole[key]):
                    self.contained(one, other, where)
            else:
                self.assertEqual(facts[key], whole[key], "%s: %s" % (where, key))

    def test_say_of_a_golden_parcel_what_is_written_down(self):
        for name in golden_names():
            with self.subTest(name):
                second = read(V1 + name + ".pcl", "--json")
                self.assertEqual((second.status, second.err), (0, ""), str(second))
                with open(V1 + name + ".json", encoding="utf-8") as file:
                    self.assertEqual(second.json, json.load(file))
                home = "A" if name == "return" else "B.new"
                first = self.facts(home, "parcel", "contents", V1 + name + ".pcl")
                self.assertGreater(len(first.keys() & second.json.keys()), 12)
                self.contained(first, second.json, name)
                checked = self.facts(home, "parcel", "verify", V1 + name + ".pcl")
                self.assertEqual((checked["whole"], checked["record_count"]), (True, second.json["record_count"]))

    def test_unpack_a_golden_parcel_to_the_same_tree(self):
        trees = 0
        for name in golden_names():
            if name == "return":
                continue
            with self.subTest(name):
                self.anew(name)
                self.at("B", "receive", V1 + name + ".pcl", "--yes", status=RECEIVED.get(name, 0))
                result = read(V1 + name + ".pcl", "--unpack", "out-" + name)
                self.assertEqual(result.status, 0, str(result))
                with open(V1 + name + ".json", encoding="utf-8") as file:
                    items = json.load(file)["items"]
                for item in items:
                    if "tree" in item:
                        self.assertEqual(listing("out-%s/%s" % (name, item["package"]), contents=True),
                                         listing("share/" + item["share"], contents=True))
                        trees += 1
        self.assertGreater(trees, 10)

    def test_put_volumes_together_in_any_order_and_say_when_one_is_missing(self):
        paths = [V1 + name + ".pcl" for name in VOLUMES]
        keys = ("--signer", KEYS + "PUN.site", "--key-ring", KEYS + "PSE.keys")
        for order in (paths, paths[::-1]):
            self.anew(VOLUMES[0])
            alone = execute([sys.executable, "-B", READER, order[0], *keys])
            self.assertEqual((alone.status, alone.err.split(":")[0]), (5, "incomplete"), str(alone))
            first = self.at("B", "receive", order[0], "--yes", status=5)
            self.assertIn("volume %s of 2 is missing" % order[1][-10], first.err)
            self.at("B", "receive", order[1], "--yes")
            shutil.rmtree("out-volumes", ignore_errors=True)
            both = execute([sys.executable, "-B", READER, *order, *keys, "--unpack", "out-volumes"])
            self.assertEqual((both.status, both.err), (0, ""), str(both))
            package = both.out.split()[1]
            self.assertEqual(listing("out-volumes/" + package, contents=True), listing("share/" + package, contents=True))

    def test_open_one_payload_for_each_addressee(self):
        result = execute([sys.executable, "-B", READER, V1 + "several-addressees.pcl", "--signer", KEYS + "PUN.site",
                          "--key-ring", KEYS + "TEX.keys", "--json"])
        self.assertEqual((result.json["id"], result.json["items"][0]["job"]), ("PUN-TEX-000007", 41))

    def test_refuse_a_bad_parcel_for_the_cause_in_its_manifest(self):
        for name, (cause, status) in bad_parcels().items():
            with self.subTest(name):
                self.anew(name)
                first = self.at("B", "receive", "%s/%s.pcl" % (BAD, name), "--yes", "--json", status=None)
                self.assertEqual((first.json["error"]["code"], first.status), (cause, status), str(first))
                second = read("%s/%s.pcl" % (BAD, name), "--unpack", "out-" + name)
                self.assertNotIn("Traceback", second.err, str(second))
                if name not in LEDGER_ONLY:
                    self.assertEqual((second.err.split(":")[0], second.status), (cause, status), str(second))
                if cause != "partly-done":
                    self.assertFalse(os.path.exists("out-" + name))
        self.assertFalse(os.path.exists("/tmp/escaped."))


if __name__ == "__main__":
    main()
