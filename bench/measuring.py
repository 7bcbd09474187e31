"""Measures commands: wall seconds with the sync after them, processor seconds, peak memory; caches dropped before."""
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time


class Taken:
    """What one command took."""

    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak  # seconds, seconds, MiB of the largest process


def drop_caches():
    os.sync()
    if os.geteuid() == 0:
        with open("/proc/sys/vm/drop_caches", "w") as out:
            out.write("3")


def measure(command, folder, environment=None):
    """Runs a shell command in a process that is waited for with all its children, then syncs folder's file system."""
    drop_caches()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + command], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
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
    """Bytes of a file, or of all files in a folder."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def fresh(path):
    """An empty folder. What was there is set aside until everything is measured: ext4 looks at each inode that was
    freed in the last minutes again for every new file, so that who unpacks after a removal would wait for it."""
    if os.path.lexists(path):
        os.rename(path, tempfile.mkdtemp(prefix="aside-", dir=os.path.dirname(path)))
    os.makedirs(path)
    return path


def quoted(*words):
    return " ".join(shlex.quote(str(word)) for word in words)
