"""Courier in its own measurement: an origin (PUN), the site that gets the content (PSE), and the next one (TEX)."""
import json
import os
import shutil
import subprocess

from measuring import fresh, measure, quoted, size_of

PACKAGE = "PUN00020"


class Courier:
    """Notes what it took as `courier.WORK` in seconds, `courier.WORK.bytes` and `courier.WORK.peak` (MiB)."""

    def __init__(self, program, folder, note):
        self.program, self.folder, self.note = program, folder, note
        self.drive, self.share = f"{folder}/drive", f"{folder}/share"

    def command(self, site, *words):
        return quoted(self.program, "--home", f"{self.folder}/{site}", "--no-progress", *words)

    def run(self, site, *words):
        subprocess.run(self.command(site, *words), shell=True, check=True, stdout=subprocess.DEVNULL)

    def measure(self, work, *commands, apart=0.0):
        """Runs the commands one after the other; caches are dropped before the first. apart: seconds that do not count."""
        taken = measure(" && ".join(commands), self.folder)
        self.note(f"courier.{work}", taken.wall - (apart() if apart else 0))
        self.note(f"courier.{work}.peak", taken.peak)

    def parcel(self, site, number=1, home="PUN"):
        return f"{self.folder}/{home}/outbox/PUN-{site}-{number:06}.pcl"

    def begin(self):
        sites = ("PUN", "PSE", "TEX")
        for site in sites:
            fresh(f"{self.folder}/{site}")
            self.run(site, "site", "init", site)
            identity = f"{self.folder}/{site}.site"
            if os.path.exists(identity):
                os.remove(identity)
            self.run(site, "site", "export", identity)
        for site in sites[1:]:
            self.run("PUN", "site", "join", f"{self.folder}/{site}.site", "--as", "child", "--trust")
            self.run(site, "site", "join", f"{self.folder}/PUN.site", "--as", "parent", "--trust")

    def first(self, source, work="first", level="default"):
        self.begin()
        self.measure(work,
                     self.command("PUN", "package", "add", source, "--id", PACKAGE, "--name", "B", "--level", level),
                     self.command("PUN", "distribute", PACKAGE, "--to", "PSE"),
                     self.command("PUN", "parcel", "create", "--to", "PSE"))
        self.note(f"courier.{work}.bytes", size_of(self.parcel("PSE")))

    def next_site(self):
        self.run("PUN", "distribute", PACKAGE, "--to", "TEX")
        self.measure("next", self.command("PUN", "parcel", "create", "--to", "TEX"))
        copied = measure(quoted("cp", self.parcel("TEX"), f"{self.folder}/copied"), self.folder)
        self.note("cp.next", copied.wall)
        os.remove(f"{self.folder}/copied")
        os.remove(self.parcel("TEX"))

    def receive(self, source, work="receive", number=1):
        if work == "receive":
            fresh(self.share)
            self.run("PSE", "dp", "add", "files", self.share)
        fresh(self.drive)
        os.rename(self.parcel("PSE", number), f"{self.drive}/{os.path.basename(self.parcel('PSE', number))}")
        journal = f"{self.folder}/PSE/log/journal.jsonl"
        before = size_of(journal)
        self.measure(work, self.command("PSE", "receive", self.drive, "--yes", "--return-to", self.drive),
                     apart=lambda: self.read_back(journal, before, work))
        subprocess.run(["diff", "-r", "--no-dereference", source, f"{self.share}/{PACKAGE}"], check=True)

    def read_back(self, journal, before, work):
        """Seconds between the lines "verifying" and "publishing" in what was added to the journal."""
        at = {}
        with open(journal) as lines:
            lines.seek(before)
            for line in map(json.loads, lines):
                for phase in ("verifying", "publishing"):
                    if line["message"].endswith(": " + phase):
                        clock = line["time"].rstrip("Z").split("T")[1].split(":")
                        at[phase] = int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])
        seconds = (at["publishing"] - at["verifying"]) % 86400
        self.note(f"courier.{work}.read-back", seconds)
        return seconds

    def update(self, work, home, level, new):
        self.measure(work, self.command(home, "package", "update", PACKAGE, new, "--level", level),
                     self.command(home, "parcel", "create", "--to", "PSE", "--level", level))
        self.note(f"courier.{work}.bytes", size_of(self.parcel("PSE", 2, home)))

    def increment(self, old, new, is_small_too):
        """v1 is proved at PSE before: the return is taken in, and that is not measured."""
        self.run("PUN", "receive", self.drive, "--yes")
        if is_small_too:
            shutil.copytree(f"{self.folder}/PUN", f"{self.folder}/PUN.small", symlinks=True)
            self.update("increment-small", "PUN.small", "small", new)
            shutil.rmtree(f"{self.folder}/PUN.small")
        self.update("increment", "PUN", "default", new)
        self.receive(new, "increment-receive", 2)
        self.note("content.growth", size_of(new) / size_of(old))
