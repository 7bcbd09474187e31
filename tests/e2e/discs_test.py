"""Discs: an ISO image is written through xorriso, read without mounting it, damaged, and made badly."""
import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, execute, flip, noise, write, main  # noqa: E402


def make_iso(image, folder, *options):
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", *options, "-V", "TEST", "-o", image, folder],
                   check=True, stderr=subprocess.DEVNULL)


class Discs(Pair):
    def test_an_image_is_written_identified_and_received_without_mounting_it(self):
        parcel = self.created()
        wrote = self.facts("A", "media", "write", parcel, "iso:out.iso")
        self.assertEqual(wrote["copy"]["path"], "iso:out.iso/%s.pcl" % parcel)
        self.assertEqual(glob.glob(".tmp-*"), [])
        # Any computer reads it: the name of the file, the label of the disc, the same bytes.
        shown = execute(["xorriso", "-indev", "stdio:out.iso", "-toc", "-find", "/", "-exec", "report_lba", "--"])
        self.assertIn("'/%s.pcl'" % parcel, shown.out + shown.err)
        self.assertIn("PUN_PSE_000001", shown.out + shown.err)
        subprocess.run(["xorriso", "-osirrox", "on", "-indev", "stdio:out.iso", "-extract", "/%s.pcl" % parcel, "x.pcl"],
                       check=True, stderr=subprocess.DEVNULL)
        with open("x.pcl", "rb") as extracted, open("A/outbox/%s.pcl" % parcel, "rb") as outbox:
            self.assertTrue(extracted.read().startswith(outbox.read()))
        listed = execute(["bsdtar", "-tf", "out.iso"])
        self.assertIn(parcel, listed.out)

        with open("out.iso", "rb") as image:
            before = image.read()
        identified = self.at("B", "identify", "iso:out.iso")
        self.assertIn("iso:out.iso/%s.pcl" % parcel, identified.out)
        self.assertIn("genuine", identified.out)
        self.courier("--home", "nowhere", "identify", "iso:out.iso")
        received = self.receive(source="iso:out.iso", return_to="drive")
        self.assertTrue(received["medium_may_be_removed"])
        with open("out.iso", "rb") as image:
            self.assertEqual(image.read(), before)
        self.same_tree("src", "share/PUN00020")
        self.receive("A")
        self.assertEqual(self.states("A", "PUN00020"), {None: "Installed", "files": "Installed"})

    def test_an_image_is_written_once(self):
        parcel = self.created()
        self.at("A", "media", "write", parcel, "iso:out.iso")
        before = os.stat("out.iso")
        # The same again proves what is there.
        self.at("A", "media", "write", parcel, "iso:out.iso")
        write("other/file", noise(1000, 5))
        make_iso("other.iso", "other")
        refused = self.at("A", "media", "write", parcel, "iso:other.iso", status=9)
        self.assertIn("exists already with other content", refused.err)
        self.assertEqual(os.stat("out.iso").st_mtime_ns, before.st_mtime_ns)

    def test_a_return_comes_on_a_disc_too(self):
        parcel = self.created()
        self.at("A", "media", "write", parcel, "iso:out.iso")
        self.at("A", "parcel", "mark", parcel, "sent")
        self.receive(source="iso:out.iso", return_to="iso:back.iso")
        self.receive("A", source="iso:back.iso")
        self.assertEqual(self.facts("A", "parcel", "show", parcel)["state"], "Confirmed")

    def test_a_disc_of_others_has_its_parcels_found_among_its_files(self):
        parcel = self.created()
        write("disc/readme.txt", "hello\n")
        os.makedirs("disc/deep/er")
        shutil.copy("A/outbox/%s.pcl" % parcel, "disc/deep/er/holiday.jpg")
        write("disc/._%s.pcl" % parcel, "\0\5\x16\7 not a parcel")
        write("disc/PUN-PSE-000009.pcl", "just its name")
        make_iso("mixed.iso", "disc")
        offers = self.facts("B", "identify", "iso:mixed.iso")["parcels"]
        self.assertEqual([offer["path"] for offer in offers], ["iso:mixed.iso/deep/er/holiday.jpg"])
        self.receive(source="iso:mixed.iso")

    def test_an_image_that_is_named_as_a_file_is_said_to_be_one(self):
        parcel = self.created()
        for kind in ("iso", "raw", "tape"):
            if kind == "raw":
                write("p.raw", bytes(8 << 20))
            self.at("A", "media", "write", parcel, "%s:p.%s" % (kind, kind))
            advice = "it is the image of a medium: `courier identify %s:p.%s` looks into it" % (kind, kind)
            for command in (("identify",), ("parcel", "show"), ("parcel", "verify")):
                self.assertEqual(self.courier(*command, "p." + kind, status=4).err.splitlines()[2].split("looks into")[0],
                                 advice.split("looks into")[0])
            self.courier("identify", "%s:p.%s" % (kind, kind))

    def test_an_image_without_a_parcel_or_without_files_says_so(self):
        write("disc/readme.txt", "hello\n")
        make_iso("none.iso", "disc")
        self.assertIn("there is no parcel on it", self.at("B", "identify", "iso:none.iso", status=7).err)
        write("noise.iso", noise(200_000, 7))
        self.message(self.at("B", "identify", "iso:noise.iso", status=7),
                     "iso:noise.iso: has no ISO 9660 file system",
                     "nothing was lost",
                     "check that it is the right one: a disc or image of Courier's has one")
        self.at("B", "identify", "iso:absent.iso", status=7)

    def test_B11_a_parcel_spans_images_and_is_received_in_any_order(self):
        parcel = self.created(size=9_000_000)
        images = []
        small = self.at("A", "media", "write", parcel, "iso:v1.iso", "--volume-size", "4500000", status=2)
        self.assertRegex(small.err, r"the largest record of parcel \S+ needs a volume of \d+ bytes with its recovery data")
        while not images or result.status == 5:
            images.append("iso:v%d.iso" % (len(images) + 1))
            result = self.at("A", "media", "write", parcel, images[-1], "--volume-size", "5M", status=None)
        self.assertEqual(result.status, 0, result)
        self.assertGreater(len(images), 2)
        shown = execute(["xorriso", "-indev", "stdio:v2.iso", "-toc"])
        self.assertIn("PUN_PSE_000001_V2", shown.out + shown.err)
        for image in images[:0:-1]:
            self.receive(source=image, status=5)
        self.receive(source=images[0])
        self.same_tree("src", "share/PUN00020")

    def test_a_cut_image_keeps_what_came_and_names_what_is_missing(self):
        parcel = self.created(size=8_000_000)
        self.at("A", "media", "write", parcel, "iso:out.iso")
        os.truncate("out.iso", os.path.getsize("out.iso") * 2 // 3)
        self.receive(source="iso:out.iso", status=5)
        self.at("A", "media", "write", parcel, "iso:again.iso")
        self.receive(source="iso:again.iso")
        self.same_tree("src", "share/PUN00020")

    def test_a_flipped_byte_in_an_image_is_no_other_content(self):
        parcel = self.created()
        self.at("A", "media", "write", parcel, "iso:out.iso", "--recovery", "0")
        self.assertIn("intact and genuine", self.at("A", "media", "verify", "iso:out.iso").out)
        flip("out.iso", os.path.getsize("out.iso") // 2)
        bad = self.at("A", "media", "verify", "iso:out.iso", status=4)
        self.assertIn("iso:out.iso/%s.pcl" % parcel, bad.out + bad.err)
        self.assertIn("record", bad.out + bad.err)
        self.receive(source="iso:out.iso", status=4)
        self.assertFalse(os.path.exists("share/PUN00020"))

    def test_a_flipped_byte_in_an_image_is_repaired_by_what_every_image_carries(self):
        parcel = self.created()
        self.at("A", "media", "write", parcel, "iso:out.iso")
        flip("out.iso", os.path.getsize("out.iso") // 2)
        taken = self.receive(source="iso:out.iso")
        self.assertEqual(taken["parcels"][0]["repaired_cells"], 1)
        self.same_tree("src", "share/PUN00020")

    def test_without_xorriso_its_package_is_named(self):
        parcel = self.created()
        result = self.at("A", "media", "write", parcel, "iso:out.iso", status=11,
                         wrapper=("env", "PATH=/nonexistent"))
        self.assertIn("program xorriso: cannot be started", result.err)
        self.assertFalse(os.path.exists("out.iso"))


if __name__ == "__main__":
    main()
