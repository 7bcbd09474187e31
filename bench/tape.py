#!/usr/bin/python3
"""Writes a parcel to a tape image, with recovery data and without: speed beside cp, and how often the tape ran dry.

  bench/tape.py COURIER [--size MB] [--rounds N] [--folder DIR]

A drive that runs dry stops, winds back and starts again; the writer counts it (`underruns` in the report). The time of
courier has the read-back of all that was written in it; that of cp has the sync. A round is cp and both writes after it.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import time


def timed(folder, *command):
    begin = time.monotonic()
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    subprocess.run(["sync", "-f", folder], check=True)
    return time.monotonic() - begin, out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("courier")
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default="/var/tmp")
    options = parser.parse_args()
    folder = os.path.join(options.folder, "courier-bench-tape")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder + "/source")
    courier = os.path.abspath(options.courier)
    os.chdir(folder)
    with open("source/noise", "wb") as file:
        for _ in range(options.size):
            file.write(os.urandom(1_000_000))

    def run(*words):
        return subprocess.run([courier, "--home", "a", *words], stdout=subprocess.PIPE, check=True).stdout

    run("site", "init", "PUN", "--name", "Pune")
    subprocess.run([courier, "--home", "b", "site", "init", "PSE", "--name", "Branch"], stdout=subprocess.DEVNULL, check=True)
    subprocess.run([courier, "--home", "b", "site", "export", "PSE.site"], stdout=subprocess.DEVNULL, check=True)
    run("site", "join", "PSE.site", "--as", "child", "--trust")
    run("package", "add", "source", "--id", "PUN00001", "--name", "Noise")
    run("distribute", "PUN00001", "--to", "PSE")
    run("parcel", "create", "--to", "PSE")
    parcel = "a/outbox/PUN-PSE-000001.pcl"
    size = os.path.getsize(parcel) / 1e6

    times, dry = {}, {}
    for _ in range(options.rounds):
        for name in ("copy", "0.tap", "10.tap"):
            if os.path.exists(name):
                os.remove(name)
        times.setdefault("cp and sync", []).append(timed(".", "cp", parcel, "copy")[0])
        for recovery in ("0", "10"):
            took, out = timed(".", courier, "--home", "a", "--json", "media", "write", "PUN-PSE-000001",
                              "tape:%s/%s.tap" % (folder, recovery), "--recovery", recovery)
            name = "tape, recovery %s %%, with read-back" % recovery
            times.setdefault(name, []).append(took)
            dry.setdefault(name, []).append(json.loads(out)["written"][0]["underruns"])
    print("%.0f MB, %d rounds; load %.1f" % (size, options.rounds, os.getloadavg()[0]))
    print("| work | seconds | MB/s | underruns |\n|---|---|---|---|")
    for name, taken in times.items():
        print("| %s | %.2f (%.2f-%.2f) | %.0f | %s |" % (name, statistics.median(taken), min(taken), max(taken),
                                                          size / statistics.median(taken), dry.get(name, "")))
    os.chdir("/")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
