"""Clients of the console that are many, slow, or do not read: each is told so or let go of, the others are served
meanwhile, and the console stays small."""
import http.client
import json
import os
import resource
import select
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from console_client import ConsoleTest, Events  # noqa: E402
from courier_e2e import main  # noqa: E402

CROWD = 1000
STREAMS = 16  # that the console keeps open


class Crowd(ConsoleTest):
    def raw(self, console, words, receive_buffer=None):
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(120)
        connection.connect(("127.0.0.1", int(console.host.split(":")[1])))
        self.addCleanup(connection.close)
        connection.sendall(words)
        return connection

    def events(self, console):
        """What asks for the events."""
        return ("GET /api/v1/events HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n" % (console.host, console.cookie)).encode()

    def answer(self, console, connection, method="GET", path="/api/v1/events"):
        """Its status and, of what is not a stream, what it says; held to the document."""
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        if answer.status == 200:
            return answer, None
        body = answer.read()
        console.document.check(method, path, answer.status, dict(answer.getheaders()), body)
        return answer, json.loads(body)["error"]

    def open_streams(self, console):
        """As many as it gives, once it gives so many again."""
        streams = []
        while len(streams) < STREAMS:
            stream = Events(console)
            if stream.status == 200:
                streams.append(stream)
            else:
                stream.close()
        return streams

    def test_of_a_thousand_streams_some_are_told_all_and_the_others_that_there_are_too_many(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CROWD + 200), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        console = self.console("--folder", "usb")
        crowd = [self.raw(console, self.events(console)) for _ in range(CROWD)]
        answers = [self.answer(console, one) for one in crowd]
        self.assertEqual(sorted(answer.status for answer, _ in answers), [200] * STREAMS + [503] * (CROWD - STREAMS))
        self.assertEqual({(error["code"], bool(error["message"]), bool(error["hint"])) for _, error in answers if error}, {("busy", True, True)})
        os.makedirs("photos/cats")
        self.put_in("photos")
        while [drive["state"] for drive in console.state()["drives"]] != ["empty"]:
            pass  # an ordinary request is answered while they are all there
        for answer, error in answers:
            if error is None:
                words = b""
                while b'"state":"empty"' not in words:
                    words = answer.fp.readline()
                    self.assertTrue(words, "the stream ended")
        self.stays_small(console)
        for connection, (answer, _) in zip(crowd, answers):
            answer.close()  # which holds the connection, too
            connection.close()
        for stream in self.open_streams(console):
            stream.close()
        self.assertEqual(console.end(), 0)

    def test_the_slow_are_told_so_and_the_others_are_served_meanwhile(self):
        console = self.console()
        dripping = self.raw(console, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        fields = {"Host": console.host, "Content-Length": "100", **console.from_page()}
        head = "POST /api/v1/login HTTP/1.1\r\n" + "".join("%s: %s\r\n" % field for field in fields.items())
        half = self.raw(console, head.encode() + b"\r\n{\"pass")
        silent = self.raw(console, b"")
        over = threading.Event()

        def drip():
            while not over.wait(1):
                try:
                    dripping.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        asked = 0
        while select.select([dripping], [], [], 0.1)[0] == []:
            console.state()
            asked += 1
        self.assertGreater(asked, 0)
        for connection, method, path in ((dripping, "GET", "/"), (half, "POST", "/api/v1/login")):
            answer, error = self.answer(console, connection, method, path)
            self.assertEqual((answer.status, error["code"]), (408, "usage"))
        self.assertEqual(silent.recv(1), b"")

    def test_streams_that_are_never_read_end_and_leave_their_places(self):
        console = self.operators_console()
        deaf = [self.raw(console, self.events(console), receive_buffer=4096) for _ in range(STREAMS)]
        for one in deaf:
            one.recv(1)
        late = Events(console)
        self.assertEqual(late.status, 503)
        late.close()
        # Together their lists are far more than the sockets keep.
        for _ in range(10):
            words = ["identify", "--", *["x" * 4000] * 14]
            work = console.post("/api/v1/works", {"command": words})[1]
            while work["state"] != "done":
                work = console.get("/api/v1/works/%d" % work["id"])[1]
        streams = self.open_streams(console)
        self.assertEqual(console.state()["drives"], [])
        for stream in streams:
            stream.close()


if __name__ == "__main__":
    main()
