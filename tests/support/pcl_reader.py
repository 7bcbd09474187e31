"""A second reader of parcels, written from parcel/FORMAT.md and store/OBJECTS.md alone and in their order.

It shares no code with courier, so that the documents are shown to say enough, and an error in both
the program's writer and its reader does not go unseen. It keeps the content in memory: it is for tests.

    pcl_reader.py FILE... --signer PUN.site --key-ring HOME/keys/key_ring [--after FILE...] [--unpack DIR] [--json]

Volumes of one parcel may be given in any order, are repaired where they have recovery data (pcl_recovery.py), and
made of the others where there are spare volumes (pcl_spare.py);
raw:FILE and tape:FILE are a drive's image and a tape's file with volumes (pcl_media.py). --after names parcels that were
processed before, whose content counts as held. Prints one line for each item, or all that the parcel says; what is refused is said with its cause,
and the exit status is the cause's (FORMAT.md, section 10).
"""
import argparse
import ctypes
import datetime
import hashlib
import json
import os
import struct
import sys

import nacl.bindings
import nacl.exceptions
import nacl.public
import nacl.signing

from pcl_content import Cursor, Refused, check, digest, listing, need, open_block, open_lean, unpack
from pcl_difference import open_against
from pcl_media import volumes
from pcl_recovery import repair
from pcl_report import keys_digest, parse_certificate, parse_report, parse_trust_item
from pcl_spare import with_missing

MAGIC = b"\xf5PCL"
VOLUME, LABEL, SLOTS, LIST, RECORD, END = 1, 2, 3, 4, 5, 6
LIMITS = {VOLUME: 128, LABEL: 262144, SLOTS: 147 * 1024, LIST: (16 << 20) + 16, RECORD: (8 << 20) + 81, END: 72}
KINDS = {1: "package", 2: "announcement", 3: "redistribute", 4: "remove", 5: "trust", 6: "verdicts", 7: "request"}
CAUSES = {None: 0, "damaged": 4, "unsupported": 3, "no-key": 5, "revoked": 3, "bad-signature": 3, "not-addressed": 3,
          "replayed": 3, "not-trusted": 3, "incomplete": 5, "partly-done": 10, "not-found": 7}

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
        need(c.fixed(2) == 1, "the label is of another version", "unsupported")
        features = c.fixed(8)
        need(features < 4, "the label needs features not known here", "unsupported")
        self.has_bases, self.has_lean = bool(features & 1), bool(features & 2)
        c.fixed(8)
        need(c.fixed(1) == 1 and c.fixed(1) == 1, "the label uses an algorithm not known here", "unsupported")
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
    return label, range(first, end)


def parse_volume(data):
    """Step 2: the head's four payloads and the stream behind them; no head when that is damaged, and then all of it."""
    stream, head = frames(data), []
    for wanted in (VOLUME, LABEL, SLOTS, LIST):
        kind, _, payload = next(stream, (None, 0, None))
        if kind != wanted or payload is None:
            return None, frames(data)
        head.append(payload)
    return head, stream


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


class Held:
    """What was here before a parcel: no record builds on another one of its own."""

    def __init__(self, objects):
        self.objects, self.names = dict(objects), None

    def full_name(self, begin):
        """The name of the one object here whose digest begins so."""
        if self.names is None:
            self.names = {}
            for _, name in self.objects:
                self.names.setdefault(name[:16], set()).add(name)
        found = {name for name in self.names.get(begin[:16], ()) if name.startswith(begin)}
        need(len(found) == 1, "no object, or several, named %s" % begin.hex()[:12], "incomplete")
        return found.pop()

    def object(self, kind, name):
        need((kind, name) in self.objects, "%s %s is not here" % (kind, name.hex()[:12]), "incomplete")
        return self.objects[kind, name]


class Parcel(Held):
    """Section 10, in its order. signer: a site's code and its keys as the trust list has them; secrets: X25519; before:
    parcels that were processed."""

    end = None

    def __init__(self, volumes, signer, code, secrets, before=()):
        self.damaged, self.missing, self.objects, self.end_seen = [], [], {}, False
        self.baseless = []  # records whose base is not here
        for parcel in before:
            self.objects.update(parcel.objects)
        self.held = Held(self.objects)
        for data in volumes:
            need(data[:4] == MAGIC or data[32:48] == b"Courier parcel\r\n" or data[160:164] == MAGIC, "no parcel")
        parsed = [parse_volume(data) for data in volumes]
        head = next((head for head, _ in parsed if head), None)
        need(head is not None, "the head is damaged")
        label = self.label = Label(head[1])  # steps 3, 4
        need(parse_volume_header(head[0])[0] == label.digest, "a volume header of another label")
        self.check_head(head, signer, code, secrets, before)
        records, stated = {}, []
        for own, stream in parsed:
            if own is None:  # read with another volume's head
                stream = (frame for frame in stream if frame[0] in (RECORD, END))
            else:
                of, carried = parse_volume_header(own[0])
                need(digest("label", own[1][:-64]) == of == label.digest, "another parcel's volume")
                stated.append(carried)
            self.read_records(stream, records)
        if label.records is not None and self.end not in (None, label.records):
            self.end = None
            self.damaged.append("end")
        self.count = self.end if self.end is not None else label.records
        self.missing = [n for n in range(self.count or 0) if n not in records]
        self.elsewhere = [n for n in self.missing if not any(n in carried for carried in stated)]

    def check_head(self, head, signer, code, secrets, before):
        label = self.label
        key = self.sender_key(label, signer)  # step 5
        need(verify(key, "lblsig", label.body, label.signature), "the label is not signed by its sender", "bad-signature")
        need(digest("keyslot", head[2]) == label.slots, "key slots of another label", "bad-signature")  # step 7
        need(digest("list", head[3]) == label.list, "a packing list of another label", "bad-signature")
        mine = [i for i, addressee in enumerate(label.addressees) if addressee[0] == code]
        need(mine, "not addressed to %s" % code, "not-addressed")  # step 8
        self.id = "%s-%s-%06d" % (label.sender, code, label.addressees[mine[0]][1])
        for parcel in before:  # step 9
            need(parcel.id != self.id or parcel.label.digest == label.digest, "%s came with other content" % self.id,
                 "replayed")
        need(len(head[2]) == 147 * len(label.addressees), "key slots of another size")
        self.mine = mine[0]
        slot = None
        for secret in secrets:  # step 10
            try:
                box = nacl.public.SealedBox(nacl.public.PrivateKey(secret))
                slot = box.decrypt(head[2][147 * mine[0]:147 * mine[0] + 147])
            except nacl.exceptions.CryptoError:
                continue
        need(slot is not None, "sealed to another key", "no-key")
        need(slot[32:] == label.parcel_key + label.sender_key + code.encode(), "a slot made for another parcel",
             "bad-signature")
        content_key = slot[:32]
        need(digest("commit", content_key + label.parcel_key) == label.commitment, "another content key", "bad-signature")
        sub_key = [hashlib.blake2b(digest_size=32, key=content_key, salt=struct.pack("<QQ", i, 0),
                                   person=b"courier1".ljust(16, b"\0")).digest() for i in (1, 2)]
        plain = unseal(sub_key[0], 0, label.parcel_key + label.sender_key, head[3])  # step 12
        need(plain is not None, "the packing list does not open", "bad-signature")
        self.items = parse_packing_list(plain, len(label.addressees))
        need(len(self.items) == label.items, "another number of items than the label says", "bad-signature")
        self.record_key = sub_key[1]

    @staticmethod
    def sender_key(label, signer):
        """The signing key of the trust list that the label names, or one that certificates lead to from it."""
        need(label.sender == signer[0], "signed by a site not known here", "no-key")
        _, signing, sealing = signer
        for certificate in map(parse_certificate, label.certificates):
            vouched = certificate["site"] == label.sender and certificate["old_keys"] == keys_digest(signing, sealing, label.sender)
            if vouched and verify(signing, "rotsig", certificate["signed"], certificate["signature"]):
                signing, sealing = certificate["signing"], certificate["sealing"]
        need(label.sender_key in (signer[1], signing), "signed by a key not known here", "no-key")
        return label.sender_key

    def read_records(self, stream, records):
        """Steps 13 and 14."""
        label = self.label
        for kind, number, payload in stream:
            self.end_seen |= kind == END
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
            if payload[0] not in (1, 2):
                records[number] = True
                continue
            plain = unseal(self.record_key, number, label.parcel_key + bound, sealed)
            try:
                need(plain is not None, "a record that does not open")
                self.objects.update(self.open_record(payload[0], plain))
                records[number] = True
            except Refused as refusal:
                (self.baseless if refusal.cause == "incomplete" else self.damaged).append(number)

    def open_record(self, kind, plain):
        """Section 8."""
        label = self.label
        if kind == 1:
            return open_block(plain, self.open_against if label.has_bases else None)
        need(label.has_lean, "a lean block in a parcel that says it has none")
        return open_lean(plain, (lambda *block: self.open_against(*block, 16)) if label.has_bases else None)

    def open_against(self, codec, payload, raw_size, name_size=32):
        return open_against(self.held, codec, payload, raw_size, name_size)

    def judge(self, kind, item):
        """Step 15: the cause why an item is not executed, or None."""
        try:
            need(item is not None, "a kind that is not known", "not-trusted")
            if kind in (1, 3) and not item["no_files"]:
                check(self, item["root"])
            if kind in BODIES:
                BODIES[kind](item["body"])
            return None
        except Refused as refusal:
            if refusal.cause == "incomplete":
                return "damaged" if self.damaged or set(self.missing).difference(self.baseless) else "incomplete"
            return "not-trusted"

    def cause(self):
        if self.elsewhere or not self.end_seen and self.count is None:
            return "incomplete"
        found = {self.judge(kind, item) for kind, _, item in self.items}
        if len(found) > 1 or (found == {None} and (self.damaged or self.missing)):
            return "partly-done"
        return found.pop() if found else None

    def facts(self):
        """All that the parcel says, under the names that the program's --json has where it says it too."""
        label = self.label
        return {"id": self.id, "from": label.sender, "from_name": label.sender_name,
                 "incarnation": [label.incarnation[0], label.incarnation[1].hex()], "generation": label.generation,
                 "addressees": [{"site": a[0], "id": "%s-%s-%06d" % (label.sender, a[0], a[1])} for a in label.addressees],
                 "known_incarnations": [a[2] for a in label.addressees], "returns_seen": [a[4] for a in label.addressees],
                 "name": label.name, "comment": label.comment, "created": iso8601(label.created),
                 "is_return": any(kind == 6 for kind, _, _ in self.items), "item_count": label.items,
                 "content_bytes": label.content_bytes, "records": label.records, "label_digest": label.digest.hex(),
                 "certificates": len(label.certificates), "record_count": self.count, "missing_records": self.missing,
                 "items": [self.item_facts(*item) for item in self.items]}

    def item_facts(self, kind, jobs, item):
        facts = {"job": jobs[self.mine], "kind": KINDS.get(kind, "unknown kind %d" % kind)}
        if item is None:
            return facts
        facts.update({"package": item["package"] or None, "version": item["version"], "name": item["name"],
                      "content_bytes": item["bytes"], "files": item["files"], "distribution_points": item["dps"],
                      "share": item["share"], "comment": item["comment"], "no_files": item["no_files"], "whole": item["whole"],
                      "bases": [[base[0], base[1], base[2].hex()] for base in item["bases"]]})
        if kind in BODIES:
            facts["says"] = BODIES[kind](item["body"])
        if kind in (1, 3) and not item["no_files"]:
            facts["tree"] = listing(self, item["root"])
        return facts


BODIES = {5: parse_trust_item, 6: parse_report}


def iso8601(nanoseconds):
    return datetime.datetime.fromtimestamp(nanoseconds // 10**9, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def checked_file(path, magic):
    """signer/checked_file.h: the body of a .site file or a key ring, past its digest."""
    with open(path, "rb") as source:
        data = source.read()
    need(data[:8] == magic and digest("site", data[:-32]) == data[-32:], "%s: not such a file" % path)
    return Cursor(data[14:-32], path)


def read_identity(path):
    """signer/site_identity.h: the site's code, its signing and its sealing key."""
    c = checked_file(path, b"PCLSITE\n")
    c.fixed(1)
    code, _, _ = c.site(), c.text(200), c.fixed(4)
    return code, c.raw(32), c.raw(32)


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


def read_parcel(names, *trusted, before=()):
    found = with_missing([repair(volume)[0] for name in names for volume in volumes(name)])
    need(found, "there is no parcel", "not-found")
    return Parcel(found, *trusted, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--signer", required=True)
    parser.add_argument("--key-ring", required=True)
    parser.add_argument("--after", nargs="+", default=[])
    parser.add_argument("--unpack")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cause = None
    try:
        trusted = (read_identity(arguments.signer), *read_key_ring(arguments.key_ring))
        before = []
        for name in arguments.after:
            before.append(read_parcel([name], *trusted, before=before))
        parcel = read_parcel(arguments.files, *trusted, before=before)
        cause = parcel.cause()
        if arguments.json and cause is None:
            print(json.dumps(parcel.facts(), indent=1, ensure_ascii=False))
        for kind, _, item in parcel.items:
            if not arguments.json:
                print(KINDS.get(kind, "unknown kind %d" % kind), *(() if item is None else (item["package"], item["version"])))
            wanted = arguments.unpack and cause in (None, "partly-done") and kind in (1, 3) and not item["no_files"]
            if wanted and parcel.judge(kind, item) is None:
                os.makedirs(arguments.unpack, exist_ok=True)
                unpack(parcel, item["root"], os.path.join(arguments.unpack, item["package"]))
        if cause:
            print("%s: records missing: %s, damaged: %s" % (cause, parcel.missing, parcel.damaged), file=sys.stderr)
    except Refused as refusal:
        cause = refusal.cause
        print("%s: %s" % (cause, refusal), file=sys.stderr)
    except OSError as error:  # a name or path that this file system cannot hold
        print("cannot write: %s" % error.strerror, file=sys.stderr)
        return 11
    return CAUSES[cause]


if __name__ == "__main__":
    sys.exit(main())
