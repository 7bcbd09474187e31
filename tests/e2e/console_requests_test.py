"""Every address of the console asked for what it cannot give, made from docs/openapi.json: each request has a documented
status and says what happened and what to do, and starts nothing; the console stays what it was, and small."""
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from console_client import ConsoleTest  # noqa: E402
from courier_e2e import is_sanitized, main  # noqa: E402

MOST = 64 << 10  # of a body
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")
LIST, OBJECT = b"[" * 1000 + b"]" * 1000, b'{"a":' * 1000 + b"1" + b"}" * 1000
# Of any other type than the one that is asked for, or of none.
VALUES = [b"null", b"true", b"0", b"-1", b"1.5", b"1e999", b"-1e999", b"9" * 400, b'""', b'"\\u0000"', b"[]", b"{}", b"[[]]", b"[1]", b"[null]", b'[{"a":[]}]',
          LIST, OBJECT, b"NaN", b"Infinity", b"undefined", b"'text'", b'"\xff\xfe"', b'"\xc0\xaf"', b'"\\ud800"', b'"open', b""]
# As a part of a path.
NAMES = [b"..", b".", b"...", b"%2e%2e", b"%2e%2e%2f%2e%2e%2fetc%2fpasswd", b"..%5c..", b"%00", b"a%00", b"a%0d%0aX:y", b"-x", b"--home=A", b"~root", b"$HOME", b"*",
         b"a;b", b"%ff", b"\xc3\xa5", b"\xff", b"a" * 65, b"a" * 4000, b"a/b", b"a\\b", b""]


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body


class Unwanted(ConsoleTest):
    def setUp(self):
        super().setUp()
        self.stale = self.console().cookie  # of a console that is another one
        self.c = self.operators_console("--folder", "usb")
        self.content = self.c.document.content
        self.asked = 0

    def send(self, method, path, body=b"", **other):
        """The answer to a request as these bytes have it, which must be one that the document has."""
        fields = {"Host": self.c.host, "Content-Length": str(len(body)), **self.c.from_page()}
        fields.update({name.replace("_", "-"): value for name, value in other.items()})
        head = b"%s %s HTTP/1.1\r\n" % (method.encode(), path)
        head += b"".join(b"%s: %s\r\n" % (name.encode(), value.encode()) for name, value in fields.items() if value is not None)
        with socket.create_connection(self.c.host.split(":"), timeout=60) as connection:
            connection.sendall(head + b"\r\n" + body)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            told = Answer(answer.status, dict(answer.getheaders()), answer.read())
        self.asked += 1
        self.c.document.check(method, path.decode("latin-1"), told.status, told.fields, told.body)
        return told

    def refused(self, method, path, *arguments, statuses=None, **other):
        told = self.send(method, path, *arguments, **other)
        self.assertTrue(400 <= told.status < 500, (method, path[:80], arguments, other, told.status, told.body))
        if statuses:
            self.assertIn(told.status, statuses, (method, path[:80], arguments, other, told.body))

    def operations(self):
        """Each, with a path that it takes."""
        good = {"name": "kiosk.js", "id": "d1", "action": "take", "parcel": "PUN-PSE-000001", "number": "1"}
        for path, methods in self.content["paths"].items():
            for method, operation in methods.items():
                filled = path
                for name, value in good.items():
                    filled = filled.replace("{%s}" % name, value)
                yield method.upper(), path, filled.encode(), operation

    def schema(self, operation):
        """Of its body; None: it takes none."""
        body = operation.get("requestBody")
        if body is None:
            return None
        return self.c.document.resolved(body["content"]["application/json"]["schema"])

    def bodies(self, schema):
        """What no address takes, or none with this schema."""
        yield from (value for value in VALUES if value not in (b"", b"{}"))
        yield from (b"{} {}", b"{}x", b"{", b"}", b"\x00", b"{\x00}", b"// {}", b'{"a":1}', b'{"a":1,"a":2}', b'{"":{}}', b'{"__proto__":{}}')
        fields = (schema or {}).get("properties", {})
        if fields:
            yield from (b"", b"{}")
        for name, field in fields.items():
            key = b'"%s":' % name.encode()
            fitting = b'["identify","nowhere"]' if field["type"] == "array" else b'"not this one"'
            for value in VALUES:
                if not (field["type"] == "string" and value in (b'""', b'"\\u0000"')):  # a passphrase that is another one
                    yield b"{" + key + value + b"}"
                if field["type"] == "array" and value != b'""':  # which is a word
                    yield b"{" + key + b'["identify",' + value + b"]}"
            yield b"{" + key + fitting + b"," + key + fitting + b"}"
            yield b"{" + key + fitting + b',"unknown":1}'
            yield b'{"unknown":1,' + key + fitting + b"}"
            yield b"{" + key.upper() + fitting + b"}"
        if "command" in fields:
            words = (["x"] * 65, ["identify", "x" * 4097], ["identify"] * 65, ["site", "init"], ["console"], ["identify", "--home", "A"], ["receive", "--watch"], ["identify", "-v"], [""])
            yield from (json.dumps({"command": one}).encode() for one in words)

    def foreign(self, needs):
        """Header fields of what is not from a page of this console, or not of this session."""
        yield from ({"Host": host} for host in ("evil.example", "evil.example:" + self.c.host.split(":")[1], "127.0.0.1:1", "[::1]", "", None))
        if needs == "nothing":
            return
        token = self.c.cookie.split("=")[1]
        for cookie in (None, "", self.stale, "courier-session=" + "0" * 96, "courier-session=" + token[:-1], "courier-session=" + token + "0", "other=" + token, "=" * 3000):
            yield {"Cookie": cookie}
        yield from ({"Sec_Fetch_Site": site} for site in ("cross-site", "same-site"))

    def written(self):
        """Header fields that keep what changes something from being done."""
        yield from ({"Origin": origin} for origin in (None, "null", "", "https://" + self.c.host, "http://evil.example", "http://" + self.c.host + ".evil.example"))
        yield from ({"X_Courier": value} for value in (None, "", "0", "1, 1"))

    def round(self):
        for method, path, filled, operation in self.operations():
            for fields in self.foreign(operation["x-needs"]):
                statuses = {400, 403} if "Host" in fields else {403, 401} if operation["x-needs"] == "operator" else {403}
                self.refused(method, filled, **fields, statuses=statuses)
            if method != "GET":
                for fields in self.written():
                    self.refused(method, filled, **fields, statuses={403})
            if method == "POST":
                for kind in (None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "text/json", "application/json, text/plain"):
                    self.refused(method, filled, b"{}", Content_Type=kind, statuses={415})
            for other in METHODS:
                if other.lower() not in self.content["paths"][path] and not (other == "HEAD" and operation["x-needs"] == "nothing"):
                    self.refused(other, filled, statuses={405})
            for parameter in operation.get("parameters", []):
                name = self.c.document.resolved(parameter)["name"]
                for value in NAMES:
                    self.refused(method, path.replace("{%s}" % name, "\0").encode().replace(b"\0", value).replace(b"{", b"").replace(b"}", b""), statuses={400, 404, 405, 409})
            for body in self.bodies(self.schema(operation)):
                self.refused(method, filled, body, statuses={400})
            self.refused(method, filled, b" " * (MOST + 1), statuses={413})
            for length in (100 << 20, 10 ** 30, MOST + 1):  # nothing of it is ever sent
                self.refused(method, filled, Content_Length=str(length), statuses={400, 413})
            self.refused(method, filled, Content_Length=None, Transfer_Encoding="chunked", statuses={411})
            if operation["x-needs"] == "operator":
                kept, self.c.cookie = self.c.cookie, self.visitor
                self.refused(method, filled, statuses={401})
                self.c.cookie = kept

    def children(self):
        """What tells whether it has had any that ended, and those that have not."""
        with open("/proc/%d/stat" % self.c.program.pid, encoding="ascii") as stat:
            of_ended = stat.read().rpartition(")")[2].split()[8]  # their faults of pages
        with open("/proc/%d/task/%d/children" % (self.c.program.pid, self.c.program.pid), encoding="ascii") as running:
            return of_ended, running.read()

    def test_whatever_is_asked_is_refused_in_words_and_nothing_comes_of_it(self):
        mine = self.c.cookie
        self.c.open_page()
        self.visitor, self.c.cookie = self.c.cookie, mine
        self.round()
        first, before, resident = self.asked, self.children(), self.c.memory_mib("VmRSS")
        self.round()
        self.assertGreater(first, 1000)
        self.assertEqual(self.children(), before)
        self.assertIsNone(self.c.program.poll())
        self.assertLess(self.c.memory_mib("VmRSS") - resident, 200 if is_sanitized() else 4)
        self.assertEqual(self.c.get("/api/v1/works")[1], {"works": []})
        self.assertEqual(self.c.state()["drives"], [])
        self.assertEqual(self.c.end(), 0)


if __name__ == "__main__":
    main()
