"""Sticks in a real kernel, with udev: FAT32 and exFAT, written to, taken out, watched, answered, tidied, in a guest; and
what the console makes of one that is put in, ejected, and pulled out while it is read."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import guest  # noqa: E402
from courier_e2e import COURIER, Pair, main, tool  # noqa: E402

GIB = 1 << 30

SCRIPT = guest.BEGIN + guest.START_UDEV + """
mkdir -p /fat /ex
# Where udev says that they are.
sticks() {
  n=0
  while [ $n -lt 600 ] && ! [ -e /dev/disk/by-label/FATSTICK -a -e /dev/disk/by-label/EXSTICK ]; do
    usleep 100000; n=$((n+1))
  done
  udevadm settle
  fat=$(readlink -f /dev/disk/by-label/FATSTICK) ex=$(readlink -f /dev/disk/by-label/EXSTICK)
  mount -t vfat $fat /fat; mount -t exfat $ex /ex
}
echo "PLUG first"
sticks
run fat-room room /fat
run ex-room room /ex
run fat-write courier --home /A media write PUN-PSE-000001 /fat --no-progress
run ex-write courier --home /A media write PUN-PSE-000002 /ex --no-progress
run list courier --home /B media list
run facts courier --home /B media list --json
exec 9</fat/PUN-PSE-000001.pcl
run held courier media eject /fat
exec 9<&-
run eject courier media eject /fat
run gone ls $fat
run eject-node courier media eject $ex
run mounted grep -c 'fat' /proc/mounts
echo "PULL both"
courier --home /B receive --watch --yes --no-progress > /said 2>&1 &
watch=$!
while ! grep -q 'watching for drives' /said; do usleep 100000; done
echo "PLUG again"
n=0; while [ $n -lt 1200 ] && [ $(grep -c 'may be taken out now' /said) -lt 2 ]; do usleep 100000; n=$((n+1)); done
kill -TERM $watch; wait $watch; status=$?
run watch cat /said
run watch-ended sh -c "exit $status"
run own-mounts grep -c 'fat' /proc/mounts
run own-folders ls -A /B/media
sticks
run answers ls /fat /ex
run fat-answer courier --home /A receive /fat --yes --no-progress
run ex-answer courier --home /A receive /ex --yes --no-progress
run tidy courier --home /A media tidy /fat
run left ls /fat
run to-console courier --home /A media write PUN-PSE-000003 /fat --no-progress
run ex-out courier media eject /ex
umount /fat
ifconfig lo 127.0.0.1 up
site=127.0.0.1:8080
console() {
  courier --home /B console --listen $site > /told 2>&1 &
  console=$!
  until wget -q -S -O /page http://$site/ 2> /fields; do usleep 100000; done
  cookie=$(grep -o 'courier-session=[0-9a-f]*' /fields)
}
state() { wget -q -O - --header "Cookie: $cookie" http://$site/api/v1/kiosk; }
shown() {
  n=0
  while [ $n -lt 200 ] && ! state | grep -q "$1"; do usleep 500000; n=$((n+1)); done
  state
}
press() {
  drive=$(state | grep -o '"id":"d[0-9]*"' | head -n 1 | cut -d '"' -f 4)
  wget -q -O - --header "Cookie: $cookie" --header "Origin: http://$site" --header 'X-Courier: 1' \
    --header 'Content-Type: application/json' --post-data '{}' http://$site/api/v1/drives/$drive/$1
}
console
run console-offer shown '"state":"offer"'
run console-take press take
run console-done shown '"state":"done"'
run console-mounts grep -c 'fat' /proc/mounts
run console-eject press eject
run console-ejected shown '"ejected":true'
kill -TERM $console; wait $console
gone() {
  n=0; while [ $n -lt 600 ] && [ -e /dev/disk/by-label/FATSTICK ]; do usleep 100000; n=$((n+1)); done
}
stick() {
  n=0; while [ $n -lt 600 ] && ! [ -e /dev/disk/by-label/FATSTICK ]; do usleep 100000; n=$((n+1)); done
  udevadm settle
  mount -t vfat $(readlink -f /dev/disk/by-label/FATSTICK) /fat
}
echo "PULL ejected"; gone; echo "PLUG quick"
stick
run console-answer courier --home /A receive /fat --yes --no-progress
run slow-write courier --home /A media write PUN-PSE-000004 /fat --no-progress
umount /fat
echo "PULL quick"; gone; echo "PLUG slow"
console
run slow-offer shown '"state":"offer"'
run slow-take press take
run slow-reading shown '"phase":"receiving".*"done":[1-9]'
dmesg -n 1  # what the kernel says of it would come between
echo "PULL slow"
run pulled shown '"state":"gone"'
echo "PLUG again as before"
run resumed shown '"state":"done"'
run last-eject press eject
run last-ejected shown '"ejected":true'
echo ALL-DONE
"""


class WatchedSticks(Pair):
    def image(self, name, *make):
        with open(name, "wb") as image:
            image.truncate(6 * GIB)
        subprocess.run([*make, name], check=True, stdout=subprocess.DEVNULL)

    def test_sticks_are_written_taken_out_watched_answered_and_tidied(self):
        for number, size in enumerate((300_000, 300_000, 300_000, 8_000_000)):
            self.package("PUN0002%d" % number, "src%d" % number, size=size)
            self.at("A", "distribute", "PUN0002%d" % number, "--to", "PSE")
            self.at("A", "parcel", "create", "--to", "PSE")
        self.at("B", "site", "set", "dp.reserve=0")  # the guest has little room
        self.image("fat.img", "mkfs.vfat", "-F", "32", "-n", "FATSTICK")
        self.image("ex.img", "mkfs.exfat", "-L", "EXSTICK")
        programs = [os.path.abspath(COURIER), os.path.abspath(tool("room"))]
        of_udev, rules = guest.udev()
        script = SCRIPT.replace("%(tools)s", ":".join(os.path.dirname(program) for program in programs))
        guest.memory_disk("disk.gz", script.replace("%(share)s", os.path.abspath("share")),
                          ["xhci_pci", "usb_storage", "sd_mod", "vfat", "exfat", "nls_cp437", "nls_ascii", "nls_utf8",
                           "nls_iso8859_1"],
                          programs=[*programs, *of_udev], trees=[("A", "/A"), ("B", "/B"), ("share", "/share"), *rules])
        images = ["-object", "throttle-group,id=brake"]
        for name in ("fat", "ex"):
            images += ["-blockdev", "driver=throttle,node-name=%s,throttle-group=brake,file.driver=raw,file.file.driver=file,"
                       "file.file.filename=%s.img" % (name, name)]
        with guest.Guest("disk.gz", "-machine", "q35", "-device", "qemu-xhci,id=xhci,p2=8,p3=8", *images, timeout=700) as machine:
            for when in ("first", "again"):
                machine.wait_for("PLUG " + when)
                for name in ("fat", "ex"):
                    machine.order("device_add", driver="usb-storage", id=name + when, drive=name, bus="xhci.0",
                                  serial=name.upper() + "0001", removable=True)
                if when == "first":
                    machine.wait_for("PULL both")
                    for name in ("fat", "ex"):
                        machine.order("device_del", id=name + when)
                        machine.wait_for_deleted(name + when)
            there = "fatagain"
            for out, then, limit in (("ejected", "quick", 0), ("quick", "slow", 400_000), ("slow", "again as before", 0)):
                machine.wait_for("PULL " + out)
                machine.order("device_del", id=there)
                machine.wait_for_deleted(there)
                machine.wait_for("PLUG " + then)
                machine.order("qom-set", path="/objects/brake", property="limits", value={"bps-read": limit})
                there = "fat" + then[:5]
                machine.order("device_add", driver="usb-storage", id=there, drive="fat", bus="xhci.0", serial="FAT0001",
                              removable=True)
            said = machine.until_end()
        self.assertIn("ALL-DONE", said)
        parts = guest.parts(said)

        def ran(name, status=0):
            self.assertEqual(parts[name][0], status, said)
            return parts[name][1]

        # FAT32 has no files of 4 GiB and exFAT has: found out from the medium, without a word of the operator's.
        self.assertEqual(int(ran("fat-room")), 4 * GIB - 1 - 65536)
        self.assertGreater(int(ran("ex-room")), 5 * GIB)
        self.assertIn("copy written and read back: /fat/PUN-PSE-000001.pcl", ran("fat-write"))
        self.assertIn("copy written and read back: /ex/PUN-PSE-000002.pcl", ran("ex-write"))
        for word in ("FATSTICK", "EXSTICK", "vfat", "exfat", "passes", "for this site", "PUN-PSE-000001", "PUN-PSE-000002"):
            self.assertIn(word, ran("list"))
        for word in ('"file_system": "vfat"', '"file_system": "exfat"', "46f4:0001:FAT0001", "46f4:0001:EX0001"):
            self.assertIn(word, ran("facts"))
        self.assertIn("cannot unmount /fat: Device or resource busy", ran("held", 9))
        self.assertIn("flushed /fat\nunmounted /fat\nflushed the drive's own cache\ntaken from the kernel\n"
                      "switched its port off\n", ran("eject"))
        self.assertIn("46f4:0001:FAT0001", ran("eject"))
        self.assertIn("safe to remove\n", ran("eject"))
        ran("gone", 1)
        self.assertIn("unmounted /ex\n", ran("eject-node"))
        self.assertEqual(ran("mounted", 1), "0\n")
        # They come while the watch runs, which mounts them by itself; nothing of that is left.
        for words in ("parcel PUN-PSE-000001: Processed: 1 installed", "parcel PUN-PSE-000002: Processed: 1 installed",
                      "the watch has ended: 2 drives were looked at"):
            self.assertIn(words, ran("watch"))
        ran("watch-ended")
        self.assertEqual((ran("own-mounts", 1), ran("own-folders")), ("0\n", ""))
        self.assertEqual(ran("answers").count("PSE-PUN-00000"), 2)
        self.assertIn("PUN-PSE-000001 Confirmed", ran("fat-answer"))
        self.assertIn("PUN-PSE-000002 Confirmed", ran("ex-answer"))
        self.assertIn("Confirmed: removed", ran("tidy"))
        self.assertEqual(ran("left"), "PSE-PUN-000001.pcl\n")

        # The console: the drive is mounted for as long as it is read or written, and what is written reaches it.
        def shown(name):
            return json.loads(ran(name))["drives"][0]
        offer = shown("console-offer")
        self.assertEqual((offer["name"], offer["kind"], offer["offers"][0]["parcel"]), ("FATSTICK", "usb", "PUN-PSE-000003"))
        ran("console-take")
        done = shown("console-done")
        self.assertEqual((done["result"]["installed"], done["result"]["returns"][0]["on_this_drive"], done["result"]["safe_to_remove"]), (1, True, True))
        self.assertEqual(ran("console-mounts", 1), "0\n")
        ran("console-eject")
        self.assertEqual((shown("console-ejected")["state"], shown("console-ejected")["problem"]), ("done", None))
        self.assertIn("PUN-PSE-000003 Confirmed", ran("console-answer"))
        # Pulled out while it is read: said, and gone on with by itself when it is there again. The third parcel is on it, too.
        gone = shown("pulled")
        self.assertEqual((gone["present"], gone["needs"]), (False, []))
        again = shown("resumed")
        self.assertEqual((again["resumed"], again["result"]["installed"], again["result"]["returns"][0]["on_this_drive"]), (True, 2, True))
        self.assertEqual(len(json.loads(ran("resumed"))["drives"]), 1)
        self.assertEqual(shown("last-ejected")["state"], "done")


if __name__ == "__main__":
    main()
