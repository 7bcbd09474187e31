"""Makes the table of quirks that media/quirks.cc includes, from firmware-notes/quirks.toml.

  make_quirks.py TOML OUT
"""
import re
import sys
import tomllib

ACTIONS = ("transfer_kib", "settle_seconds", "tape_block", "ports_keep_power")
KEYS = {"id", "note", "usb", "inquiry", *ACTIONS}


def require(holds, what):
    if not holds:
        sys.exit("%s: %s" % (sys.argv[1], what))


def rows(quirk):
    """The table's rows of one quirk, one for each device."""
    name = quirk.get("id", "?")
    require(re.fullmatch("[a-z0-9-]+", name) and quirk.get("note"), "%s: a quirk has an id and a note" % name)
    require(quirk.keys() <= KEYS, "%s: what is %s?" % (name, ", ".join(sorted(quirk.keys() - KEYS))))
    actions = [quirk.get(action, 0) for action in ACTIONS]
    require(all(isinstance(value, int) and 0 <= value <= 4096 for value in actions) and any(actions),
            "%s: nothing for the code to act on" % name)
    transfer, settle, block, power = actions
    require(transfer % 4 == 0, "%s: transfer_kib is a multiple of 4" % name)
    require(block & (block - 1) == 0, "%s: tape_block is a power of two" % name)
    usb, inquiry = quirk.get("usb", []), quirk.get("inquiry", [])
    require(usb or inquiry, "%s: matches no device" % name)
    for one in usb:
        require(re.fullmatch("[0-9a-f]{4}(:[0-9a-f]{4}){1,2}", one), "%s: %r is no USB device" % (name, one))
    for one in inquiry:
        require(re.fullmatch(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*", one), "%s: %r is no beginning of an inquiry" % (name, one))
    for kind, devices in (("usb", usb), ("inquiry", inquiry)):
        for one in devices:
            yield '{"%s", Match::%s, "%s", {%d * 1024u, %d, %d, %s}},' % (
                name, kind, one, transfer, settle, block, "true" if power else "false")


def main():
    with open(sys.argv[1], "rb") as source:
        quirks = tomllib.load(source)["quirk"]
    names = [quirk.get("id") for quirk in quirks]
    require(len(names) == len(set(names)), "two quirks with one id")
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write("// Made from firmware-notes/quirks.toml.\n")
        for quirk in quirks:
            out.writelines("    %s\n" % row for row in rows(quirk))


if __name__ == "__main__":
    main()
