"""What confines the parsers is said where people look, and holds for an ordinary user, too."""
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, main, make_source  # noqa: E402

WORDS = re.compile(r"(no )?seccomp, (no landlock|landlock ABI \d+)(, no files)?(, no network|, no TCP)?, 512 MiB")


def children_of(program):
    """Process ids of confined children of this very program file."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                words = file.read().split(b"\0")
            if b"confined-worker" in words and os.path.samefile("/proc/%s/exe" % pid, program):
                found.append(int(pid))
        except OSError:
            pass
    return found


class Confinement(CourierTest):
    def test_version_says_what_it_is_made_of_and_what_confines_it(self):
        lines = self.courier("--version").out.splitlines()
        facts = self.courier("--version", "--json").json
        self.assertEqual(lines[0], "courier " + facts["version"])
        self.assertEqual(lines[1], "parcel format: %d" % facts["format_version"])
        self.assertEqual(lines[2], "critical features: bases, lean")
        self.assertEqual(facts["critical_features"], ["bases", "lean"])
        self.assertEqual(lines[3], "libraries: " + ", ".join("%s %s" % item for item in facts["libraries"].items()))
        self.assertTrue(all(re.fullmatch(r"\d+(\.\d+)+", version) for version in facts["libraries"].values()))
        self.assertEqual(lines[4], "confinement: " + facts["confinement"]["words"])
        self.assertRegex(facts["confinement"]["words"], WORDS)
        self.assertEqual(facts["confinement"]["seccomp"], not facts["confinement"]["words"].startswith("no "))

    def test_receive_notes_it_in_the_log_once(self):
        self.pun_and_pse()
        make_source("src", 100_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        self.receive()
        words = self.courier("--version", "--json").json["confinement"]["words"]
        noted = [line["message"] for line in self.facts("B", "log")["lines"] if "confined" in line["message"]]
        self.assertEqual(noted, ["parcels are taken apart in confined children: " + words])

    @unittest.skipUnless(os.getuid() == 0, "only root can become somebody else")
    def test_an_ordinary_user_is_confined_as_well(self):
        self.pun_and_pse()
        make_source("src", 2_000_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        shutil.copy(COURIER, "program")
        for path in (".", "drive", "program"):
            os.chmod(path, 0o755)
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        version = subprocess.run([*nobody, "./program", "--version"], env=ENVIRONMENT, stdout=subprocess.PIPE, check=True)
        self.assertIn(b"confinement: " + self.courier("--version", "--json").json["confinement"]["words"].encode(),
                      version.stdout)
        identified = subprocess.run([*nobody, "./program", "--home", "none", "identify", "drive"], env=ENVIRONMENT,
                                    stdout=subprocess.PIPE, check=True)
        self.assertIn(b"PUN-PSE-000001", identified.stdout)
        # Nor has he to have a home, where none is needed.
        homeless = subprocess.run([*nobody, "./program", "identify", "drive"], env={}, stdout=subprocess.PIPE, check=True)
        self.assertIn(b"PUN-PSE-000001", homeless.stdout)

    def test_no_child_is_left_behind_by_a_receive_that_is_killed_while_it_asks(self):
        self.pun_and_pse()
        make_source("src", 2_000_000)
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.send("PUN00020")
        shutil.copy(COURIER, "program")
        own, terminal = os.openpty()
        asking = subprocess.Popen(["./program", "--home", "B", "receive", "drive"], stdin=terminal, stdout=terminal,
                                  stderr=terminal, env=ENVIRONMENT)
        os.close(terminal)
        shown = b""
        while b"[y/N]" not in shown:  # the parcel is open until it is answered
            shown += os.read(own, 4096)
        children = children_of("program")
        self.assertEqual(len(children), 1, shown)
        watched = os.pidfd_open(children[0])
        asking.send_signal(signal.SIGKILL)
        asking.wait()
        self.assertTrue(select.select([watched], [], [], 60)[0], "the child lives on")
        os.close(own)
        os.close(watched)


if __name__ == "__main__":
    main()
