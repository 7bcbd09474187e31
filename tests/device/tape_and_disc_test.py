"""A real kernel's drives: the st driver on an emulated tape, and a CD in its drive, in a guest.

The tape is tgt's, on the loopback network of this machine; QEMU hands it to the guest, which sees /dev/nst0.
"""
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import guest  # noqa: E402
from courier_e2e import COURIER, Pair, main  # noqa: E402

TARGET = "iqn.2024-01.test:tape1"
CONTROL = str(os.getpid())  # of a tgtd of its own

SCRIPT = """
PATH=$PATH:%s
mkdir -p %s
cp -a /share/. %s/
i=0; while [ $i -lt 100 ] && ! [ -e /dev/nst0 -a -e /dev/sr0 ]; do usleep 200000; i=$((i+1)); done
run() { echo "BEGIN $1"; shift; "$@" 2>&1; echo "STATUS $?"; }
run empty courier --home /B identify /dev/nst0
run write courier --home /A media write PUN-PSE-000001 /dev/nst0
run again courier --home /A media write PUN-PSE-000001 /dev/nst0
run second courier --home /A media write PUN-PSE-000002 /dev/nst0
run identify courier --home /B identify /dev/nst0
run small courier --home /A media write PUN-PSE-000003 /dev/nst0
run after courier --home /B identify /dev/nst0
run receive courier --home /B receive /dev/nst0 --yes
dd if=/dev/zero of=/dev/nst0 bs=80 count=1 2>/dev/null
run disc courier --home /C identify /dev/sr0
run from-disc courier --home /C receive /dev/sr0 --yes
run burn courier --home /A media write PUN-PSE-000002 /dev/sr0
run eject-disc courier media eject /dev/sr0
run eject-tape courier media eject /dev/nst0
echo ALL-DONE
"""


class Drives(Pair):
    def start_tape(self, megabytes):
        os.makedirs("/var/run/tgtd", exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        tape = os.path.join(self.folder, "tape.img")
        daemon = subprocess.Popen(["tgtd", "-f", "-C", CONTROL, "--iscsi", "portal=127.0.0.1:%d" % self.port],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (daemon.kill(), daemon.wait()))

        def admin(*arguments):
            return subprocess.run(["tgtadm", "-C", CONTROL, "--lld", "iscsi", *arguments], check=False,
                                  stderr=subprocess.DEVNULL).returncode == 0
        deadline = time.monotonic() + 60
        while not admin("--mode", "target", "--op", "new", "--tid", "1", "--targetname", TARGET):
            self.assertIsNone(daemon.poll(), "tgtd did not start")
            self.assertLess(time.monotonic(), deadline)
        subprocess.run(["tgtimg", "--op", "new", "--device-type", "tape", "--barcode", "A0000001", "--size",
                        str(megabytes), "--type", "data", "--file", tape], check=True, stdout=subprocess.DEVNULL)
        self.assertTrue(admin("--mode", "logicalunit", "--op", "new", "--tid", "1", "--lun", "1", "--backing-store",
                              tape, "--device-type", "tape", "--bstype=ssc"))
        self.assertTrue(admin("--mode", "target", "--op", "bind", "--tid", "1", "--initiator-address", "ALL"))

    def test_the_st_driver_and_a_disc_in_its_drive(self):
        # C is one more PSE, which receives from the disc what B receives from the tape.
        for number, size in ((0, 600_000), (1, 600_000), (2, 24_000_000)):
            self.package("PUN0002%d" % number, "src%d" % number, size=size)
            self.at("A", "distribute", "PUN0002%d" % number, "--to", "PSE")
            self.at("A", "parcel", "create", "--to", "PSE")
        self.at("A", "media", "write", "PUN-PSE-000001", "iso:cd.iso")
        subprocess.run(["cp", "-a", "B", "C"], check=True)
        self.start_tape(20)
        program = os.path.abspath(COURIER)
        guest.memory_disk("disk.gz", SCRIPT % ((os.path.dirname(program),) + 2 * (os.path.abspath("share"),)),
                          ["virtio_pci", "virtio_scsi", "st", "sg", "ahci", "ata_piix", "sr_mod", "isofs"],
                          programs=[program],
                          trees=[("A", "/A"), ("B", "/B"), ("C", "/C"), ("share", "/share")])
        said = guest.run("disk.gz", "-machine", "q35", "-device", "virtio-scsi-pci", "-drive",
                         "if=none,id=tp,file=iscsi://127.0.0.1:%d/%s/1,format=raw" % (self.port, TARGET),
                         "-device", "scsi-generic,drive=tp", "-cdrom", "cd.iso")
        self.assertIn("ALL-DONE", said)
        parts = guest.parts(said)
        self.assertEqual(parts["empty"][0], 7, said)
        self.assertEqual(parts["write"][0], 0, said)
        self.assertIn("/dev/nst0/PUN-PSE-000001.pcl", parts["write"][1])
        self.assertIn("the same copy was there", parts["again"][1], said)
        self.assertEqual(parts["second"][0], 0, said)
        for parcel in ("PUN-PSE-000001", "PUN-PSE-000002"):
            self.assertIn("/dev/nst0/%s.pcl" % parcel, parts["identify"][1], said)
        # The third does not fit: what is there stays, and the size that does is said.
        self.assertEqual(parts["small"][0], 6, said)
        self.assertIn("it holds volumes of", parts["small"][1])
        self.assertIn("/dev/nst0/PUN-PSE-000002.pcl", parts["after"][1], said)
        self.assertEqual(parts["receive"][0], 0, said)
        self.assertEqual(parts["disc"][0], 0, said)
        self.assertIn("/dev/sr0/PUN-PSE-000001", parts["disc"][1])
        self.assertEqual(parts["from-disc"][0], 0, said)
        self.assertIn("program xorriso: cannot be started", parts["burn"][1], said)
        self.assertEqual(parts["eject-disc"], (0, "put out the disc\n/dev/sr0: safe to remove\n"), said)
        self.assertEqual(parts["eject-tape"], (0, "rewound and put out the tape\n/dev/nst0: safe to remove\n"), said)


if __name__ == "__main__":
    main()
