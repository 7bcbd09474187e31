"""What people use today instead of Courier: each peer packs v1, unpacks it, and makes an increment from v1 to v2.

A peer notes what it took as `NAME.first`, `NAME.back`, `NAME.increment` in seconds, and `NAME.bytes`, `NAME.added` in bytes:
what has to travel. `once`: it takes minutes, and one round of it is enough.
"""
import os
import subprocess

from measuring import fresh, measure, quoted, size_of

PASSWORDS = {"BORG_PASSPHRASE": "x", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
             "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes", "RESTIC_PASSWORD": "x"}


def run(command, environment=None):
    subprocess.run(["bash", "-c", command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, **(environment or {})})


class Peer:
    once = False

    def __init__(self, folder, note):
        self.folder, self.note = folder, note
        self.out = f"{folder}/{self.name}"

    def measure(self, work, command):
        taken = measure(command, self.folder, self.environment())
        self.note(f"{self.name}.{work}", taken.wall)
        self.note(f"{self.name}.{work}.peak", taken.peak)

    def environment(self):
        return PASSWORDS | {"BORG_BASE_DIR": self.out + ".base", "RESTIC_CACHE_DIR": self.out + ".cache"}

    def target(self):
        return fresh(f"{self.folder}/unpacked")


class Age(Peer):
    name, works = "age", ("first", "receive")

    def first(self, source):
        fresh(self.out)
        key = f"{self.out}/key"
        subprocess.run(["age-keygen", "-o", key], check=True, stderr=subprocess.DEVNULL)
        self.measure("first", f"tar -C {quoted(source)} -cf - . | zstd -q -3 -T0 -c | "
                              f"age -r $(age-keygen -y {key}) -o {self.out}/v1")
        self.note("age.bytes", size_of(f"{self.out}/v1"))

    def back(self):
        self.measure("back", f"age -d -i {self.out}/key {self.out}/v1 | zstd -q -d -c | tar -C {self.target()} -xf -")


class Smallest(Peer):
    name, works, once = "zstd19", ("small",), True

    def first(self, source):
        fresh(self.out)
        self.measure("first", f"tar -C {quoted(source)} -cf - . | zstd -q -19 --long=27 -T0 -o {self.out}/v1")
        self.note("zstd19.bytes", size_of(f"{self.out}/v1"))


class Borg(Peer):
    name, works = "borg", ("first", "receive", "increment")

    def first(self, source):
        fresh(self.out)
        fresh(self.out + ".base")
        run(f"borg init -e repokey-blake2 {self.out}", self.environment())
        self.measure("first", f"cd {quoted(source)} && borg create -C zstd,3 {self.out}::v1 .")
        self.note("borg.bytes", size_of(self.out))

    def back(self):
        self.measure("back", f"cd {self.target()} && borg extract {self.out}::v1")

    def increment(self, _, new):
        before = size_of(self.out)
        self.measure("increment", f"cd {quoted(new)} && borg create -C zstd,3 {self.out}::v2 .")
        self.note("borg.added", size_of(self.out) - before)


class Restic(Peer):
    name, works = "restic", ("first", "receive", "increment")

    def first(self, source):
        fresh(self.out)
        fresh(self.out + ".cache")
        run(f"restic -q -r {self.out} init --repository-version 2", self.environment())
        self.measure("first", f"cd {quoted(source)} && restic -q -r {self.out} backup --compression auto .")
        self.note("restic.bytes", size_of(self.out))

    def back(self):
        self.measure("back", f"restic -q -r {self.out} restore latest --target {self.target()}")

    def increment(self, _, new):
        before = size_of(self.out)
        self.measure("increment", f"cd {quoted(new)} && restic -q -r {self.out} backup --compression auto .")
        self.note("restic.added", size_of(self.out) - before)


class Casync(Peer):
    name, works, once = "casync", ("increment",), True

    def make(self, source, index):
        image = f"{source}/os.img"
        what = f"{index}.caibx {quoted(image)}" if os.path.exists(image) else f"{index}.caidx {quoted(source)}"
        return f"casync make {'' if os.path.exists(image) else '--with=unix'} --store={self.out}/s.castr {self.out}/{what}"

    def increment(self, old, new):
        fresh(self.out)
        run(self.make(old, "v1"))
        before = size_of(self.out)
        self.measure("increment", self.make(new, "v2"))
        self.note("casync.added", size_of(self.out) - before)


class OfTars(Peer):
    """A tool that makes a difference of two files: of the tars of both versions, in the same order, or of the images."""
    works = ("increment",)

    def tar(self, source):
        image, tar = f"{source}/os.img", f"{self.folder}/{os.path.basename(source)}.tar"
        if os.path.exists(image):
            return image
        if not os.path.exists(tar):
            run(f"cd {quoted(source)} && find . | LC_ALL=C sort | tar --no-recursion -cf {tar} -T -")
        return tar

    def increment(self, old, new):
        fresh(self.out)
        old, new = self.tar(old), self.tar(new)
        if os.path.getsize(old) > self.largest:
            return
        self.measure("increment", self.difference(quoted(old), quoted(new)))
        self.note(f"{self.name}.added", size_of(f"{self.out}/d"))


class Patch(OfTars):
    name, largest = "patch", 2 << 30

    def difference(self, old, new):
        return f"zstd -q -3 --single-thread --long=30 --patch-from={old} {new} -o {self.out}/d"


class Xdelta(OfTars):
    name, largest, once = "xdelta", 4 << 30, True

    def difference(self, old, new):
        return f"xdelta3 -q -e -3 -B 2147483648 -s {old} {new} {self.out}/d"


class Bsdiff(Peer):
    """Of each changed file, beside the old one of its path; a new one is compressed.

    Takes 17 times a file in memory, and with files over 100 MB more than ten minutes for each."""
    name, works, once = "bsdiff", ("increment",), True
    largest = 80_000_000

    def increment(self, old, new):
        fresh(self.out)
        if any(os.path.getsize(os.path.join(folder, name)) > self.largest
               for folder, _, names in os.walk(new) for name in names):
            return
        self.measure("increment", f"cd {quoted(new)} && find . -type f | while read -r f; do "
                     f'old={quoted(old)}/$f; cmp -s "$old" "$f" && continue; n=$((n+1)); '
                     f'if [ -f "$old" ]; then bsdiff "$old" "$f" {self.out}/$n; '
                     f'else zstd -q -19 "$f" -o {self.out}/$n; fi; done')
        self.note("bsdiff.added", size_of(self.out))


PEERS = [Age, Borg, Restic, Smallest, Patch, Xdelta, Casync, Bsdiff]
