"""Spare volumes, read from parcel/FORMAT.md, section 19, alone: any n of the n + N volumes of a cut give the others.

    with_missing([bytes of each volume])     the same, and the data volumes that could be solved
"""
import struct

from pcl_recovery import XXHASH, added, crc32c, inverse, scaled, times


def whole_frames(data):
    """[(offset, kind, payload)] up to the volume's end, or None when a frame of it is not whole."""
    found, at = [], 0
    while True:
        head = data[at:at + 32]
        if len(head) < 32 or head[:4] != b"\xf5PCL" or crc32c(head[:28]) != int.from_bytes(head[28:], "little"):
            return None
        size, checksum = struct.unpack("<IQ", head[16:28])
        payload = data[at + 32:at + 32 + size]
        if len(payload) != size or XXHASH.XXH3_64bits(payload, size) != checksum:
            return None
        found.append((at, head[4], payload))
        at += 32 + size
        if head[4] == 6:
            return found


class Volume:
    """A whole volume: its place in the cut, its protected bytes, and what its table says."""

    def __init__(self, data, frames):
        _, kind, header = frames[0]
        self.allowed = kind == 1 and len(header) == 128
        if not self.allowed:
            return
        self.number, self.cut, self.label = int.from_bytes(header[20:24], "little"), header[32:48], header[64:96]
        last, _, end = frames[-1]
        self.bytes = data[:last + 32 + len(end)]
        self.spares = self.n = 0
        at, kind, table = frames[1]
        if kind == 8 and at == 160 and table[:3] == b"\x01\0\x01":
            _, _, self.spares, self.n, self.row, zero = struct.unpack("<HBBBBH", table[:8])
            cut, self.parity_at = struct.unpack("<16sQ", table[8:32])
            self.sizes = struct.unpack("<%dQ" % self.n, table[32:])
            self.allowed = not zero and cut == self.cut and self.spares > 0 and self.n + self.spares <= 255
        if self.n and self.allowed:
            parts = [(at, payload) for at, kind, payload in frames[2:] if kind == 8 and payload[:3] == b"\x01\0\x02"]
            self.parity = b"".join(payload[16:] for _, payload in parts)
            self.allowed = (self.row < self.spares and self.number == self.n + 1 + self.row and min(self.sizes) > 0 and
                            len(self.parity) == max(self.sizes) and parts[0][0] == self.parity_at and
                            all(payload[3:16] == struct.pack("<5xQ", i << 20) for i, (_, payload) in enumerate(parts)))


def solve(spares, data, n, sizes):
    """{number: bytes} of the data volumes that are not in `data`."""
    length = max(sizes)
    missing = [d for d in range(n) if d + 1 not in data]
    rows = []
    for spare in spares[:len(missing)]:
        total = spare.parity
        for d in range(n):
            if d not in missing:
                total = added(total, scaled(data[d + 1].bytes.ljust(length, b"\0"), inverse((n + spare.row) ^ d)))
        rows.append(([inverse((n + spare.row) ^ d) for d in missing], total))
    for i in range(len(missing)):
        pivot = next(j for j in range(i, len(rows)) if rows[j][0][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        factor = inverse(rows[i][0][i])
        rows[i] = ([times(factor, a) for a in rows[i][0]], scaled(rows[i][1], factor))
        for j in range(len(rows)):
            factor = rows[j][0][i]
            if j != i and factor:
                rows[j] = ([a ^ times(factor, b) for a, b in zip(rows[j][0], rows[i][0])],
                           added(rows[j][1], scaled(rows[i][1], factor)))
    return {d + 1: rows[i][1][:sizes[d]] for i, d in enumerate(missing)}


def with_missing(volumes):
    found = [Volume(data, frames) for data in volumes for frames in [whole_frames(data)] if frames]
    found = [volume for volume in found if volume.allowed]
    solved = []
    for spare in found:
        if not spare.n:
            continue
        same = {other.row: other for other in found
                if other.n == spare.n and other.cut == spare.cut and other.sizes == spare.sizes and other.spares == spare.spares}
        data = {other.number: other for other in found
                if not other.n and other.cut == spare.cut and other.number <= spare.n and
                len(other.bytes) == spare.sizes[other.number - 1]}
        if len(data) == spare.n or len(data) + len(same) < spare.n:
            continue
        for number, made in solve(list(same.values()), data, spare.n, spare.sizes).items():
            frames = whole_frames(made)
            volume = Volume(made, frames) if frames else None
            if volume and volume.allowed and (volume.number, volume.cut, volume.label) == (number, spare.cut, spare.label):
                solved.append(made)
        break
    return volumes + solved
