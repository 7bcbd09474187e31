"""Recovery data, read from parcel/FORMAT.md, section 17, alone: no code is shared with courier, nor with a library of
codes. Whole volumes in memory, and columns solved by elimination in plain Python: it is for small volumes.

    pcl_recovery.py DAMAGED REPAIRED     writes the volume with its recovery data as it was, or says what is lost
"""
import ctypes
import struct
import sys

XXHASH = ctypes.CDLL("libxxhash.so.0")


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
XXHASH.XXH3_128bits_withSeed.restype = Hash128
XXHASH.XXH3_128bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]

# GF(2^8) of the polynomial 0x11D by the powers of its generator 2.
EXP, LOG = [0] * 512, [0] * 256
power = 1
for exponent in range(255):
    EXP[exponent] = EXP[exponent + 255] = power
    LOG[power] = exponent
    power = power << 1 ^ (0x11D if power & 0x80 else 0)


def times(a, b):
    return EXP[LOG[a] + LOG[b]] if a and b else 0


def inverse(a):
    return EXP[255 - LOG[a]]


def scaled(cell, factor):
    return cell.translate(bytes(times(factor, byte) for byte in range(256)))


def added(a, b):
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def up(a, b):
    return -(-a // b)


class Layout:
    """Cells, and where they and the pages lie."""

    def __init__(self, volume, set_id, c, k, m):
        self.said = (volume, set_id, c, k, m)
        self.volume, self.set_id, self.c, self.k, self.m = self.said
        self.allowed = (c in [512 << i for i in range(8)] and 1 <= m <= k and k + m <= 255 and 1 <= volume <= 1 << 48)
        if not self.allowed:
            return
        self.n = up(volume, c)
        self.s = up(self.n, k)
        self.e = k * self.s - self.n
        self.count = self.n + m * self.s
        self.allowed = k <= self.n and self.count <= 1 << 28
        self.pages = up(self.count, 256)
        copy, at = self.pages * 96 + self.count * 16, volume
        self.page_start, self.parity_start = [at], [at + copy]
        at += copy + m * self.s // 2 * (96 + c)
        self.page_start.append(at)
        self.parity_start.append(at + copy)
        at += copy + (m * self.s - m * self.s // 2) * (96 + c)
        self.page_start.append(at)
        self.total = at + copy

    def page(self, copy, number):
        """Where its frame begins, and its size."""
        size = 16 * (min(256, self.count - 256 * number))
        return self.page_start[copy] + number * (96 + 4096), 96 + size

    def parity(self, number):
        half = self.m * self.s // 2
        if number < half:
            return self.parity_start[0] + number * (96 + self.c), 96 + self.c
        return self.parity_start[1] + (number - half) * (96 + self.c), 96 + self.c

    def place(self, part, copy, number):
        if part == 1 and copy < 3 and number < self.pages:
            return self.page(copy, number)
        if part == 2 and copy == 0 and number < self.m * self.s:
            return self.parity(number)
        return None, 0

    def cell_place(self, cell):
        """Where its bytes lie, and how many."""
        if cell < self.n:
            return cell * self.c, min(self.c, self.volume - cell * self.c)
        return self.parity(cell - self.n)[0] + 96, self.c


def header_at(data, at):
    """What the two headers of a frame of recovery data here say: (layout, part, copy, number), or None."""
    head = data[at:at + 96]
    if len(head) < 96 or head[:5] != b"\xf5PCL\x07" or head[5:8] != bytes(3):
        return None
    if crc32c(head[:28]) != int.from_bytes(head[28:32], "little"):
        return None
    volume, set_id, c, k, m, version, part, copy, zero, number, zero2, checksum = struct.unpack("<Q16sIHHHBBIQQQ", head[32:])
    if XXHASH.XXH3_64bits(head[32:88], 56) != checksum or version != 1 or zero or zero2:
        return None
    layout = Layout(volume, set_id, c, k, m)
    if not layout.allowed or layout.place(part, copy, number)[0] != at:
        return None
    return layout, part, copy, number


def find(data):
    """The layout that the frames nearest to the end tell whose first good cell is nearest to the beginning."""
    found, at = [], len(data)
    while (at := data.rfind(b"\xf5PCL\x07", 0, at)) >= 0:
        head = header_at(data, at)
        if head and head[0].said not in [layout.said for layout in found]:
            found.append(head[0])
    def first_good(layout):
        repair = Repair(data, layout)
        return next((cell * layout.c for cell in range(layout.n) if repair.is_good(cell)), len(data))
    return min(found, key=first_good) if found else None


class Repair:
    def __init__(self, data, layout):
        self.data, self.layout = data, layout
        self.digests = {}
        for page in range(layout.pages):
            for copy in range(3):
                at, size = layout.page(copy, page)
                head, payload = header_at(data, at), data[at + 32:at + size]
                if (head and head[0].said == layout.said and head[1:] == (1, copy, page) and
                        struct.unpack("<IQ", data[at + 16:at + 28]) == (size - 32, XXHASH.XXH3_64bits(payload, len(payload)))):
                    for i in range((size - 96) // 16):
                        self.digests[page * 256 + i] = payload[64 + 16 * i:80 + 16 * i]
                    break

    def cell(self, number):
        at, size = self.layout.cell_place(number)
        return self.data[at:at + size].ljust(self.layout.c, b"\0")

    def fits(self, number, cell):
        found = XXHASH.XXH3_128bits_withSeed(cell, len(cell), number)
        return self.digests.get(number) == struct.pack("<QQ", found.low, found.high)

    def is_good(self, number):
        return self.fits(number, self.cell(number))

    def solve(self, column):
        """{cell: its bytes} for the erased cells of the volume in this column; None: there are too many."""
        layout = self.layout
        erased, parity = [], []
        sums = {}
        for layer in range(layout.k):
            cell = layer * layout.s + column - layout.e
            if cell >= 0 and not self.is_good(cell):
                erased.append((layer, cell))
        if not erased:
            return {}
        for r in range(layout.m):
            if self.is_good(layout.n + r * layout.s + column):
                parity.append(r)
        if len(parity) < len(erased):
            return None
        parity = parity[:len(erased)]
        bad_layers = {layer for layer, _ in erased}
        for r in parity:
            total = self.cell(layout.n + r * layout.s + column)
            for layer in range(layout.k):
                cell = layer * layout.s + column - layout.e
                if cell >= 0 and layer not in bad_layers:
                    total = added(total, scaled(self.cell(cell), inverse((layout.k + r) ^ layer)))
            sums[r] = total
        # Gauss and Jordan: rows of coefficients of the erased cells, and what they sum up to.
        rows = [([inverse((layout.k + r) ^ layer) for layer, _ in erased], sums[r]) for r in parity]
        for i in range(len(erased)):
            pivot = next(j for j in range(i, len(rows)) if rows[j][0][i])
            rows[i], rows[pivot] = rows[pivot], rows[i]
            factor = inverse(rows[i][0][i])
            rows[i] = ([times(factor, a) for a in rows[i][0]], scaled(rows[i][1], factor))
            for j in range(len(rows)):
                factor = rows[j][0][i]
                if j != i and factor:
                    rows[j] = ([a ^ times(factor, b) for a, b in zip(rows[j][0], rows[i][0])],
                               added(rows[j][1], scaled(rows[i][1], factor)))
        solved = {cell: row[1] for (_, cell), row in zip(erased, rows)}
        return {number: cell for number, cell in solved.items() if number not in self.digests or self.fits(number, cell)}


def repair(data):
    """The bytes of the volume, without its recovery data, and how many cells are lost. Without recovery data: the data."""
    layout = find(data)
    if layout is None:
        return data, 0
    work = Repair(data, layout)
    volume = bytearray(data[:layout.volume].ljust(layout.volume, b"\0"))
    lost = 0
    bad = {cell for cell in range(layout.n) if not work.is_good(cell)}
    for column in sorted({(cell + layout.e) % layout.s for cell in bad}):
        solved = work.solve(column) or {}
        for cell, content in solved.items():
            at, size = layout.cell_place(cell)
            volume[at:at + size] = content[:size]
        lost += len([cell for cell in bad if (cell + layout.e) % layout.s == column and cell not in solved])
    return bytes(volume), lost


def frame(layout, part, copy, number, body):
    said = struct.pack("<Q16sIHHHBBIQQ", *layout.said, 1, part, copy, 0, number, 0)
    payload = said + struct.pack("<Q", XXHASH.XXH3_64bits(said, len(said))) + body
    head = b"\xf5PCL\x07" + bytes(11) + struct.pack("<IQ", len(payload), XXHASH.XXH3_64bits(payload, len(payload)))
    return head + struct.pack("<I", crc32c(head)) + payload


def protect(volume, layout):
    """The volume with recovery data behind it."""
    cells = {}
    for cell in range(layout.n):
        cells[cell] = volume[cell * layout.c:(cell + 1) * layout.c].ljust(layout.c, b"\0")
    for column in range(layout.s):
        for r in range(layout.m):
            total = bytes(layout.c)
            for layer in range(layout.k):
                cell = layer * layout.s + column - layout.e
                if cell >= 0:
                    total = added(total, scaled(cells[cell], inverse((layout.k + r) ^ layer)))
            cells[layout.n + r * layout.s + column] = total
    digests = []
    for cell in range(layout.count):
        found = XXHASH.XXH3_128bits_withSeed(cells[cell], layout.c, cell)
        digests.append(struct.pack("<QQ", found.low, found.high))
    out = bytearray(layout.total)
    out[:layout.volume] = volume
    for page in range(layout.pages):
        for copy in range(3):
            at, size = layout.page(copy, page)
            out[at:at + size] = frame(layout, 1, copy, page, b"".join(digests[page * 256:page * 256 + 256]))
    for number in range(layout.m * layout.s):
        at, size = layout.parity(number)
        out[at:at + size] = frame(layout, 2, 0, number, cells[layout.n + number])
    return bytes(out)


def main():
    with open(sys.argv[1], "rb") as source:
        data = source.read()
    layout = find(data)
    if layout is None:
        sys.exit("no recovery data")
    volume, lost = repair(data)
    if lost:
        sys.exit("beyond repair: %d cells" % lost)
    with open(sys.argv[2], "wb") as out:
        out.write(protect(volume, layout))


if __name__ == "__main__":
    main()
