#!/usr/bin/python3
"""Writes tests/golden/differences.json: content coded against a base (store/OBJECTS.md, section 9) and what it opens to.

Made from the document, not by courier's encoder, so that every part of the format is shown on purpose.

    tests/support/make_difference_vectors.py tests/golden/differences.json
"""
import json
import random
import sys

import zstandard

from pcl_content import varint


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def frame(data, prefix=b""):
    before = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
    return zstandard.ZstdCompressor(level=3, dict_data=before).compress(data)


def stream(data, packed=False, prefix=b""):
    stored = min(data, frame(data, prefix), key=len) if packed else data
    return varint(len(data)) + varint(len(stored)) + stored


def difference(steps=(), corrections=(), literals=b"", packed=False, base=b""):
    """steps: (literal run, copy run, seek); corrections: (gap, correction)."""
    return b"".join([
        stream(b"".join(varint(step[0]) for step in steps), packed), stream(b"".join(varint(step[1]) for step in steps), packed),
        stream(b"".join(zigzag(step[2]) for step in steps), packed), stream(b"".join(varint(c[0]) for c in corrections), packed),
        stream(b"".join(zigzag(c[1]) for c in corrections), packed), stream(literals, packed, base if packed else b"")])


def vectors():
    words = b"the quick brown fox jumps over the lazy dog; " * 6
    noise = random.Random(1).randbytes(400)
    many = [(1, 3, 2)] * 60
    literals = words[:60] + noise[100:400] + words[:90]
    copied = b"".join(literals[i:i + 1] + noise[5 * i + 2:5 * i + 5] for i in range(60)) + literals[60:]
    yield "literals alone", 2, b"x", difference(literals=b"no base is used"), b"no base is used"
    yield "one copy", 2, b"base buffer", difference([(0, 11, 0)]), b"base buffer"
    yield "copies that go back", 2, b"base buffer", difference([(0, 6, 5), (1, 4, -11)], literals=b"-"), b"buffer-base"[:6] + b"-base"
    yield "corrections", 2, b"aaaaaaaaaaaa", difference([(0, 12, 0)], [(1, 1), (2, -1)]), b"abaaaaa`aaaa"
    yield "a correction that carries", 2, b"\xff\xff\x00\x00!", difference([(0, 5, 0)], [(0, 1)]), b"\x00\x00\x01\x00!"
    yield "corrections of the last bytes", 2, b"abcdefgh", difference([(0, 7, 0)], [(0, 1), (1, 257)]), b"bbcdegh"
    yield "a correction across literals", 2, b"abcd", difference([(0, 2, 0), (2, 2, 0)], [(1, 1 << 16)], b"XY"), b"abXZcd"
    yield "the largest correction", 2, bytes(5), difference([(0, 5, 0)], [(0, -(1 << 31))]), b"\x00\x00\x00\x80\x00"
    yield "compressed streams", 2, noise, difference(many, literals=literals, packed=True, base=noise), copied
    yield "a prefix", 3, words, frame(words[40:] + b"and more", words), words[40:] + b"and more"
    yield "a prefix that is not used", 3, noise, frame(words), words
    base = b"base buffer"
    yield "a source before the base", 2, base, difference([(0, 11, -1)]), 11
    yield "a copy beyond the base", 2, base, difference([(0, 11, 1)]), 11
    yield "a copy of nothing", 2, base, difference([(0, 11, 0), (0, 0, 0)]), 11
    yield "a copy beyond the size", 2, base, difference([(0, 11, 0)]), 10
    yield "fewer bytes than the size", 2, base, difference([(0, 11, 0)]), 12
    yield "literals that are not there", 2, base, difference([(2, 9, 0)], literals=b"x"), 11
    yield "a gap to the end", 2, base, difference([(0, 11, 0)], [(11, 1)]), 11
    yield "a stream larger than the size", 2, base, difference(literals=b"twelve bytes"), 11
    yield "a stream stored in more than it says", 2, base, difference()[:-2] + b"\x03\x04abcd", 3
    yield "a number in a longer form", 2, base, b"\x01\x01\x00\x02\x02\x8b\x00\x01\x01\x00" + b"\x00\x00" * 3, 11
    yield "a number beyond 32 bits", 2, base, difference([(0, 11, 0)], [(0, 1 << 31)]), 11
    yield "seeks left over", 2, base, b"\x01\x01\x00\x01\x01\x0b\x02\x02\x00\x00" + b"\x00\x00" * 3, 11
    yield "corrections left over", 2, base, b"\x01\x01\x00\x01\x01\x0b\x01\x01\x00" + b"\x00\x00\x01\x01\x02\x00\x00", 11
    yield "bytes behind the streams", 2, base, difference([(0, 11, 0)]) + b"\x00", 11
    yield "a stream missing", 2, base, difference([(0, 11, 0)])[:-2], 11
    yield "a frame of another size", 3, words, frame(words), len(words) - 1
    yield "two frames", 3, words, frame(words) + frame(words), len(words)
    yield "no frame", 3, words, b"none", 4


def main():
    found = []
    for name, codec, base, coded, opened in vectors():
        entry = {"name": name, "codec": codec, "base": base.hex(), "coded": coded.hex()}
        if isinstance(opened, int):
            entry.update(raw_size=opened, raw=None)
        else:
            entry.update(raw_size=len(opened), raw=opened.hex())
        found.append(entry)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
