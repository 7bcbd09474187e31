"""Archives as sources: what comes out is what went in, whoever made the archive, and what is hostile, broken
or too large is named by entry and adds nothing."""
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import courier_e2e as e2e  # noqa: E402

NOTHING_LOST = "nothing was lost: no package version was made"
AGAIN = ("get the archive again from where it came; or unpack it yourself, look at it, and add the folder")


def run(*command, cwd=None):
    subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)


def plain_source(path):
    """What every format holds: files and folders with whole seconds, even ones."""
    e2e.write(path + "/readme.txt", "read me first\n", 0o644)
    e2e.write(path + "/setup/run.sh", "#!/bin/sh\n", 0o755)
    e2e.write(path + "/setup/empty", "", 0o644)
    e2e.write(path + "/data/large.bin", e2e.noise(700_000, 1) + e2e.text(900_000, 2), 0o644)
    os.makedirs(path + "/data/none")
    for top, folders, files in os.walk(path, topdown=False):
        for name in files + folders + ["."]:
            os.utime(os.path.join(top, name), (1_600_000_000, 1_600_000_000))
    for top, folders, _ in os.walk(path):
        os.chmod(top, 0o755)


def full_source(path):
    """Besides, what a tar holds."""
    plain_source(path)
    os.link(path + "/data/large.bin", path + "/setup/same.bin")
    os.symlink("../readme.txt", path + "/setup/link")
    os.symlink("/etc/hostname", path + "/absolute")
    e2e.write(path.encode() + b"/not\xffutf8", b"raw\n", 0o444)
    e2e.write(path + "/Återställning ☃", "names\n", 0o640)
    e2e.write(path + "/setup/sticky", "x", 0o1755)
    with open(path + "/data/sparse", "wb") as sparse:
        sparse.truncate(30_000_000)
        sparse.seek(20_000_000)
        sparse.write(b"in the middle")
    os.chmod(path + "/data", 0o555)
    for top, folders, files in os.walk(path.encode(), topdown=False):
        for name in files + [b"."]:
            os.utime(os.path.join(top, name), (1_600_000_002, 1_600_000_002), follow_symlinks=False)


def contents(root):
    """{path: content (or its digest), None for a folder}, without times and modes."""
    found = {}
    for top, folders, files in os.walk(root):
        for name in folders:
            found[os.path.relpath(os.path.join(top, name), root)] = None
        for name in files:
            with open(os.path.join(top, name), "rb") as file:
                content = file.read()
            if len(content) > 10_000:  # so that a difference can be read
                content = hashlib.sha256(content).hexdigest()
            found[os.path.relpath(os.path.join(top, name), root)] = content
    return found


def tar_of(path, *members, **options):
    """members: (TarInfo or name, content)."""
    with tarfile.open(path, **dict({"mode": "w", "format": tarfile.PAX_FORMAT}, **options)) as out:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))


def tar_entry(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


class Unpacking(e2e.CourierTest):
    def setUp(self):
        super().setUp()
        self.at("A", "site", "init", "PUN")

    def unpacked(self, archive, *options, package="PUN00001"):
        added = self.facts("A", "package", "add", archive, "--unpack", "--id", package, *options)
        shutil.rmtree("out", ignore_errors=True)
        self.at("A", "package", "export", package, "out")
        self.assertFalse(os.path.exists("A/unpacking"))
        return added

    def refused(self, archive, status, happened, hint=AGAIN, loss=NOTHING_LOST, options=()):
        result = self.at("A", "package", "add", archive, "--unpack", *options, status=status)
        self.message(result, "archive %s: %s" % (os.path.abspath(archive), happened), loss, hint)
        self.assertEqual(self.facts("A", "package", "list")["packages"], [])
        self.assertFalse(os.path.exists("A/unpacking"))

    # ------------------------------------------------------------------------------- what comes in
    def test_a_tar_of_every_compression_comes_out_as_it_went_in(self):
        full_source("source")
        for number, (suffix, option) in enumerate((("tar", "-c"), ("tar.gz", "-cz"), ("tar.bz2", "-cj"), ("tar.xz", "-cJ"),
                                                   ("tar.zst", "--zstd"), ("tar.lz4", "--lz4"))):
            run("bsdtar", "--format", "pax", option, "-f", os.path.abspath("a." + suffix),
                *(["-c"] if option.startswith("--") else []), ".", cwd="source")
            added = self.unpacked("a." + suffix, package="PUN0000%d" % number)
            self.assertEqual((added["not_stored"], added["unreadable"]), ([], []), suffix)
            self.same_tree("source", "out")
            sparse = os.stat("out/data/sparse")
            self.assertLess(sparse.st_blocks * 512, 1_000_000)
        roots = {self.facts("A", "package", "show", "PUN0000%d" % n)["versions"][0]["digest"] for n in range(6)}
        self.assertEqual(len(roots), 1)

    def test_a_tar_of_gnu_and_of_python_comes_out_as_it_went_in(self):
        full_source("source")
        run("tar", "--format=gnu", "--sparse", "-cf", os.path.abspath("gnu.tar"), ".", cwd="source")
        self.unpacked("gnu.tar")
        self.same_tree("source", "out")
        with tarfile.open("python.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as out:
            out.add("source", ".")
        self.unpacked("python.tar.gz", package="PUN00002")
        self.same_tree("source", "out")

    def test_zip_7z_iso_and_cab_of_other_makers_come_out_as_they_went_in(self):
        plain_source("source")
        run("7zz", "a", "-tzip", os.path.abspath("seven.zip"), ".", cwd="source")
        run("7zz", "a", os.path.abspath("seven.7z"), ".", cwd="source")
        run("bsdtar", "--format", "7zip", "-cf", os.path.abspath("bsd.7z"), ".", cwd="source")
        run("bsdtar", "--format", "zip", "-cf", os.path.abspath("bsd.zip"), ".", cwd="source")
        run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", os.path.abspath("rr.iso"), "source")
        run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-joliet-long", "-o", os.path.abspath("joliet.iso"), "source")
        with zipfile.ZipFile("python.zip", "w", zipfile.ZIP_DEFLATED) as out:
            for top, folders, files in os.walk("source"):
                for name in sorted(folders + files):
                    out.write(os.path.join(top, name), os.path.relpath(os.path.join(top, name), "source"))
        for number, archive in enumerate(("seven.zip", "seven.7z", "bsd.7z", "bsd.zip", "rr.iso", "joliet.iso", "python.zip")):
            added = self.unpacked(archive, package="PUN0000%d" % number)
            self.assertEqual((added["not_stored"], added["unreadable"]), ([], []), archive)
            self.assertEqual(contents("out"), contents("source"), archive)
            if archive in ("seven.zip", "bsd.zip", "bsd.7z", "rr.iso", "python.zip"):
                self.assertEqual(e2e.mode_of("out/setup/run.sh") & 0o700, 0o500 | e2e.mode_of("out/setup/run.sh") & 0o200, archive)
        # A cab has no empty folders, and its names are given one by one.
        shutil.rmtree("source/data/none")
        files = sorted(os.path.join(t, n) for t, _, names in os.walk("source") for n in names)
        run("gcab", "-c", "-z", os.path.abspath("a.cab"), *[os.path.relpath(f, "source") for f in files], cwd="source")
        self.unpacked("a.cab", package="PUN00010")
        self.assertEqual(contents("out"), contents("source"))

    def test_times_that_a_zip_gives_without_a_zone_are_utc_everywhere(self):
        with zipfile.ZipFile("a.zip", "w") as out:
            out.writestr(zipfile.ZipInfo("file", (2024, 6, 1, 12, 0, 0)), "x")
        self.unpacked("a.zip")
        self.assertEqual(os.stat("out/file").st_mtime, 1_717_243_200)
        self.assertEqual(os.stat("out").st_mtime, 1_717_243_200)

    def test_an_update_unpacks_again_and_sees_what_is_the_same(self):
        tar_of("a.tar", ("file", b"one"))
        self.unpacked("a.tar")
        facts = self.facts("A", "package", "show", "PUN00001")
        self.assertEqual((facts["source"], facts["source_kind"]), (os.path.abspath("a.tar"), "archive"))
        self.assertIn("\nsource          %s, unpacked\n" % os.path.abspath("a.tar"), self.at("A", "package", "show", "PUN00001").out)
        self.assertIn("is unchanged", self.at("A", "package", "update", "PUN00001").out)
        os.utime("a.tar", (1, 1))
        self.assertIn("is unchanged", self.at("A", "package", "update", "PUN00001", "a.tar", "--unpack").out)
        tar_of("a.tar", ("file", b"two"))
        self.assertEqual(self.facts("A", "package", "update", "PUN00001")["version"], 2)
        self.assertEqual(self.at("A", "package", "export", "PUN00001", "-").out, "two")

    def test_names_are_made_plain_and_folders_may_be_named_late_and_twice(self):
        folder = tarfile.TarInfo("deep")
        folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o750, 1_500_000_000
        tar_of("a.tar", ("./deep//er/./file", b"x"), (folder, b""), ("Deep", b"case"), ("back\\slash", b"y"))
        self.unpacked("a.tar")
        self.assertEqual(contents("out"), {"deep": None, "deep/er": None, "deep/er/file": b"x", "Deep": b"case",
                                           "back\\slash": b"y"})
        self.assertEqual(e2e.mode_of("out/deep"), 0o750)
        self.assertEqual(os.stat("out/deep").st_mtime, 1_500_000_000)

    def test_devices_are_named_and_left_out(self):
        tar_of("a.tar", ("file", b"x"), tar_entry("pipe", tarfile.FIFOTYPE), tar_entry("null", tarfile.CHRTYPE))
        added = self.unpacked("a.tar")
        self.assertEqual([(o["path"], o["what"]) for o in added["not_stored"]],
                         [("pipe", "entry 2: fifo"), ("null", "entry 3: character device")])
        self.assertEqual(os.listdir("out"), ["file"])

    def test_names_that_are_read_as_unicode_come_composed_and_raw_ones_as_they_are(self):
        apart, composed = "e\u0301.txt", "\u00e9.txt"
        tar_of("pax.tar", (apart, b"x"))
        tar_of("raw.tar", (apart, b"x"), format=tarfile.USTAR_FORMAT)
        with zipfile.ZipFile("unicode.zip", "w") as out:
            out.writestr(apart, b"x")
        e2e.write("source/" + apart, "x")
        run("7zz", "a", os.path.abspath("unicode.7z"), ".", cwd="source")
        for number, (archive, name) in enumerate((("pax.tar", composed), ("raw.tar", apart), ("unicode.zip", composed),
                                                  ("unicode.7z", composed))):
            self.unpacked(archive, package="PUN0000%d" % number)
            self.assertEqual(os.listdir("out"), [name], archive)
        # So two names of an archive can be one.
        tar_of("both.tar", (apart, b"x"), (composed, b"y"))
        self.at("A", "package", "add", "both.tar", "--unpack", status=4)

    def test_a_symbolic_link_may_have_two_names(self):
        os.mkdir("source")
        os.symlink("nowhere", "source/first")
        os.link("source/first", "source/second", follow_symlinks=False)
        run("tar", "-cf", os.path.abspath("a.tar"), "first", "second", cwd="source")
        with tarfile.open("a.tar") as archive:
            self.assertEqual([one.type for one in archive], [tarfile.SYMTYPE, tarfile.LNKTYPE])
        self.unpacked("a.tar")
        self.assertEqual([os.readlink("out/" + name) for name in ("first", "second")], ["nowhere"] * 2)

    def test_attributes_beyond_the_limit_are_left_out_and_the_file_is_not(self):
        info = tarfile.TarInfo("file")
        info.pax_headers = {"SCHILY.xattr.user.large": "x" * 70_000}
        tar_of("a.tar", (info, b"content"))
        added = self.unpacked("a.tar")
        self.assertEqual([(o["path"], o["what"]) for o in added["not_stored"]],
                         [("file", "entry 1: its extended attributes are left out: more than 256 or 65536 bytes")])
        self.assertEqual(contents("out"), {"file": b"content"})

    # ----------------------------------------------------------------------------- what is refused
    def test_a_limit_is_taken_for_what_is_unpacked_alone(self):
        tar_of("a.tar", ("file", b"one"))
        self.unpacked("a.tar")
        self.at("A", "package", "update", "PUN00001", "--max-unpacked", "5G")
        for source in ("a.tar", "-"):
            self.message(self.at("A", "package", "update", "PUN00001", source, "--max-unpacked", "5G", status=2),
                         "--max-unpacked 5G: is for an archive that is unpacked, and the source is none",
                         "nothing was done", "leave it out, or give --unpack")

    def test_hostile_names_and_links_are_refused_by_entry(self):
        good = ("good", b"x")
        link = tar_entry("way", tarfile.SYMTYPE, "/tmp")
        for number, (members, happened) in enumerate((
                ([good, ("../evil", b"x")], "entry 2, ../evil: path: a component named '..'"),
                ([good, ("a/../../evil", b"x")], None),
                ([("/etc/evil", b"x")], None),
                ([link, ("way/evil", b"x")], "entry 2, way/evil: passes through what is no folder in this archive"),
                ([good, ("good/evil", b"x")], "entry 2, good/evil: passes through what is no folder in this archive"),
                ([good, ("./good", b"y")], "entry 2, ./good: is a name that came before in this archive"),
                ([link, ("way", b"y")], "entry 2, way: is a name that came before in this archive"),
                ([tar_entry("link", tarfile.LNKTYPE, "/etc/passwd")], None),
                ([tar_entry("link", tarfile.LNKTYPE, "later"), ("later", b"x")],
                 "entry 1, link: is a hard link to later, which is no file before it"),
                ([link, tar_entry("link", tarfile.LNKTYPE, "way/passwd")],
                 "entry 2, link: is a hard link to way/passwd, which is no file before it"))):
            archive = "%d.tar" % number
            tar_of(archive, *members)
            result = self.at("A", "package", "add", archive, "--unpack", status=4)
            self.assertTrue(result.err.startswith("archive " + os.path.abspath(archive) + ": entry "), result)
            self.assertEqual(result.err.splitlines()[1:], [NOTHING_LOST, AGAIN])
            if happened and ".." not in happened:
                self.assertEqual(result.err.splitlines()[0], "archive %s: %s" % (os.path.abspath(archive), happened))
        self.assertEqual(self.facts("A", "package", "list")["packages"], [])
        self.assertFalse(os.path.exists("/tmp/evil"))
        self.store_is_clean("A")

    def test_what_is_no_archive_or_encrypted_is_said(self):
        known = ("zip, tar (gzip, bzip2, xz, zstd, lz4), 7z, iso and cab are unpacked; without --unpack it is added as a file")
        for name, content in (("noise", e2e.noise(50_000, 3)), ("text", b"some text\n" * 500), ("nothing", b"")):
            e2e.write(name, content)
            self.refused(name, 3, "is no archive that is known here", hint=known)
        e2e.write("secret", "secret\n")
        for name in ("a.zip", "a.7z"):
            run("7zz", "a", "-psecret", name, "secret")
        run("7zz", "a", "-psecret", "-mhe=on", "b.7z", "secret")
        for name in ("a.zip", "a.7z", "b.7z"):
            self.refused(name, 3, "is encrypted",
                         hint="unpack it yourself and add the folder, or add it as a file without --unpack")
        os.mkdir("folder")
        self.message(self.at("A", "package", "add", "folder", "--unpack", status=2),
                     os.path.abspath("folder") + ": is no file that could be unpacked", "nothing was done",
                     "a folder is added without --unpack")
        self.at("A", "package", "add", "missing.zip", "--unpack", status=7)
        self.message(self.at("A", "package", "add", "-", "--unpack", status=2),
                     "standard input: cannot be unpacked: an archive is no stream", "nothing was done",
                     "save it to a file and give --unpack FILE")

    def test_a_truncated_archive_adds_nothing_wherever_it_is_cut(self):
        plain_source("source")
        run("bsdtar", "--format", "ustar", "-cf", os.path.abspath("a.tar"), ".", cwd="source")
        run("bsdtar", "-czf", os.path.abspath("a.tar.gz"), ".", cwd="source")
        run("bsdtar", "--format", "zip", "-cf", os.path.abspath("a.zip"), ".", cwd="source")
        run("bsdtar", "--format", "7zip", "-cf", os.path.abspath("a.7z"), ".", cwd="source")
        run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", os.path.abspath("a.iso"), "source")
        for name in ("a.tar", "a.tar.gz", "a.zip", "a.7z", "a.iso"):
            with open(name, "rb") as file:
                whole = file.read()
            # An iso ends with 300 kB of nothing.
            cuts = [len(whole) // 10, len(whole) // 2, len(whole) - (500_000 if name == "a.iso" else 100_000)]
            if name in ("a.zip", "a.7z", "a.tar.gz"):
                cuts.append(len(whole) - 1)
            for cut in cuts:
                e2e.write("cut", whole[:cut])
                result = self.at("A", "package", "add", "cut", "--unpack", status=None)
                self.assertIn(result.status, (3, 4), "%s cut at %d\n%s" % (name, cut, result))
                self.assertEqual(len(result.err.splitlines()), 3, result)
        # A tar that is cut between two entries ends like a whole one, but for its mark.
        tar_of("b.tar", ("one", b"1"), ("two", b"2"))
        with open("b.tar", "rb") as file:
            e2e.write("cut.tar", file.read()[:1024])
        self.refused("cut.tar", 4, "entry 1, one: cannot be read to its end: ends without the mark of its end")
        tar_of("none.tar")
        self.refused("none.tar", 4, "holds no entry")

    def test_damaged_content_is_named_and_left_out_only_when_asked(self):
        with zipfile.ZipFile("a.zip", "w") as out:
            out.writestr("first", b"a" * 5000)
            out.writestr("second", b"b" * 5000)
            at = out.getinfo("first").header_offset + 30 + len("first") + 100
        e2e.flip("a.zip", at)
        result = self.at("A", "package", "add", "a.zip", "--unpack", status=4)
        lines = result.err.splitlines()
        self.assertTrue(lines[0].startswith("archive %s: 1 of its entries cannot be read: first (entry 1: "
                                            % os.path.abspath("a.zip")), result)
        self.assertEqual(lines[1:], [NOTHING_LOST, "get the archive again from where it came, or leave them out:"
                                     " --skip-unreadable"])
        partly = self.facts("A", "package", "add", "a.zip", "--unpack", "--id", "PUN00001", "--skip-unreadable", status=10)
        self.assertEqual([u["path"] for u in partly["unreadable"]], ["first"])
        self.at("A", "package", "export", "PUN00001", "out")
        self.assertEqual(contents("out"), {"second": b"b" * 5000})
        again = self.at("A", "package", "update", "PUN00001", "--skip-unreadable", status=10)
        self.assertEqual(again.err.splitlines()[-1], "get the archive again from where it came, then: courier package"
                         " update PUN00001")

    def test_a_bomb_is_stopped_at_the_limit(self):
        with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
            with out.open("zeros", "w", force_zip64=True) as zeros:
                for _ in range(1300):
                    zeros.write(bytes(1 << 20))
        self.assertLess(os.path.getsize("bomb.zip"), 2_000_000)
        self.refused("bomb.zip", 9, "entry 1, zeros: takes the content beyond the limit of %s"
                     % self.human(2**30 + 100 * os.path.getsize("bomb.zip")),
                     hint="if you trust it to be so large: --max-unpacked SIZE")
        self.refused("bomb.zip", 9, "entry 1, zeros: takes the content beyond the limit of 100 MB",
                     hint="if you trust it to be so large: --max-unpacked SIZE", options=("--max-unpacked", "100000000"))
        self.assertEqual(self.unpacked("bomb.zip", "--max-unpacked", "2G")["bytes"], 1300 << 20)
        self.assertLess(e2e.peak_memory_mib(), 300)

    def test_an_archive_stops_before_the_disk_of_the_home_is_full(self):
        self.mounted("small", 30_000_000)
        subprocess.run(["cp", "-a", "A", "small/A"], check=True)
        tar_of("a.tar", ("first", e2e.noise(10_000_000, 1)), ("second", e2e.noise(15_000_000, 2)))
        result = self.at("small/A", "package", "add", "a.tar", "--unpack", status=6)
        self.assertRegex(result.err.splitlines()[0], r": entry 2, second: takes what is written beyond the 2\d\.\d MB that are free$")
        self.assertEqual(result.err.splitlines()[1:], [NOTHING_LOST, "make room on the drive of the home and run the same command again"])
        self.assertFalse(os.path.exists("small/A/unpacking"))

    @staticmethod
    def human(size):
        value = size / 1e9
        return "%.1f GB" % value

    def test_what_a_killed_unpacking_left_is_swept_by_the_next_command(self):
        os.makedirs("A/unpacking/deep")
        e2e.write("A/unpacking/deep/file", "left")
        e2e.write("file", "x")
        self.at("A", "package", "add", "file")
        self.assertFalse(os.path.exists("A/unpacking"))

    def test_an_archive_may_hold_twenty_thousand_files(self):
        tar_of("many.tar", *[("d%02d/f%05d" % (n % 50, n), b"%d\n" % n) for n in range(20_000)])
        added = self.unpacked("many.tar")
        self.assertEqual((added["files"], added["folders"]), (20_000, 50))
        self.assertEqual(contents("out")["d07/f19907"], b"19907\n")


if __name__ == "__main__":
    e2e.main()
