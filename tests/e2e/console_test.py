"""courier console: drives are taken in by a press, as the page's own requests do it, and everything else that
could be asked of it is refused."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from console_client import ConsoleTest, Events, PASSPHRASE  # noqa: E402
from usb_devices import Stick, keyboard_stick  # noqa: E402
from courier_e2e import execute, COURIER, flip, main, write  # noqa: E402


class Kiosk(ConsoleTest):
    def test_a_drive_is_shown_taken_in_by_a_press_and_answered(self):
        parcel, _ = self.packed()
        console = self.console("--folder", "usb")
        state = console.state()
        self.assertEqual((state["site"], state["drives"]), ({"code": "PSE", "name": "Branch"}, []))
        self.put_in()
        drive = console.drive("offer")
        offer = drive["offers"][0]
        self.assertEqual((offer["parcel"], offer["from"], offer["from_name"], offer["for_here"], offer["genuine"], offer["packages"]),
                         (parcel, "PUN", "Pune", True, True, 1))
        self.assertFalse(os.path.exists("share/PUN00020"))
        status, told = console.act(drive, "take")
        self.assertEqual((status, told["state"]), (202, "taking"))
        drive = console.drive("done", "problem")
        self.assertEqual(drive["state"], "done", drive)
        self.assertEqual((drive["result"]["installed"], drive["result"]["safe_to_remove"]), (1, True))
        self.assertEqual([(one["to"], one["on_this_drive"]) for one in drive["result"]["returns"]], [("PUN", True)])
        self.same_tree("src", "share/PUN00020")
        self.receive("A", "usb")
        self.assertEqual(self.facts("A", "parcel", "show", parcel)["state"], "Confirmed")
        self.take_out()
        console.until(lambda now: now["drives"] == [])
        self.assertEqual(console.end(), 0)

    def test_what_a_state_does_not_offer_changes_nothing(self):
        os.mkdir("usb")
        os.mkdir("usb/photos")
        console = self.console("--folder", "usb")
        drive = console.drive("empty")
        for action in ("take", "repair", "eject"):
            self.assertEqual(console.act(drive, action)[0], 409)
        self.assertEqual(console.post("/api/v1/drives/d9/take")[0], 404)
        self.assertEqual(console.post("/api/v1/drives/%s/format" % drive["id"])[0], 404)
        self.assertEqual(console.state()["drives"], [drive])
        self.assertEqual(console.act(drive, "dismiss")[0], 202)
        self.assertEqual(console.state()["drives"], [])

    def test_a_folder_that_stays_filled_is_looked_at_when_another_parcel_comes(self):
        first, _ = self.packed()
        console = self.console("--folder", "usb")
        self.put_in()
        console.act(console.drive("offer"), "take")
        drive = console.drive("done")
        self.assertTrue(any(name.startswith("PSE-PUN-") for name in os.listdir("usb")))
        self.package("PUN00021", "src2")
        os.mkdir("next")
        second, path = self.send("PUN00021", out="next")
        shutil.copy(path, "usb")
        # Not before: the return that was written to it is no reason to look again.
        offered = console.drive("offer")
        self.assertEqual(offered["id"], drive["id"])
        new = {offer["parcel"]: offer["already_in"] for offer in offered["offers"] if offer["for_here"]}
        self.assertEqual(new, {first: True, second: False})
        console.act(offered, "take")
        console.drive("done")
        self.same_tree("src2", "share/PUN00021")

    def test_with_auto_receive_nothing_is_to_be_pressed(self):
        self.packed()
        self.at("B", "site", "set", "kiosk.auto-receive=on")
        console = self.console("--folder", "usb")
        self.put_in()
        self.assertEqual(console.drive("done")["result"]["installed"], 1)

    def test_damage_is_told_with_what_was_lost_and_what_to_do(self):
        parcel, copy = self.packed()
        flip(copy, os.path.getsize(copy) // 2)
        console = self.console("--folder", "usb")
        self.put_in()
        console.act(console.drive("offer"), "take")
        drive = console.drive("problem", "done")
        self.assertEqual((drive["state"], drive["problem"]["code"], drive["problem"]["status"]), ("problem", "damaged", 4))
        for part in ("message", "loss", "hint"):
            self.assertTrue(drive["problem"][part])
        self.assertIn("repair", drive["problem"]["actions"])

    def test_a_return_that_is_written_does_not_make_it_in_what_did_not_come_in(self):
        self.packed()
        os.mkdir("photos")
        write("photos/cat.jpg", "no parcel")
        self.receive(source="packed")
        console = self.console("--folder", "usb")
        self.put_in("photos")
        self.assertEqual(console.act(console.drive("empty"), "return")[0], 202)
        drive = console.until(lambda now: now["drives"][0]["state"] != "taking")["drives"][0]
        self.assertEqual((drive["state"], drive["problem"], drive["result"]["safe_to_remove"]), ("empty", None, True), drive)
        self.assertEqual([(one["to"], one["on_this_drive"]) for one in drive["result"]["returns"]], [("PUN", True)])
        self.receive("A", "usb")

    def test_a_folder_that_is_not_there_is_named_at_the_start_and_shown_when_it_is(self):
        os.mkdir("there")
        console = self.console("--folder", "usb", "--folder", "there", stderr=subprocess.PIPE)
        self.assertEqual(console.program.stderr.readline(), "folder usb is not there: it is shown when it is, and has something in it\n")
        os.makedirs("photos/cats")
        self.put_in("photos")
        self.assertEqual(console.drive("empty")["name"], "usb")
        console.end()
        self.assertEqual(console.program.stderr.read(), "")
        console.program.stderr.close()

    def test_two_browsers_see_the_same_and_work_goes_on_without_them(self):
        self.packed()
        console = self.console("--folder", "usb")
        one, other = Events(console), Events(console)
        self.put_in()
        drive = console.drive("offer")
        console.act(drive, "take")
        one.close()
        last = next(state for state in other if state["drives"] and state["drives"][0]["state"] == "done")
        other.close()
        self.assertEqual(last["drives"], console.state()["drives"])
        self.assertTrue(os.path.exists("share/PUN00020"))

    def test_what_was_under_way_when_the_power_went_goes_on_by_itself(self):
        self.package(size=40_000_000)
        os.mkdir("packed")
        self.send("PUN00020", out="packed")
        console = self.console("--folder", "usb")
        self.put_in()
        console.act(console.drive("offer"), "take")
        console.until(lambda now: (now["drives"][0]["progress"] or {}).get("done", 0) > 0 or now["drives"][0]["state"] == "done")
        children = execute(["pgrep", "-P", str(console.program.pid)]).out.split()
        for pid in [console.program.pid, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        console.close()
        incoming = self.facts("B", "parcel", "list", "--incoming")["incoming"]
        console = self.console("--folder", "usb")
        drive = console.drive("done", "offer")
        if incoming and incoming[0]["state"] in ("Verifying", "Accepted"):
            self.assertEqual((drive["state"], drive["resumed"]), ("done", True))
            self.same_tree("src", "share/PUN00020")


    def test_a_volume_that_is_missing_is_asked_for_and_goes_on_by_itself(self):
        self.package(size=6_000_000)
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        parcel = self.facts("A", "parcel", "create", "--to", "PSE")["id"]
        os.mkdir("all")
        self.at("A", "media", "write", parcel, "all", "--volume-size", "4M")
        volumes = sorted(name for name in os.listdir("all") if name.endswith(".pcl"))
        for number, name in enumerate(volumes, 1):
            os.mkdir("v%d" % number)
            os.rename("all/" + name, "v%d/%s" % (number, name))
        console = self.console("--folder", "usb")
        self.put_in("v1")
        console.act(console.drive("offer"), "take")
        drive = console.drive("waiting", "problem", "done")
        self.assertEqual((drive["state"], drive["needs"][0]["volume"]), ("waiting", 2))
        self.assertEqual(drive["needs"][0]["label"], parcel.replace("-", "_") + "_V2")
        for number in range(2, len(volumes) + 1):
            self.take_out()
            console.until(lambda now: not any(drive["present"] for drive in now["drives"]))
            self.put_in("v%d" % number)
            state = "done" if number == len(volumes) else "waiting"
            console.until(lambda now: any(drive["present"] and drive["state"] == state for drive in now["drives"]))
        self.same_tree("src", "share/PUN00020")
        self.assertEqual([drive["state"] for drive in console.state()["drives"]], ["done"])

    def test_a_receipt_is_given_when_no_medium_goes_back(self):
        parcel, _ = self.packed()
        console = self.console("--folder", "usb")
        self.assertEqual(console.get("/api/v1/receipts/" + parcel)[0], 404)
        self.receive(source="packed")
        self.assertEqual(console.get("/api/v1/receipts/" + parcel)[0], 404)  # no drive here brings it
        self.put_in()
        console.drive("offer")
        status, receipt = console.get("/api/v1/receipts/" + parcel)
        self.assertEqual((status, receipt["parcel"], receipt["all_in"], len(receipt["words"])), (200, parcel, True, 8))
        status, fields, picture = console.request("GET", receipt["qr"], Cookie=console.cookie)
        self.assertEqual((status, fields["Content-Type"]), (200, "image/svg+xml"))
        self.assertIn(b"<svg", picture)
        self.at("A", "parcel", "mark", parcel, "confirmed", "--receipt", " ".join(receipt["words"]))


class Plugged(ConsoleTest):
    def test_a_stick_is_shown_by_its_name_and_taken_in_and_answered(self):
        self.mounted("stick", 8 << 20)
        self.package()
        self.send("PUN00020", out="stick")
        stick = Stick("stick", ID_FS_TYPE="vfat")
        console = self.console(plugged=True)
        console.plug(stick)
        drive = console.drive("offer", "problem")
        self.assertEqual((drive["state"], drive["kind"], drive["name"]), ("offer", "usb", "Kingston DataTraveler 3.0"))
        self.assertIn("eject", drive["actions"])
        console.act(drive, "take")
        drive = console.drive("done", "problem")
        self.assertEqual((drive["state"], drive["result"]["returns"][0]["on_this_drive"]), ("done", True), drive)
        self.assertEqual(drive["command"], "courier --home=" + os.path.abspath("B") + " receive --yes --return-to=same-medium drive:/dev/sdy")
        self.same_tree("src", "share/PUN00020")
        self.receive("A", "stick")

    def test_a_stick_that_is_a_keyboard_is_refused_and_its_content_not_looked_at(self):
        self.mounted("evil", 1 << 20)
        console = self.console(plugged=True)
        console.plug(keyboard_stick("evil", port="1-2", number=3, disk="sdx", ID_FS_TYPE="vfat"))
        drive = console.drive("refused", "problem", "empty")
        self.assertEqual((drive["state"], drive["problem"]["status"], drive["offers"]), ("refused", 3, []))
        self.assertIn("a keyboard", drive["problem"]["message"])
        self.assertEqual(console.act(drive, "return")[0], 409)


class SitePage(ConsoleTest):
    def setUp(self):
        super().setUp()
        write("passphrase", PASSPHRASE + "\n")
        self.c = self.console()

    def log_in(self):
        self.at("B", "console", "--set-passphrase", "--passphrase-file", "passphrase")
        self.c.log_in(PASSPHRASE)

    def test_without_the_passphrase_nothing_is_shown(self):
        before = self.c.cookie
        self.assertEqual(self.c.get("/api/v1/packages")[0], 401)
        status, told = self.c.post("/api/v1/login", {"passphrase": "anything"})
        self.assertEqual((status, told["error"]["code"]), (409, "no-passphrase"))
        self.log_in()
        self.assertNotEqual(before, self.c.cookie)
        self.assertEqual(self.c.get("/api/v1/site")[1]["code"], "PSE")
        mine, self.c.cookie = self.c.cookie, before
        self.assertEqual(self.c.get("/api/v1/site")[0], 401)
        self.c.cookie = mine
        self.assertEqual(self.c.post("/api/v1/logout")[0], 200)
        self.assertEqual(self.c.get("/api/v1/site")[0], 401)

    def test_a_new_passphrase_ends_the_sessions_of_the_old_one(self):
        self.log_in()
        self.assertEqual(self.c.get("/api/v1/site")[0], 200)
        write("passphrase", "another horse battery\n")
        self.at("B", "console", "--set-passphrase", "--passphrase-file", "passphrase")
        self.assertEqual(self.c.get("/api/v1/site")[0], 401)

    def test_passphrases_are_not_tried_without_end(self):
        self.at("B", "console", "--set-passphrase", "--passphrase-file", "passphrase")
        self.assertEqual(self.c.post("/api/v1/login", {"passphrase": 7})[0], 400)
        statuses = []
        while 429 not in statuses and len(statuses) < 20:
            statuses.append(self.c.post("/api/v1/login", {"passphrase": "wrong"})[0])
        self.assertEqual(set(statuses[:5]), {401})
        self.assertEqual(statuses[-1], 429)

    def test_the_documents_are_those_of_the_commands(self):
        self.log_in()
        for path, command in (("settings", "site show --settings"), ("packages", "package list"), ("parcels", "parcel list"), ("jobs", "job list")):
            status, document = self.c.get("/api/v1/" + path)
            facts = self.facts("B", *command.split())
            for one in (document, facts):
                one.pop("free_bytes", None)  # others fill the same disk meanwhile
            self.assertEqual((status, document), (200, facts), path)
        self.assertEqual(self.c.get("/api/v1/parcels/PUN-PSE-000009")[0], 404)
        self.assertEqual(self.c.get("/api/v1/parcels/--home")[0], 404)

    def test_works_are_commands_of_a_list_and_nothing_else(self):
        self.log_in()
        for command in (["site", "set", "gate.allow=none"], ["receive", "--home=/tmp", "--yes", "x"], ["receive", "--home", "A", "--yes", "x"], ["receive", "-v"],
                        ["receive", "--watch"], [], ["store", "gc"], ["parcel"], ["parcel", 1], "receive", {"a": 1}, ["identify", "x" * 5000], ["identify"] + ["x"] * 70):
            self.assertEqual(self.c.post("/api/v1/works", {"command": command})[0], 400, command)
        self.assertEqual(self.c.post("/api/v1/works", {"command": ["identify", "x"], "home": "A"})[0], 400)
        self.assertEqual(self.c.get("/api/v1/works")[1], {"works": []})
        self.packed()
        status, work = self.c.post("/api/v1/works", {"command": ["receive", "--yes", "--", os.path.abspath("packed")]})
        self.assertEqual((status, work["command"]), (202, "courier receive --yes " + os.path.abspath("packed")))
        path = "/api/v1/works/%d" % work["id"]
        while work["state"] != "done":
            work = self.c.get(path)[1]
        self.assertEqual((work["status"], work["report"]["parcels"][0]["state"]), (0, "Processed"))
        self.assertEqual(self.c.get("/api/v1/works/99")[0], 404)


class Requests(ConsoleTest):
    def setUp(self):
        super().setUp()
        self.c = self.console("--folder", "usb")

    def good(self, **other):
        fields = self.c.from_page()
        fields.update({name.replace("_", "-"): value for name, value in other.items()})
        return {name: value for name, value in fields.items() if value is not None}

    def refused(self, status, method, path, body=None, **fields):
        got, _, told = self.c.request(method, path, body, **fields)
        self.assertEqual(got, status, told)
        for part in ("code", "message"):
            self.assertTrue(json.loads(told)["error"][part])

    def test_a_request_counts_only_from_a_page_of_this_console(self):
        path = "/api/v1/drives/d1/take"
        self.refused(404, "POST", path, "{}", **self.good())
        self.refused(403, "POST", path, "{}", **self.good(Cookie=None))
        self.refused(403, "POST", path, "{}", **self.good(Cookie="courier-session=" + "0" * 96))
        self.refused(403, "POST", path, "{}", **self.good(Cookie=self.c.cookie[:-1]))
        self.refused(403, "POST", path, "{}", **self.good(Origin="http://evil.example"))
        self.refused(403, "POST", path, "{}", **self.good(Origin=None))
        self.refused(403, "POST", path, "{}", **self.good(X_Courier=None))
        self.refused(403, "POST", path, "{}", **self.good(Host="evil.example"))
        self.refused(403, "POST", path, "{}", **self.good(Sec_Fetch_Site="cross-site"))
        self.refused(415, "POST", path, "{}", **self.good(Content_Type="text/plain"))
        self.refused(403, "GET", "/", Host="evil.example:80")
        for path in ("/api/v1/kiosk", "/api/v1/events"):
            self.refused(403, "GET", path)

    def test_bodies_that_are_no_object_are_refused(self):
        for body in ("[]", "1", "{", '"x"', "{}}", "[" * 30000, "\xff\xfe", '{"a":' * 50 + "1" + "}" * 50):
            self.refused(400, "POST", "/api/v1/drives/d1/take", body.encode("latin-1"), **self.good())
        self.refused(413, "POST", "/api/v1/drives/d1/take", b"x" * 70_000, **self.good())

    def test_nothing_but_the_pages_own_files_can_be_had(self):
        for path in ("/assets/../../etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/assets/%2e%2e", "/etc/passwd", "//", "/assets/", "/assets/.",
                     "/assets/a/b", "/api/v1/drives/../kiosk", "/api/v1", "/" + "a" * 5000):
            self.refused(404, "GET", path, Cookie=self.c.cookie)
        self.refused(405, "DELETE", "/api/v1/kiosk", **self.good())
        self.refused(405, "GET", "/api/v1/drives/d1/take", **self.good())

    def test_every_answer_says_that_only_its_own_scripts_run(self):
        for path in ("/", "/nowhere", "/api/v1/kiosk"):
            _, fields, _ = self.c.request("GET", path)
            self.assertIn("default-src 'none'", fields["Content-Security-Policy"])
            self.assertEqual((fields["X-Content-Type-Options"], fields["Referrer-Policy"]), ("nosniff", "no-referrer"))
        cookie = self.c.request("GET", "/")[1]["Set-Cookie"]
        self.assertIn("HttpOnly; SameSite=Strict; Path=/", cookie)

    def test_many_event_streams_are_refused_and_leave_room_when_they_have_gone(self):
        streams = [Events(self.c) for _ in range(20)]
        self.assertEqual([stream.status for stream in streams], [200] * 16 + [503] * 4)
        for stream in streams:
            stream.close()
        again = Events(self.c)
        self.assertEqual(again.status, 200)
        again.close()

    def test_much_that_is_asked_at_once_leaves_it_small_and_there(self):
        raw = [socket.create_connection(self.c.host.split(":"), timeout=60) for _ in range(40)]
        for one in raw:  # slow: what they send never ends
            one.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: " + self.c.host.encode() + b"\r\nContent-Length: 60000\r\n\r\n" + b"x" * 30000)
        for _ in range(200):
            Events(self.c).close()
        for _ in range(200):
            self.c.request("POST", "/api/v1/drives/d1/take", b"{" * 60000, **self.good())
        self.assertEqual(self.c.get("/api/v1/kiosk")[0], 200)
        for one in raw:
            one.close()
        self.stays_small(self.c)

    def test_what_is_no_http_does_not_disturb_it(self):
        told = [b"\x00" * 100, b"POST / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", b"GET " + b"/" * 100_000]
        for words in told:  # cut off, or longer than anybody reads
            with socket.create_connection(self.c.host.split(":"), timeout=60) as raw:
                try:
                    raw.sendall(words)
                except OSError:
                    pass
        for status, words in ((400, b"PUT /api/v1/kiosk HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"),
                              (411, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n")):
            with socket.create_connection(self.c.host.split(":"), timeout=60) as raw:
                raw.sendall(words)
                self.assertIn(b" %d " % status, raw.recv(65536).splitlines()[0])
        self.assertEqual(self.c.get("/api/v1/kiosk")[0], 200)
        self.assertEqual(self.c.end(), 0)

    def test_a_home_that_is_none_and_a_place_that_is_taken_are_told(self):
        result = execute([COURIER, "--home", "nowhere", "console", "--listen", "127.0.0.1:0"])
        self.assertEqual(result.status, 7, str(result))
        result = execute([COURIER, "--home", "B", "console", "--listen", self.c.host])
        self.assertEqual(result.status, 11, str(result))
        result = execute([COURIER, "--home", "B", "console", "--listen", "example.org:80"])
        self.assertEqual(result.status, 2, str(result))


if __name__ == "__main__":
    main()
