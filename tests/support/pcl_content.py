"""The content of parcels, read from store/OBJECTS.md alone: fields, blocks, trees. See pcl_reader.py."""
import hashlib
import os

import zstandard

U64 = (1 << 64) - 1


class Refused(Exception):
    """With a cause of FORMAT.md, section 10."""

    def __init__(self, what, cause):
        super().__init__(what)
        self.cause = cause


def need(condition, what, cause="damaged"):
    if not condition:
        raise Refused(what, cause)


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
            raise Refused("%s: no UTF-8" % self.what, "damaged")

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


def open_block(data, against=None):
    """store/OBJECTS.md, section 7: {(kind, digest): bytes}. against(codec, payload, raw size) opens codecs 2 and 3."""
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
    objects, at = {}, 0
    raw = open_payload(codec, payload, raw_size, against)
    for kind, name, size in listed:
        need(digest(kind, raw[at:at + size]) == name, "block: an object under another's name")
        objects[kind, name] = raw[at:at + size]
        at += size
    return objects


def open_payload(codec, payload, raw_size, against):
    """The raw bytes. A codec that is not known here is as bad as content that is not right."""
    if codec == 1:
        try:
            need(zstandard.frame_content_size(payload) == raw_size and len(payload) < raw_size, "block: another size")
            opened = zstandard.ZstdDecompressor().decompressobj()
            raw = opened.decompress(payload)
        except zstandard.ZstdError as error:
            raise Refused("block: %s" % error, "damaged")
        need(not opened.unused_data, "block: a frame that does not fill its bytes")
    elif codec in (2, 3) and against:
        need(0 < len(payload) < raw_size, "block: another size")
        raw = against(codec, payload, raw_size)
    else:
        need(codec == 0, "block: a codec not known here")
        raw = payload
    need(len(raw) == raw_size, "block: another size than stated")
    return raw


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def open_lean(data, against=None):
    """store/OBJECTS.md, section 10: the same of a lean block."""
    c = Cursor(data, "block")
    codec, content, list_digest = c.fixed(1), c.fixed(1), c.raw(32)
    need(content in (1, 2), "block: content of no known sort")
    listed = []
    for _ in range(c.varint(16384)):
        number = c.varint()
        kind, size = (1, number) if content == 1 else (2 + number % 2, number // 2)
        need(0 < size <= 1 << 20, "block: an object that cannot be")
        listed.append((kind, size))
    raw_size = sum(size for _, size in listed)
    payload = data[c.at:]
    need(listed and raw_size <= 4 << 20 and 0 < len(payload) <= 4 << 20, "block: no objects, too large, or no payload")
    raw = open_payload(codec, payload, raw_size, against)
    head, objects, at = b"\0" + varint(raw_size) + varint(len(listed)), {}, 0
    for kind, size in listed:
        piece = raw[at:at + size]
        name = digest(OBJECTS[kind], piece)
        objects[OBJECTS[kind], name] = piece
        head += bytes([kind]) + name + varint(size)
        at += size
    need(digest("block", head) == list_digest, "block: objects that do not come to its list digest")
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


def chunks_of(parcel, entry):
    """A file's bytes, chunk by chunk."""
    listed = [(entry["content"], entry["size"])]
    if entry["form"] != 1:
        listed = leaves(parcel, 1, entry["content"], entry["size"]) if entry["form"] else []
    for name, size in listed:
        chunk = parcel.object("chunk", name)
        need(len(chunk) == size, "a chunk of another size")
        yield chunk


def walk(parcel, root):
    """Sections 3 and 6: (path, entry) of all that is below the root, a folder before what is in it."""
    c = Cursor(parcel.object("root", root), "root")
    need(c.fixed(1) == 1, "a root of another version")
    folder = parse_entry(c, is_root=True)
    for _ in range(5):
        c.varint((1 << 63) - 1)
    c.end()
    files = set()

    def below(entry, path):
        before = b""
        for child in leaves(parcel, 2, entry["content"], entry["size"]) if entry["form"] else []:
            need(child["name"] > before, "entries out of order")
            before = child["name"]
            place = path + [child["name"]]
            name = b"/".join(place)
            need(len(name) <= 4096 and len(place) <= 256, "a path longer than any may be")
            if child["type"] == 1:
                files.add(name)
            elif child["type"] == 4:
                need(child["first"] in files, "a hard link to what is no earlier file")
            yield name, child
            if child["type"] == 2:
                yield from below(child, place)

    yield b"", folder
    yield from below(folder, [])


def check(parcel, root):
    """Section 10, step 15, of FORMAT.md: the whole tree is here and as it may be. Errors: incomplete; else not-trusted."""
    try:
        for _, entry in walk(parcel, root):
            if entry["type"] == 1:
                for _ in chunks_of(parcel, entry):
                    pass
    except Refused as refusal:
        need(refusal.cause == "incomplete", str(refusal), "not-trusted")
        raise


def listing(parcel, root):
    """One line for each entry, for people and for comparison."""
    lines = []
    for path, entry in walk(parcel, root):
        what = [path.decode("utf-8", "backslashreplace") or ".", {1: "file", 2: "folder", 3: "link", 4: "hard link"}[entry["type"]]]
        if entry["type"] == 4:
            what.append(entry["first"].decode("utf-8", "backslashreplace"))
        else:
            what += ["%04o" % entry["mode"], str(entry["mtime"])]
        if entry["type"] == 1:
            what += [str(entry["size"]), hashlib.sha256(b"".join(chunks_of(parcel, entry))).hexdigest()][:1 + (entry["size"] > 0)]
        elif entry["type"] == 3:
            what.append(entry["target"].decode("utf-8", "backslashreplace"))
        what += ["%s=%s" % (name.decode(), value.hex()) for name, value in entry.get("attributes", [])]
        lines.append(" ".join(what))
    return lines


def finish(entry, path):
    for name, value in entry["attributes"]:
        os.setxattr(path, name, value)
    os.chmod(path, entry["mode"] & 0o777)
    os.utime(path, ns=(entry["mtime"], entry["mtime"]))


def unpack(parcel, root, path):
    """Writes a tree that was checked. Nothing is written through a link: every folder was made by this call."""
    top, folders = os.fsencode(path), []
    for name, entry in walk(parcel, root):
        place = os.path.join(top, name) if name else top
        if entry["type"] == 1:
            with open(place, "xb") as out:
                out.writelines(chunks_of(parcel, entry))
            finish(entry, place)
        elif entry["type"] == 2:
            os.mkdir(place)
            folders.append((entry, place))
        elif entry["type"] == 3:
            os.symlink(entry["target"], place)
            os.utime(place, ns=(entry["mtime"], entry["mtime"]), follow_symlinks=False)
        else:
            os.link(os.path.join(top, entry["first"]), place)
    for entry, place in reversed(folders):
        finish(entry, place)
