"""The content of parcels, read from store/OBJECTS.md alone: fields, blocks, trees. See pcl_reader.py."""
import hashlib
import os

import zstandard

U64 = (1 << 64) - 1


class Refused(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Refused(what)


def digest(kind, data, size=32):
    return hashlib.blake2b(data, digest_size=size, person=("courier." + kind).encode().ljust(16, b"\0")).digest()


class Cursor:
    """FORMAT.md, section 2, and OBJECTS.md, section 1: canonical fields over bytes."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    def raw(self, size):
        need(size <= len(self.data) - self.at, "%s ends early" % self.what)
        self.at += size
        return self.data[self.at - size:self.at]

    def fixed(self, size):
        return int.from_bytes(self.raw(size), "little")

    def varint(self, limit=U64):
        value = shift = 0
        while True:
            byte = self.fixed(1)
            value |= (byte & 0x7F) << shift
            need(value <= U64, "%s: a number beyond 64 bits" % self.what)
            if byte < 0x80:
                need(byte or not shift, "%s: a number not in its shortest form" % self.what)
                need(value <= limit, "%s: %d, at most %d" % (self.what, value, limit))
                return value
            shift += 7

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def boolean(self):
        value = self.fixed(1)
        need(value < 2, "%s: neither 0 nor 1" % self.what)
        return value == 1

    def bytes(self, limit):
        return self.raw(self.varint(limit))

    def text(self, limit):
        value = self.bytes(limit)
        need(b"\0" not in value, "%s: a NUL in text" % self.what)
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("%s: no UTF-8" % self.what)

    def site(self):
        value = self.raw(3)
        need(all(c in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" for c in value), "%s: no site code" % self.what)
        return value.decode()

    def package(self):
        value = self.text(8)
        if value:
            Cursor(value.encode(), self.what).site()
            need(len(value) == 8 and all(c in "0123456789ABCDEF" for c in value[3:]), "%s: no package id" % self.what)
        return value

    def extensions(self):
        before = -1
        for _ in range(self.varint(64)):
            tag = self.varint()
            need(tag > before, "%s: extensions out of order" % self.what)
            before = tag
            self.bytes(65536)

    def end(self):
        need(self.at == len(self.data), "%s: bytes left over" % self.what)


OBJECTS = {1: "chunk", 2: "node", 3: "root"}


def open_block(data):
    """store/OBJECTS.md, section 7: {(kind, digest): bytes}."""
    c = Cursor(data, "block")
    codec, raw_size = c.fixed(1), c.varint(4 << 20)
    listed = []
    for _ in range(c.varint(16384)):
        kind, name, size = c.fixed(1), c.raw(32), c.varint(1 << 20)
        need(kind in OBJECTS and size > 0, "block: an object that cannot be")
        listed.append((OBJECTS[kind], name, size))
    need(listed and sum(entry[2] for entry in listed) == raw_size, "block: sizes that do not add up")
    need(len({entry[0] == "chunk" for entry in listed}) == 1, "block: chunks and nodes mixed")
    payload = c.bytes(4 << 20)
    c.end()
    if codec == 1:
        need(zstandard.frame_content_size(payload) == raw_size and len(payload) < raw_size, "block: another size")
        try:
            raw = zstandard.ZstdDecompressor().decompress(payload, max_output_size=raw_size)
        except zstandard.ZstdError as error:
            raise Refused("block: %s" % error)
    else:
        need(codec == 0, "block: a codec not known here")
        raw = payload
    need(len(raw) == raw_size, "block: another size than stated")
    objects, at = {}, 0
    for kind, name, size in listed:
        need(digest(kind, raw[at:at + size]) == name, "block: an object under another's name")
        objects[kind, name] = raw[at:at + size]
        at += size
    return objects


def parse_entry(c, is_root=False):
    """store/OBJECTS.md, section 4."""
    kind, name = c.fixed(1), c.bytes(255)
    need(1 <= kind <= 4, "an entry of no known type")
    need(name == b"" if is_root else name not in (b"", b".", b"..") and not set(name) & {0, 47}, "a name that cannot be")
    entry = {"type": kind, "name": name}
    if kind == 4:
        entry["first"] = c.bytes(4096)
        need(all(part not in (b"", b".", b"..") for part in entry["first"].split(b"/")), "a path that cannot be")
        return entry
    entry["mode"], entry["mtime"] = c.varint(0o7777), c.zigzag() * 10**9 + c.varint(999999999)
    if kind == 3:
        entry["target"] = c.bytes(4095)
        need(entry["target"] and b"\0" not in entry["target"] and entry["mode"] == 0o777, "a link that cannot be")
        return entry
    entry["size"] = c.varint((1 << 63) - 1)
    entry["form"] = c.fixed(1) if kind == 1 else int(entry["size"] != 0)
    need(entry["form"] <= 2 and (entry["form"] == 0) == (entry["size"] == 0), "content of no known form")
    entry["content"] = c.raw(32) if entry["form"] else None
    entry["attributes"] = [(c.bytes(255), c.bytes(65536)) for _ in range(c.varint(256))]
    names = [name for name, _ in entry["attributes"]]
    need(names == sorted(set(names)) and all(n.startswith(b"user.") for n in names), "attributes that cannot be")
    return entry


def leaves(parcel, kind, name, size, level=None):
    """Section 5: what the nodes below `name` list, with their sizes checked; kind 1 chunks, 2 entries."""
    c = Cursor(parcel.object("node", name), "node")
    need(c.fixed(1) == kind, "a node of another kind")
    found = c.fixed(1)
    need(found <= 8 if level is None else found == level, "a node of another level")
    count = c.varint(1024)
    need(count > 0, "an empty node")
    seen = 0
    for _ in range(count):
        if found > 0:
            child, child_size = c.raw(32), c.varint()
            yield from leaves(parcel, kind, child, child_size, found - 1)
            seen += child_size
        elif kind == 1:
            chunk, chunk_size = c.raw(32), c.varint(1 << 20)
            yield chunk, chunk_size
            seen += chunk_size
        else:
            yield parse_entry(c)
            seen += 1
    c.end()
    need(seen == size, "a node of another size than stated")


def write_file(parcel, entry, path):
    with open(path, "xb") as out:
        if entry["form"] == 1:
            chunks = [(entry["content"], entry["size"])]
        else:
            chunks = leaves(parcel, 1, entry["content"], entry["size"]) if entry["form"] else []
        for name, size in chunks:
            chunk = parcel.object("chunk", name)
            need(len(chunk) == size, "a chunk of another size")
            out.write(chunk)
    finish(entry, path)


def write_dir(parcel, entry, path, top, links):
    """Section 6. A path is never written through a link: every folder here was made by this call."""
    os.mkdir(path)
    before = b""
    entries = leaves(parcel, 2, entry["content"], entry["size"]) if entry["form"] else []
    for child in entries:
        need(child["name"] > before, "entries out of order")
        before = child["name"]
        place = os.path.join(path, child["name"])
        if child["type"] == 1:
            write_file(parcel, child, place)
            links.add(os.path.relpath(place, top))
        elif child["type"] == 2:
            write_dir(parcel, child, place, top, links)
        elif child["type"] == 3:
            os.symlink(child["target"], place)
            os.utime(place, ns=(child["mtime"], child["mtime"]), follow_symlinks=False)
        else:
            need(child["first"] in links, "a hard link to what is no earlier file")
            os.link(os.path.join(top, child["first"]), place)
    finish(entry, path)


def finish(entry, path):
    for name, value in entry["attributes"]:
        os.setxattr(path, name, value)
    os.chmod(path, entry["mode"] & 0o777)
    os.utime(path, ns=(entry["mtime"], entry["mtime"]))


def unpack(parcel, root, path):
    c = Cursor(parcel.object("root", root), "root")
    need(c.fixed(1) == 1, "a root of another version")
    folder = parse_entry(c, is_root=True)
    for _ in range(5):
        c.varint((1 << 63) - 1)
    c.end()
    path = os.fsencode(path)
    write_dir(parcel, folder, path, path, set())
