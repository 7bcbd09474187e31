"""Slip and label: what goes with a parcel on paper, read back by programs that share nothing with this one."""
import os
import re
import sys

from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import Pair, execute, main, write  # noqa: E402
from spanned_parcel import SpannedParcel  # noqa: E402

ID = "PUN-PSE-000001"


class OnPaper:
    def made(self, *options):
        write("src/data", "some content\n")
        self.at("A", "package", "add", "src", "--id", "PUN00020", "--name", "Field tools")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE", *options)

    def slip(self, *options, out="slip.pdf", status=0):
        return self.at("A", "parcel", "slip", ID, "--out", out, "--json", *options, status=status)

    def ran(self, *command):
        result = execute(command)
        self.assertEqual(result.status, 0, str(result))
        return result.out

    def pages(self, pdf="slip.pdf"):
        return [page for page in self.ran("pdftotext", "-layout", pdf, "-").split("\f") if page.strip()]

    def codes(self, pdf="slip.pdf"):
        """The QR code of each page."""
        self.ran("pdftoppm", "-r", "150", "-gray", pdf, "page")
        names = sorted(name for name in os.listdir(".") if re.fullmatch(r"page-\d+\.pgm", name))
        found = [self.ran("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", name).strip() for name in names]
        for name in names:
            os.unlink(name)
        return found


class Slips(OnPaper, Pair):
    def test_a_page_says_from_whom_to_whom_and_what(self):
        self.made("--out", "drive", "--name", "Åre kiosk", "--carrier", "DHL", "--tracking", "JD01")
        said = self.slip().json
        self.assertEqual((said["parcel"], said["pages"]), (ID, 1))
        [page] = self.pages()
        fingerprint = self.facts("A", "site", "show")["fingerprint"]
        for text in (ID, "whole parcel", "PUN (Pune)", "PSE (Branch)", "Åre kiosk", "DHL", "JD01", fingerprint, "Custody",
                     "handed over by", "signature", "folder"):
            self.assertIn(text, page)
        digest = self.facts("A", "parcel", "show", ID)["label_digest"][:12].upper()
        self.assertEqual(self.codes(), ["PCL:%s:%s:1/1" % (ID, digest)])

    def test_long_and_strange_names_stay_on_the_page(self):
        self.made("--name", "ação " * 36, "--carrier", "(\\) %PDF \x1b[31m", "--tracking", "T" * 200)
        self.slip()
        [page] = self.pages()
        self.assertIn("ação ação", page)
        self.assertIn("(\\) %PDF \\x1b[31m", page)
        self.assertEqual(len(self.codes()), 1)
        # What does not fit is cut: right of the lines the paper is white, and on the line it is not.
        self.ran("pdftoppm", "-r", "100", "-gray", "-singlefile", "slip.pdf", "page")
        paper = Image.open("page.pgm")
        edge = round(190.5 / 25.4 * 100)
        self.assertEqual(paper.crop((edge, 0, *paper.size)).getextrema(), (255, 255))
        self.assertLess(paper.crop((edge - 30, 0, edge, paper.size[1])).getextrema()[0], 128)

    def test_names_are_drawn_in_their_own_script(self):
        self.made("--name", "पुणे स्टेशन")
        self.slip()
        self.assertIn("पुणे स्टेशन", self.pages()[0])
        # By a font that has it, beside the one of all else.
        self.assertRegex(self.ran("pdffonts", "slip.pdf"), r"Lohit-?Devanagari")

    def test_slips_and_labels_speak_the_languages_of_the_kiosk(self):
        self.made("--name", "Ferramentas", "--carrier", "DHL", "--tracking", "JD01")
        self.at("A", "parcel", "mark", ID, "sent")
        said = {
            "en": ["Courier parcel", "whole parcel", "from", "to", "made", "name", "content", "on media", "carrier", "tracking",
                   "return expected", "fingerprint of the sender, to be compared before its keys are accepted", "Custody",
                   "handed over by", "date and time", "signature"],
            "pt-BR": ["Encomenda do Courier", "encomenda inteira", "de", "para", "criada em", "nome", "conteúdo", "nas mídias",
                      "transportadora", "rastreamento", "retorno previsto",
                      "impressão digital do remetente, a comparar antes de aceitar as suas chaves", "Custódia",
                      "entregue por", "data e hora", "assinatura"],
            "sv": ["Försändelse med Courier", "hela försändelsen", "från", "till", "skapad", "namn", "innehåll", "på medier",
                   "transportör", "spårning", "retur väntas",
                   "avsändarens fingeravtryck, som jämförs innan dess nycklar godtas", "Överlämningar",
                   "lämnad av", "datum och tid", "underskrift"],
        }
        for language, words in said.items():
            with self.subTest(language):
                slip, label = "slip-%s.pdf" % language, "label-%s.pdf" % language
                self.assertEqual(self.slip("--language", language, out=slip).json["language"], language)
                [page] = self.pages(slip)
                for text in words:
                    self.assertIn(text, page)
                self.assertNotIn("…", page)
                # The point or comma of the language, in "13 bytes, 1.4 kB" and its like.
                self.assertRegex(page, r"\d%skB" % (r"\.\d " if language == "en" else r",\d "))
                self.slip("--label", "--language", language, out=label)
                [page] = self.pages(label)
                for text in (words[1], words[2] + " PUN (Pune)", words[3] + " PSE (Branch)"):
                    self.assertIn(text, page)
                self.assertEqual(len(self.codes(slip)), 1)
        self.assertIn("--language", self.slip("--language", "de", out="x.pdf", status=2).err)

    def test_the_language_is_that_of_the_environment_unless_told(self):
        self.made()

        def language(*options, **variables):
            environment = ["%s=%s" % pair for pair in variables.items()]
            told = self.at("A", "parcel", "slip", ID, "--out", "slip.pdf", "--json", *options,
                           wrapper=("env", "-u", "LC_ALL", "-u", "LC_MESSAGES", "-u", "LANG", *environment)).json["language"]
            os.unlink("slip.pdf")
            return told

        self.assertEqual(language(), "en")
        self.assertEqual(language(LANG="sv_SE.UTF-8"), "sv")
        self.assertEqual(language(LANG="sv_SE.UTF-8", LC_ALL="pt_BR.UTF-8"), "pt-BR")
        self.assertEqual(language(LANG="sv_SE.UTF-8", LC_MESSAGES="C"), "en")
        self.assertEqual(language("--language", "pt-BR", LANG="sv_SE.UTF-8"), "pt-BR")

    def test_without_a_font_no_page_of_boxes_is_written(self):
        self.made()
        write("none.conf", '<?xml version="1.0"?><fontconfig></fontconfig>')
        without = ("env", "FONTCONFIG_FILE=" + os.path.abspath("none.conf"))
        refused = self.at("A", "parcel", "slip", ID, "--out", "slip.pdf", wrapper=without, status=11)
        self.assertIn("no font is installed", refused.err)
        self.assertFalse(os.path.exists("slip.pdf"))

    def test_without_what_draws_the_package_is_named_and_nothing_is_written(self):
        self.made()
        for library, package in (("libcairo.so.2", "libcairo2"), ("libpangocairo-1.0.so.0", "libpangocairo-1.0-0")):
            with self.subTest(library):
                without = self.without_library(library)
                refused = self.at("A", "parcel", "slip", ID, "--out", "slip.pdf", wrapper=without, status=11)
                self.assertIn("needs the package %s, which is not here" % package, refused.err)
                self.assertIn("install %s" % package, refused.err)
                self.assertFalse(os.path.exists("slip.pdf"))
        self.slip()

    def test_the_same_parcel_has_the_same_slip(self):
        self.made()
        self.slip()
        self.slip(out="again.pdf")
        with open("slip.pdf", "rb") as one, open("again.pdf", "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_nothing_is_overwritten_and_what_cannot_be_is_said(self):
        self.made()
        write("slip.pdf", "mine")
        self.assertIn("is there already", self.slip(status=9).err)
        self.slip(out="nowhere/slip.pdf", status=7)
        self.at("A", "parcel", "slip", "PUN-PSE-000009", "--out", "x.pdf", status=7)
        self.at("A", "parcel", "discard", ID)
        self.slip(out="x.pdf", status=9)


class SlipsOfVolumes(OnPaper, SpannedParcel):
    def test_each_volume_has_its_page_and_its_label(self):
        os.mkdir("volumes")
        self.at("A", "media", "write", ID, "volumes", "--volume-size", "1M", "--spare-volumes", "1")
        self.assertEqual(self.slip().json["pages"], 4)
        digest = self.facts("A", "parcel", "show", ID)["label_digest"][:12].upper()
        parts = ["1/3", "2/3", "3/3", "S1/1"]
        words = ["volume 1 of 3", "volume 2 of 3", "volume 3 of 3", "spare volume 1 of 1"]
        self.assertEqual(self.codes(), ["PCL:%s:%s:%s" % (ID, digest, part) for part in parts])
        for page, said in zip(self.pages(), words):
            self.assertIn(said, page)
        self.slip("--label", out="label.pdf")
        self.assertEqual(self.codes("label.pdf"), ["PCL:%s:%s:%s" % (ID, digest, part) for part in parts])
        for page, said in zip(self.pages("label.pdf"), words):
            self.assertIn(said, page)
            self.assertIn("PSE (Branch)", page)
        # What tells them apart is never cut, however long the words of the language are.
        self.slip("--label", "--language", "pt-BR", out="etiqueta.pdf")
        self.assertIn("volume de reserva 1 de 1", self.pages("etiqueta.pdf")[3])
        self.assertRegex(self.ran("pdfinfo", "label.pdf"), r"Page size: +283\.\d+ x 170\.\d+ pts")
        self.assertRegex(self.ran("pdfinfo", "slip.pdf"), r"Page size: +595\.\d+ x 841\.\d+ pts \(A4\)")


if __name__ == "__main__":
    main()
