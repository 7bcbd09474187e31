"""Every command in README.md runs, in the order in which a reader meets them, and the transcript is true."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, main, make_source  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def blocks(kind):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    return re.findall(r"^```%s\n(.*?)^```$" % kind, text, re.DOTALL | re.MULTILINE)


class Readme(CourierTest):
    def setUp(self):
        super().setUp()
        os.mkdir("bin")
        os.symlink(os.path.realpath(COURIER), "bin/courier")
        self.environment = dict(ENVIRONMENT, PATH=os.path.abspath("bin") + ":" + ENVIRONMENT["PATH"])

    def sh(self, command):
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="backslashreplace", env=self.environment,
                              timeout=300, check=False)
        self.assertEqual(done.returncode, 0, "%s\n%s" % (command, done.stdout))
        return done.stdout

    def test_every_command_runs(self):
        ran = 0
        for block in blocks("sh"):
            for command in block.splitlines():
                if command.startswith("scripts/"):
                    script = os.path.join(ROOT, command.split()[0])
                    self.assertTrue(os.access(script, os.X_OK), script)
                    self.sh("bash -n %s" % script)
                    continue
                self.sh(command)
                ran += 1
        self.assertGreater(ran, 25)

    def test_the_transcript_is_true(self):
        make_source("tools")
        for folder in ("drive", "share"):
            os.mkdir(folder)
        for command in ("site init PUN --name Pune", "site export PUN.site"):
            self.sh("courier --home PUN " + command)
        for command in ("site init PSE --name Branch", "site export PSE.site", "site join PUN.site --as parent --trust",
                        "dp add files share"):
            self.sh("courier --home PSE " + command)
        for command in ("site join PSE.site --as child --trust", "package add tools --id PUN00020",
                        "distribute PUN00020 --to PSE"):
            self.sh("courier --home PUN " + command)
        (transcript,) = blocks("console")
        output = ""
        for line in transcript.splitlines():
            if line.startswith("$ "):
                output = self.sh(line[2:])
            else:
                pattern = ".*".join(re.escape(part) for part in line.split("…"))
                self.assertTrue(re.search("^%s$" % pattern, output, re.MULTILINE), "%s\nis not in\n%s" % (line, output))


if __name__ == "__main__":
    main()
