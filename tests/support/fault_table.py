"""The lines that tests/fault/sweep_test.cc reports, as the tables of tests/fault/RESULTS.md.

  fault_table.py REPORT
"""
import collections
import json
import sys


def table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    steps = list(dict.fromkeys(line["step"] for line in lines))
    kinds = list(dict.fromkeys(line["kind"] for line in lines))
    injected = {(line["step"], line["kind"]): line["injected"] for line in lines}
    table(["command", *kinds],
          [[step, *(injected.get((step, kind), 0) for kind in kinds)] for step in steps])
    calls, statuses = collections.Counter(), collections.Counter()
    for line in lines:
        calls.update(line["at"])
        statuses.update(line["statuses"])
    table(["call that failed", "times"], calls.most_common())
    table(["exit status of the command that met it", "times"], sorted(statuses.items(), key=lambda one: int(one[0])))
    print("faults in all: %d" % sum(calls.values()))


if __name__ == "__main__":
    main()
