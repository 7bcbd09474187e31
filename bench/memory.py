#!/usr/bin/python3
"""Shows that the memory of add, create and receive does not grow with the content.

Makes compressible content of each size asked for, moves it from one site to another as a user
would, and prints for every command its time, its speed and its peak resident memory (wait4). Takes
about three times the size in free space.

    bench/memory.py COURIER [--sizes 1,4,20] [--dir FOLDER]     sizes in GB (10^9 bytes)
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

PAGE_UNIQUE, PAGE_TEXT = 1024, 3072
FILE_BYTES = 256 * 1000 * 1000


def text(seed):
    words = random.Random(seed)
    line = "".join(words.choice("etaoin shrdlu") for _ in range(61)) + "\n"
    return (line * (PAGE_TEXT // len(line) + 1))[:PAGE_TEXT].encode()


def make_content(folder, size):
    """Files of 256 MB, of which a quarter is random: no chunk is like another, a block is a third."""
    os.makedirs(folder)
    fillers = [text(i) for i in range(16)]
    number = 0
    while size > 0:
        left = min(size, FILE_BYTES)
        size -= left
        with open(f"{folder}/image-{number:03}", "wb") as out:
            while left > 0:
                noise = os.urandom(PAGE_UNIQUE * 4096)
                pages = b"".join(
                    noise[i * PAGE_UNIQUE:(i + 1) * PAGE_UNIQUE] + fillers[i % 16] for i in range(4096))
                out.write(pages[:left])
                left -= min(left, len(pages))
        number += 1


class Bench:
    def __init__(self, courier, folder):
        self.courier, self.folder, self.rows = courier, folder, []

    def run(self, home, *arguments, measure=None, size=0):
        command = [self.courier, "--home", f"{self.folder}/{home}", "--no-progress", *arguments]
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit status {process.returncode}\n{output.decode()}")
        if measure:
            seconds = time.monotonic() - begun
            row = (f"{size / 1e9:.0f} GB", measure, f"{seconds:.1f} s", f"{size / 1e6 / seconds:.0f} MB/s",
                   f"{usage.ru_maxrss / 1024:.0f} MiB")
            print("  ".join(row), flush=True)
            self.rows.append(row)

    def loop(self, size):
        source, drive, share = (f"{self.folder}/{name}" for name in ("source", "drive", "share"))
        # In a process of its own: a child's peak begins with that of whoever started it.
        maker = os.fork()
        if maker == 0:
            make_content(source, size)
            os._exit(0)
        if os.waitpid(maker, 0)[1] != 0:
            sys.exit("the content could not be made")
        os.makedirs(drive)
        os.makedirs(share)
        self.run("a", "site", "init", "PUN")
        self.run("b", "site", "init", "PSE")
        self.run("a", "site", "export", f"{self.folder}/PUN.site")
        self.run("b", "site", "export", f"{self.folder}/PSE.site")
        self.run("a", "site", "join", f"{self.folder}/PSE.site", "--as", "child", "--trust")
        self.run("b", "site", "join", f"{self.folder}/PUN.site", "--as", "parent", "--trust")
        self.run("a", "package", "add", source, "--id", "PUN00020", "--name", "Bench",
                 measure="package add", size=size)
        shutil.rmtree(source)
        self.run("a", "distribute", "PUN00020", "--to", "PSE")
        self.run("a", "parcel", "create", "--to", "PSE", "--out", drive, measure="parcel create", size=size)
        shutil.rmtree(f"{self.folder}/a")
        self.run("b", "receive", drive, "--yes", measure="receive", size=size)
        shutil.rmtree(drive)
        self.run("b", "dp", "add", "files", share)
        self.run("b", "distribute", "PUN00020", "--to", "files", measure="distribute", size=size)
        self.run("b", "store", "check", measure="store check", size=size)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("courier")
    parser.add_argument("--sizes", default="1,4")
    parser.add_argument("--dir", default=None, help="a folder with enough space (default: the temporary one)")
    options = parser.parse_args()
    bench = None
    rows = []
    for size in options.sizes.split(","):
        folder = tempfile.mkdtemp(prefix="courier-bench-", dir=options.dir)
        try:
            bench = Bench(os.path.abspath(options.courier), folder)
            bench.loop(int(float(size) * 1e9))
            rows += bench.rows
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n| content | command | time | speed | peak memory |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
