"""docs/openapi.json is a sound document, and has every good answer of the console, no member more and none less. (That
every other answer in these tests is as it says is checked by ConsoleTest.)"""
import copy
import fcntl
import os
import re
import sys
import unittest

from jsonschema import Draft202012Validator

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from api_document import ApiDocument  # noqa: E402
from console_client import ConsoleTest  # noqa: E402
from courier_e2e import main  # noqa: E402
from usb_devices import Stick  # noqa: E402


def nodes(value):
    """Every object within a JSON value, itself included."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(one)


class Document(unittest.TestCase):
    def setUp(self):
        self.document = ApiDocument()
        self.content = self.document.content

    def operations(self):
        for path, methods in self.content["paths"].items():
            for method, operation in methods.items():
                yield "%s %s" % (method.upper(), path), path, operation

    def test_what_it_refers_to_is_there_and_all_that_is_there_is_referred_to(self):
        referred = {one["$ref"] for one in nodes(self.content) if "$ref" in one}
        for reference in referred:
            self.document.resolver.resolve(reference)
        for kind in ("parameters", "responses", "schemas"):
            self.assertEqual({name for name in self.content["components"][kind]},
                             {reference.split("/")[-1] for reference in referred if "/%s/" % kind in reference}, kind)

    def test_an_operation_names_its_parameters_and_how_it_is_answered(self):
        for name, path, operation in self.operations():
            named = [self.document.resolved(one)["name"] for one in operation.get("parameters", [])]
            self.assertEqual(named, re.findall(r"{(\w+)}", path), name)
            self.assertTrue(operation["summary"], name)
            good = [status for status in operation["responses"] if status < "400"]
            self.assertTrue(good, name)
            for status, answer in operation["responses"].items():
                answer = self.document.resolved(answer)
                self.assertTrue(answer["description"], (name, status))
                self.assertEqual("content" in answer, status != "304", (name, status))
                if status >= "400":
                    self.assertEqual(answer["content"], {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}})

    def test_its_schemas_are_schemas_and_leave_no_member_open(self):
        for name, schema in self.content["components"]["schemas"].items():
            Draft202012Validator.check_schema(schema)
            for one in nodes(schema):
                if "properties" not in one or name.endswith("Facts"):  # which others close
                    continue
                self.assertTrue(one.get("additionalProperties") is False or one.get("unevaluatedProperties") is False, (name, one))
                self.assertLessEqual(set(one.get("required", ())), set(one["properties"]), name)


FILE = "GET /assets/{name}: 200"  # the words of the pages


class Seen(ApiDocument):
    """It keeps what it has checked."""

    def __init__(self):
        super().__init__()
        self.values = {}

    def check_value(self, what, schema, value):
        super().check_value(what, schema, value)
        if what != FILE:
            self.values.setdefault(what, []).append((schema, value))


# Maps of names that are no part of the API: of a log line's fields, of verdicts, and what a command reports.
OPEN = {"fields", "verdicts", "report"}


def spoilt(value, path=()):
    """Copies of a value with one member more in one of its objects, and with one member of another type."""
    if isinstance(value, dict) and not OPEN & set(path):
        yield path, dict(value, undocumented=1)
        for name in value:
            yield path + (name,), dict(value, **{name: {"neither": "this"}})
    for name, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        for where, worse in spoilt(one, path + (name,)):
            whole = copy.copy(value)
            whole[name] = worse
            yield where, whole


class Answers(ConsoleTest):
    def setUp(self):
        super().setUp()
        self.seen = Seen()

    def document(self):
        return self.seen

    def sight(self, console):
        """All documents of a console, whose session is the operator's."""
        for path, methods in self.seen.content["paths"].items():
            if "get" in methods and "{" not in path and path != "/api/v1/events":
                self.assertEqual(console.request("GET", path, Cookie=console.cookie)[0], 200, path)
        parcels = console.get("/api/v1/parcels")[1]
        for parcel in parcels["outgoing"] + parcels["incoming"]:
            self.assertEqual(console.get("/api/v1/parcels/" + parcel["id"])[0], 200)

    def good(self):
        """Every good answer in JSON that the document has."""
        for path, methods in self.seen.content["paths"].items():
            for method in methods:
                for status, answer in self.seen.answers(method, path).items():
                    if status < "400" and "application/json" in answer.get("content", {}):
                        yield "%s %s: %s" % (method.upper(), path, status)

    def test_each_is_seen_and_one_member_more_or_of_another_type_is_not_let_pass(self):
        self.mounted("stick", 8 << 20)
        parcel, _ = self.packed()
        origin = self.operators_console(home="A")
        self.sight(origin)
        console = self.operators_console("--folder", "usb", plugged=True)
        self.put_in()
        drive = console.drive("offer")
        etag = console.request("GET", "/assets/catalogue.json")[1]["ETag"]
        self.assertEqual(console.request("GET", "/assets/catalogue.json", **{"If-None-Match": etag})[0], 304)
        self.assertEqual(console.request("HEAD", "/")[0], 200)
        console.act(drive, "take")
        drive = console.drive("done")
        receipt = console.get("/api/v1/receipts/" + parcel)[1]
        self.assertEqual(console.request("GET", receipt["qr"], Cookie=console.cookie)[0], 200)
        self.receive("A", "usb")
        self.package("PUN00021", "src2")
        self.send("PUN00021", out="stick", mark=False)
        self.at("A", "redistribute", "PUN00020", "--to", "PSE")
        console.plug(Stick("stick", ID_FS_TYPE="vfat"))
        console.until(lambda now: [one["state"] for one in now["drives"]] == ["done", "offer"])
        work = console.post("/api/v1/works", {"command": ["parcel", "verify", "--", "nowhere.pcl"]})[1]
        while work["state"] != "done":
            work = console.get("/api/v1/works/%d" % work["id"])[1]
        with open("B/courier.lock", "r+") as lock:  # another courier holds the home: the next one waits
            fcntl.flock(lock, fcntl.LOCK_EX)
            work = console.post("/api/v1/works", {"command": ["validate"]})[1]
            status, _, _ = console.request("DELETE", "/api/v1/works/%d" % work["id"], "{}", **console.from_page())
            self.assertEqual(status, 202)
        self.sight(console)
        self.sight(origin)
        self.assertEqual(console.act(drive, "dismiss")[0], 202)
        self.assertEqual(console.post("/api/v1/logout")[0], 200)

        values = self.seen.values
        self.assertEqual({*self.good(), "event kiosk", "event works"} - values.keys(), {FILE})
        passed = []
        for what, several in values.items():
            schema, value = max(several, key=lambda one: len(str(one[1])))
            passed += [(what, where) for where, worse in spoilt(value) if not OPEN & set(where) and not self.seen.faults(schema, worse)]
        self.assertEqual(passed, [])


if __name__ == "__main__":
    main()
