#!/usr/bin/python3
"""Writes tests/golden/lean_blocks.json: lean blocks (store/OBJECTS.md, section 10) and what they open to.

Made from the document, not by courier's encoder, as make_difference_vectors.py.

    tests/support/make_lean_vectors.py tests/golden/lean_blocks.json
"""
import hashlib
import json
import sys

from make_difference_vectors import difference, frame, varint

CODES = {"chunk": 1, "node": 2, "root": 3}
OLD = b"The old content that a record is coded against, which its reader holds. " * 3


def digest(kind, data):
    return hashlib.blake2b(data, digest_size=32, person=("courier." + kind).encode().ljust(16, b"\0")).digest()


def list_digest(objects):
    """Of (kind, bytes) each: what a raw block of them has before its payload."""
    head = b"\0" + varint(sum(len(data) for _, data in objects)) + varint(len(objects))
    return digest("block", head + b"".join(bytes([CODES[kind]]) + digest(kind, data) + varint(len(data)) for kind, data in objects))


def lean(codec, objects, payload, content=None, listed=None, sizes=None):
    if content is None:
        content = 1 if objects[0][0] == "chunk" else 2
    if sizes is None:
        sizes = [len(data) if content == 1 else 2 * len(data) + (kind == "root") for kind, data in objects]
    return bytes([codec, content]) + (listed or list_digest(objects)) + varint(len(sizes)) + b"".join(map(varint, sizes)) + payload


def one_range(name, offset, length, form=1):
    return b"\x01" + bytes([form]) + name + varint(offset) + varint(length)


def vectors():
    chunks = [("chunk", b"first chunk"), ("chunk", b"s"), ("chunk", b"third chunk" * 20)]
    nodes = [("node", b"a node's bytes " * 9), ("root", b"a root's bytes " * 5), ("node", b"n")]
    raw = b"".join(data for _, data in chunks)
    raw_nodes = b"".join(data for _, data in nodes)
    new = [("chunk", OLD[10:150]), ("chunk", b"and new")]
    changed = OLD[10:150] + b"and new"
    name = digest("chunk", OLD)[:16]
    against = one_range(name, 10, 200) + difference([(0, 140, 0)], literals=b"and new")
    yield "raw", lean(0, chunks, raw), chunks
    yield "compressed", lean(1, chunks, frame(raw)), chunks
    yield "nodes and a root", lean(0, nodes, raw_nodes), nodes
    yield "nodes compressed", lean(1, nodes, frame(raw_nodes)), nodes
    yield "a difference", lean(2, new, against), new
    yield "a prefix", lean(3, new, one_range(name, 0, 216) + frame(changed, OLD)), new
    yield "a list digest of other objects", lean(0, chunks, raw, listed=list_digest(chunks[:2])), None
    yield "other bytes than the list digest's", lean(0, chunks, raw[:-1] + b"!"), None
    yield "objects cut elsewhere", lean(0, chunks, raw, sizes=[1, 11, 220]), None
    yield "nodes that say they are chunks", lean(0, nodes, raw_nodes, content=1), None
    yield "content of no known sort", lean(0, chunks, raw, content=3), None
    yield "no objects", lean(0, chunks, raw, sizes=[]), None
    yield "an object of no bytes", lean(0, chunks, raw, sizes=[11, 0, 1, 220]), None
    yield "a node of no bytes", lean(0, nodes, raw_nodes, sizes=[270, 151, 0, 2]), None
    yield "an object larger than one may be", lean(1, chunks, frame(raw), sizes=[(1 << 20) + 1]), None
    yield "objects larger than a block", lean(1, chunks, frame(raw), sizes=[1 << 20] * 4 + [1]), None
    yield "no payload", lean(1, chunks, b""), None
    yield "a raw payload that is too long", lean(0, chunks, raw + b"x"), None
    yield "a payload as long as the objects", lean(1, new, changed), None
    yield "two frames", lean(1, chunks, frame(raw) + frame(b"")), None
    yield "a codec of no known number", lean(9, chunks, b"x"), None
    yield "a whole digest in a range", lean(2, new, one_range(digest("chunk", OLD), 10, 200) + against[-20:]), None
    yield "a range of another object", lean(2, new, one_range(bytes(16), 10, 200) + against[len(one_range(name, 10, 200)):]), None
    yield "a range beyond its object", lean(2, new, one_range(name, 17, 200) + against[len(one_range(name, 10, 200)):]), None
    yield "ends within the objects", lean(0, chunks, b"", sizes=[len(raw)])[:-1], None


def main():
    found = []
    for name, block, objects in vectors():
        opened = None if objects is None else [[kind, digest(kind, data).hex(), data.hex()] for kind, data in objects]
        found.append({"name": name, "held": OLD.hex(), "block": block.hex(), "objects": opened})
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
