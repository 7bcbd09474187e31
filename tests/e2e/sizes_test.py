"""Files about 2 and 4 GiB long go all the way, with bounded memory and their holes kept: sparse, with data at the
beginning, across the boundary and at the end.

One size by default, since every zero is read; COURIER_SIZES=all takes all of them (scripts/fault-sweep).
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, main, noise  # noqa: E402

GIB = 1 << 30
SIZES = [2 * GIB - 1, 2 * GIB, 2 * GIB + 1, 4 * GIB - 1, 4 * GIB, 4 * GIB + 1]
MEMORY = 300 << 20
SANITIZED = "/asan/" in COURIER


def make_sparse(path, size):
    with open(path, "wb") as out:
        out.truncate(size)
        for offset, length in ((0, 100_000), (2 * GIB - 50_000, 100_000), (4 * GIB - 50_000, 100_000)):
            length = min(length, size - offset)
            if length > 0:
                out.seek(offset)
                out.write(noise(length, offset))
        out.seek(size - 1)
        out.write(b"e")


def extents(file, size):
    """The parts of a file that are not holes."""
    offset, found = 0, []
    while offset < size:
        try:
            begin = os.lseek(file.fileno(), offset, os.SEEK_DATA)
        except OSError:
            break
        offset = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
        found.append((begin, offset))
    return found


def same_content(one, other):
    """Byte by byte, but for what is a hole in both."""
    size = os.path.getsize(one)
    if os.path.getsize(other) != size:
        return False
    with open(one, "rb") as first, open(other, "rb") as second:
        for begin, end in extents(first, size) + extents(second, size):
            for offset in range(begin, end, 1 << 20):
                length = min(1 << 20, end - offset)
                if os.pread(first.fileno(), length, offset) != os.pread(second.fileno(), length, offset):
                    return False
    return True


class Sizes(CourierTest):
    def measured(self, *arguments):
        """Runs the program; its memory stays bounded."""
        process = subprocess.Popen([COURIER, *arguments], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, arguments)
        if not SANITIZED:
            self.assertLess(usage.ru_maxrss << 10, MEMORY, arguments)

    def test_sizes_about_two_and_four_gibibytes(self):
        self.pun_and_pse()
        self.at("B", "dp", "set", "files", "--reserve", "0")
        os.mkdir("src")
        # Under a sanitizer all takes several times as long.
        chosen = SIZES if os.environ.get("COURIER_SIZES") == "all" else SIZES[:1] if SANITIZED else SIZES[-1:]
        for size in chosen:
            make_sparse("src/%d.bin" % size, size)
        self.measured("--home", "A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.measured("--home", "A", "parcel", "create", "--to", "PSE", "--out", "drive")
        self.measured("--home", "B", "receive", "drive", "--yes", "--return-to", "drive")
        for name in os.listdir("src"):
            served = "share/PUN00020/" + name
            self.assertTrue(same_content("src/" + name, served), name)
            self.assertLess(os.stat(served).st_blocks * 512, 128 << 20, "the holes of %s are filled" % name)
        self.receive("A")
        self.assertEqual(self.facts("A", "parcel", "list")["outgoing"][0]["state"], "Confirmed")
        self.store_is_clean("A", "B")


if __name__ == "__main__":
    main()
