"""Receipts as pictures: a telephone's photograph of the kiosk's page confirms a parcel as the code's text does. What is no
picture, too much of one, or shows something else is refused by its name, and changes nothing."""
import os
import random
import struct
import sys
import zlib

from PIL import Image, ImageFilter, ImageOps

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, Pair, execute, main, write  # noqa: E402
from terminal import Terminal  # noqa: E402

ID = "PUN-PSE-000001"


def seen_from_the_side(corners, size):
    """Coefficients of the perspective by which a picture of that size shows the quadrilateral: x = (a u + b v + c) / (g u + h v + 1)."""
    rows = []
    for (u, v), (x, y) in zip(((0, 0), (0, size[1]), (size[0], size[1]), (size[0], 0)), corners):
        rows.append([u, v, 1, 0, 0, 0, -x * u, -x * v, x])
        rows.append([0, 0, 0, u, v, 1, -y * u, -y * v, y])
    for at in range(8):
        pivot = max(range(at, 8), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for row in range(8):
            if row != at:
                factor = rows[row][at] / rows[at][at]
                rows[row] = [value - factor * other for value, other in zip(rows[row], rows[at])]
    return [rows[at][8] / rows[at][at] for at in range(8)]


def photographed(picture, out, angle=4.0, width=1100, quality=60):
    """As a telephone held by hand sees it on a screen: turned, from the side, uneven light, noise, not quite sharp, JPEG."""
    code = Image.open(picture).convert("L")
    side = code.size[0]
    screen = Image.new("L", (side * 2, side * 3 // 2), 215)
    screen.paste(code, (side // 2, side // 4))
    w, h = screen.size
    # What of the screen each corner of the photograph shows: upper left, lower left, lower right, upper right.
    corners = ((w * .02, h * .03), (w * .05, h * .98), (w * .97, h * .95), (w * .93, h * .06))
    size = (width, width * h // w)
    seen = screen.transform(size, Image.Transform.PERSPECTIVE, seen_from_the_side(corners, size), Image.Resampling.BICUBIC)
    seen = seen.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=60)
    light = Image.linear_gradient("L").resize(seen.size).point(lambda value: 120 + value // 3)
    seen = Image.composite(seen, Image.new("L", seen.size, 40), light)
    seen = seen.filter(ImageFilter.GaussianBlur(.8))
    noise = Image.frombytes("L", seen.size, random.Random(6).randbytes(seen.size[0] * seen.size[1]))
    Image.blend(seen, noise, .08).convert("RGB").save(out, quality=quality)
    return out


def png(*chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)


def png_of_nothing(width, height):
    return png((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 1000)),
               (b"IEND", b""))


class ReceiptPictures(Pair):
    def sent(self, package="PUN00020", source="src"):
        self.package(package, source)
        parcel, _ = self.send(package)
        self.receive()
        return parcel

    def receipt(self, *arguments):
        return self.facts("B", "return", "create", "--receipt", *arguments)

    def mark(self, picture, parcel=ID, **options):
        return self.at("A", "parcel", "mark", parcel, "confirmed", "--receipt", "@" + picture, **options)

    def addressee(self, parcel=ID):
        return self.facts("A", "parcel", "show", parcel)["addressees"][0]

    def assert_untouched(self):
        self.assertEqual((self.addressee()["state"], self.addressee()["receipt"]), ("Sent", None))

    def test_the_file_that_the_site_wrote_confirms(self):
        self.sent()
        made = self.at("B", "return", "create", "--receipt", "--qr", "receipt.png")
        self.assertIn("with a photo of the QR code, --receipt @photo.jpg", made.out)
        self.assertIn("parcel %s: Confirmed, receipt only\n" % ID, self.mark("receipt.png").out)
        found = self.addressee()
        self.assertEqual((found["state"], found["receipt_only"], found["receipt"], found["return"]),
                         ("Confirmed", True, "code", None))
        # Nothing else is believed, as of a code that was typed.
        self.assertEqual(self.states("A", "PUN00020"), {None: "Install Pending"})
        self.assertIn("is Confirmed already, by a receipt", self.mark("receipt.png", status=9).err)

    def test_a_photograph_of_the_screen_confirms(self):
        self.sent()
        self.receipt("--qr", "receipt.png")
        # By any name: what it is is told by its content.
        photo = photographed("receipt.png", "photo.jpg")
        terminal = Terminal([COURIER, "--home", "A", "parcel", "mark", ID, "confirmed", "--receipt", "@" + photo], ENVIRONMENT)
        terminal.expect("looking file photo.jpg")
        terminal.expect("Confirmed, receipt only")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.addressee()["receipt"], "code")

    def test_a_photograph_of_a_dark_screen_confirms(self):
        self.sent()
        self.receipt("--qr", "receipt.png")
        ImageOps.invert(Image.open("receipt.png").convert("L")).save("dark.png")
        self.mark(photographed("dark.png", "photo.jpg"))
        self.assertEqual(self.addressee()["receipt"], "code")

    def test_pictures_turned_and_of_every_kind_are_read(self):
        self.sent()
        self.receipt("--qr", "receipt.png")
        self.mark("receipt.png")
        whole = Image.open("receipt.png")
        clear = whole.convert("L").point(lambda value: 255 - value)  # black where it is opaque
        seen_through = Image.new("RGBA", whole.size, (0, 0, 0, 0))
        seen_through.putalpha(clear)
        seen_through.save("clear.png")
        whole.convert("1").save("bits.png")
        whole.convert("P").save("palette.png")
        whole.transpose(Image.Transpose.ROTATE_90).save("turned.jpg")
        whole.rotate(180).save("head.jpg", progressive=True)
        whole.convert("CMYK").save("print.jpg", progressive=True)
        ImageOps.colorize(whole.convert("L"), "white", "navy").save("night.png")
        Image.eval(whole.convert("L").resize((400, 400), Image.Resampling.LANCZOS), lambda v: 60 + v // 2).save("small.jpg", quality=40)
        os.rename("turned.jpg", "turned.txt")
        for picture in ("clear.png", "bits.png", "palette.png", "turned.txt", "head.jpg", "small.jpg", "print.jpg", "night.png"):
            with self.subTest(picture):
                # Read and understood: it is the one that was taken already.
                self.assertIn("is Confirmed already, by a receipt", self.mark(picture, status=9).err)

    def test_a_receipt_of_another_parcel_is_refused_and_named(self):
        self.sent()
        other = self.sent("PUN00021", "src2")
        self.receipt("--parcel", other, "--qr", "other.png")
        self.assertIn(other, self.mark("other.png", status=3).err)
        self.assert_untouched()

    def test_what_shows_no_code_another_code_or_several_is_told_apart(self):
        self.sent()
        other = self.sent("PUN00021", "src2")
        self.receipt("--parcel", ID, "--qr", "one.png")
        self.receipt("--parcel", other, "--qr", "two.png")
        Image.new("RGB", (640, 480), (90, 120, 200)).save("sky.jpg")
        self.assertIn("take the photo again", self.mark("sky.jpg", status=4).err)
        one, two = Image.open("one.png"), Image.open("two.png")
        half = one.crop((0, 0, one.size[0], one.size[1] // 2))
        half.save("half.png")
        self.assertIn("shows no QR code that can be read", self.mark("half.png", status=4).err)
        both = Image.new("L", (one.size[0] + two.size[0], max(one.size[1], two.size[1])), 255)
        both.paste(one, (0, 0))
        both.paste(two, (one.size[0], 0))
        both.save("both.png")
        self.assertIn("shows 2 receipts", self.mark("both.png", status=2).err)
        self.at("A", "parcel", "slip", ID, "--out", "slip.pdf")
        self.assertEqual(execute(["pdftoppm", "-r", "150", "-png", "slip.pdf", "slip"]).status, 0)
        slip = next(name for name in os.listdir(".") if name.startswith("slip-"))
        self.assertIn("shows a QR code that is no receipt", self.mark(slip, status=2).err)
        self.assert_untouched()
        # A slip beside the receipt does no harm.
        desk = Image.open(slip).convert("L")
        desk.paste(one, (100, 900))
        desk.save("desk.jpg")
        self.mark("desk.jpg")

    def test_damaged_and_hostile_pictures_are_refused_and_nothing_changes(self):
        self.sent()
        self.receipt("--qr", "receipt.png")
        with open(photographed("receipt.png", "photo.jpg"), "rb") as file:
            photo = file.read()
        with open("receipt.png", "rb") as file:
            drawn = file.read()
        # SOF0 of 60,000 by 60,000 in place of its own.
        at = photo.index(b"\xff\xc0") + 5
        noise = random.Random(7).randbytes(100_000)
        cases = {
            "huge.png": (png_of_nothing(60_000, 60_000), 2, "60000 by 60000 pixels"),
            "wide.png": (png_of_nothing(2**31 - 1, 2**31 - 1), 2, "pixels"),
            "huge.jpg": (photo[:at] + struct.pack(">HH", 60_000, 60_000) + photo[at + 4:], 2, "60000 by 60000 pixels"),
            "flat.png": (png_of_nothing(0, 10), 4, "cannot be read as one"),
            "short.png": (png_of_nothing(4000, 4000), 4, "damaged picture"),
            "cut.png": (drawn[:len(drawn) // 2], 4, "damaged picture"),
            "cut.jpg": (photo[:len(photo) // 3], 4, "damaged picture"),
            "head.png": (b"\x89PNG\r\n\x1a\n\0\0", 4, "cannot be read as one"),
            "head.jpg": (b"\xff\xd8\xff", 4, "cannot be read as one"),
            "noise.png": (b"\x89PNG\r\n\x1a\n" + noise, 4, "cannot be read as one"),
            "noise.jpg": (photo[:len(photo) // 3] + noise, 4, "QR code"),
            "noise": (noise, 2, "neither a picture (JPEG, PNG) nor a text"),
            "photo.heic": (b"\0\0\0\x18ftypheic" + noise, 3, "is a HEIC file"),
            "empty.jpg": (b"", 2, "neither the eight words"),
        }
        for name, (content, status, said) in cases.items():
            with self.subTest(name):
                write(name, content)
                refused = self.mark(name, status=status).err
                self.assertIn(said, refused)
                self.assertIn("nothing was changed", refused)
        with open("large.jpg", "wb") as file:
            file.write(photo)
            file.truncate((32 << 20) + 1)
        self.assertIn("is too large", self.mark("large.jpg", status=2).err)
        self.mark("/dev/zero", status=2)
        self.assert_untouched()
        self.mark("photo.jpg")

    def test_without_what_reads_pictures_that_is_said_and_the_text_still_confirms(self):
        self.sent()
        code = self.receipt("--qr", "receipt.png")["text"]
        for library in ("libZXing.so.2", "libspng.so.0", "libturbojpeg.so.0"):
            with self.subTest(library):
                refused = self.mark("receipt.png", status=11, wrapper=self.without_library(library)).err
                self.assertIn("what reads pictures is not installed here", refused)
                self.assertIn("install libzxing2, libspng0 and libturbojpeg0", refused)
        self.assert_untouched()
        self.at("A", "parcel", "mark", ID, "confirmed", "--receipt", code, wrapper=self.without_library("libZXing.so.2"))


if __name__ == "__main__":
    main()
