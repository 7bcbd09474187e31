"""The words of the web pages: one catalogue with every text in every language, all of it used and nothing missing."""
import json
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import main  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ASSETS = SOURCE / "console" / "assets"
LANGUAGES = ["en", "pt-BR", "sv"]
CATALOGUE = json.loads((ASSETS / "catalogue.json").read_text(encoding="utf-8"))
SCRIPTS = "".join(path.read_text(encoding="utf-8") for path in sorted(ASSETS.glob("*.js")))
MAY_BE_ALIKE = re.compile(r"language|column\.|nav\.|verdict\.|offer\.volume|details\.|duration|site\.kiosk|taking\.left-unknown"
                          r"|offer\.contents-value|needs\.volume|login\.|phase\.|parcels\.item$")


def forms(text):
    return text if isinstance(text, dict) else {"": text}


def placeholders(text):
    return set(re.findall(r"\{(\w+)\}", text))


def words_in(path, array):
    """The words of a constant array of a source file."""
    code = (SOURCE / path).read_text(encoding="utf-8")
    return [word for word in re.findall(r'"([^"]*)"', re.search(array + r"[^{]*\{(.*?)\};", code, re.S).group(1)) if word]


def glossary():
    """{English term: (Portuguese, Swedish)}"""
    table = (SOURCE / "docs/behaviours.md").read_text(encoding="utf-8").split("## 16. Glossary")[1].split("\n## ")[0]
    terms = {}
    for row in re.findall(r"^\| (.+?) \|$", table, re.M)[1:]:
        columns = [[term.strip() for term in re.sub(r"\(.*?\)", "", one).split("·")] for one in row.split(" | ")]
        for term in zip(*columns):
            terms[term[0]] = term[1:]
    return terms


class Slips(unittest.TestCase):
    """The words on paper, which the program has itself."""
    MAY_BE_ALIKE = {"volume", "one_byte", "bytes", "decimal"}

    def setUp(self):
        code = (SOURCE / "courier/slip_words.cc").read_text(encoding="utf-8")
        tables = [dict(re.findall(r"\.(\w+) = [\"'](.*)[\"'],", table)) for table in code.split("SlipWords{\n")[1:]]
        self.words = {table.pop("language"): table for table in tables}

    def test_every_text_is_there_in_every_language_and_filled_in_alike(self):
        self.assertEqual(list(self.words), LANGUAGES)
        fields = re.search(r"struct SlipWords \{(.*?)\n\n", (SOURCE / "courier/slip_words.h").read_text(encoding="utf-8"), re.S).group(1)
        names = set(re.findall(r"\b(\w+)(?=[,;])", re.sub(r"//.*", "", fields))) - {"language"}
        self.assertIn("custody", names)
        for language, table in self.words.items():
            self.assertEqual(set(table), names, language)
            for name, text in table.items():
                self.assertTrue(text.strip(), "%s in %s" % (name, language))
                self.assertEqual(text.count("{}"), self.words["en"][name].count("{}"), "%s in %s" % (name, language))

    def test_texts_are_translated(self):
        for name in self.words["en"].keys() - self.MAY_BE_ALIKE:
            self.assertEqual(len({table[name] for table in self.words.values()}), len(LANGUAGES), name)

    def test_the_terms_are_those_of_the_glossary(self):
        terms = glossary()
        numbered = [re.sub(r"\d", "{}", term) for term in terms["volume 2 of 3"]]
        self.assertEqual([self.words[language]["volume"] for language in LANGUAGES[1:]], numbered)
        for name, term in (("title", "parcel"), ("whole", "parcel"), ("made", "Created"), ("fingerprint", "fingerprint"),
                           ("one_more_site", "site"), ("more_sites", "site")):
            for language, word in zip(LANGUAGES[1:], terms[term]):
                self.assertIn(word.lower(), self.words[language][name].lower(), "%s in %s" % (name, language))

    def test_what_the_pages_name_too_has_the_same_name(self):
        for name, key in (("name", "column.name"), ("content", "offer.contents"), ("made", "column.created"), ("spare", "offer.volume"),
                          ("on_media", "nav.media"), ("expected", "parcels.a-return")):
            for language in LANGUAGES[1:]:
                self.assertIn(CATALOGUE[key][language].lower(), self.words[language][name].lower(), "%s in %s" % (name, language))


class Catalogue(unittest.TestCase):
    def test_every_text_is_there_in_every_language(self):
        for key, texts in CATALOGUE.items():
            self.assertEqual(list(texts), LANGUAGES, key)
            for language, text in texts.items():
                for form in forms(text).values():
                    self.assertTrue(form.strip(), "%s in %s" % (key, language))
                    self.assertEqual(form, form.strip(), key)

    def test_plural_forms_and_what_is_filled_in_are_alike_in_all_languages(self):
        for key, texts in CATALOGUE.items():
            english = forms(texts["en"])
            for language, text in texts.items():
                self.assertEqual(set(forms(text)), set(english), "%s in %s" % (key, language))
                self.assertIn(set(forms(text)), ({""}, {"one", "other"}), key)
                for name, form in forms(text).items():
                    self.assertEqual(placeholders(form), placeholders(english[name]), "%s in %s" % (key, language))

    def test_sentences_are_translated(self):
        for key, texts in CATALOGUE.items():
            if not MAY_BE_ALIKE.match(key):
                self.assertEqual(len({json.dumps(text) for text in texts.values()}), len(LANGUAGES), key)

    def test_every_error_code_of_the_program_is_explained_in_three_parts(self):
        codes = re.findall(r'ErrorCodeRow\{ErrorCode::\w+,\s*"([\w-]+)"', (SOURCE / "base/error.cc").read_text(encoding="utf-8"))
        self.assertGreater(len(codes), 15)
        for code in [*codes, "general"]:
            for part in ("title", "loss", "now"):
                self.assertIn("problem.%s.%s" % (code, part), CATALOGUE)

    def test_every_state_and_verdict_of_the_program_has_a_word(self):
        for array in ("kPackageStates", "kParcelStates", "kIncomingStates"):
            for word in words_in("ledger/states.cc", array):
                self.assertIn("state." + word, CATALOGUE)
        for word in words_in("base/vocabulary.cc", "kVerdicts"):
            self.assertIn("verdict." + word, CATALOGUE)

    def test_every_event_of_a_parcel_and_kind_of_item_has_words(self):
        arrows = re.findall(r'\{"(?:parcel|incoming|item)", "([PR]\d+)"', (SOURCE / "ledger/arrows.cc").read_text(encoding="utf-8"))
        self.assertGreater(len(set(arrows)), 15)
        for event in arrows:
            self.assertIn("event." + event, CATALOGUE)
        for array, room in (("ledger/states.cc:kPendingReasons", "state."), ("ledger/states.cc:kItemStates", "stage."), ("base/vocabulary.cc:kItemKinds", "item.")):
            for word in words_in(*array.split(":")):
                self.assertIn(room + word, CATALOGUE)

    def test_the_terms_are_those_of_the_glossary(self):
        terms = glossary()
        self.assertGreater(len(terms), 30)
        self.assertEqual(tuple(CATALOGUE["done.remove"].values())[1:], terms["You can take the drive out now"])
        for key, term in (("state.Installed", "Installed"), ("state.Install Pending", "Install Pending"), ("state.Created", "Created"),
                          ("state.Sent", "Sent"), ("state.Confirmed", "Confirmed"), ("verdict.superseded", "superseded"),
                          ("verdict.refused", "refused"), ("verdict.incomplete", "incomplete"), ("parcels.items", "packing list"),
                          ("column.dp", "distribution point"), ("column.verdict", "verdict")):
            self.assertEqual(tuple(text.lower() for text in list(CATALOGUE[key].values())[1:]),
                             tuple(text.lower() for text in terms[term]), key)

    def test_every_text_that_the_pages_ask_for_is_there_and_none_is_idle(self):
        literal = {one for one in re.findall(r'"([a-z]+(?:-[a-z]+)*(?:\.[\w -]+)*)"', SCRIPTS)}
        asked = set(re.findall(r'say\(\s*"([^"]+)"', SCRIPTS))
        self.assertEqual({key for key in asked if key not in CATALOGUE}, set())
        # `room.${word}`, and the rooms that word("room", …) looks into.
        made = set(re.findall(r"`([\w-]+\.)\$\{", SCRIPTS)) | {one + "." for one in re.findall(r'word\("([\w.-]+)"', SCRIPTS)}
        idle = [key for key in CATALOGUE if key not in literal and not any(key.startswith(room) for room in made)]
        self.assertEqual(idle, [])


class Assets(unittest.TestCase):
    def test_the_pages_weigh_less_than_300_kb_and_ask_nothing_of_others(self):
        files = [path for path in ASSETS.iterdir()]
        self.assertLess(sum(path.stat().st_size for path in files), 300_000)
        for path in files:
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            self.assertNotIn("://", text, path.name)

    def test_nothing_is_inline_and_nothing_becomes_markup(self):
        for path in ASSETS.glob("*.html"):
            text = path.read_text(encoding="utf-8")
            self.assertNotRegex(text, r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", path.name)
        self.assertNotRegex(SCRIPTS, r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")


if __name__ == "__main__":
    main()
