"""The rooms see only what they may: includes against the table of the architecture, and the build
file against the same table. SQL is spoken in ledger/ and store/ alone."""
import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# Each room also sees everything that the rooms it lists see.
ALLOWED = {
    "base": [],
    "signer": ["base"],
    "store": ["base"],
    "parcel": ["base", "signer", "store"],
    "media": ["base"],
    "ledger": ["base"],
    "distribution": ["store", "ledger"],
    "sender": ["parcel", "ledger", "media"],
    "importer": ["parcel", "ledger", "media", "distribution"],
    "console": ["media"],
    "courier": ["sender", "importer", "console"],
}
SQL_ROOMS = {"ledger", "store"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SQL_HEADER = re.compile(r"^\s*#\s*include\s+<(sqlite3\.h|soci/[^>]*|soci\.h)>", re.M)
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\b")


def seen_by(room):
    rooms, todo = {room}, [room]
    while todo:
        for below in ALLOWED[todo.pop()]:
            if below not in rooms:
                rooms.add(below)
                todo.append(below)
    return rooms


def files_of(room):
    return sorted(p for p in (SOURCE / room).rglob("*") if p.suffix in (".h", ".cc"))


def code_of(path):
    return re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))


class Layering(unittest.TestCase):
    def test_every_room_includes_only_what_it_may_see(self):
        bad, looked_at = [], 0
        for room in ALLOWED:
            for path in files_of(room):
                for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
                    looked_at += 1
                    if name.split("/")[0] not in seen_by(room):
                        bad.append(f"{path.relative_to(SOURCE)} includes {name}")
        self.assertEqual(bad, [])
        self.assertGreater(looked_at, 100)

    def test_the_build_file_says_the_same(self):
        text = (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
        rooms = dict(re.findall(r"^room\((\w+)([^)]*)\)", text, re.M))
        for room, below in ALLOWED.items():
            if room in rooms:
                named = [word for word in rooms[room].split() if word in ALLOWED]
                self.assertEqual(named, below, room)
        self.assertLessEqual({"base", "signer", "store", "parcel", "media", "ledger"}, set(rooms))

    def test_no_room_is_missing_from_the_table(self):
        others = {"tests", "build", "bench", "docs", "packaging", "scripts", "firmware-notes"}
        folders = {p.parent.name for p in SOURCE.glob("*/*.cc")} - others
        self.assertEqual(folders - set(ALLOWED), set())

    def test_only_ledger_and_store_speak_sql(self):
        bad, spoken = [], 0
        for room in ALLOWED:
            for path in files_of(room):
                code = code_of(path)
                found = bool(SQL_HEADER.search(code)) or any(SQL.search(s) for s in STRING.findall(code))
                if found and room not in SQL_ROOMS:
                    bad.append(str(path.relative_to(SOURCE)))
                spoken += found
        self.assertEqual(bad, [])
        self.assertGreater(spoken, 0)

    def test_no_other_room_sees_the_database_library_through_a_header(self):
        headers = {f"{p.parent.name}/{p.name}": p for room in ALLOWED for p in files_of(room) if p.suffix == ".h"}
        showing = {name for name, path in headers.items() if re.search(r"<soci|\bsoci::", code_of(path))}
        while more := {name for name, path in headers.items()
                       if name not in showing and showing & set(INCLUDE.findall(path.read_text(encoding="utf-8")))}:
            showing |= more
        bad = [f"{path.relative_to(SOURCE)} sees it through {name}"
               for room in ALLOWED if room != "ledger" for path in files_of(room)
               for name in INCLUDE.findall(path.read_text(encoding="utf-8")) if name in showing]
        self.assertEqual(bad, [])

    def test_parcels_are_taken_apart_in_confined_children_alone(self):
        # What does so in its own process, and who may name it: the child's side.
        inside = {"FrameStream": {"parcel/frame_stream.h", "parcel/frame_stream.cc", "parcel/confined_frames.cc"}}
        readers = 0
        for room in ALLOWED:
            for path in files_of(room):
                code, name = code_of(path), str(path.relative_to(SOURCE))
                for word, places in inside.items():
                    if re.search(rf"\b{word}\b", code):
                        self.assertIn(name, places, word)
                if room == "importer" and re.search(r"verify_and_decompress|decompress_against", code):
                    self.assertEqual(name, "importer/block_check.cc")
                readers += len(re.findall(r"\bconfined_frames\(", code))
        self.assertGreater(readers, 2)

    def test_archives_are_taken_apart_in_a_confined_child_alone(self):
        header = re.compile(r"^\s*#\s*include\s+<archive(_entry)?\.h>", re.M)
        using = {str(path.relative_to(SOURCE)) for room in ALLOWED for path in files_of(room) if header.search(path.read_text(encoding="utf-8"))}
        self.assertEqual(using, {"store/unpack_worker.cc"})
        # Its one way in is the worker, which the program has in its list and the parent starts by name.
        naming = {str(path.relative_to(SOURCE)) for room in ALLOWED for path in files_of(room) if "unpack_worker()" in code_of(path)}
        self.assertEqual(naming, {"store/unpack_worker.h", "store/unpack_worker.cc", "store/unpacker.cc", "courier/main.cc"})

    def test_pictures_are_taken_apart_in_a_confined_child_alone(self):
        header = re.compile(r"^\s*#\s*include\s+[<\"](ZXing/|spng\.h|turbojpeg\.h|courier/picture_libraries\.h)", re.M)
        using = {str(path.relative_to(SOURCE)) for room in ALLOWED for path in files_of(room) if header.search(path.read_text(encoding="utf-8"))}
        self.assertEqual(using, {"courier/picture_libraries.h", "courier/picture_libraries.cc", "courier/picture_worker.cc"})
        naming = {str(path.relative_to(SOURCE)) for room in ALLOWED for path in files_of(room)
                  if re.search(r"\b(picture_worker|see_picture)\(", code_of(path))}
        self.assertEqual(naming, {"courier/picture_worker.h", "courier/picture_worker.cc", "courier/receipt_picture.cc", "courier/main.cc"})
        self.assertEqual(code_of(SOURCE / "courier/receipt_picture.cc").count("see_picture"), 0)

    def test_media_are_never_mapped_into_memory(self):
        for room in ALLOWED:
            for path in files_of(room):
                self.assertIsNone(re.search(r"\bmmap\s*\(", code_of(path)), path)


if __name__ == "__main__":
    unittest.main()
