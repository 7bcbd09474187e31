"""Every command of the contract exists with its options: the product's table of commands and what was
added to it, as far as this version goes (one table below), against the program's own --help. And the
other way: a command that is in neither is not there."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, CourierTest, execute, main  # noqa: E402

# command: its options, then its positional arguments. What a later version adds (media other than mounted folders,
# distribution-point groups and types, schedules) is not listed until it is there.
CONTRACT = """
site init           --name                                                      CODE
site show           --settings
site list
site export                                                                     FILE
site join           --as --fingerprint --trust                                  FILE
site set                                                                        NAME=VALUE
site grant                                                                      CODE PREFIX
site rotate-key     --lost
site revoke                                                                     CODE
site backup                                                                     FILE
site restore                                                                    FILE
package add         --id --name --no-source                                     SOURCE
package update                                                                  ID SOURCE
package list
package show                                                                    ID
package files       --version                                                   ID
package export      --file                                                      ID DIR
package set         --sender --priority --delta --ignore-schedule --share-name  ID
package remove                                                                  ID
dp add              --own --reserve --take-over                                 NAME PATH
dp list
dp show                                                                         NAME
dp set              --own --reserve                                             NAME
dp remove                                                                       NAME
address add         --sender --priority                                         SITE
address list
address set         --priority --enabled --substitute                           SITE SENDER
address remove                                                                  SITE SENDER
distribute          --to --priority                                             ID
redistribute        --to                                                        ID
retract             --from                                                      ID
validate            --dp                                                        ID
job list
job show                                                                        N
job cancel                                                                      N
job run
status              --site --messages --summary --id                            ID
parcel pending      --to --wait --groups
parcel create       --to --out --level --max-bytes --name --comment --carrier --tracking --plan
parcel list         --incoming --outgoing
parcel show                                                                     ID
parcel contents                                                                 ID
parcel verify                                                                   FILE
parcel repair       --to                                                        FILE
parcel mark         --site --receipt                                            ID
parcel slip         --out --label                                               ID
parcel set          --comment --carrier --tracking                              ID
parcel lost         --site                                                      ID
parcel discard                                                                  ID
media list
media tidy                                                                      TARGET
media eject                                                                     TARGET
media write         --volume-size --serial --recovery --spare-volumes --volume --anew  ID TARGET
media verify        --repair-to                                                 TARGET
identify                                                                        SOURCE
receive             --yes --return-to --watch                                   SOURCE
return create       --to --out --receipt --parcel --qr
console             --listen --folder --set-passphrase
store stats
store check
store gc            --delete
store rebuild-index
log                 --component --since
completion
manual                                                                          DIR
"""
GLOBAL_OPTIONS = ("--home", "--json", "--events", "--no-progress", "--verbose", "--quiet", "--passphrase-file", "--passphrase-fd",
                  "--version", "--help")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# The first column of --help: an option or a positional argument begins two blanks in.
ENTRY = re.compile(r"^  (\S.*?)(?:  |$)", re.M)


def table():
    """{command: (options, positional arguments)}"""
    commands = {}
    for line in CONTRACT.strip().splitlines():
        words = line.split()
        name = [word for word in words[:2] if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
        rest = words[len(name):]
        commands[" ".join(name)] = ([word for word in rest if word.startswith("--")],
                                    [word for word in rest if not word.startswith("--")])
    return commands


class Commands(CourierTest):
    def help_of(self, *words):
        result = execute([COURIER, *words, "--help"])
        self.assertEqual(result.status, 0, str(result))
        return result.out

    def verbs(self, text):
        """The names listed under Commands: of a --help."""
        listed = text.split("\nCommands:\n")[1].split("\n\n")[0]
        return re.findall(r"^  ([a-z][a-z-]*)", listed, re.M)

    def test_every_command_of_the_contract_exists_with_its_options(self):
        for command, (options, arguments) in table().items():
            with self.subTest(command=command):
                text = self.help_of(*command.split())
                entries = ENTRY.findall(text)
                there = {option for entry in entries for option in OPTION.findall(entry)}
                for option in options:
                    self.assertIn(option, there)
                usage = next(line for line in text.splitlines() if line.startswith("Usage: "))
                positional = len(re.findall(r"(?<!\w)\[?[A-Z][A-Za-z=]*\]?(?:\.\.\.)?", usage.split(command, 1)[1]
                                            .replace("[OPTIONS]", "")))
                self.assertGreaterEqual(positional, len(arguments), usage)
                self.assertIn("example:", text)
                self.assertRegex(text.split("example:")[1], r"\n  courier (--home \w+ )?" + command)

    def test_every_command_of_the_program_is_in_the_contract(self):
        found = []
        for name in self.verbs(self.help_of()):
            text = self.help_of(name)
            found += [name + " " + verb for verb in self.verbs(text)] if "\nCommands:\n" in text else [name]
        self.assertEqual(sorted(found), sorted(table()))

    def test_the_global_options_are_there(self):
        there = set(OPTION.findall(self.help_of()))
        for option in GLOBAL_OPTIONS:
            self.assertIn(option, there)


if __name__ == "__main__":
    main()
