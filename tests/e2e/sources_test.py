"""What a package can be made of, and how it comes out again: one file, standard input, many files,
holes, hard links, any name, sources that change or cannot be read; lists for sha256sum, one file."""
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import courier_e2e as e2e  # noqa: E402

GIB = 1 << 30
# Names that sha256sum escapes, that a shell would take apart, that are no UTF-8.
ODD_NAMES = [b"line\nfeed", b"carriage\rreturn", b"back\\slash", b"-", b"--file", b" space ", b"not\xffutf8",
             b"\\xff", b"tab\there", b"\x01\x1b[31m", "naïve ☃".encode(), b"ends in cr\r"]


def odd_source(path):
    for number, name in enumerate(ODD_NAMES):
        e2e.write(os.path.join(path.encode(), b"sub" if number % 2 else b"", name), b"content %d\n" % number)


def sparse(path, size):
    """All hole but a few bytes in the middle and at the end."""
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek(size // 2)
        file.write(b"middle")
        file.seek(size - 3)
        file.write(b"end")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def taken_bytes(path):
    return os.stat(path).st_blocks * 512


class Sources(e2e.CourierTest):
    def setUp(self):
        super().setUp()
        self.at("A", "site", "init", "PUN")

    def piped(self, content, *arguments, **options):
        with open("piped", "wb") as out:
            out.write(content)
        with open("piped", "rb") as file:
            return self.at("A", *arguments, stdin=file, **options)

    # -------------------------------------------------------------------------- file and stream
    def test_a_single_file_is_a_package_of_that_file(self):
        e2e.write("disc.img", e2e.noise(300_000, 1), 0o640)
        self.at("A", "package", "add", "disc.img", "--id", "PUN00001")
        facts = self.facts("A", "package", "show", "PUN00001")
        self.assertEqual((facts["source"], facts["source_kind"]), (os.path.abspath("disc.img"), "files"))
        self.at("A", "package", "export", "PUN00001", "out")
        self.assertEqual(os.listdir("out"), ["disc.img"])
        self.assertEqual(read("out/disc.img"), read("disc.img"))
        self.assertEqual(e2e.mode_of("out/disc.img"), 0o640)
        self.assertEqual(os.stat("out/disc.img").st_mtime_ns, os.stat("disc.img").st_mtime_ns)
        self.assertIn("is unchanged", self.at("A", "package", "update", "PUN00001").out)

    def test_standard_input_becomes_a_file_with_the_name_given(self):
        content = e2e.noise(2_500_000, 2)
        added = self.piped(content, "package", "add", "-", "--as", "disc.img", "--id", "PUN00001")
        self.assertTrue(added.out.startswith("package PUN00001 (disc.img) version 1: 1 file, 2.5 MB;"), added)
        self.assertIn("\nsource          standard input, as disc.img\n", self.at("A", "package", "show", "PUN00001").out)
        facts = self.facts("A", "package", "show", "PUN00001")
        self.assertEqual((facts["source"], facts["source_kind"]), ("disc.img", "standard input"))
        self.at("A", "package", "export", "PUN00001", "out")
        self.assertEqual(read("out/disc.img"), content)
        self.assertEqual(e2e.mode_of("out/disc.img"), 0o644)

    def test_standard_input_of_no_bytes_is_an_empty_file(self):
        self.at("A", "package", "add", "-", "--as", "empty", "--id", "PUN00001")
        self.at("A", "package", "export", "PUN00001", "out")
        self.assertEqual(os.path.getsize("out/empty"), 0)

    def test_an_update_from_standard_input_keeps_the_name_and_sees_what_is_the_same(self):
        self.piped(b"one", "package", "add", "-", "--as", "notes", "--id", "PUN00001")
        same = self.piped(b"one", "package", "update", "PUN00001", "-")
        self.assertEqual(same.out, "package PUN00001 is unchanged: version 1 stays the latest\n")
        self.piped(b"two", "package", "update", "PUN00001", "-")
        self.piped(b"two", "package", "update", "PUN00001", "-", "--as", "other")
        self.assertEqual([f["path"] for f in self.facts("A", "package", "files", "PUN00001")["files"]], ["other"])
        self.assertEqual(self.at("A", "package", "export", "PUN00001", "-", "--version", "2").out, "two")

    def test_standard_input_without_a_name_or_a_second_time_is_refused(self):
        self.message(self.piped(b"x", "package", "add", "-", status=2), "standard input: has no file name",
                     "nothing was done", "say what the file is to be called: --as NAME")
        self.message(self.piped(b"x", "package", "add", "-", "--as", "a/b", status=2), "--as a/b: is no name of a file",
                     "nothing was done", "give 1 to 255 bytes without '/'")
        e2e.write("file", "x")
        self.message(self.at("A", "package", "add", "file", "--as", "x", status=2),
                     "--as x: names what comes from standard input, and the source is another", "nothing was done",
                     "leave it out, or give '-' as the source")
        self.piped(b"x", "package", "add", "-", "--as", "x", "--id", "PUN00001")
        self.message(self.at("A", "package", "update", "PUN00001", status=2),
                     "package PUN00001: came from standard input, which cannot be read again", "nothing was done",
                     "pipe the new content in: COMMAND | courier package update PUN00001 -")
        self.assertEqual(len(self.facts("A", "package", "list")["packages"]), 1)

    # ------------------------------------------------------------------------------------- trees
    def test_twenty_thousand_files_come_out_as_they_went_in(self):
        for number in range(20_000):
            folder = "many/d%02d/s%d" % (number % 40, number // 40 % 10)
            if number < 400:
                os.makedirs(folder)
            with open("%s/f%05d" % (folder, number), "wb") as out:
                out.write(b"file %d\n" % number * (number % 7))
        added = self.facts("A", "package", "add", "many", "--id", "PUN00001")
        self.assertEqual((added["files"], added["folders"]), (20_000, 440))
        self.assertIn("is unchanged", self.at("A", "package", "update", "PUN00001").out)
        e2e.write("many/d07/s3/new", "one more\n")
        second = self.facts("A", "package", "update", "PUN00001")
        self.assertEqual(second["files"], 20_001)
        self.assertLess(second["new_bytes"], 100_000)
        self.at("A", "package", "export", "PUN00001", "out")
        self.same_tree("many", "out")
        # The largest of all children so far; 200,000 files take no more (bench/RESULTS.md).
        self.assertLess(e2e.peak_memory_mib(), 200)

    def test_holes_stay_holes_on_export_and_on_a_share(self):
        os.mkdir("images")
        sizes = [2 * GIB - 1, 4 * GIB + 1]
        for size in sizes:
            sparse("images/%d" % size, size)
        added = self.facts("A", "package", "add", "images", "--id", "PUN00001")
        self.assertEqual(added["bytes"], sum(sizes))
        self.assertLess(added["stored_bytes"], 1_000_000)
        self.at("A", "package", "export", "PUN00001", "out")
        os.mkdir("share")
        self.at("A", "dp", "add", "files", "share")
        self.at("A", "distribute", "PUN00001", "--to", "files")
        for folder in ("out", "share/PUN00001"):
            for size in sizes:
                path = "%s/%d" % (folder, size)
                self.assertEqual(os.path.getsize(path), size)
                self.assertLess(taken_bytes(path), 1_000_000, path)
                with open(path, "rb") as file:
                    file.seek(size // 2)
                    self.assertEqual(file.read(6), b"middle")
                    file.seek(size - 4)
                    self.assertEqual(file.read(), b"\0end")

    def test_hard_links_across_folders_stay_one_file(self):
        e2e.write("source/a/deep/first", e2e.noise(100_000, 3))
        for name in ("b/second", "c/third", "zz"):
            os.makedirs(os.path.dirname("source/" + name) or ".", exist_ok=True)
            os.link("source/a/deep/first", "source/" + name)
        added = self.facts("A", "package", "add", "source", "--id", "PUN00001")
        self.assertEqual((added["files"], added["links"], added["bytes"]), (1, 3, 100_000))
        self.at("A", "package", "export", "PUN00001", "out")
        self.same_tree("source", "out")
        self.assertEqual(os.stat("out/zz").st_nlink, 4)
        self.at("A", "package", "export", "PUN00001", "once", "--file", "c/third")
        self.assertEqual(read("once/third"), read("source/zz"))

    def test_names_of_any_bytes_are_kept_shown_escaped_and_told_apart(self):
        odd_source("source")
        self.at("A", "package", "add", "source", "--id", "PUN00001")
        self.at("A", "package", "export", "PUN00001", "out")
        self.same_tree("source", "out")
        shown = self.at("A", "package", "files", "PUN00001").out
        self.assertIn("not\\xffutf8\n", shown)
        self.assertIn("line\\x0afeed\n", shown)
        self.assertNotIn("\x1b", shown)
        names = [f for f in self.facts("A", "package", "files", "PUN00001")["files"] if f["type"] == "file"]
        as_bytes = [bytes.fromhex(f["path_bytes"]) if "path_bytes" in f else f["path"].encode() for f in names]
        self.assertEqual(sorted(os.path.basename(name) for name in as_bytes), sorted(ODD_NAMES))
        self.assertEqual([f["path"] for f in names if "path_bytes" in f], ["not\\xffutf8"])
        one = subprocess.run([e2e.COURIER, "--home", "A", "package", "export", "PUN00001", "-", "--file", b"not\xffutf8"],
                             stdout=subprocess.PIPE, check=True)
        self.assertEqual(one.stdout, b"content 6\n")

    # --------------------------------------------------------------- sources that are not at rest
    def test_a_file_that_changes_while_it_is_read_is_named_and_nothing_is_added(self):
        e2e.write("source/calm", "calm\n")
        e2e.write("source/restless", e2e.noise(30_000_000, 4))
        stop = threading.Event()

        def touch():
            number = 0
            while not stop.is_set():
                number += 1
                os.utime("source/restless", ns=(0, number))

        writer = threading.Thread(target=touch)
        writer.start()
        try:
            result = self.at("A", "package", "add", "source", status=9)
        finally:
            stop.set()
            writer.join()
        self.message(result, os.path.abspath("source/restless") + ": this file changed while it was read",
                     "nothing was lost: no package version was made",
                     "run the same command again when nothing writes to it")
        self.assertEqual(self.facts("A", "package", "list")["packages"], [])
        self.at("A", "package", "add", "source")
        self.store_is_clean("A")

    def limited(self):
        """root without the right to read everything."""
        return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if e2e.is_root() else []

    def test_entries_that_cannot_be_read_are_named_and_left_out_only_when_asked(self):
        e2e.write("source/good", "good\n")
        e2e.write("source/sub/secret", "secret\n", 0)
        e2e.write("source/closed/inner", "inner\n")
        os.chmod("source/closed", 0)
        refused = self.at("A", "package", "add", "source", "--id", "PUN00001", status=11, wrapper=self.limited())
        lines = refused.err.splitlines()
        self.assertIn("2 of its entries cannot be read: closed (", lines[0])
        self.assertIn("sub/secret (", lines[0])
        self.assertEqual(lines[1:], ["nothing was lost: no package version was made",
                                     "make them readable for this user, or leave them out: --skip-unreadable"])
        self.assertEqual(self.facts("A", "package", "list")["packages"], [])
        partly = self.facts("A", "package", "add", "source", "--id", "PUN00001", "--skip-unreadable", status=10,
                            wrapper=self.limited())
        self.assertEqual([u["path"] for u in partly["unreadable"]], ["closed", "sub/secret"])
        self.assertEqual(partly["unreadable_count"], 2)
        self.assertEqual(partly["error"]["happened"], "2 entries of its source cannot be read and were left out")
        self.assertEqual([f["path"] for f in self.facts("A", "package", "files", "PUN00001")["files"]],
                         ["good", "sub"])
        os.chmod("source/closed", 0o755)
        os.chmod("source/sub/secret", 0o644)
        self.assertEqual(self.facts("A", "package", "update", "PUN00001")["files"], 3)

    # ------------------------------------------------------------------------------------ exports
    def test_sha256sum_accepts_the_list_for_every_name(self):
        odd_source("source")
        e2e.write("source/a/large", e2e.noise(3_000_000, 5))
        os.link("source/a/large", "source/sub/large too")
        os.symlink("large", "source/a/link")
        self.at("A", "package", "add", "source", "--id", "PUN00001")
        self.at("A", "package", "export", "PUN00001", "out")
        with open("sums", "wb") as sums:
            subprocess.run([e2e.COURIER, "--home", "A", "package", "files", "PUN00001", "--sha256"], stdout=sums, check=True)
        lines = read("sums").splitlines()
        self.assertEqual(len(lines), len(ODD_NAMES) + 2)
        check = subprocess.run(["sha256sum", "-c", "--strict", "--quiet", os.path.abspath("sums")], cwd="out",
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((check.returncode, check.stdout), (0, b""))
        own = subprocess.run("find . -type f -printf '%P\\0' | LC_ALL=C sort -z | sed -z 's#^-$#./-#' | xargs -0 sha256sum --",
                             shell=True, cwd="out", stdout=subprocess.PIPE, check=True)
        self.assertEqual(sorted(own.stdout.splitlines()), sorted(lines))
        with open("out/a/large", "r+b") as large:
            large.write(b"x")
        check = subprocess.run(["sha256sum", "-c", "--quiet", os.path.abspath("sums")], cwd="out",
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        self.assertEqual(check.stdout, b"a/large: FAILED\nsub/large too: FAILED\n")
        digests = {f["path"]: f.get("sha256") for f in
                   self.facts("A", "package", "files", "PUN00001", "--sha256")["files"]}
        self.assertEqual(digests["a/large"], digests["sub/large too"])
        self.assertIsNone(digests["a/link"])

    def test_one_file_goes_to_standard_output_or_a_folder_alone(self):
        e2e.write("source/setup/readme.txt", "read me\n", 0o640)
        e2e.write("source/other", "other\n")
        os.symlink("readme.txt", "source/setup/link")
        self.at("A", "package", "add", "source", "--id", "PUN00001")
        self.assertEqual(self.at("A", "package", "export", "PUN00001", "-", "--file", "setup/readme.txt").out, "read me\n")
        written = self.at("A", "package", "export", "PUN00001", "out", "--file", "./setup/readme.txt")
        self.assertEqual(written.out, "package PUN00001 version 1 written to out: ./setup/readme.txt, 8 bytes\n")
        self.assertEqual(os.listdir("out"), ["readme.txt"])
        self.assertEqual(e2e.mode_of("out/readme.txt"), 0o640)
        self.assertEqual(os.stat("out/readme.txt").st_mtime_ns, os.stat("source/setup/readme.txt").st_mtime_ns)
        again = self.at("A", "package", "export", "PUN00001", "out", "--file", "setup/readme.txt", status=9)
        self.assertEqual(read("out/readme.txt"), b"read me\n", again)
        for path, happened in (("setup", "setup is a folder in it, no file"), ("nope", "nope is not in it"),
                               ("../etc/passwd", "../etc/passwd is no path in a package"),
                               ("setup/link", "setup/link is a symbolic link in it, to readme.txt")):
            self.message(self.at("A", "package", "export", "PUN00001", "-", "--file", path, status=7),
                         "package PUN00001 version 1: " + happened, "nothing was lost",
                         "courier package files PUN00001 --version 1 shows what is in it")
        self.message(self.at("A", "package", "export", "PUN00001", "-", status=2),
                     "standard output: takes one file, and package PUN00001 version 1 has 2", "nothing was done",
                     "name one: --file PATH")

    def test_a_reader_that_goes_away_is_no_success(self):
        e2e.write("large", e2e.noise(3_000_000, 6))
        self.at("A", "package", "add", "large", "--id", "PUN00001")
        process = subprocess.Popen([e2e.COURIER, "--home", "A", "package", "export", "PUN00001", "-"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        error = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(), 11, error)
        self.assertIn("broken pipe", error)


if __name__ == "__main__":
    e2e.main()
