"""Short receipts: what a site says of a parcel when no medium goes back. By words over the telephone and by code; what is
misheard, mistyped, another's, old or repeated is refused, and the next return takes the receipt's place."""
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import CourierTest, Pair, execute, flip, main, noise, write  # noqa: E402

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "pcl_receipt.py")
ID = "PUN-PSE-000001"


def scanned(picture):
    """What zbar, which shares nothing with the program, reads in a picture."""
    result = execute(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture])
    if result.status != 0:
        raise AssertionError(str(result))
    return result.out.strip()


def drawn(svg, scale=4):
    """The picture's one path of runs, as pixels that zbar reads."""
    with open(svg, encoding="utf-8") as file:
        text = file.read()
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', text).group(1))
    rows = [[255] * side for _ in range(side)]
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", text):
        rows[int(y)][int(x):int(x) + int(run)] = [0] * int(run)
    pixels = b"".join(bytes(value for value in row for _ in range(scale)) * scale for row in rows)
    write("drawn.pgm", b"P5 %d %d 255\n" % (side * scale, side * scale) + pixels)
    return "drawn.pgm"


class Receipts(Pair):
    def sent(self, package="PUN00020", source="src"):
        """A parcel that is on the drive, and at PSE, and of which PUN knows no more than that it was sent."""
        self.package(package, source)
        parcel, _ = self.send(package)
        self.receive()
        return parcel

    def receipt(self, *arguments, home="B"):
        return self.facts(home, "return", "create", "--receipt", *arguments)

    def mark(self, receipt, parcel=ID, status=0):
        return self.at("A", "parcel", "mark", parcel, "confirmed", "--receipt", receipt, status=status)

    def addressee(self, parcel=ID):
        return self.facts("A", "parcel", "show", parcel)["addressees"][0]

    def read(self, *arguments):
        result = execute([sys.executable, "-B", READER, *arguments])
        self.assertEqual(result.status, 0, str(result))
        return result.out.strip()

    # -------------------------------------------------------------------------------------------- words
    def test_words_confirm_and_the_return_takes_their_place(self):
        self.sent()
        receipt = self.receipt()
        self.assertTrue(receipt["all_in"])
        self.assertEqual(len(receipt["words"].split()), 8)
        self.assertIn("parcel PUN-PSE-000001: Confirmed, receipt only\n", self.mark(receipt["words"].upper()).out)
        found = self.addressee()
        self.assertEqual((found["state"], found["receipt_only"], found["receipt"], found["return"]),
                         ("Confirmed", True, "words", None))
        self.assertIn("Confirmed, receipt only", self.at("A", "parcel", "list").out)
        self.assertEqual(self.facts("A", "parcel", "show", ID)["history"][-1]["evidence"], "receipt only, by words")
        # Nothing else is believed: the state waits, and no increment is made of what a receipt said.
        self.assertEqual(self.states("A", "PUN00020"), {None: "Install Pending"})
        write("src/readme.txt", "changed\n")
        self.at("A", "package", "update", "PUN00020", "src")
        plan = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.assertGreater(plan["parcel_bytes"], 600_000)
        self.at("B", "return", "create", "--out", "drive")
        self.receive("A")
        found = self.addressee()
        self.assertEqual((found["state"], found["receipt_only"], found["return"]), ("Confirmed", False, "PSE-PUN-000002"))
        plan = self.facts("A", "parcel", "create", "--to", "PSE", "--plan")
        self.assertLess(plan["parcel_bytes"], 100_000)

    def test_a_parcel_that_was_not_marked_sent(self):
        self.package()
        self.send("PUN00020", mark=False)
        self.receive()
        self.mark(self.receipt()["words"])
        self.assertEqual(self.facts("A", "parcel", "show", ID)["history"][-1]["evidence"],
                         "receipt only, by words, was not marked sent")
        self.assertEqual(self.facts("A", "job", "show", "1")["step"], "sent")

    def test_one_wrong_word_is_refused(self):
        self.sent()
        words = self.receipt()["words"].split()
        wrong = ["zebra" if word != "zebra" else "zero" for word in words]
        for at in range(8):
            said = " ".join(wrong[at] if i == at else word for i, word in enumerate(words))
            result = self.mark(said, status=4)
            self.assertIn("the check of its eight words fails", result.err)
        self.assertIn("word 3, 'zeppelin', is not in the list of words",
                      self.mark(" ".join([*words[:2], "zeppelin", *words[3:]]), status=2).err)
        self.assertIn("has 7 words where 8 are wanted", self.mark(" ".join(words[:7]), status=2).err)
        self.assertEqual(self.addressee()["state"], "Sent")
        self.mark(" ".join(words))

    def test_another_parcels_words_and_code_are_refused_and_named(self):
        self.sent()
        one = self.receipt("--parcel", ID)
        other = self.sent("PUN00021", "src2")
        two = self.receipt()
        self.assertEqual(two["parcel"], other)
        for form in ("words", "text"):
            self.assertIn(other, self.mark(two[form], status=3).err)
            self.assertIn(ID, self.mark(one[form], parcel=other, status=3).err)
        self.assertEqual(self.addressee()["state"], "Sent")

    def test_another_sites_words_and_code_are_refused(self):
        self.sent()
        # A branch of the same name, with keys of its own, that took in a parcel of the same number.
        self.init("C", "PUN", "Not Pune")
        self.init("D", "PSE", "Not the branch")
        self.join("C", "PSE", "child")
        self.join("D", "PUN", "parent")
        os.mkdir("drive2")
        self.at("C", "package", "add", "src", "--id", "PUN00020")
        self.at("C", "distribute", "PUN00020", "--to", "PSE")
        self.at("C", "parcel", "create", "--to", "PSE", "--out", "drive2")
        self.receive("D", "drive2")
        receipt = self.receipt(home="D")
        self.assertEqual(receipt["parcel"], ID)
        self.assertIn("these are not its words", self.mark(receipt["words"], status=3).err)
        self.assertIn("not signed by a key of PSE that is known here", self.mark(receipt["text"], status=3).err)
        self.assertEqual(self.addressee()["state"], "Sent")

    def test_the_same_again_is_refused(self):
        self.sent()
        receipt = self.receipt()
        self.mark(receipt["text"])
        for form in ("words", "text"):
            self.assertIn("is Confirmed already, by a receipt", self.mark(receipt[form], status=9).err)

    def test_a_code_of_before_the_last_return_is_refused(self):
        self.sent()
        old = self.receipt()["text"]
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        # What the return says of the parcel does not get through: this one tells the site's next parcel only.
        other = self.sent("PUN00021", "src2")
        late = self.receipt("--parcel", other)["text"]
        self.at("B", "return", "create", "--to", "PUN", "--out", "drive")
        self.receive("A")
        self.assertEqual(self.addressee(other)["state"], "Confirmed")
        for parcel, receipt in ((ID, old), (other, late)):
            self.assertIn("which was applied", self.mark(receipt, parcel=parcel, status=3).err)

    def test_keys_made_anew_are_understood_as_long_as_the_pair_is_known(self):
        self.sent()
        self.at("B", "site", "rotate-key")
        receipt = self.receipt()  # by the keys that the parcel was sealed to: PUN knows no others
        self.at("A", "site", "rotate-key")
        self.assertIn("not signed by a key of PSE", self.mark(receipt["text"], status=3).err)
        self.mark(receipt["words"])

    # --------------------------------------------------------------------------------------------- code
    def test_a_code_from_a_file_and_what_it_says(self):
        self.sent()
        receipt = self.receipt()
        text = receipt["text"].lower()
        write("mail.txt", "\n".join(text[i:i + 60] for i in range(0, len(text), 60)) + "\n")
        result = self.at("A", "parcel", "mark", ID, "confirmed", "--receipt", "@mail.txt", "--json").json
        self.assertTrue(result["all_in"])
        items = self.facts("A", "parcel", "show", ID)["items"]
        self.assertEqual([(v["verdict"], v["return"]) for v in items[0]["verdicts"]], [("installed", None)])

    def test_an_independent_reader_reads_the_qr_code_and_its_text_confirms(self):
        self.sent()
        receipt = self.receipt("--qr", "receipt.png")
        self.assertEqual(receipt["qr"], "receipt.png")
        self.receipt("--qr", "receipt.svg")
        for picture in ("receipt.png", drawn("receipt.svg")):
            # A signature of Ed25519 is the same each time, so the two codes are one.
            self.assertEqual(scanned(picture), receipt["text"])
        write("scanned.txt", scanned("receipt.png"))
        self.mark("@scanned.txt")
        self.assertEqual(self.addressee()["receipt"], "code")

    def test_a_picture_overwrites_nothing(self):
        self.sent()
        for name in ("receipt.svg", "receipt.png"):
            write(name, "mine")
            self.at("B", "return", "create", "--receipt", "--qr", name, status=9)
            with open(name, encoding="utf-8") as file:
                self.assertEqual(file.read(), "mine")
        self.at("B", "return", "create", "--receipt", "--qr", "receipt.pdf", status=2)
        self.at("B", "return", "create", "--receipt", "--qr", "nowhere/receipt.png", status=7)

    def test_no_character_of_a_code_can_be_changed(self):
        self.sent()
        text = self.receipt()["text"]
        for at in range(8, len(text), 29):
            self.mark(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:], status=4)
        self.assertIn("word 1, 'hallo', is not in the list", self.mark("hallo", status=2).err)
        write("secret.txt", "hallo welt\n")
        refused = self.mark("@secret.txt", status=2).err
        self.assertIn("file secret.txt: holds neither the eight words", refused)
        self.assertNotIn("hallo", refused)
        self.mark("@missing", status=7)
        self.mark(text)

    def test_a_second_reader_makes_the_same_words_and_reads_the_code(self):
        self.sent()
        receipt = self.receipt()
        self.assertEqual(self.read("words", "drive/%s.pcl" % ID, "--of", "PSE.site", "--key-ring", "A/keys/key_ring"),
                         receipt["words"])
        said = json.loads(self.read("code", receipt["text"], "--of", "PSE.site"))
        self.assertEqual((said["parcel"], said["items"], said["runs"]), (ID, 1, [[1, "installed", ""]]))
        self.assertEqual(said["label_digest"], self.facts("A", "parcel", "show", ID)["label_digest"])

    def test_what_is_not_all_in_has_no_words_and_makes_it_partly_confirmed(self):
        self.package()
        self.package("PUN00021", "src2")
        write("src2/more", noise(500_000, 9))
        self.at("A", "package", "update", "PUN00021", "src2")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        _, path = self.send("PUN00021")
        flip(path, os.path.getsize(path) - 200_000)
        self.receive(status=10)
        receipt = self.receipt()
        self.assertEqual((receipt["all_in"], receipt["words"], receipt["items"], receipt["items_told"]), (False, None, 2, 2))
        result = self.mark(receipt["text"])
        self.assertIn("parcel PUN-PSE-000001: Sent, receipt only, partly confirmed\n", result.out)
        verdicts = {v["verdict"] for item in self.facts("A", "parcel", "show", ID)["items"] for v in item["verdicts"]}
        self.assertEqual(verdicts, {"installed", "damaged"})
        # What is missing can only be named by a return: until it comes nothing goes again.
        self.assertEqual(self.facts("A", "parcel", "pending", "--to", "PSE")["jobs"], [])
        self.at("B", "return", "create", "--out", "drive")
        self.receive("A")
        found = self.addressee()
        self.assertEqual((found["state"], found["partly_confirmed"], found["receipt_only"]), ("Sent", True, False))
        self.assertEqual(len(self.facts("A", "parcel", "pending", "--to", "PSE")["jobs"]), 1)

    # ------------------------------------------------------------------------------------ the command line
    def test_there_is_nothing_to_give_one_for(self):
        self.assertIn("no parcel has arrived", self.at("B", "return", "create", "--receipt", status=7).err)
        self.assertIn("did not arrive here",
                      self.at("B", "return", "create", "--receipt", "--parcel", "PUN-PSE-000009", status=7).err)
        self.at("B", "return", "create", status=2)
        self.at("A", "parcel", "mark", "PUN-PSE-000009", "confirmed", "--receipt", "x", status=7)


class LockedReceipts(CourierTest):
    def test_words_want_the_passphrase_and_a_code_does_not(self):
        write("secret", "a passphrase of some length\n", 0o600)
        unlocked = ("--passphrase-file", "secret")
        self.at("A", "site", "init", "PUN", "--name", "Pune", *unlocked)
        self.at("A", *unlocked, "site", "export", "PUN.site")
        self.init("B", "PSE", "Branch")
        self.join_pun_and_pse()
        write("src/readme.txt", "read me\n")
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.at("A", *unlocked, "parcel", "create", "--to", "PSE", "--out", "drive")
        self.receive()
        receipt = self.facts("B", "return", "create", "--receipt")
        mark = ("parcel", "mark", ID, "confirmed", "--receipt")
        self.assertIn("--passphrase-file", self.at("A", *mark, receipt["words"], status=2).err)
        shutil.copytree("A", "A2", symlinks=True)
        self.at("A2", *mark, receipt["text"])
        self.at("A", *unlocked, *mark, receipt["words"])


if __name__ == "__main__":
    main()
