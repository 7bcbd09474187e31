#!/usr/bin/python3
"""Recovery data beside par2 and dvdisaster: making it, repairing a burst, and writing a medium with it.

  bench/recovery.py BUILD [--size MB] [--rounds N] [--folder DIR]

BUILD is a build folder with courier and tools/make_recovery. The works of one round follow each other, so that what else the
machine does falls on all of them alike; what counts are the ratios. Caches are warm for making and repairing (a parcel was just
written), and each time has the sync of its results in it. par2 makes -r10 with its own number of blocks (2,000); dvdisaster an
RS03 file for 10 % (`-n 10%`), with as many threads as there are cores.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time


def timed(*command, status=0):
    begin = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    subprocess.run(["sync", "-f", "."], check=True)
    took = time.monotonic() - begin
    if done.returncode != status:
        sys.exit("%s: status %d\n%s" % (" ".join(command), done.returncode, done.stdout.decode(errors="replace")[-2000:]))
    return took


def peak_memory(*command):
    """MiB, of a run of its own."""
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    return os.wait4(pid, 0)[2].ru_maxrss / 1024


def burst(path, share):
    """Makes a run in the middle of the file other bytes."""
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size * 2 // 5)
        file.write(os.urandom(int(size * share)))


def same(one, other):
    if subprocess.run(["cmp", "-s", one, other], check=False).returncode:
        sys.exit("%s was not repaired" % one)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="/var/tmp")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    courier, make = build + "/courier", build + "/tools/make_recovery"
    if not os.path.exists(make):
        make = build + "/tests/make_recovery"
    folder = os.path.join(options.folder, "courier-bench-recovery")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    os.chdir(folder)
    with open("volume", "wb") as file:
        for _ in range(options.size):
            file.write(os.urandom(1_000_000))
    times = {}

    def take(name, *command, **more):
        times.setdefault(name, []).append(timed(*command, **more))

    threads = str(os.cpu_count())
    for _ in range(options.rounds):
        for name in os.listdir("."):
            if name != "volume":
                os.remove(name)
        subprocess.run(["cat", "volume"], stdout=subprocess.DEVNULL, check=True)
        take("courier: make", make, "volume", "10", "volume.rec")
        take("dvdisaster: make", "dvdisaster", "-mRS03", "-n", "10%", "-x", threads, "-i", "volume", "-e", "volume.ecc",
             "-c", "-o", "file")
        take("par2: make", "par2", "create", "-q", "-q", "-r10", "volume.par2", "volume")

        subprocess.run([make, "volume", "10", "whole.pcl", "--whole"], check=True)
        shutil.copy("whole.pcl", "damaged.pcl")
        burst("damaged.pcl", 0.05)
        take("courier: repair", courier, "parcel", "repair", "damaged.pcl", "--to", "repaired.pcl")
        same("repaired.pcl", "whole.pcl")
        shutil.copy("volume", "kept")
        burst("volume", 0.05)
        take("par2: repair", "par2", "repair", "-q", "-q", "volume.par2")
        same("volume", "kept")
        for name in os.listdir("."):
            if name.startswith("volume."):
                os.remove(name)
        os.rename("kept", "volume")

    def ratio(one, other):
        each = [a / b for a, b in zip(times[one], times[other])]
        return "%.1f (%.1f-%.1f)" % (statistics.median(each), min(each), max(each))

    print("%d MB, %d rounds; load %s" % (options.size, options.rounds, os.getloadavg()))
    for name, all_times in times.items():
        middle = statistics.median(all_times)
        print("| %s | %s s | %.0f MB/s |" % (name, ", ".join("%.2f" % one for one in all_times), options.size / middle))
    print("| made as fast as par2 | %s |" % ratio("par2: make", "courier: make"))
    print("| made as fast as dvdisaster | %s |" % ratio("dvdisaster: make", "courier: make"))
    print("| repaired as fast as par2 | %s |" % ratio("par2: repair", "courier: repair"))
    print("| peak memory, make | %.0f MiB |" % peak_memory(make, "volume", "10", "volume.rec"))
    os.chdir("/")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
