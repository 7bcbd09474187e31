"""A parcel whose three large records make three volumes of 1 MiB, in PUN's outbox."""
from courier_e2e import Pair, noise, write

PARCEL = "PUN-PSE-000001"
PACKAGES = ("PUN0000A", "PUN0000B", "PUN0000C")


class SpannedParcel(Pair):
    def setUp(self):
        super().setUp()
        for number, package in enumerate(PACKAGES):
            write("p%d/data" % number, noise(700_000, number))
            self.at("A", "package", "add", "p%d" % number, "--id", package)
        self.at("A", "distribute", *PACKAGES, "--to", "PSE")
        self.assertEqual(self.facts("A", "parcel", "create", "--to", "PSE")["id"], PARCEL)
