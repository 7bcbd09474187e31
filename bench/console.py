"""What the console costs while nothing happens, and how soon a page is told: idle processor share and memory over a
minute with a page open, time to first byte of the page, and from a drive's change of state to its event.

  bench/console.py COURIER [SECONDS]
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

COURIER = os.path.abspath(sys.argv[1])
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 60
os.environ["COURIER"] = COURIER
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
from console_client import Console, Events  # noqa: E402

ROUNDS = 20


def processor_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, name="VmRSS"):
    for line in open("/proc/%d/status" % pid):
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0


def main():
    os.chdir(tempfile.mkdtemp(prefix="courier-bench-"))
    subprocess.run([COURIER, "--home", "B", "site", "init", "PSE", "--name", "Branch"], check=True, stdout=subprocess.DEVNULL)
    os.makedirs("usb/photos")
    console = Console("B", "--folder", "usb")
    pid = console.program.pid
    events = Events(console)
    states = iter(events)
    while not any(drive["state"] == "empty" for drive in next(states)["drives"]):
        pass

    before, began = processor_seconds(pid), time.monotonic()
    time.sleep(SECONDS)
    share = (processor_seconds(pid) - before) / (time.monotonic() - began)

    pages = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        console.request("GET", "/")
        pages.append(time.monotonic() - began)

    # Looking at it again changes its state within the request; the event is on its way by then.
    told = []
    for _ in range(ROUNDS):
        drive = console.state()["drives"][0]
        began = time.monotonic()
        console.act(drive, "again")
        while next(states)["drives"][0]["state"] != "reading":
            pass
        told.append(time.monotonic() - began)
        while next(states)["drives"][0]["state"] != "empty":
            pass
        time.sleep(0.3)
    result = {"idle_processor_percent": round(100 * share, 2), "memory_mib": round(memory_mib(pid), 1),
              "memory_peak_mib": round(memory_mib(pid, "VmHWM"), 1),
              "page_ms": round(1000 * statistics.median(pages), 1), "event_ms": round(1000 * statistics.median(told), 1),
              "event_ms_worst": round(1000 * max(told), 1)}
    events.close()
    console.end()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
