"""Makes the table of RESULTS.md out of what was measured, between two marks; what else is there stays."""
import json
import os
import statistics

from rows import ROWS

BEGIN, END = "<!-- made by bench/compare.py -->\n", "<!-- end of what bench/compare.py made -->\n"
SCALES = {"s": 1, "MB": 1e6, "MiB": 1}


def load(path):
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def save(path, measured):
    with open(path, "w") as file:
        json.dump(measured, file, indent=1, sort_keys=True)
        file.write("\n")


def spread(values, digits=2):
    """The median; of several, with the smallest and the largest."""
    shown = f"{statistics.median(values):.{digits}f}"
    if len(values) > 1 and f"{min(values):.{digits}f}" != f"{max(values):.{digits}f}":
        shown += f" ({min(values):.{digits}f}–{max(values):.{digits}f})"
    return shown


def ratios(ours, theirs):
    """Within each round; where one of them has fewer rounds, of the medians."""
    if len(ours) == len(theirs):
        return [a / b for a, b in zip(ours, theirs)]
    return [statistics.median(ours) / statistics.median(theirs)]


def with_scaled(noted):
    """A receive of more content may take longer: the first receive is scaled by how much was published."""
    noted = dict(noted)
    if "courier.receive" in noted and "content.growth" in noted:
        growth = statistics.median(noted["content.growth"])
        noted["courier.receive.scaled"] = [seconds * growth for seconds in noted["courier.receive"]]
    return noted


def line(row, corpus, noted):
    """The row's line for a corpus, None when it was not measured."""
    ours, theirs = noted.get(row.ours), noted.get(row.theirs)
    if not ours or (row.theirs and not theirs):
        return None
    scale = SCALES[row.unit]
    shown = f"{spread([value / scale for value in ours], 0 if row.unit == 'MiB' else 2)} {row.unit}"
    target = row.target(corpus)
    if not row.theirs:
        met = "" if target is None else "met" if statistics.median(ours) <= target else "**missed**"
        return [corpus, row.work, shown, "", "", "", "" if target is None else f"{target} {row.unit}", met]
    compared = ratios(ours, theirs)
    met = "" if target is None else "met" if statistics.median(compared) <= target else "**missed**"
    digits = 3 if statistics.median(compared) < 0.1 or row.unit == "MB" else 2
    return [corpus, row.work, shown, row.beside, f"{spread([value / scale for value in theirs])} {row.unit}",
            spread(compared, digits), "" if target is None else str(target), met]


def table(measured, corpora):
    lines = ["| corpus | work | courier | beside | takes | ratio | target | |", "|---|---|---|---|---|---|---|---|"]
    for corpus in corpora:
        noted = with_scaled(measured.get(corpus, {}))
        lines += ["| " + " | ".join(cells) + " |" for cells in (line(row, corpus, noted) for row in ROWS) if cells]
    return "\n".join(lines) + "\n"


def write(path, text):
    """Replaces what is between the marks."""
    with open(path) as file:
        before, _, rest = file.read().partition(BEGIN)
    after = rest.partition(END)[2]
    with open(path, "w") as file:
        file.write(before + BEGIN + text + END + after)
