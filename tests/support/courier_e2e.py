"""What the end-to-end tests share: sites, sources, drives, and running the program as a user would.

A test's own folder is its working directory, so that commands read as in the documentation.
COURIER names the program, COURIER_TOOLS the folder of the test programs.
"""
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree_listing import listing  # noqa: E402,F401

COURIER = os.environ.get("COURIER", "courier")
TOOLS = os.environ.get("COURIER_TOOLS", "")
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(TESTS, "golden")
BAD = os.path.join(TESTS, "bad")
TIMEOUT = 300

ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC",
                   LSAN_OPTIONS="suppressions=%s/support/leaks.txt:print_suppressions=0" % TESTS)
for name in ("COURIER_HOME", "XDG_DATA_HOME"):
    ENVIRONMENT.pop(name, None)


def is_sanitized():
    """Whether the program is one that holds a sanitizer's shadow of its memory, too."""
    with open(COURIER, "rb") as program:
        return b"__asan_init" in program.read()


def peak_memory_mib():
    """The most that any program run so far held at once, in MiB, as it would without a sanitizer's shadow of it."""
    share = 4 if is_sanitized() else 1
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 / share


class Result:
    def __init__(self, command, status, out, err):
        self.command = command
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self):
        return json.loads(self.out)

    def without_home(self, home):
        """What a message advises names the home as it was named here: compared without it."""
        named, bare = "courier --home %s " % home, "courier "
        self.out, self.err = self.out.replace(named, bare), self.err.replace(named, bare)
        return self

    def __str__(self):
        return "%s\nexit status %d\n--- stdout\n%s--- stderr\n%s" % (" ".join(self.command), self.status, self.out, self.err)


def execute(command, stdin=subprocess.DEVNULL, pass_fds=()):
    environment = ENVIRONMENT
    if command[0] == tool("step"):  # the leak sanitizer cannot work under a tracer
        environment = dict(ENVIRONMENT, ASAN_OPTIONS="detect_leaks=0")
    done = subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
                          env=environment, pass_fds=pass_fds)
    return Result(command, done.returncode, done.stdout.decode("utf-8", "backslashreplace"),
                  done.stderr.decode("utf-8", "backslashreplace"))


class CourierTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="courier-e2e-")
        # The first to be registered is the last to run: what a test mounted there is unmounted by then.
        self.addCleanup(self.remove_folder, os.getcwd())
        os.chdir(self.folder)

    def remove_folder(self, before):
        os.chdir(before)
        # Folders without write permission are part of some sources.
        subprocess.run(["chmod", "-R", "u+rwx", self.folder], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------------------- the program
    def courier(self, *arguments, status=0, wrapper=(), stdin=subprocess.DEVNULL, pass_fds=()):
        """Runs the program and checks its exit status; None accepts any."""
        result = execute([*wrapper, COURIER, *arguments], stdin=stdin, pass_fds=pass_fds)
        if status is not None and result.status != status:
            self.fail("expected exit status %d\n%s" % (status, result))
        return result

    def at(self, home, *arguments, **options):
        return self.courier("--home", home, *arguments, **options).without_home(home)

    def facts(self, home, *arguments, **options):
        """The --json document of a command."""
        return self.at(home, *arguments, "--json", **options).json

    def message(self, result, *lines):
        """The whole of stderr, line by line."""
        self.assertEqual(result.err.splitlines(), list(lines), str(result))

    def mounted(self, path, size):
        """A small file system of its own at `path`; the test is over where none can be mounted."""
        os.mkdir(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "none", path], stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", path], stderr=subprocess.DEVNULL)

    def without_library(self, name):
        """What to put before a command that is to find this library not installed."""
        known = execute(["/sbin/ldconfig", "-p"]).out
        path = re.search(r"^\s*%s \(.*\) => (\S+)$" % re.escape(name), known, re.M).group(1)
        own = ["unshare", "--mount"] + ([] if is_root() else ["--map-root-user"])
        wrapper = [*own, "sh", "-c", 'mount --bind /dev/null "$0" && exec "$@"', path]
        if execute([*wrapper, "true"]).status != 0:
            self.skipTest("no file can be hidden here")
        return wrapper

    # -------------------------------------------------------------------------------------- sites
    def init(self, home, code, name):
        self.at(home, "site", "init", code, "--name", name)
        self.at(home, "site", "export", code + ".site")

    def join(self, home, other, role):
        self.at(home, "site", "join", other + ".site", "--as", role, "--trust")

    def pun_and_pse(self):
        """PUN in A is the parent of PSE in B; PSE has the distribution point files on share/."""
        self.init("A", "PUN", "Pune")
        self.init("B", "PSE", "Branch")
        self.join_pun_and_pse()

    def golden_pun_and_pse(self):
        """The same two sites with the keys of the golden parcels."""
        for home, code in (("A", "PUN"), ("B", "PSE")):
            subprocess.run([tool("make_golden"), "--home", code, home], check=True)
            self.at(home, "site", "export", code + ".site")
        self.join_pun_and_pse()

    def join_pun_and_pse(self):
        self.join("A", "PSE", "child")
        self.join("B", "PUN", "parent")
        os.mkdir("share")
        os.mkdir("drive")
        self.at("B", "dp", "add", "files", "share")

    def send(self, package, to="PSE", out="drive", mark=True):
        """distribute, parcel create, mark sent; returns the parcel's ID and its file on the drive."""
        self.at("A", "distribute", package, "--to", *to.split(","))
        created = self.facts("A", "parcel", "create", "--to", to, "--out", out)
        if mark:
            self.at("A", "parcel", "mark", created["id"], "sent")
        return created["id"], created["copy"]["path"]

    def receive(self, home="B", source="drive", return_to=None, status=0):
        arguments = ["receive", source, "--yes", "--no-progress"]
        if return_to:
            arguments += ["--return-to", return_to]
        return self.facts(home, *arguments, status=status)

    def store_is_clean(self, *homes):
        for home in homes:
            self.assertTrue(self.facts(home, "store", "check")["clean"], home)

    def same_tree(self, one, other):
        self.assertEqual(listing(one, contents=True), listing(other, contents=True))

    def states(self, home, *arguments):
        """{dp or None: state} of the rows that status shows."""
        return {row["dp"]: row["state"] for row in self.facts(home, "status", *arguments)["states"]}


class Pair(CourierTest):
    """PUN in A and PSE in B, as the behaviour table has them, and the words of its checks."""

    def setUp(self):
        super().setUp()
        self.pun_and_pse()

    def package(self, package="PUN00020", source="src", size=600_000):
        make_source(source, size)
        self.at("A", "package", "add", source, "--id", package, "--name", "Field tools")

    def created(self, package="PUN00020", source="src", **options):
        """A parcel with a package, in PUN's outbox."""
        self.package(package, source, **options)
        self.at("A", "distribute", package, "--to", "PSE")
        return self.facts("A", "parcel", "create", "--to", "PSE")["id"]

    def installed(self, **options):
        """PUN00020 version 1 is at PSE, and PUN knows."""
        self.package(**options)
        self.send("PUN00020")
        self.receive(return_to="drive")
        self.receive("A")

    def later(self, shift, home, *arguments, status=0):
        return self.at(home, *arguments, status=status, wrapper=("faketime", "-f", shift))

    def codes(self, home, *arguments):
        return [one["id"] for one in self.facts(home, "status", "--messages", *arguments)["messages"]]

    def golden(self, *names):
        """Sites GA and GB with the keys of the bad parcels, which are copied here."""
        for home, code in (("GA", "PUN"), ("GB", "PSE")):
            subprocess.run([tool("make_golden"), "--home", code, home], check=True)
            self.at(home, "site", "export", "golden-" + code + ".site")
        self.join("GA", "golden-PSE", "child")
        self.join("GB", "golden-PUN", "parent")
        os.mkdir("golden-share")
        self.at("GB", "dp", "add", "D1", "golden-share")
        for name in names:
            shutil.copy("%s/%s.pcl" % (BAD, name), ".")


def write(path, content, mode=None):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())
    if mode is not None:
        os.chmod(path, mode)


def noise(size, seed):
    """Bytes that do not compress, the same for the same seed."""
    import random
    return random.Random(seed).randbytes(size)


def text(size, seed):
    """Bytes that compress as text does."""
    import random
    chooser = random.Random(seed)
    words = ["%s%d" % (chooser.choice("abcdefgh"), chooser.randrange(5000)) for _ in range(size // 5)]
    return " ".join(words).encode()[:size]


def attributes_are_held(folder):
    try:
        os.setxattr(folder, "user.courier-probe", b"1")
        os.removexattr(folder, "user.courier-probe")
        return True
    except OSError:
        return False


def make_source(path, large=3_000_000):
    """A tree with everything that travels: sizes, modes, times, links, attributes, names."""
    write(path + "/readme.txt", "read me first\n", 0o644)
    write(path + "/setup/run.sh", "#!/bin/sh\necho hello\n", 0o755)
    write(path + "/setup/empty", "", 0o600)
    write(path + "/data/large.bin", noise(large, 1) + text(large // 2, 2), 0o640)
    write(path + "/data/text.log", text(400_000, 3), 0o444)
    write(path + "/Återställning ção/naïve ☃.txt", "names\n", 0o644)
    write(path.encode() + b"/data/not\xffutf8", b"raw name\n", 0o644)
    os.makedirs(path + "/empty folder", exist_ok=True)
    os.symlink("../readme.txt", path + "/setup/link")
    os.symlink("/etc/hostname", path + "/absolute link")
    os.symlink("nowhere at all", path + "/dangling")
    os.link(path + "/data/text.log", path + "/setup/same.log")
    with open(path + "/data/sparse", "wb") as sparse:
        sparse.truncate(5_000_000)
        sparse.seek(4_999_000)
        sparse.write(b"end of holes")
    if attributes_are_held(path):
        os.setxattr(path + "/readme.txt", "user.origin", b"PUN")
        os.setxattr(path + "/readme.txt", "user.binary", bytes(range(256)))
        os.setxattr(path + "/setup", "user.folder", b"yes")
    os.chmod(path + "/setup", 0o750)
    os.utime(path + "/readme.txt", ns=(0, 1_700_000_000_123_456_789))
    os.utime(path + "/setup/link", ns=(0, 1_500_000_000_000_000_001), follow_symlinks=False)
    os.utime(path + "/setup/empty", ns=(0, -1_000_000_000))
    os.utime(path + "/empty folder", ns=(0, 1_600_000_000_500_000_000))
    os.utime(path + "/setup", ns=(0, 1_600_000_001_000_000_000))


def make_second_version(first, second):
    """The first version with a little changed, added and removed."""
    subprocess.run(["cp", "-a", first, second], check=True)
    with open(second + "/data/large.bin", "r+b") as large:
        large.seek(1_000_000)
        large.write(b"changed in version 2")
    write(second + "/new/added.txt", "added in version 2\n", 0o644)
    os.unlink(second + "/dangling")


def flip(path, offset, bit=1):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ bit]))


def manifest_rows(path):
    """The table of a MANIFEST.md: the cells of each row, without their code marks."""
    with open(path, encoding="utf-8") as file:
        rows = [line.strip().strip("|").split("|") for line in file if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


def bad_parcels():
    """What tests/bad/MANIFEST.md says: {name: (cause, exit status)}."""
    return {row[0][:-4]: (row[2], int(row[3])) for row in manifest_rows(BAD + "/MANIFEST.md")}


def tool(name):
    return os.path.join(TOOLS, name)


def is_root():
    return os.geteuid() == 0


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


main = unittest.main
