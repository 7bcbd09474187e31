"""Media without a file system, read from parcel/FORMAT.md, section 18, alone: the volumes on a drive's image and in a
tape's file."""
import ctypes
import struct

XXHASH = ctypes.CDLL("libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

MARK, UNIT = 4096, 65536
DRIVE, TAPE, TAPE_END, UNFINISHED = 1, 2, 3, 4


def parse_mark(block):
    """{kind, position, size, record} of a mark, or None."""
    if len(block) != MARK or block[:8] != b"PCLmark\x1a":
        return None
    if XXHASH.XXH3_64bits(block, MARK - 8) != int.from_bytes(block[-8:], "little"):
        return None
    version, kind, zero, position, size, record = struct.unpack("<HBBQQI", block[8:32])
    length = block[64]  # a varint: 128 and more have a second byte
    begin = 65
    if length >= 128:
        length, begin = length - 128 + 128 * block[65], 66
    name = block[begin:begin + length]
    if version != 1 or zero or not 1 <= kind <= 4 or size >= 1 << 63 or position >= 1 << 63:
        return None
    if length > 255 or b"/" in name or name in (b"", b".", b"..") or any(block[begin + length:-8]):
        return None
    return {"kind": kind, "position": position, "size": size, "record": record}


def is_parcel(data):
    return data[:4] == b"\xf5PCL" or data[32:48] == b"Courier parcel\r\n" or data[160:164] == b"\xf5PCL"


def on_drive(data):
    """The volumes of a drive, in their order."""
    found, at = [], 0
    while at < len(data):
        marks = [parse_mark(data[place:place + MARK]) for place in (at, at + UNIT)]
        mark = next((one for one in marks if one and one["position"] == at and one["kind"] in (DRIVE, UNFINISHED)), None)
        if mark is None:
            for place in (at, at + 2 * UNIT):
                if is_parcel(data[place:place + 256]):
                    found.append(data[place:])
                    break
            return found
        begin = at + 2 * UNIT
        if mark["kind"] == UNFINISHED or begin + mark["size"] > len(data):
            return found
        found.append(data[begin:begin + mark["size"]])
        at = -(-(begin + mark["size"]) // UNIT) * UNIT
    return found


def files_of(data):
    """The files of a tape, each a list of records, and whether a filemark ends it."""
    files, records, at = [], [], 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at:at + 4], "little")
        if length == 0:
            files.append((records, True))
            records, at = [], at + 4
            continue
        end = at + 4 + length + length % 2
        if end + 4 > len(data) or data[end:end + 4] != data[at:at + 4]:
            break
        records.append(data[at + 4:at + 4 + length])
        at = end + 4
    return files + [(records, False)]


def on_tape(data):
    """The volumes of a tape, in their order."""
    found = []
    for number, (records, is_ended) in enumerate(files_of(data)):
        mark = parse_mark(records[0]) if records else None
        if mark is None or mark["position"] != number or mark["kind"] != TAPE or not is_ended:
            return found
        volume = b"".join(records[1:])[:mark["size"]]
        found.append(volume)
    return found


def volumes(source):
    """The bytes of each volume that `raw:FILE`, `tape:FILE` or FILE has."""
    kind, _, path = source.partition(":")
    if kind not in ("raw", "tape"):
        kind, path = "", source
    with open(path, "rb") as file:
        data = file.read()
    return {"raw": on_drive, "tape": on_tape}.get(kind, lambda whole: [whole])(data)
