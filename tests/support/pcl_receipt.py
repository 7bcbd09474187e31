"""Short receipts, read and made from parcel/RECEIPT.md alone. It shares no code with courier.

    pcl_receipt.py code TEXT --of PSE.site                               what a code says, as JSON
    pcl_receipt.py words PARCEL.pcl --of PSE.site --key-ring HOME/keys/key_ring    the words that the parcel's sender expects
"""
import argparse
import base64
import hashlib
import json
import os
import re
import struct
import sys

import nacl.bindings
import nacl.exceptions
import nacl.signing

import pcl_reader
from pcl_content import Cursor, Refused, digest, need
from pcl_report import VERDICTS

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def word_list():
    with open(os.path.join(SOURCE, "signer", "word_list.cc"), encoding="utf-8") as file:
        table = file.read().split("kWords = {", 1)[1].split("};", 1)[0]
    return re.findall(r'"([a-z]+)"', table)


def times_x(value):
    value <<= 1
    return value ^ 0b100000000101 if value >> 11 else value


def check_of(numbers):
    """Section 1: the sum of x^i times the i-th number."""
    total = 0
    for number in reversed(numbers):
        total = times_x(total ^ number)
    return total


def statement(from_site, to_site, number, label, incarnation):
    encoded = b""
    while True:
        byte = number & 0x7F
        number >>= 7
        encoded += bytes([byte | (0x80 if number else 0)])
        if not number:
            break
    return struct.pack("<H", 1) + from_site + to_site + encoded + label + incarnation


def words(own_secret, other_public, sender_public, addressee_public, said):
    shared = nacl.bindings.crypto_scalarmult(own_secret, other_public)
    key = hashlib.blake2b(shared + sender_public + addressee_public, digest_size=32, person=b"courier.rcptkey\0").digest()
    tag = hashlib.blake2b(said, digest_size=32, key=key, person=b"courier.rcptmac\0").digest()
    bits = int.from_bytes(tag, "big") >> (256 - 77)
    numbers = [bits >> (77 - 11 * (i + 1)) & 2047 for i in range(7)]
    listed = word_list()
    return " ".join(listed[n] for n in [*numbers, check_of(numbers)])


def read_code(text, signing_key):
    """Section 2."""
    text = re.sub(r"[\s-]", "", text).upper()
    need(text.startswith("COURIER:"), "no code")
    text = text[8:]
    need(len(text) <= 1440, "longer than any code")
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    need(base64.b32encode(data).decode().rstrip("=") == text, "bits left over")
    need(len(data) >= 68, "shorter than any code")
    body, signature, checksum = data[:-68], data[-68:-4], data[-4:]
    need(pcl_reader.XXHASH.XXH3_64bits(data[:-4], len(data) - 4) & 0xFFFFFFFF == int.from_bytes(checksum, "little"), "checksum")
    try:
        nacl.signing.VerifyKey(signing_key).verify(digest("rcptsig", body, 64), signature)
    except nacl.exceptions.BadSignatureError:
        need(False, "not signed by this key", "bad-signature")
    c = Cursor(body, "receipt")
    need(c.fixed(2) == 1 and c.fixed(1) == 1, "of another version", "unsupported")
    said = {"parcel": "%s-%s-%06d" % (c.site(), c.site(), c.varint()), "label_digest": c.raw(32).hex(),
            "incarnation": [c.fixed(4), c.raw(16).hex()], "returns": c.varint(), "items": c.varint(65536)}
    runs = []
    for _ in range(c.varint(256)):
        length, verdict = c.varint(65536), c.fixed(1)
        need(length > 0 and verdict in (0, *VERDICTS), "a run of no known form")
        run = [length, VERDICTS.get(verdict), c.text(60)]
        need(not runs or runs[-1][1:] != run[1:], "two runs that are one")
        runs.append(run)
    c.end()
    need(sum(run[0] for run in runs) <= said["items"], "more items than there are")
    return dict(said, runs=runs)


def identity(path):
    """signer/site_identity.h: code, signing key, sealing key, incarnation."""
    c = pcl_reader.checked_file(path, b"PCLSITE\n")
    c.fixed(1)
    code, _, _ = c.site(), c.text(200), c.fixed(4)
    return code, c.raw(32), c.raw(32), c.raw(20)


def expected_words(parcel, site, key_ring):
    """By the sender's newest sealing key."""
    code, _, sealing, incarnation = identity(site)
    own_code, secrets = pcl_reader.read_key_ring(key_ring)
    with open(parcel, "rb") as file:
        stream = pcl_reader.frames(file.read())
    label = next(pcl_reader.Label(payload) for kind, _, payload in stream if kind == pcl_reader.LABEL)
    need(label.sender == own_code, "a parcel of another site", "not-addressed")
    number = next(addressee[1] for addressee in label.addressees if addressee[0] == code)
    own = secrets[-1]
    said = statement(own_code.encode(), code.encode(), number, label.digest, incarnation)
    return words(own, sealing, nacl.bindings.crypto_scalarmult_base(own), sealing, said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=("code", "words"))
    parser.add_argument("what")
    parser.add_argument("--of", required=True)
    parser.add_argument("--key-ring")
    options = parser.parse_args()
    try:
        if options.form == "code":
            print(json.dumps(read_code(options.what, identity(options.of)[1])))
        else:
            print(expected_words(options.what, options.of, options.key_ring))
    except Refused as refusal:
        print("%s: %s" % (refusal.cause, refusal), file=sys.stderr)
        return pcl_reader.CAUSES[refusal.cause]
    return 0


if __name__ == "__main__":
    sys.exit(main())
