"""A running console, and a browser's side of it: pages, requests, events."""
import http.client
import json
import os
import shutil
import subprocess
import threading

from api_document import ApiDocument
from courier_e2e import COURIER, ENVIRONMENT, is_sanitized, Pair, TIMEOUT, tool, write
from usb_devices import describe

PASSPHRASE = "correct horse battery"


class Console:
    def __init__(self, home, *arguments, plugged=False, document=None, stderr=None):
        """plugged: it sees USB sticks that are not there, as order() has them. document: that all it tells is held to."""
        self.document = document
        wrapper = ["umockdev-wrapper", tool("hotplug")] if plugged else []
        environment = dict(ENVIRONMENT, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0") if plugged else ENVIRONMENT
        self.program = subprocess.Popen([*wrapper, COURIER, "--home", home, "--json", "console", "--listen", "127.0.0.1:0", *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=environment, text=True)
        self.guard = threading.Timer(TIMEOUT, self.program.kill)
        self.guard.start()
        try:
            self.url = self.where()
            self.host = self.url[len("http://"):-1]
            self.cookie = ""
            self.open_page()
        except BaseException:
            self.close()  # else the guard keeps the tests waiting for it
            raise

    def where(self):
        told = ""
        while not told.endswith("}\n"):
            line = self.program.stdout.readline()
            if not line:
                raise AssertionError("the console ended before it said where it is:\n" + told)
            told += line
        return json.loads(told)["url"]

    def memory_mib(self, name):
        """VmRSS: what it holds now; VmHWM: the most that it held."""
        with open("/proc/%d/status" % self.program.pid, encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ":")) / 1024

    def order(self, *words):
        self.program.stdin.write(" ".join(words) + "\n")
        self.program.stdin.flush()

    def plug(self, stick):
        describe("stick.umockdev", stick)
        self.order("add", os.path.abspath("stick.umockdev"))

    def connect(self):
        return http.client.HTTPConnection(self.host, timeout=60)

    def request(self, method, path, body=None, **headers):
        """status, header fields, body of a request with nothing but these header fields."""
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            told = answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()
        if self.document:
            self.document.check(method, path, *told)
        return told

    def open_page(self):
        status, fields, _ = self.request("GET", "/")
        if status != 200:
            raise AssertionError("the page is answered with %d" % status)
        self.cookie = fields["Set-Cookie"].split(";")[0]

    def get(self, path):
        status, _, body = self.request("GET", path, Cookie=self.cookie)
        return status, json.loads(body)

    def from_page(self):
        """The header fields of a request that changes something."""
        return {"Cookie": self.cookie, "Origin": "http://" + self.host, "X-Courier": "1", "Content-Type": "application/json"}

    def post(self, path, document=None):
        status, _, body = self.request("POST", path, json.dumps({} if document is None else document), **self.from_page())
        return status, json.loads(body)

    def log_in(self, passphrase):
        """Makes the session the operator's."""
        status, fields, body = self.request("POST", "/api/v1/login", json.dumps({"passphrase": passphrase}), **self.from_page())
        if status != 200:
            raise AssertionError("the login is answered with %d: %s" % (status, body))
        self.cookie = fields["Set-Cookie"].split(";")[0]

    def state(self):
        return self.get("/api/v1/kiosk")[1]

    def act(self, drive, action):
        return self.post("/api/v1/drives/%s/%s" % (drive["id"], action))

    def until(self, holds):
        """The first state for which it holds, as the events tell."""
        stream = Events(self)
        try:
            for state in stream:
                if holds(state):
                    return state
        finally:
            stream.close()
        raise AssertionError("the events ended")

    def drive(self, *states):
        """The only drive, once it is in one of these states."""
        def holds(state):
            return len(state["drives"]) == 1 and state["drives"][0]["state"] in states
        return self.until(holds)["drives"][0]

    def end(self, number=15):
        """Its exit status after this signal."""
        self.program.send_signal(number)
        self.program.stdout.read()
        self.close()
        return self.program.returncode

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait()
        self.guard.cancel()


class Events:
    """The states that a stream tells, one after another."""

    def __init__(self, console):
        self.document = console.document
        self.connection = console.connect()
        self.connection.request("GET", "/api/v1/events", headers={"Cookie": console.cookie})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def __iter__(self):
        name = ""
        while True:
            line = self.answer.readline().decode()
            if not line:
                return
            if line.startswith("event: "):
                name = line[len("event: "):].strip()
            if not line.startswith("data: "):
                continue
            data = line[len("data: "):]
            if self.document:
                self.document.check_event(name, data)
            if name == "kiosk":
                yield json.loads(data)

    def close(self):
        self.connection.close()


class ConsoleTest(Pair):
    """Of consoles whose every answer and event is held to docs/openapi.json."""

    def document(self):
        return ApiDocument()

    def console(self, *arguments, home="B", **options):
        console = Console(home, *arguments, document=self.document(), **options)
        self.addCleanup(console.close)
        return console

    def operators_console(self, *arguments, home="B", **options):
        """One whose session has given the passphrase of the site's page."""
        write("passphrase", PASSPHRASE + "\n")
        self.at(home, "console", "--set-passphrase", "--passphrase-file", "passphrase")
        console = self.console(*arguments, home=home, **options)
        console.log_in(PASSPHRASE)
        return console

    def stays_small(self, console):
        self.assertLess(console.memory_mib("VmHWM"), 1000 if is_sanitized() else 60)

    def packed(self, package="PUN00020", source="src", **options):
        """A folder with a parcel for PSE, to be put in as a drive."""
        self.package(package, source, **options)
        os.makedirs("packed", exist_ok=True)
        return self.send(package, out="packed")

    def put_in(self, folder="packed", drive="usb"):
        if os.path.isdir(drive):
            os.rmdir(drive)
        os.rename(folder, drive)

    def take_out(self, drive="usb"):
        shutil.rmtree(drive)
