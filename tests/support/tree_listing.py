"""Lists a tree so that two trees can be compared: type, mode, time, size, links, user.* attributes.

As a program: tree_listing.py DIR [--contents] prints one line an entry, sorted by name.
"""
import hashlib
import os
import stat
import sys


def attributes_of(path):
    found = []
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return ""
    for name in sorted(names):
        if name.startswith("user."):
            value = os.getxattr(path, name, follow_symlinks=False)
            found.append("%s=%s" % (name, value.hex()))
    return " ".join(found)


def digest_of(path):
    hasher = hashlib.sha256()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(1 << 20), b""):
            hasher.update(block)
    return hasher.hexdigest()[:16]


def listing(root, contents=False, mode_mask=0o7777):
    """One line per entry beneath root (root itself is '.'), names as ASCII with escapes."""
    root = os.fsencode(root)
    first_of_inode = {}
    lines = []

    def visit(path, shown):
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        fields = ["%o" % (stat.S_IMODE(status.st_mode) & mode_mask), "%d" % status.st_mtime_ns]
        if kind == stat.S_IFLNK:
            fields = ["link", "%d" % status.st_mtime_ns, "-> " + os.readlink(path).decode("utf-8", "backslashreplace")]
        elif kind == stat.S_IFDIR:
            fields.insert(0, "dir")
        elif kind == stat.S_IFREG:
            fields.insert(0, "file")
            fields.append("%d" % status.st_size)
            if status.st_nlink > 1:
                key = (status.st_dev, status.st_ino)
                first = first_of_inode.setdefault(key, shown)
                # Links from outside (a version that is being staged) are no part of this tree.
                if first != shown:
                    fields.append("same as " + first)
            if contents:
                fields.append(digest_of(path))
        else:
            fields = ["odd"]
        if kind in (stat.S_IFREG, stat.S_IFDIR):
            fields.append(attributes_of(path))
        lines.append(("%s: %s" % (shown, " ".join(fields))).rstrip())
        if kind == stat.S_IFDIR:
            for name in sorted(os.listdir(path)):
                visit(os.path.join(path, name), shown + "/" + name.decode("utf-8", "backslashreplace"))

    visit(root, ".")
    return lines


if __name__ == "__main__":
    print("\n".join(listing(sys.argv[1], contents="--contents" in sys.argv[2:])))
