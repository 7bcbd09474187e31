"""The golden media are read by two readers to the same end: tests/golden/media/MANIFEST.md says which."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import GOLDEN, CourierTest, execute, listing, main, manifest_rows, tool  # noqa: E402

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "pcl_reader.py")
MEDIA = GOLDEN + "/media/"
KEYS = GOLDEN + "/keys/"


def target(name):
    return {".tap": "tape:", ".img": "raw:"}.get(name[-4:], "") + MEDIA + name


class GoldenMedia(CourierTest):
    def setUp(self):
        super().setUp()
        self.rows = manifest_rows(MEDIA + "MANIFEST.md")

    def test_the_command_makes_these_very_bytes(self):
        """From the volumes and parcels of v1 that are here; the marks have no time and nothing random in them."""
        subprocess.run([tool("make_golden"), "made"], check=True)
        names = sorted(os.listdir("made/golden/media"))
        self.assertEqual(names, sorted(name for name in os.listdir(MEDIA) if name != "MANIFEST.md"))
        self.assertEqual(names, [row[0] for row in self.rows])
        digests = subprocess.run(["sha256sum", *(MEDIA + name for name in names)], check=True, stdout=subprocess.PIPE)
        self.assertEqual([line.split()[0] for line in digests.stdout.decode().splitlines()], [row[5] for row in self.rows])
        with open(GOLDEN + "/v1/one-package.pcl", "rb") as kept, open("made/golden/v1/one-package.pcl", "rb") as made:
            if kept.read() != made.read():
                self.skipTest("another libzstd compresses to other bytes")
        for name in names:
            with open("made/golden/media/" + name, "rb") as made, open(MEDIA + name, "rb") as kept:
                self.assertTrue(made.read() == kept.read(), name)

    def test_two_readers_end_alike_and_unpack_the_same_tree(self):
        self.golden_pun_and_pse()
        os.rename("B", "B.new")
        os.rename("share", "share.new")
        for name, shows, cause, status, *_ in self.rows:
            with self.subTest(name, shows=shows):
                for folder in ("B", "share", "out"):
                    shutil.rmtree(folder, ignore_errors=True)
                for folder in ("B", "share"):
                    subprocess.run(["cp", "-a", folder + ".new", folder], check=True)
                first = self.at("B", "receive", target(name), "--yes", status=int(status))
                second = execute([sys.executable, "-B", READER, target(name), "--signer", KEYS + "PUN.site", "--key-ring",
                                  KEYS + "PSE.keys", "--unpack", "out"])
                self.assertEqual(second.status, first.status, str(second))
                self.assertEqual(second.err.split(":")[0], "" if cause == "none" else cause, str(second))
                packages = os.listdir("out") if os.path.isdir("out") else []
                self.assertEqual(len(packages), 1 if cause == "none" else 0, str(second))
                for package in packages:
                    self.assertEqual(listing("out/" + package, contents=True), listing("share/" + package, contents=True))


if __name__ == "__main__":
    main()
