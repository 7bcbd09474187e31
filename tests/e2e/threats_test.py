"""What docs/threat-model.md promises: that each promise has its tests, and those promises that had none."""
import ast
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nacl.exceptions  # noqa: E402
import nacl.public  # noqa: E402

from courier_e2e import BAD, GOLDEN, TESTS, CourierTest, main, mode_of, write  # noqa: E402
from pcl_reader import LABEL, SLOTS, frames, read_key_ring  # noqa: E402

ATTACKERS = ("The courier", "The finder of the drive", "The maker of a malicious drive", "A revoked site",
             "One addressee against another", "The curious branch user", "The thief of the kiosk", "The operator's mistake",
             "The maker of a malicious archive", "A trusted sender that misbehaves", "The caller")


def tests_of_the_tree():
    """Suite.Test of every test that is compiled or run."""
    found = set()
    for path in glob.glob(TESTS + "/unit/*/*_test.cc"):
        with open(path, encoding="utf-8") as file:
            found |= {"%s.%s" % pair for pair in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", file.read(), re.M)}
    for path in glob.glob(TESTS + "/e2e/*_test.py"):
        with open(path, encoding="utf-8") as file:
            for suite in ast.parse(file.read()).body:
                if isinstance(suite, ast.ClassDef):
                    found |= {"%s.%s" % (suite.name, one.name) for one in suite.body
                              if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}
    return {name for name in found if "DISABLED_" not in name}


class Document(CourierTest):
    def setUp(self):
        super().setUp()
        with open(TESTS + "/../docs/threat-model.md", encoding="utf-8") as file:
            self.text = file.read()
        self.sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", self.text, re.M))

    def test_names_a_test_that_exists_for_every_promise(self):
        there = tests_of_the_tree()
        self.assertGreater(len(there), 500)
        promises = re.findall(r"^- \*\*P(\d+)\*\* ((?:.*\n)(?:  .*\n)*)", self.text, re.M)
        self.assertEqual([int(number) for number, _ in promises], list(range(1, len(promises) + 1)))
        self.assertGreater(len(promises), 30)
        for number, promise in promises:
            named = re.findall(r"`(\w+\.\w+)`", promise)
            self.assertTrue(named, "P%s names no test" % number)
            for name in named:
                self.assertTrue(name in there, "P%s names %s, which there is not" % (number, name))

    def test_says_of_each_attacker_what_he_can_and_what_he_cannot(self):
        for attacker in ATTACKERS:
            points = re.findall(r"^- (\*\*P)?", self.sections[attacker], re.M)
            self.assertIn("", points, attacker)
            self.assertIn("**P", points, attacker)
        self.assertIn("Where the promises end", self.sections)


class Threats(CourierTest):
    def setUp(self):
        super().setUp()
        self.golden_pun_and_pse()

    def parcel(self):
        write("src/payroll.txt", "nobody else may read this\n" * 50)
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Salaries of March")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        created = self.facts("A", "parcel", "create", "--to", "PSE", "--out", "drive", "--comment", "with DHL")
        with open(created["copy"]["path"], "rb") as file:
            return file.read()

    def test_a_drive_shows_who_and_how_much_but_not_what(self):
        data = self.parcel()
        for public in (b"PUN", b"PSE", b"Golden PUN", b"with DHL"):
            self.assertIn(public, data)
        for secret in (b"PUN00020", b"Salaries", b"payroll", b"nobody else may read this"):
            self.assertNotIn(secret, data)

    def test_the_sender_cannot_open_its_own_parcel(self):
        head = {kind: payload for kind, _, payload in frames(self.parcel())}
        self.assertIn(b"PSE", head[LABEL])
        opened = []
        for home in ("A", "B"):
            _, secrets = read_key_ring(home + "/keys/key_ring")
            for secret in secrets:
                try:
                    nacl.public.SealedBox(nacl.public.PrivateKey(secret)).decrypt(head[SLOTS])
                    opened.append(home)
                except nacl.exceptions.CryptoError:
                    pass
        self.assertEqual(opened, ["B"])

    def test_texts_of_a_parcel_cannot_command_a_terminal(self):
        parcel = GOLDEN + "/v1/every-text.pcl"
        shown = self.at("B", "identify", parcel).out + self.at("B", "parcel", "contents", parcel).out
        shown += self.at("B", "receive", parcel, "--yes").out
        shown += self.at("B", "package", "show", "PUN00030").out + self.at("B", "status").out
        shown += self.at("B", "status", "--messages").out + self.at("B", "log").out
        self.assertIn("Ferramentas", shown)
        self.assertIn("\\x1b[31mred", shown)
        turning = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        self.assertEqual({c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in turning}, set())

    def test_a_wrong_clock_decides_nothing(self):
        subprocess.run(["cp", "-a", "B", "B.new"], check=True)
        subprocess.run(["cp", "-a", "share", "share.new"], check=True)
        for date in ("1970-01-02 00:00:00", "2038-01-20 00:00:00", "2105-01-01 00:00:00"):
            with self.subTest(date):
                for folder in ("B", "share"):
                    shutil.rmtree(folder)
                    subprocess.run(["cp", "-a", folder + ".new", folder], check=True)
                at = {"wrapper": ("faketime", "-f", date)}
                self.at("B", "receive", GOLDEN + "/v1/one-package.pcl", "--yes", **at)
                self.assertTrue(os.path.exists("share/PUN00020/readme.txt"))
                self.at("B", "receive", BAD + "/same-number-other-content.pcl", "--yes", status=3, **at)
                self.at("B", "receive", BAD + "/wrong-signature.pcl", "--yes", status=3, **at)
                self.at("B", "receive", GOLDEN + "/v1/rotated-sender.pcl", "--yes", **at)
                self.at("B", "site", "revoke", "PUN", **at)
                self.at("B", "receive", GOLDEN + "/v1/many-entries.pcl", "--yes", status=3, **at)

    def test_another_user_of_the_machine_reads_nothing_of_a_home(self):
        before = os.umask(0)
        try:
            os.mkdir("C")  # a folder that somebody made for all to see
            os.chmod("C", 0o755)
            self.at("C", "site", "init", "TEX")
            self.at("C", "site", "join", "PUN.site", "--as", "parent", "--trust")
            write("src/x", "x")
            self.at("C", "package", "add", "src")
            self.at("C", "site", "backup", "C.backup")
        finally:
            os.umask(before)
        self.assertEqual(mode_of("C.backup") & 0o077, 0)

        def visible(folder):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isdir(path):
                    if mode_of(path) & 0o011:
                        yield from visible(path)
                elif mode_of(path) & 0o044:
                    yield path

        self.assertEqual(list(visible("C")), [])


if __name__ == "__main__":
    main()
