"""Blocks against a base, read from store/OBJECTS.md, section 9, alone. See pcl_content.py."""
import zstandard

from pcl_content import Cursor, Refused, leaves, need

MAX_BASE = 8 << 20


def unframe(frame, size, prefix=b""):
    """One zstd frame that states its size; prefix: raw content before it."""
    before = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
    opened = zstandard.ZstdDecompressor(dict_data=before).decompressobj()
    try:
        need(zstandard.frame_content_size(frame) == size, "block: a frame of another size")
        raw = opened.decompress(frame)
    except zstandard.ZstdError as error:
        raise Refused("block: %s" % error, "damaged")
    need(len(raw) == size and not opened.unused_data, "block: a frame that does not fill its bytes")
    return raw


def stream(c, raw_size, prefix=b""):
    size = c.varint(raw_size)
    stored = c.bytes(size)
    return stored if len(stored) == size else unframe(stored, size, prefix)


def numbers(data, zigzag=False):
    c, found = Cursor(data, "block"), []
    while c.at < len(data):
        value = c.varint((1 << 32) - 1)
        found.append(value >> 1 ^ -(value & 1) if zigzag else value)
    return found


def difference(coded, base, raw_size):
    c = Cursor(coded, "block")
    runs, copies, seeks = numbers(stream(c, raw_size)), numbers(stream(c, raw_size)), numbers(stream(c, raw_size), True)
    gaps, corrections = numbers(stream(c, raw_size)), numbers(stream(c, raw_size), True)
    literals = stream(c, raw_size, base)
    c.end()
    need(len(runs) == len(copies) == len(seeks) and len(gaps) == len(corrections), "block: numbers left over")
    out, taken, source = bytearray(), 0, 0
    for run, copy, seek in zip(runs, copies, seeks):
        out += literals[taken:taken + run]
        taken, source = taken + run, source + seek
        need(taken <= len(literals) and copy > 0 and 0 <= source <= len(base) - copy and len(out) + copy <= raw_size,
             "block: a difference beyond its base or its size")
        out += base[source:source + copy]
        source += copy
    out += literals[taken:]
    need(len(out) == raw_size, "block: a difference of another size")
    place = 0
    for gap, correction in zip(gaps, corrections):
        place += gap
        need(place < raw_size, "block: a correction beyond the end")
        there = out[place:place + 4]
        value = int.from_bytes(there, "little") + correction
        out[place:place + 4] = (value % (1 << 8 * len(there))).to_bytes(len(there), "little")
        place += 4
    return bytes(out)


def ranges(c, name_size=32):
    """The list at the beginning of a payload: (form, digest or its beginning, offset, length)."""
    count = c.varint(16384)
    need(count > 0, "block: no range of a base")
    found = [(c.fixed(1), c.raw(name_size), c.varint((1 << 63) - 1), c.varint(MAX_BASE)) for _ in range(count)]
    for form, _, offset, length in found:
        need(form in (1, 2) and length > 0 and offset + length <= (1 << 20 if form == 1 else (1 << 63) - 1),
             "block: a range that cannot be")
    need(sum(entry[3] for entry in found) <= MAX_BASE, "block: a base larger than one may be")
    return found


def content_size(node):
    """Of the file whose chunk list has this encoded node at its top."""
    c = Cursor(node, "node")
    need(c.fixed(1) == 1, "a base that is no chunk list")
    c.fixed(1)
    total = 0
    for _ in range(c.varint(1024)):
        c.raw(32)
        total += c.varint()
    return total


def range_of(parcel, form, name, offset, length):
    """The bytes of a range, of what `parcel` has."""
    if form == 1:
        kind = next((kind for kind in ("chunk", "node", "root") if (kind, name) in parcel.objects), "chunk")
        found = parcel.object(kind, name)
    else:
        size = content_size(parcel.object("node", name))
        found = b"".join(parcel.object("chunk", chunk) for chunk, _ in leaves(parcel, 1, name, size))
    need(offset + length <= len(found), "block: a range beyond its object or content")
    return found[offset:offset + length]


def decode(codec, coded, base, raw_size):
    need(len(coded) > 0, "block: nothing coded against its base")
    return difference(coded, base, raw_size) if codec == 2 else unframe(coded, raw_size, base)


def open_against(parcel, codec, payload, raw_size, name_size=32):
    """The raw bytes of a block of codec 2 or 3; parcel: whose content a base may be of; name_size: 16 of a lean block."""
    c = Cursor(payload, "block")
    listed = ranges(c, name_size)
    base = b"".join(range_of(parcel, form, parcel.full_name(name), *place) for form, name, *place in listed)
    return decode(codec, payload[c.at:], base, raw_size)
