"""A second reader of parcels, written from parcel/FORMAT.md and store/OBJECTS.md alone and in their order.

It shares no code with courier, so that the documents are shown to say enough, and an error in both
the program's writer and its reader does not go unseen. It keeps the content in memory: it is for tests.

    pcl_reader.py FILE... --signer PUN.site --key-ring HOME/keys/key_ring [--unpack DIR]

Volumes of one parcel may be given in any order. Prints one line for each item; exits with 1 when the
parcel is refused and with 2 when something of it is missing.
"""
import argparse
import ctypes
import hashlib
import os
import struct
import sys

import nacl.bindings
import nacl.exceptions
import nacl.public
import nacl.signing

from pcl_content import Cursor, Refused, digest, need, open_block, unpack

MAGIC = b"\xf5PCL"
VOLUME, LABEL, SLOTS, LIST, RECORD, END = 1, 2, 3, 4, 5, 6
LIMITS = {VOLUME: 128, LABEL: 262144, SLOTS: 147 * 1024, LIST: (16 << 20) + 16, RECORD: (8 << 20) + 81, END: 72}
KINDS = {1: "package", 2: "announcement", 3: "redistribute", 4: "remove", 5: "trust", 6: "verdicts", 7: "request"}

XXHASH = ctypes.CDLL("libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def verify(key, domain, message, signature):
    try:
        nacl.signing.VerifyKey(key).verify(digest(domain, message, 64), signature)
        return True
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False


def unseal(key, counter, associated, sealed):
    nonce = bytes(4) + struct.pack("<Q", counter)
    try:
        return nacl.bindings.crypto_aead_chacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
    except nacl.exceptions.CryptoError:
        return None


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frames(data):
    """Section 1. Yields (kind, number, payload, or None when it is damaged) for the kinds known here; kind 0: bytes
    between frames."""
    at, searches = 0, 64

    def header(place):
        head = data[place:place + 32]
        if len(head) < 32 or head[:4] != MAGIC or head[5:8] != bytes(3):
            return None
        return head if crc32c(head[:28]) == int.from_bytes(head[28:], "little") else None

    while at < len(data):
        head = header(at)
        if head is None:
            yield 0, 0, None
            while at >= 0 and header(at) is None:
                at = data.find(MAGIC, at + 1)
            if at < 0:
                return
            continue
        kind, number = head[4], int.from_bytes(head[8:16], "little")
        size, checksum = struct.unpack("<IQ", head[16:28])
        if kind not in LIMITS:
            at += 32 + (size if size <= 32 << 20 else 0)
            continue
        if size > LIMITS[kind]:
            yield kind, number, None
            at += 32
            continue
        payload = data[at + 32:at + 32 + size]
        after = at + 32 + size
        if len(payload) == size and XXHASH.XXH3_64bits(payload, size) == checksum:
            yield kind, number, payload
            at = after
            continue
        yield kind, number, None
        if after == len(data) or header(after) or searches == 0:
            at = after
        else:
            searches -= 1
            at += 32


class Label:
    """Section 5."""

    def __init__(self, payload):
        need(len(payload) > 64, "the label is too short")
        self.body, self.signature = payload[:-64], payload[-64:]
        self.digest = digest("label", self.body)
        c = Cursor(self.body, "label")
        need(c.fixed(2) == 1, "the label is of another version")
        need(c.fixed(8) == 0, "the label needs features not known here")
        c.fixed(8)
        need(c.fixed(1) == 1 and c.fixed(1) == 1, "the label uses an algorithm not known here")
        self.sender, self.sender_name = c.site(), c.text(256)
        self.incarnation = (c.fixed(4), c.raw(16))
        self.sender_key, self.generation = c.raw(32), c.fixed(4)
        self.addressees = []
        count = c.varint(1024)
        need(count > 0, "the label names no addressee")
        for _ in range(count):
            code, number, known = c.site(), c.varint(), c.fixed(4)
            need(number > 0 and (not self.addressees or code > self.addressees[-1][0]), "addressees out of order")
            self.addressees.append((code, number, known, c.raw(32), c.varint()))
        self.name, self.comment, self.created = c.text(256), c.text(4096), c.zigzag()
        self.parcel_key, self.commitment, self.slots, self.list = (c.raw(32) for _ in range(4))
        self.items = c.varint((1 << 32) - 1)
        self.records = c.varint(1 << 48) if c.boolean() else None
        self.content_bytes = c.varint()
        self.certificates = [c.bytes(1024) for _ in range(c.varint(16))]
        c.extensions()
        c.end()


def parse_volume_header(payload):
    """Section 4."""
    mark, version, zero, n, m, zero2, _, first, end, label = struct.unpack("<16sHHIII16sQQ32s", payload[:96])
    need(mark == b"Courier parcel\r\n" and version == 1 and not zero and not zero2 and payload[96:] == bytes(32),
         "no volume header of version 1")
    need(n > 0 and (m == 0 or n <= m) and first <= end, "a volume header that cannot be")
    return label


def parse_item(kind, data):
    """Section 7, the fields of a known kind."""
    c = Cursor(data, "item")
    item = {"package": c.package(), "version": c.varint((1 << 32) - 1), "root": c.raw(32)}
    item["bytes"], item["files"] = c.varint(), c.varint()
    item["name"], item["share"], item["comment"] = c.text(256), c.text(256), c.text(4096)
    flags = c.fixed(1)
    need(flags < 4, "item: a flag that is not defined")
    item["no_files"], item["whole"] = bool(flags & 1), bool(flags & 2)
    item["bases"] = [(c.package(), c.varint((1 << 32) - 1), c.raw(32)) for _ in range(c.varint(64))]
    need(all(base[0] for base in item["bases"]), "item: a base without a package")
    item["dps"] = [c.text(256) for _ in range(c.varint(4096))]
    need(all(item["dps"]), "item: a distribution point without a name")
    item["body"] = c.bytes(16 << 20)
    c.extensions()
    c.end()
    need(item["package"] or kind in (5, 6), "item: no package id")
    need(item["version"] or kind > 3, "item: version 0")
    return item


def parse_packing_list(data, addressees):
    """Section 7. A list of (kind, jobs, fields; None of an unknown kind)."""
    c = Cursor(data, "packing list")
    items = []
    for _ in range(c.varint(65536)):
        kind, jobs = c.fixed(1), [c.varint() for _ in range(addressees)]
        fields = c.bytes(16 << 20)
        items.append((kind, jobs, parse_item(kind, fields) if kind in KINDS else None))
    c.extensions()
    c.end()
    return items


class Parcel:
    """Section 10, in its order; signing_key: the sender's as the trust list has it; secrets: X25519."""

    def __init__(self, volumes, signing_key, code, secrets):
        self.damaged, self.missing, self.objects = [], [], {}
        label = None
        for data in volumes:
            need(data[:4] == MAGIC or data[32:48] == b"Courier parcel\r\n" or data[160:164] == MAGIC, "no parcel")
            stream = frames(data)
            head = []
            for wanted in (VOLUME, LABEL, SLOTS, LIST):  # step 2
                kind, _, payload = next(stream, (None, 0, None))
                need(kind == wanted and payload is not None, "the head is damaged")
                head.append(payload)
            if label is None:
                label = self.label = Label(head[1])  # steps 3, 4
                need(parse_volume_header(head[0]) == label.digest, "a volume header of another label")
                self.check_head(head, signing_key, code, secrets)
                records = {}
            need(digest("label", head[1][:-64]) == parse_volume_header(head[0]) == label.digest, "another parcel's volume")
            self.read_records(stream, records)
        self.count = self.end if self.end is not None else label.records
        need(self.count is None or label.records in (None, self.count), "the end says another count than the label")
        self.missing = [n for n in range(self.count or 0) if n not in records]
        self.complete = self.count is not None and not self.missing

    end = None

    def check_head(self, head, signing_key, code, secrets):
        label = self.label
        need(label.sender_key == signing_key and verify(signing_key, "lblsig", label.body, label.signature),
             "the label is not signed by its sender")  # step 6
        need(digest("keyslot", head[2]) == label.slots, "key slots of another label")  # step 7
        need(digest("list", head[3]) == label.list, "a packing list of another label")
        mine = [i for i, addressee in enumerate(label.addressees) if addressee[0] == code]
        need(mine, "not addressed to %s" % code)  # step 8
        need(len(head[2]) == 147 * len(label.addressees), "key slots of another size")
        slot = None
        for secret in secrets:  # step 10
            try:
                box = nacl.public.SealedBox(nacl.public.PrivateKey(secret))
                slot = box.decrypt(head[2][147 * mine[0]:147 * mine[0] + 147])
            except nacl.exceptions.CryptoError:
                continue
        need(slot is not None, "sealed to another key")
        need(slot[32:] == label.parcel_key + label.sender_key + code.encode(), "a slot made for another parcel")
        content_key = slot[:32]
        need(digest("commit", content_key + label.parcel_key) == label.commitment, "another content key")  # step 11
        sub_key = [hashlib.blake2b(digest_size=32, key=content_key, salt=struct.pack("<QQ", i, 0),
                                   person=b"courier1".ljust(16, b"\0")).digest() for i in (1, 2)]
        plain = unseal(sub_key[0], 0, label.parcel_key + label.sender_key, head[3])  # step 12
        need(plain is not None, "the packing list does not open")
        self.items = parse_packing_list(plain, len(label.addressees))
        need(len(self.items) == label.items, "another number of items than the label says")
        self.record_key = sub_key[1]

    def read_records(self, stream, records):
        """Steps 13 and 14."""
        label = self.label
        for kind, number, payload in stream:
            if kind == END and payload is not None and len(payload) == 72:
                if verify(label.parcel_key, "endsig", label.digest + payload[:8], payload[8:]):
                    self.end = int.from_bytes(payload[:8], "little")
                    return
            if kind != RECORD or payload is None or len(payload) < 81:
                if kind in (0, RECORD, END):
                    self.damaged.append({0: "bytes", RECORD: number, END: "end"}[kind])
                continue
            bound = struct.pack("<QB", number, payload[0])
            sealed, signature = payload[1:-64], payload[-64:]
            if not verify(label.parcel_key, "recsig", label.digest + bound + digest("record", sealed), signature):
                self.damaged.append(number)
                continue
            if payload[0] != 1:
                records[number] = True
                continue
            plain = unseal(self.record_key, number, label.parcel_key + bound, sealed)
            try:
                need(plain is not None, "a record that does not open")
                self.objects.update(open_block(plain))
                records[number] = True
            except Refused:
                self.damaged.append(number)

    def object(self, kind, name):
        need((kind, name) in self.objects, "%s %s is not in this parcel" % (kind, name.hex()[:12]))
        return self.objects[kind, name]


def checked_file(path, magic):
    """signer/checked_file.h: the body of a .site file or a key ring, past its digest."""
    with open(path, "rb") as source:
        data = source.read()
    need(data[:8] == magic and digest("site", data[:-32]) == data[-32:], "%s: not such a file" % path)
    return Cursor(data[14:-32], path)


def read_identity(path):
    """signer/site_identity.h: the site's code and signing key."""
    c = checked_file(path, b"PCLSITE\n")
    c.fixed(1)
    code, _, _ = c.site(), c.text(200), c.fixed(4)
    return code, c.raw(32)


def read_key_ring(path):
    """signer/key_file.h, without a passphrase: the site's code and its sealing secrets."""
    c = checked_file(path, b"PCLKEYS\n")
    code, _, _, _ = c.site(), c.text(200), c.raw(20), c.zigzag()
    generations = c.varint(17)
    for _ in range(generations):
        c.raw(68)
        c.zigzag()
    for _ in range(c.varint(16)):
        c.bytes(1024)
    need(c.fixed(1) == 0, "%s has a passphrase" % path)
    c.raw(32)
    return code, [c.raw(32) for _ in range(generations)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--signer", required=True)
    parser.add_argument("--key-ring", required=True)
    parser.add_argument("--unpack")
    arguments = parser.parse_args()
    try:
        _, signing_key = read_identity(arguments.signer)
        code, secrets = read_key_ring(arguments.key_ring)
        volumes = []
        for name in arguments.files:
            with open(name, "rb") as source:
                volumes.append(source.read())
        parcel = Parcel(volumes, signing_key, code, secrets)
        for kind, _, item in parcel.items:
            print(KINDS.get(kind, "unknown kind %d" % kind), *(() if item is None else (item["package"], item["version"])))
            if arguments.unpack and kind in (1, 3) and not item["no_files"]:
                os.makedirs(arguments.unpack, exist_ok=True)
                unpack(parcel, item["root"], os.path.join(arguments.unpack, item["package"]))
    except Refused as refusal:
        print("refused: %s" % refusal, file=sys.stderr)
        return 1
    except OSError as error:  # a name or path that this file system cannot hold
        print("refused: %s" % error.strerror, file=sys.stderr)
        return 1
    if not parcel.complete or parcel.damaged:
        print("records missing: %s, damaged: %s" % (parcel.missing, parcel.damaged), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
