"""What is compared with what, and how far it may be: the rows of the table in RESULTS.md."""
from dataclasses import dataclass, field


@dataclass
class Row:
    part: str  # chosen with --rows
    work: str
    unit: str  # s, MB, MiB
    ours: str  # what Courier noted
    theirs: str = ""  # what the peer noted; none: the target is a limit
    beside: str = ""
    targets: dict = field(default_factory=dict)  # corpus -> largest ratio (or value); "*": every other one

    def target(self, corpus):
        return self.targets.get(corpus, self.targets.get("*"))


AGE, BORG, RESTIC = "`tar \\| zstd -3 -T0 \\| age`", "`borg create`", "`restic backup`"
SMALLEST, PATCH = "`tar \\| zstd -19 --long=27 -T0`", "`zstd -3 --patch-from`"
XDELTA, BSDIFF, CASYNC = "`xdelta3`", "`bsdiff` by file", "`casync make`"
NOTHING_TO_SAVE = {"packed": None, "*": 0.4}

ROWS = [
    Row("first", "first parcel", "s", "courier.first", "age.first", AGE, {"small": 0.5, "*": 0.9}),
    Row("first", "first parcel, bytes", "MB", "courier.first.bytes", "age.bytes", AGE, {"*": 1.0}),
    Row("first", "first parcel", "s", "courier.first", "borg.first", BORG, {"*": 0.5}),
    Row("first", "first parcel", "s", "courier.first", "restic.first", RESTIC, {"*": 0.5}),
    Row("small", "`--level small`", "s", "courier.small", "zstd19.first", SMALLEST, {"*": 0.5}),
    Row("small", "`--level small`, bytes", "MB", "courier.small.bytes", "zstd19.bytes", SMALLEST, {"*": 1.1}),
    Row("next", "the next site's parcel", "s", "courier.next", "cp.next", "`cp` of its bytes", {"*": 1.5}),
    Row("receive", "receive", "s", "courier.receive", "age.back", "`age -d \\| zstd -d \\| tar -x`",
        {"packed": 2, "*": 1.25}),
    Row("receive", "receive", "s", "courier.receive", "borg.back", "`borg extract`", {"*": 0.6}),
    Row("receive", "receive", "s", "courier.receive", "restic.back", "`restic restore`"),
    Row("receive", "its read-back, not in the rows above", "s", "courier.receive.read-back"),
    Row("increment", "increment, bytes", "MB", "courier.increment.bytes", "patch.added", PATCH, {"native": 0.6, "small": 1.0}),
    Row("increment", "increment, bytes", "MB", "courier.increment.bytes", "xdelta.added", XDELTA, {"image": 0.6}),
    Row("increment", "increment, bytes", "MB", "courier.increment.bytes", "borg.added", BORG, NOTHING_TO_SAVE),
    Row("increment", "increment, bytes", "MB", "courier.increment.bytes", "restic.added", RESTIC, NOTHING_TO_SAVE),
    Row("increment", "increment, bytes", "MB", "courier.increment.bytes", "casync.added", CASYNC, NOTHING_TO_SAVE),
    Row("increment", "increment, `--level small`, bytes", "MB", "courier.increment-small.bytes", "bsdiff.added",
        BSDIFF, {"midsize": 1.2}),
    Row("increment", "increment", "s", "courier.increment", "patch.increment", PATCH, {"*": 1.5}),
    Row("increment", "increment", "s", "courier.increment", "xdelta.increment", XDELTA, {"*": 0.33}),
    Row("increment", "increment", "s", "courier.increment", "bsdiff.increment", BSDIFF, {"*": 0.05}),
    Row("increment", "increment, `--level small`", "s", "courier.increment-small", "bsdiff.increment", BSDIFF, {"*": 0.2}),
    Row("increment", "its receive, for each byte published", "s", "courier.increment-receive", "courier.receive.scaled",
        "the first receive", {"*": 2}),
    Row("first", "memory of the first parcel", "MiB", "courier.first.peak", targets={"*": 512}),
    Row("small", "memory of `--level small`", "MiB", "courier.small.peak", targets={"*": 512}),
    Row("increment", "memory of the increment", "MiB", "courier.increment.peak", targets={"*": 512}),
    Row("receive", "memory of receive", "MiB", "courier.receive.peak", targets={"*": 256}),
    Row("increment", "memory of the increment's receive", "MiB", "courier.increment-receive.peak", targets={"*": 256}),
]
PARTS = ("first", "small", "next", "receive", "increment")
