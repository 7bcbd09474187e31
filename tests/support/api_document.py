"""docs/openapi.json, and whether what a console answers is what it says."""
import json
import os
import re

from jsonschema import Draft202012Validator, RefResolver

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "openapi.json")


class ApiDocument:
    def __init__(self):
        with open(PATH, encoding="utf-8") as file:
            self.content = json.load(file)
        self.resolver = RefResolver.from_schema(self.content)
        # "receipts/{parcel}.svg" before "receipts/{parcel}", as the router has it.
        self.paths = {path: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
                      for path in sorted(self.content["paths"], key=len, reverse=True)}

    def resolved(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def place(self, path):
        """Which of its paths that is; None: of none."""
        return next((known for known, pattern in self.paths.items() if pattern.fullmatch(path)), None)

    def answers(self, method, path):
        """How a request can be answered: the responses by status."""
        operations = self.content["paths"].get(self.place(path), {})
        is_page = operations.get("get", {}).get("x-needs") == "nothing"  # whose head can be had alone
        operation = operations.get("get" if method == "HEAD" and is_page else method.lower(), self.content["x-elsewhere"])
        return {status: self.resolved(answer) for status, answer in operation["responses"].items()}

    def faults(self, schema, value):
        """Where a value is not as its schema has it, in words."""
        validator = Draft202012Validator(schema, resolver=self.resolver)
        return ["%s: %s" % (error.json_path, error.message) for error in validator.iter_errors(value)]

    def check(self, method, path, status, fields, body):
        """Fails when an answer, with these header fields, is none that the document has."""
        if str(status) in self.content["x-malformed"]["responses"] and fields.get("Content-Type") != "application/json":
            return  # it is no request at all
        what = "%s %s: %d" % (method, self.place(path) or path[:80], status)
        known = self.answers(method, path).get(str(status))
        if known is None:
            raise AssertionError("%s is not in docs/openapi.json: %s" % (what, body[:500]))
        missing = [name for name, field in known.get("headers", {}).items() if field.get("required") and name not in fields]
        if missing:
            raise AssertionError("%s without %s" % (what, missing))
        if "content" not in known or method == "HEAD":
            return
        media = fields.get("Content-Type", "").split(";")[0]
        if media not in known["content"]:
            raise AssertionError("%s as %r" % (what, media))
        if media == "application/json":
            self.check_value(what, known["content"][media]["schema"], json.loads(body))

    def check_event(self, name, data):
        """Fails when an event is none that the document has."""
        stream = self.content["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
        self.check_value("event " + name, stream["x-events"][name], json.loads(data))

    def check_value(self, what, schema, value):
        faults = self.faults(schema, value)
        if faults:
            raise AssertionError("%s is not as docs/openapi.json has it:\n%s\n%s" % (what, "\n".join(faults[:5])[:2000], json.dumps(value)[:2000]))
