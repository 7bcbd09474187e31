"""A real kernel's USB: a stick that is pulled out in the middle, and one that is a keyboard besides, in a guest."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import guest  # noqa: E402
from courier_e2e import COURIER, Pair, main, noise, tool, write  # noqa: E402

STORAGE = ["usb_storage", "sd_mod", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"]

# For all: where a stick is, and running a command with a name.
HELPERS = guest.BEGIN + """
mkdir -p /mnt/stick
mounted() {
  n=0
  while [ $n -lt 600 ]; do
    for DISK in sda sdb sdc sdd; do
      [ "$(cat /sys/block/$DISK/size 2>/dev/null || echo 0)" != 0 ] && mount -t vfat -o $1 /dev/$DISK /mnt/stick && return
    done
    usleep 100000; n=$((n+1))
  done
  echo NO-STICK
}
"""

# A command is pulled away from when so many sectors were read (3) or written (7).
PULLED = HELPERS + """
pulled() {
  NAME=$1; COLUMN=$2; shift 2
  BEFORE=$(awk "{print \\$$COLUMN}" /sys/block/$DISK/stat)
  "$@" > /said 2>&1 &
  while kill -0 $! 2>/dev/null && [ $(($(awk "{print \\$$COLUMN}" /sys/block/$DISK/stat) - BEFORE)) -lt 8192 ]; do
    usleep 20000
  done
  echo "PULL $NAME"
  wait $!; STATUS=$?
  echo "BEGIN $NAME"; cat /said; echo "STATUS $STATUS"
  umount -l /mnt/stick
  while [ -e /sys/block/$DISK ]; do usleep 100000; done
  echo "PLUG $NAME"
}
mounted rw
run room room /mnt/stick
pulled write-pulled 7 courier --home /A media write PUN-PSE-000001 /mnt/stick --no-progress
mounted rw
run left ls -A /mnt/stick
run write-again courier --home /A media write PUN-PSE-000001 /mnt/stick --no-progress
run verify courier media verify /mnt/stick
umount /mnt/stick
mounted ro
echo 3 > /proc/sys/vm/drop_caches
pulled receive-pulled 3 courier --home /B receive /mnt/stick --yes --no-progress
mounted ro
run receive-again courier --home /B receive /mnt/stick --yes --no-progress
run status courier --home /B status PUN00020
run copies courier --home /A parcel show PUN-PSE-000001
echo ALL-DONE
"""

# The kernel's own gadget plays the device, on a bus of the same kernel.
GADGET = HELPERS + r"""
mount -t configfs none /sys/kernel/config
cd /sys/kernel/config/usb_gadget && mkdir one && cd one
echo 0x0951 > idVendor; echo 0x1666 > idProduct
mkdir strings/0x409
echo EVIL01 > strings/0x409/serialnumber; echo Kingston > strings/0x409/manufacturer
echo "DataTraveler 3.0" > strings/0x409/product
mkdir configs/c.1 functions/mass_storage.0
echo 1 > functions/mass_storage.0/lun.0/removable; echo /stick/stick.img > functions/mass_storage.0/lun.0/file
ln -s functions/mass_storage.0 configs/c.1/
plugged() { ls /sys/class/udc | head -1 > UDC; cd /; mounted rw; }
"""

# A composite one, as an attacker would build it.
KEYBOARD = GADGET + r"""
mkdir functions/hid.kbd
echo 1 > functions/hid.kbd/protocol; echo 1 > functions/hid.kbd/subclass; echo 8 > functions/hid.kbd/report_length
printf '\005\001\011\006\241\001\005\007\031\340\051\347\025\000\045\001\165\001\225\010\201\002\225\001\165\010\201\003\300' \
  > functions/hid.kbd/report_desc
ln -s functions/hid.kbd configs/c.1/
plugged
run kinds sh -c 'cat /sys/bus/usb/devices/*:*/bInterfaceClass'
run identify courier --home /B identify /mnt/stick
run receive courier --home /B receive /mnt/stick --yes
run raw courier --home /B identify raw:/dev/$DISK
run write courier --home /A media write PUN-PSE-000001 /mnt/stick
run left ls -A /mnt/stick
courier --home /A site set gate.allow=0951:1666:EVIL01
run allowed courier --home /A media write PUN-PSE-000001 /mnt/stick
echo ALL-DONE
"""

# A drive with a cache that the kernel does not know of, and one that it takes for an ordinary one.
CACHE = GADGET + """
echo 0x0bc2 > idVendor; echo 0x2300 > idProduct
plugged
believe() { for FILE in /sys/class/scsi_disk/*/cache_type; do echo "temporary write through" > $FILE; done; }
believe
run before sh -c 'cat /sys/class/scsi_disk/*/cache_type'
run write courier --home /A media write PUN-PSE-000001 /mnt/stick --no-progress
run after sh -c 'cat /sys/class/scsi_disk/*/cache_type'
umount /mnt/stick
cd /sys/kernel/config/usb_gadget/one; echo > UDC; echo 0x0951 > idVendor
plugged
believe
run again courier --home /A media write PUN-PSE-000001 /mnt/stick --no-progress
run ordinary sh -c 'cat /sys/class/scsi_disk/*/cache_type'
echo ALL-DONE
"""


class Sticks(Pair):
    def stick(self, path, megabytes):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as image:
            image.truncate(megabytes << 20)
        subprocess.run(["mkfs.vfat", "-F", "32", "-n", "PARCEL", path], check=True, stdout=subprocess.DEVNULL)

    def disk(self, script, modules, *trees):
        programs = [os.path.abspath(COURIER), os.path.abspath(tool("room"))]
        names = {"tools": ":".join(os.path.dirname(program) for program in programs), "share": os.path.abspath("share")}
        text = script.replace("%(tools)s", names["tools"]).replace("%(share)s", names["share"])
        guest.memory_disk("disk.gz", text, [*modules, *STORAGE], programs=programs,
                          trees=[("A", "/A"), ("B", "/B"), ("share", "/share"), *trees])

    def test_a_stick_pulled_out_in_the_middle_and_put_in_again(self):
        write("src/data", noise(24_000_000, 1))
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE")
        self.at("B", "site", "set", "dp.reserve=0")  # the guest has little room
        self.stick("stick.img", 5 << 10)
        self.disk(PULLED, ["xhci_pci"])
        stick = {"driver": "usb-storage", "id": "stick", "drive": "slow", "bus": "xhci.0", "serial": "STICK001",
                 "removable": True}
        with guest.Guest("disk.gz", "-machine", "q35", "-device", "qemu-xhci,id=xhci",
                         "-object", "throttle-group,id=limit,x-bps-total=6000000",
                         "-blockdev", "driver=raw,node-name=image,file.driver=file,file.filename=stick.img",
                         "-blockdev", "driver=throttle,node-name=slow,throttle-group=limit,file=image") as machine:
            machine.order("device_add", **stick)
            for name in ("write-pulled", "receive-pulled"):
                machine.wait_for("PULL " + name)
                machine.order("device_del", id="stick")
                machine.wait_for("PLUG " + name)
                machine.order("device_add", **stick)
            said = machine.until_end()
        self.assertIn("ALL-DONE", said)
        parts = guest.parts(said)
        # The largest file of FAT32, less what is kept back: nobody said that it is one.
        self.assertEqual(parts["room"], (0, "%d\n" % (2**32 - 1 - 65536)), said)
        self.assertEqual(parts["write-pulled"][0], 11, said)
        self.assertIn("PUN-PSE-000001.pcl", parts["write-pulled"][1])
        self.assertIn("nothing was lost", parts["write-pulled"][1])
        self.assertNotIn("PUN-PSE-000001.pcl", parts["left"][1].split(), said)
        self.assertEqual(parts["write-again"][0], 0, said)
        self.assertIn("copy written and read back: /mnt/stick/PUN-PSE-000001.pcl", parts["write-again"][1])
        self.assertEqual(parts["verify"][0], 0, said)
        self.assertIn(parts["receive-pulled"][0], (5, 11), said)
        self.assertIn("nothing was lost", parts["receive-pulled"][1])
        self.assertEqual(parts["receive-again"][0], 0, said)
        self.assertIn("Installed", parts["status"][1], said)
        self.assertIn("46f4:0001:STICK001", parts["copies"][1], said)

    def gadget(self, script, *more):
        """What the guest ran with a gadget of these modules besides."""
        self.created()
        self.stick("stick/stick.img", 64)
        self.disk(script, ["configfs", "dummy_hcd", "libcomposite", "usb_f_mass_storage", *more], ("stick", "/stick"))
        said = guest.run("disk.gz", "-machine", "q35")
        self.assertIn("ALL-DONE", said)
        return said, guest.parts(said)

    def test_the_kernel_is_told_of_a_cache_that_it_does_not_know_of(self):
        said, parts = self.gadget(CACHE)
        self.assertEqual(parts["before"], (0, "write through\n"), said)
        self.assertEqual(parts["write"][0], 0, said)
        self.assertEqual(parts["after"], (0, "write back\n"), said)
        self.assertEqual(parts["again"][0], 0, said)
        self.assertEqual(parts["ordinary"], (0, "write through\n"), said)

    def test_a_stick_that_is_a_keyboard_too_is_refused_by_its_name(self):
        said, parts = self.gadget(KEYBOARD, "usb_f_hid", "usbhid", "hid_generic")
        self.assertEqual(sorted(set(parts["kinds"][1].split()) & {"03", "08"}), ["03", "08"], said)
        for name in ("identify", "receive", "raw", "write"):
            self.assertEqual(parts[name][0], 3, said)
            self.assertIn("USB device 0951:1666:EVIL01 (Kingston DataTraveler 3.0): it is not only a drive but also "
                          "a keyboard (class 03/01/01)", parts[name][1])
            self.assertIn("nothing was lost", parts[name][1])
            self.assertEqual("its content was not looked at" in parts[name][1], name != "write")
        self.assertEqual(parts["left"][1], "", said)
        self.assertEqual(parts["allowed"][0], 0, said)


if __name__ == "__main__":
    main()
