"""What the main commands cost, in instructions: counted by callgrind on a small fixed corpus, the same on every machine.

The numbers are those of the dev build; one with more optimisation takes fewer. A command may take a quarter more before this
fails: then either it became slower, or it does more than it did, and the number here is changed on purpose. Confined children
run outside valgrind and are not counted.
"""
import os
import random
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, CourierTest, main, tool, write  # noqa: E402

MARGIN = 1.25
MILLIONS = {
    "package add": 107,
    "parcel create": 96,
    "receive": 157,
    "package update": 72,
    "parcel create of the increment": 109,
    "receive of the increment": 156,
}


def make_versions():
    """v1: 60 small texts, half a megabyte of text and as much that cannot be compressed. v2: a few bytes in some changed."""
    random_ = random.Random(7)
    words = ["".join(random_.choices("abcdefghij", k=random_.randint(2, 9))) for _ in range(2000)]

    def text(size):
        return " ".join(random_.choices(words, k=size // 5)).encode()[:size]

    os.makedirs("v1/small")
    for number in range(60):
        write("v1/small/%d.txt" % number, text(4000))
    large = text(1 << 19)
    write("v1/large.txt", large)
    write("v1/noise", random_.randbytes(1 << 19))
    shutil.copytree("v1", "v2")
    for number in range(6):
        write("v2/small/%d.txt" % number, text(4000))
    write("v2/large.txt", large[:200_000] + b"changed" + large[200_000:])


class InstructionsTest(CourierTest):
    def counted(self, home, *arguments):
        """Millions of instructions of one command."""
        valgrind = ("env", "LD_PRELOAD=" + tool("libolder_kernel.so"), "COURIER=" + COURIER,
                    "valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=counted")
        self.at(home, *arguments, wrapper=valgrind)
        with open("counted") as counted:
            return int(re.search(r"^(?:summary|totals): (\d+)", counted.read(), re.MULTILINE)[1]) / 1e6

    def test_the_main_commands_take_no_more_instructions_than_they_did(self):
        with open(COURIER, "rb") as program:
            if re.search(b"__[at]san_init", program.read()):
                self.skipTest("a sanitizer's build counts the sanitizer, and valgrind does not run it")
        make_versions()
        self.pun_and_pse()
        taken = {"package add": self.counted("A", "package", "add", "v1", "--id", "PUN00020", "--name", "Fixed")}
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        taken["parcel create"] = self.counted("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        taken["receive"] = self.counted("B", "receive", "drive", "--yes", "--return-to", "drive")
        self.at("A", "receive", "drive", "--yes")
        taken["package update"] = self.counted("A", "package", "update", "PUN00020", "v2")
        taken["parcel create of the increment"] = self.counted("A", "parcel", "create", "--to", "PSE", "--out", "drive")
        taken["receive of the increment"] = self.counted("B", "receive", "drive", "--yes")
        subprocess.run(["diff", "-r", "v2", "share/PUN00020"], check=True)
        shown = ", ".join("%s %.0f (%d)" % (name, taken[name], MILLIONS[name]) for name in taken)
        print("millions of instructions, and what they were: " + shown)
        more = [name for name in taken if taken[name] > MARGIN * MILLIONS[name]]
        self.assertEqual(more, [], "take over a quarter more instructions than they did: " + shown)


if __name__ == "__main__":
    main()
