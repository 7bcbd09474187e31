"""What the program says of its own command line to shells and to man, tried in the shells and with man."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, execute, main, make_source  # noqa: E402
from terminal import Terminal  # noqa: E402

BUILD = os.path.dirname(os.path.abspath(COURIER))
PROMPT = "ready> "


def commands(*path):
    """Every noun and verb: (path, what --help says of it)."""
    text = execute([COURIER, *path, "--help"]).out
    yield path, text
    lists = text.split("Commands:\n")
    for line in lists[1].split("\n\n")[0].splitlines() if len(lists) > 1 else ():
        if line.startswith("  ") and line[2] != " ":
            yield from commands(*path, line.split()[0])


class Completion(CourierTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        make_source("source", 100_000)
        self.at("A", "package", "add", "source", "--id", "PUN00020", "--name", "Field tools")
        self.send("PUN00020", mark=False)
        self.environment = dict(ENVIRONMENT, COURIER_HOME="A", HOME=self.folder, TERM="dumb", COLUMNS="200",
                                PATH=BUILD + ":" + os.environ["PATH"])

    def words(self, *line, home="A"):
        """What bash's own machinery makes of the line, its last word at the cursor."""
        script = 'source <(courier completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
                 'compopt() { :; }; _courier; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", "courier", *line], stdout=subprocess.PIPE, check=True,
                              env=dict(self.environment, COURIER_HOME=home), text=True)
        return done.stdout.split("\n")[:-1]

    def test_offers_what_may_stand_there(self):
        for line, wanted in (
                (("pack",), ["package"]),
                (("parcel", "m"), ["mark"]),
                (("parcel", "mark", "PUN-PSE-000001", ""), ["confirmed", "sent"]),
                (("parcel", "show", "PUN"), ["PUN-PSE-000001", "PUN.site"]),
                (("package", "show", ""), ["PUN00020"]),
                (("package", "update", "PUN00020", "sou"), ["source"]),
                (("package", "set", "PUN00020", "--delta", ""), ["on", "off"]),
                (("job", "show", ""), ["1"]),
                (("parcel", "create", "--to", ""), ["PSE"]),
                (("parcel", "create", "--to", "PSE,"), [""]),
                (("parcel", "create", "--level", "s"), ["small"]),
                (("parcel", "create", "--level", "=", "s"), ["small"]),
                (("parcel", "create", "--to", "PSE", "--pl"), ["--plan"]),
                (("distribute", "PUN00020", "--to", ""), ["PSE"]),
                (("site", "join", "P"), ["PUN.site", "PSE.site"]),
                (("site", "join", "x.site", "--as", ""), ["parent", "child", "peer"]),
                (("site", "set", "dp.reserve"), ["dp.reserve="]),
                (("site", "init", ""), [""]),
                (("--home", "B", "dp", "show", ""), ["files"]),
                (("--home", '"B"', "dp", "show", ""), ["files"]),
                (("--home=B", "validate", "--dp", ""), ["files"]),
                (("--home", "nowhere", "package", "show", ""), [""]),
                (("receive", "dri"), ["drive"]),
                (("completion", "z"), ["zsh"]),
                (("no-such-command", ""), None)):
            with self.subTest(line):
                found = self.words(*line)
                if wanted is not None:
                    self.assertEqual(sorted(found), sorted(wanted))

    def test_offers_every_command_and_option_of_the_help(self):
        for path, text in commands():
            names = re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", text, re.M)
            self.assertLessEqual(set(names), set(self.words(*path, "--")), path)
            if "Commands:\n" in text:
                verbs = [line.split()[0] for line in text.split("Commands:\n")[1].split("\n\n")[0].splitlines()
                         if line.startswith("  ") and line[2] != " "]
                self.assertLessEqual(set(verbs), set(self.words(*path, "")), path)

    def test_changes_nothing_and_needs_no_keys(self):
        before = {name: os.stat("A/" + name).st_mtime_ns for name in os.listdir("A")}
        os.rename("A/keys", "keys.elsewhere")
        try:
            self.assertEqual(self.words("package", "show", ""), ["PUN00020"])
        finally:
            os.rename("keys.elsewhere", "A/keys")
        self.assertEqual({name: os.stat("A/" + name).st_mtime_ns for name in os.listdir("A")}, before)

    def in_a_shell(self, command, *setup):
        shell = Terminal(command, self.environment)
        try:
            for line in setup:
                shell.type(line + "\n")
            shell.type("PS1='%s'; echo set'' up\n" % PROMPT)
            shell.expect("set up")
            shell.expect(PROMPT)
            shell.type("courier parc\tcr\t--to P\t--pl\t\n")
            typed = shell.expect("nothing would be carried")
            self.assertIn("parcel create --to PSE --plan", typed.replace(" \b", ""))
            shell.expect(PROMPT)
            shell.type("courier parcel show PUN-\t\n")
            shell.expect("Created")  # the state of PUN-PSE-000001
        finally:
            shell.close()

    def test_completes_in_bash(self):
        self.in_a_shell(["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'",
                        "source <(courier completion bash)")

    def test_completes_in_zsh(self):
        self.in_a_shell(["zsh", "-f", "-i"], "unsetopt zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste",
                        "autoload -Uz compinit; compinit -u -D", "source <(courier completion zsh)")

    def test_of_no_shell_is_refused(self):
        result = self.courier("completion", "fish", status=2)
        self.assertEqual(len(result.err.splitlines()), 3, str(result))


class Manual(CourierTest):
    def page(self, path):
        name = "-".join(("courier", *path[:1])) + ".1"
        done = subprocess.run(["man", "-l", "man/" + name], stdout=subprocess.PIPE, check=True,
                              env=dict(ENVIRONMENT, MANWIDTH="200", MANPAGER="cat", MAN_KEEP_FORMATTING="", TERM="dumb"))
        return " ".join(done.stdout.decode().split())

    def test_pages_are_well_formed(self):
        pages = self.courier("manual", "man").out.split()
        self.assertIn("courier-parcel.1", pages)
        self.assertEqual(sorted(os.listdir("man")), sorted(pages))
        for page in pages:
            checked = execute(["env", "MANROFFSEQ=", "MANWIDTH=80", "man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8",
                               "-Z", "man/" + page])
            self.assertEqual((checked.status, checked.err), (0, ""), page)
            named = execute(["lexgrog", "man/" + page])
            self.assertEqual((named.status, '"%s - ' % page[:-2] in named.out), (0, True), str(named))

    def test_pages_say_what_the_help_says(self):
        self.courier("manual", "man")
        for path, text in commands():
            page = self.page(path)
            for name in re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", text, re.M):
                if name != "--help":
                    self.assertIn(name, page, path)
            for line in text.split("example:\n")[1:]:
                self.assertIn(" ".join(line.split()), page, path)
            self.assertIn(" ".join(text.split("Usage:")[0].split()), page, path)

    def test_all_of_it_is_installed(self):
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], stdout=subprocess.DEVNULL,
                              env=dict(ENVIRONMENT, DESTDIR=self.folder + "/root"), check=False)
        self.assertEqual(done.returncode, 0)
        usr = self.folder + "/root/usr"
        version = execute([usr + "/bin/courier", "--version"])
        self.assertEqual(version.out, execute([COURIER, "--version"]).out)
        self.courier("manual", "man")
        self.assertEqual(sorted(os.listdir(usr + "/share/man/man1")), sorted(os.listdir("man")))
        for path, shell in (("bash-completion/completions/courier", "bash"), ("zsh/site-functions/_courier", "zsh")):
            with open(usr + "/share/" + path) as file:
                self.assertEqual(file.read(), self.courier("completion", shell).out)
        self.assertTrue(os.path.exists(usr + "/share/doc/courier/LICENSE"))


if __name__ == "__main__":
    main()
