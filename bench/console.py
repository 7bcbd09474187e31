"""What the console costs: its idle processor share and memory over a minute with an event stream open; how soon an event
is on the wire; and in Debian's Chromium, 20 times each, how soon the kiosk's page is painted with nothing cached, what it
weighs, and how soon it shows what has happened. Prints the table for RESULTS.md, medians with the range.

  bench/console.py COURIER [SECONDS]

scripts/setup browser installs what it needs besides.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
COURIER = os.path.abspath(sys.argv[1])
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 60
MODULES = os.environ.setdefault("COURIER_BROWSER_MODULES", os.path.join(ROOT, "build", "browser"))
os.environ["COURIER"] = COURIER
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from console_client import Console, Events  # noqa: E402
from report import spread  # noqa: E402

ROUNDS = 20


def processor_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid, name):
    for line in open("/proc/%d/status" % pid):
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0


def idle_percent(pid):
    before, began = processor_seconds(pid), time.monotonic()
    time.sleep(SECONDS)
    return 100 * (processor_seconds(pid) - before) / (time.monotonic() - began)


def events_ms(console, states):
    """Looking at a drive again changes its state within the request; the event is on its way by then."""
    told = []
    for _ in range(ROUNDS):
        drive = console.state()["drives"][0]
        began = time.monotonic()
        console.act(drive, "again")
        while next(states)["drives"][0]["state"] != "reading":
            pass
        told.append(1000 * (time.monotonic() - began))
        while next(states)["drives"][0]["state"] != "empty":
            pass
        time.sleep(0.3)  # after a pause the next state is told at once; one that is over by then is not told at all
    return told


def in_browser(url):
    """What console_page.mjs measures: lists of milliseconds and bytes."""
    subprocess.run([os.path.join(ROOT, "scripts", "browser-modules"), MODULES], check=True)
    command = ["node", os.path.join(HERE, "console_page.mjs"), url, str(ROUNDS)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def table(rows):
    print("| what | measured | target |\n|---|---|---|")
    for what, values, unit, digits, target in rows:
        print("| %s | %s %s | %s |" % (what, spread(values, digits), unit, target))


def measure():
    subprocess.run([COURIER, "--home", "B", "site", "init", "PSE", "--name", "Branch"], check=True, stdout=subprocess.DEVNULL)
    os.makedirs("usb/photos")
    console = Console("B", "--folder", "usb")
    pid = console.program.pid
    events = Events(console)
    states = iter(events)
    while not any(drive["state"] == "empty" for drive in next(states)["drives"]):
        pass

    load = [os.getloadavg()[0]]
    idle = idle_percent(pid)
    told = events_ms(console, states)
    events.close()
    seen = in_browser(console.url)
    load.append(os.getloadavg()[0])
    table([("first contentful paint, cold", seen["first"], "ms", 0, "300 ms"),
           ("the question is painted, cold", seen["question"], "ms", 0, ""),
           ("the page over the wire", [size / 1000 for size in seen["bytes"]], "KB", 1, "300 KB"),
           ("an event is on the wire", told, "ms", 1, ""),
           ("an event is in the page", seen["event"], "ms", 1, "100 ms"),
           ("idle processor share", [idle], "%", 2, "1 %"),
           ("memory at the end", [memory_mb(pid, "VmRSS")], "MB", 1, "60 MB"),
           ("memory at its peak", [memory_mb(pid, "VmHWM")], "MB", 1, "60 MB")])
    print("\nload %.1f before, %.1f after, on %d processors" % (*load, os.cpu_count()))
    console.end()


def main():
    with tempfile.TemporaryDirectory(prefix="courier-bench-") as folder:
        os.chdir(folder)
        measure()


if __name__ == "__main__":
    main()
