"""Makes the table of assets that console/assets.cc includes, from the files of a folder.

  make_assets.py FOLDER OUT
"""
import hashlib
import pathlib
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml",
         ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8"}
LINE = 60  # bytes a line


def literal(content):
    """The bytes as a C++ array: a string literal may not be longer than 64 KiB everywhere."""
    rows = (content[at:at + LINE] for at in range(0, len(content), LINE))
    return "\n".join("  " + "".join("%d," % (byte if byte < 128 else byte - 256) for byte in row) for row in rows)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    table, arrays = [], []
    for number, path in enumerate(sorted(p for p in folder.iterdir() if p.is_file())):
        if path.suffix not in TYPES or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", path.name):
            sys.exit("%s: no name or kind of an asset" % path)
        content = path.read_bytes()
        arrays.append("constexpr char kAsset%d[] = {\n%s\n  0};\n" % (number, literal(content)))
        table.append('  {"%s", "%s", "\\"%s\\"", {kAsset%d, %d}},\n' % (
            path.name, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:20], number, len(content)))
    out.write_text("// Made from %s.\n%sconstexpr Asset kAssets[] = {\n%s};\n" % (
        folder.name, "".join(arrays), "".join(table)), encoding="ascii")


if __name__ == "__main__":
    main()
