"""The bodies of items, read from parcel/FORMAT.md alone: return reports and trust items. See pcl_reader.py."""
from pcl_content import Cursor, digest, need

STATES = {1: "incomplete", 2: "accepted", 3: "processed", 4: "quarantined", 5: "refused"}
VERDICTS = {1: "installed", 2: "stored", 3: "removed", 4: "superseded", 5: "refused", 6: "damaged", 7: "incomplete",
            8: "quarantined", 9: "announced"}


def ranges(c):
    """Section 2."""
    found, at = [], 0
    for _ in range(c.varint(65536)):
        gap, length = c.varint(), c.varint()
        need(length > 0 and (gap > 0 or not found), "ranges that touch")
        found.append([at + gap, at + gap + length])
        at += gap + length
    return found


def missing(c):
    """Section 12: "all", or the digests of what is missing."""
    kind = c.fixed(1)
    need(kind < 3, "missing: of no known form")
    if kind != 2:
        return "all" if kind else []
    count = c.varint(4096)
    found = [c.raw(32).hex() for _ in range(count)]
    need(found and found == sorted(set(found)), "missing: out of order")
    return found


def verdict(c):
    found = {"item": c.varint(65535), "job": c.varint(), "kind": c.fixed(1), "package": c.package(),
             "version": c.varint((1 << 32) - 1)}
    value = c.fixed(1)
    need(value in VERDICTS, "a verdict that is not defined")
    return dict(found, verdict=VERDICTS[value], reason=c.text(1024), missing=missing(c))


def received_parcel(c):
    found = {"id": "%s-%s-%06d" % (c.site(), c.site(), c.varint()), "label_digest": c.raw(32).hex()}
    state = c.fixed(1)
    need(state in STATES, "a state that is not defined")
    found.update(state=STATES[state], reason=c.text(1024))
    found["verdicts"] = [verdict(c) for _ in range(c.varint(65536))]
    return dict(found, missing_records=ranges(c))


def message(c):
    found = {"sequence": c.varint(), "id": c.text(16), "severity": c.fixed(1), "component": c.text(64), "time": c.zigzag(),
             "package": c.package()}
    need(found["severity"] < 3, "a severity that is not defined")
    return dict(found, strings=[c.text(1024) for _ in range(c.varint(10))])


def parse_report(body):
    """Section 12."""
    c = Cursor(body, "return report")
    need(c.fixed(2) == 1, "the return report is of another version", "unsupported")
    report = {"incarnation": [c.fixed(4), c.raw(16).hex()], "last_return_seen": c.varint()}
    report["parcels"] = [received_parcel(c) for _ in range(c.varint(65536))]
    report["holdings"] = [{"package": c.package(), "version": c.varint((1 << 32) - 1), "root": c.raw(32).hex(),
                           "missing": missing(c)} for _ in range(c.varint(262144))]
    report["dp_states"] = [{"dp": c.text(256), "package": c.package(), "wanted": c.varint((1 << 32) - 1),
                            "served": c.varint((1 << 32) - 1), "state": c.fixed(1), "invalid": c.boolean(),
                            "reason": c.text(1024), "as_of": c.zigzag()} for _ in range(c.varint(262144))]
    report["store"] = [c.varint(), c.varint()]
    report["dp_space"] = [[c.text(256), c.varint(), c.varint()] for _ in range(c.varint(4096))]
    report["program"] = [c.fixed(2), c.fixed(8)]
    report["not_received"] = ranges(c)
    report["misdelivered"] = [[c.raw(32).hex(), c.text(64), c.zigzag()] for _ in range(c.varint(65536))]
    report["messages"] = [message(c) for _ in range(c.varint(65536))]
    c.extensions()
    c.end()
    return report


def parse_certificate(data):
    """Section 5: a rotation certificate, with what its signature covers."""
    c = Cursor(data, "rotation certificate")
    need(c.fixed(1) == 1 and c.fixed(1) == 1, "a rotation certificate of an unknown version", "unsupported")
    found = {"site": c.site(), "old": c.fixed(4), "new": c.fixed(4), "old_keys": c.raw(32), "signing": c.raw(32),
             "sealing": c.raw(32), "created": c.zigzag()}
    need(found["new"] > found["old"], "a rotation to no newer generation")
    found["signed"] = data[:c.at]
    found["signature"] = c.raw(64)
    c.end()
    return found


def keys_digest(signing, sealing, site):
    return digest("fprint", b"site keys" + signing + sealing + site.encode())


def parse_trust_item(body):
    """Section 13."""
    c = Cursor(body, "trust item")
    action = c.fixed(1)
    need(action in (1, 2), "a trust item of no known action", "unsupported")
    if action == 1:
        certificate = parse_certificate(c.bytes(1024))
        found = {"rotated": certificate["site"], "from": certificate["old"], "to": certificate["new"],
                 "signing": certificate["signing"].hex()}
    else:
        found = {"revoked": c.site(), "signing": c.raw(32).hex()}
    c.end()
    return found
