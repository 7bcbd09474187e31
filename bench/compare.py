#!/usr/bin/python3
"""Courier beside what people use today, in one interleaved run on the corpora of bench/corpora.

For every corpus, in each of N rounds, one after the other: tar | zstd -3 -T0 | age and its reverse, and Courier's package
add + parcel create and its receive onto a share. Before every command the page cache is dropped (as root), after it the
file system is synced, and that counts. Prints a table of medians with their spread, and of the ratios within each round.
What receive spends reading the share back past the page cache is on a line of its own: the peer does not do that.

    bench/compare.py COURIER CORPORA [--corpus native,small] [--rounds 3] [--dir FOLDER]
"""
import argparse
import json
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


class Taken:
    """What one command took: wall seconds with the sync after it, CPU seconds, the largest process in MiB."""

    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak

    def __add__(self, other):
        return Taken(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


def drop_caches():
    os.sync()
    if os.geteuid() == 0:
        with open("/proc/sys/vm/drop_caches", "w") as out:
            out.write("3")


def measure(command, folder):
    """Runs a shell command in a process that is waited for with all its children, then syncs folder's file system."""
    drop_caches()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + command],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        sys.stderr.write(done.stderr.decode() if done.returncode else "")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(f"{folder}/used", "w") as out:
            json.dump([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], out)
        os._exit(0 if done.returncode == 0 else 1)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("failed: " + command)
    subprocess.run(["sync", "-f", folder], check=True)
    wall = time.monotonic() - begun
    with open(f"{folder}/used") as used:
        return Taken(wall, *json.load(used))


def size_of(path):
    return os.path.getsize(path)


class Peer:
    name = "tar | zstd -3 -T0 | age"

    def __init__(self, folder):
        self.folder, self.key = folder, f"{folder}/age.key"
        subprocess.run(["age-keygen", "-o", self.key], check=True, stderr=subprocess.DEVNULL)
        self.recipient = subprocess.run(["age-keygen", "-y", self.key], check=True, capture_output=True,
                                        text=True).stdout.strip()
        self.out = f"{folder}/peer.age"

    def pack(self, source):
        if os.path.exists(self.out):
            os.remove(self.out)
        return measure(f"tar -C {shlex.quote(source)} -cf - . | zstd -q -3 -T0 -c | "
                       f"age -r {self.recipient} -o {self.out}", self.folder), size_of(self.out)

    def unpack(self):
        target = f"{self.folder}/peer.out"
        shutil.rmtree(target, ignore_errors=True)
        os.mkdir(target)
        return measure(f"age -d -i {self.key} {self.out} | zstd -q -d -c | tar -C {target} -xf -", self.folder)


class Courier:
    name = "courier"

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.homes = {site: f"{folder}/{site}" for site in ("PUN", "PSE")}

    def command(self, site, *words):
        return " ".join([shlex.quote(self.program), "--home", self.homes[site], "--no-progress",
                         *map(shlex.quote, words)])

    def run(self, site, *words):
        subprocess.run(self.command(site, *words), shell=True, check=True, stdout=subprocess.DEVNULL)

    def pack(self, source):
        for name in ("PUN", "PSE", "share", "drive"):
            shutil.rmtree(f"{self.folder}/{name}", ignore_errors=True)
        for site in ("PUN", "PSE"):
            self.run(site, "site", "init", site)
            identity = f"{self.folder}/{site}.site"
            if os.path.exists(identity):
                os.remove(identity)
            self.run(site, "site", "export", identity)
        self.run("PUN", "site", "join", f"{self.folder}/PSE.site", "--as", "child", "--trust")
        self.run("PSE", "site", "join", f"{self.folder}/PUN.site", "--as", "parent", "--trust")
        added = measure(self.command("PUN", "package", "add", source, "--id", "PUN00020", "--name", "Bench"),
                        self.folder)
        self.run("PUN", "distribute", "PUN00020", "--to", "PSE")
        created = measure(self.command("PUN", "parcel", "create", "--to", "PSE"), self.folder)
        self.parcel = f"{self.homes['PUN']}/outbox/PUN-PSE-000001.pcl"
        return added, created, size_of(self.parcel)

    def unpack(self):
        os.mkdir(f"{self.folder}/drive")
        os.rename(self.parcel, f"{self.folder}/drive/PUN-PSE-000001.pcl")
        os.mkdir(f"{self.folder}/share")
        self.run("PSE", "dp", "add", "files", f"{self.folder}/share")
        return measure(self.command("PSE", "receive", f"{self.folder}/drive", "--yes"), self.folder), self.read_back()

    def read_back(self):
        """Seconds between the lines "verifying" and "publishing" of the transfer in the journal."""
        at = {}
        with open(f"{self.homes['PSE']}/log/journal.jsonl") as journal:
            for line in map(json.loads, journal):
                for phase in ("verifying", "publishing"):
                    if line["message"].endswith(": " + phase):
                        clock = line["time"].rstrip("Z").split("T")[1].split(":")
                        at[phase] = int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])
        return (at["publishing"] - at["verifying"]) % 86400


class Table:
    def __init__(self):
        self.values = {}  # (corpus, row) -> one for each round

    def add(self, corpus, row, value):
        self.values.setdefault((corpus, row), []).append(value)

    def of(self, corpus, row):
        return self.values[corpus, row]

    def ratio(self, corpus, row, peer):
        """Median and spread of row / peer within each round."""
        ratios = [a / b for a, b in zip(self.of(corpus, row), self.of(corpus, peer))]
        return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"

    def seconds(self, corpus, row):
        values = self.of(corpus, row)
        return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def show(table, corpora, cpu, peak, sizes):
    print("\n| corpus | work | courier s | tar, zstd, age s | ratio of wall | ratio of CPU |\n|---|---|---|---|---|---|")
    for corpus in corpora:
        for work, row, peer in (("add + create", "pack", "peer pack"), ("of these, create", "create", "peer pack"),
                                ("receive, read-back apart", "unpack", "peer unpack")):
            ratio_cpu = cpu.ratio(corpus, row, peer) if row != "unpack" else ""
            print(f"| {corpus} | {work} | {table.seconds(corpus, row)} | {table.seconds(corpus, peer)} | "
                  f"{table.ratio(corpus, row, peer)} | {ratio_cpu} |")
        print(f"| {corpus} | read-back | {table.seconds(corpus, 'read-back')} | | | |")
    print("\n| corpus | parcel bytes | age file bytes | ratio | peak MiB add, create, receive |\n|---|---|---|---|---|")
    for corpus in corpora:
        ours, theirs = sizes[corpus]
        peaks = ", ".join(f"{max(peak.of(corpus, row)):.0f}" for row in ("add", "create", "receive"))
        print(f"| {corpus} | {ours} | {theirs} | {ours / theirs:.3f} | {peaks} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("courier")
    parser.add_argument("corpora", help="the folder that bench/corpora made")
    parser.add_argument("--corpus", default="native,small,packed,image")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", default=None, help="a folder with 10 GB of space (default: the temporary one)")
    options = parser.parse_args()
    corpora = options.corpus.split(",")
    wall, cpu, peak, sizes = Table(), Table(), Table(), {}
    for corpus in corpora:
        source = os.path.abspath(f"{options.corpora}/{corpus}/v1")
        folder = tempfile.mkdtemp(prefix="courier-compare-", dir=options.dir)
        try:
            peer, courier = Peer(folder), Courier(os.path.abspath(options.courier), folder)
            for number in range(options.rounds):
                packed, peer_bytes = peer.pack(source)
                added, created, bytes_ = courier.pack(source)
                unpacked = peer.unpack()
                shutil.rmtree(f"{folder}/peer.out")
                received, read_back = courier.unpack()
                subprocess.run(["diff", "-r", "--no-dereference", source, f"{folder}/share/PUN00020"], check=True)
                sizes[corpus] = (bytes_, peer_bytes)
                for row, taken in (("peer pack", packed), ("pack", added + created), ("create", created),
                                   ("peer unpack", unpacked)):
                    wall.add(corpus, row, taken.wall)
                    cpu.add(corpus, row, taken.cpu)
                wall.add(corpus, "unpack", received.wall - read_back)
                wall.add(corpus, "read-back", read_back)
                for row, taken in (("add", added), ("create", created), ("receive", received)):
                    peak.add(corpus, row, taken.peak)
                print(f"{corpus} {number + 1}: pack {packed.wall:.2f} / {added.wall:.2f} + {created.wall:.2f}, unpack "
                      f"{unpacked.wall:.2f} / {received.wall:.2f} with read-back {read_back:.2f}; cpu {packed.cpu:.2f} / "
                      f"{added.cpu:.2f} + {created.cpu:.2f}, {unpacked.cpu:.2f} / {received.cpu:.2f}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    show(wall, corpora, cpu, peak, sizes)


if __name__ == "__main__":
    main()
