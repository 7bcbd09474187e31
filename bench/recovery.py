#!/usr/bin/python3
"""Recovery data beside par2 and dvdisaster: making it, repairing a burst, and writing a medium with it.

  bench/recovery.py BUILD [--size MB] [--rounds N] [--folder DIR] [--writing-only]

BUILD is a build folder with courier and tools/make_recovery. The works of one round follow each other, so that what else the
machine does falls on all of them alike; what counts are the ratios. Caches are warm for making and repairing (a parcel was just
written), and each time has the sync of its results in it. par2 makes -r10 with its own number of blocks (2,000); dvdisaster an
RS03 file for 10 % (`-n 10%`), with as many threads as there are cores. `media write` is told from its reading back by the
moment at which its progress says "verifying", which is after the sync of the file; cp has the sync of its file.
"""
import argparse
import mmap
import os
import pty
import resource
import shutil
import statistics
import subprocess
import sys
import time


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def settle_memory(size=3 << 30):
    """Takes memory and gives it back: on a virtual machine what nobody used for a while is the host's, and whoever is measured
    first would wait until it gives it."""
    child = os.fork()
    if child == 0:
        memory = mmap.mmap(-1, size)
        for page in range(0, size, 4096):
            memory[page] = 1
        os._exit(0)
    os.waitpid(child, 0)


def timed(*command, is_durable=False):
    """Seconds by the clock and of all processors, until what it made is durable."""
    begin, cpu = time.monotonic(), cpu_seconds()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if not is_durable:
        subprocess.run(["sync", "-f", "."], check=True)
    took = time.monotonic() - begin, cpu_seconds() - cpu
    if done.returncode != 0:
        sys.exit("%s: status %d\n%s" % (" ".join(command), done.returncode, done.stdout.decode(errors="replace")[-2000:]))
    return took


def written_and_proved(*command):
    """Seconds until the file was durable, and of reading it back; of processors for both."""
    begin, cpu = time.monotonic(), cpu_seconds()
    terminal, inside = pty.openpty()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=inside)
    os.close(inside)
    said, durable = b"", None
    while True:
        try:
            said += os.read(terminal, 4096)
        except OSError:  # its other end is closed
            break
        if durable is None and b"verifying" in said:
            durable = time.monotonic()
    if child.wait() != 0 or durable is None:
        sys.exit(said.decode(errors="replace")[-2000:])
    os.close(terminal)
    return durable - begin, time.monotonic() - durable, cpu_seconds() - cpu


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


def make_parcel(courier):
    """Of the file volume, in the outbox of a site PUN."""
    def run(*words):
        subprocess.run([courier, "--no-progress", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    for code in ("PUN", "PSE"):
        run("--home", code, "site", "init", code)
        run("--home", code, "site", "export", code + ".site")
    run("--home", "PUN", "site", "join", "PSE.site", "--as", "child", "--trust")
    os.mkdir("src")
    os.link("volume", "src/volume")
    run("--home", "PUN", "package", "add", "src", "--id", "PUN00020", "--name", "Noise")
    run("--home", "PUN", "distribute", "PUN00020", "--to", "PSE")
    run("--home", "PUN", "parcel", "create", "--to", "PSE")
    return "PUN/outbox/PUN-PSE-000001.pcl"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="/var/tmp")
    parser.add_argument("--writing-only", action="store_true")
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
    for _ in range(0 if options.writing_only else options.rounds):
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

    parcel = make_parcel(courier)
    for _ in range(options.rounds):
        shutil.rmtree("drive", ignore_errors=True)
        os.mkdir("drive")
        subprocess.run(["cat", parcel], stdout=subprocess.DEVNULL, check=True)
        settle_memory()
        take("cp and sync of the parcel", "sh", "-c", "cp %s drive/copied && sync drive/copied" % parcel, is_durable=True)
        os.remove("drive/copied")
        command = (courier, "media", "write", parcel, "drive", "--recovery", "10")
        settle_memory()
        durable, proved, cpu = written_and_proved(*command)
        times.setdefault("courier: media write --recovery 10, until it is durable", []).append((durable, cpu))
        times.setdefault("courier: its reading back", []).append((proved, 0))
        os.rename("drive/" + os.path.basename(parcel), "same-bytes")
        subprocess.run(["cat", "same-bytes"], stdout=subprocess.DEVNULL, check=True)
        settle_memory()
        take("cp and sync of the same bytes", "sh", "-c", "cp same-bytes drive/copied && sync drive/copied", is_durable=True)
        os.remove("drive/copied")
        os.remove("same-bytes")

    def ratio(one, other):
        texts = []
        for kind in (0, 1):
            each = [a[kind] / b[kind] for a, b in zip(times[one], times[other])]
            texts.append("%.2f (%.2f-%.2f)" % (statistics.median(each), min(each), max(each)))
        return " | ".join(texts)

    print("%d MB, %d rounds; load %.0f" % (options.size, options.rounds, os.getloadavg()[0]))
    print("| work | s by the clock, by round | s of processors |\n|---|---|---|")
    for name, each in times.items():
        print("| %s | %s | %s |" % (name, ", ".join("%.2f" % one[0] for one in each), ", ".join("%.2f" % one[1] for one in each)))
    print("\n| ratio | by the clock | by processors |\n|---|---|---|")
    if not options.writing_only:
        print("| par2 create -r10 / make | %s |" % ratio("par2: make", "courier: make"))
        print("| dvdisaster RS03 / make | %s |" % ratio("dvdisaster: make", "courier: make"))
        print("| par2 repair / parcel repair | %s |" % ratio("par2: repair", "courier: repair"))
    write = "courier: media write --recovery 10, until it is durable"
    print("| cp and sync of the same bytes / media write | %s |" % ratio("cp and sync of the same bytes", write))
    print("| cp and sync of the parcel / media write | %s |" % ratio("cp and sync of the parcel", write))
    shutil.rmtree("drive")
    os.mkdir("drive")
    print("| peak memory, media write | %.0f MiB |" % peak_memory(*command))
    os.chdir("/")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
