"""USB devices that are not there, for programs run under umockdev-run: descriptions of a stick as /sys, libusb and
udev show it. Bytes in hexadecimal are in capital letters: umockdev takes no others."""
import os
import struct

STORAGE, KEYBOARD, NETWORK = (0x08, 0x06, 0x50), (0x03, 0x01, 0x01), (0x02, 0x06, 0x00)


def descriptors(vendor, product, interfaces, device_class=0):
    """A device descriptor and its one configuration; interfaces: (class, subclass, protocol) each."""
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, device_class, 0, 0, 64, vendor, product, 0x0100, 1, 2, 3, 1)
    body = b"".join(bytes([9, 4, number, 0, 0, *kind, 0]) for number, kind in enumerate(interfaces))
    return device + struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), len(interfaces), 1, 0, 0x80, 250) + body


class Stick:
    """on: a folder or file whose file system lies, as it is told, on this stick."""

    def __init__(self, on=None, serial="GOOD01", interfaces=(STORAGE,), port="1-1", number=2, disk="sdy",
                 vendor=0x0951, product=0x1666, manufacturer="Kingston", name="DataTraveler 3.0", has_node=True,
                 numbers=None, other_slot=None, hub=None, cache=None, **properties):
        self.hub = hub      # (vendor, product) of the one that it is plugged into; None: none of its own
        self.cache = cache  # what the kernel believes of its cache, "write through"
        self.hub_folder = "/devices/pci0000:00/0000:00:14.0/usb1" + ("/1-4" if hub else "")
        self.folder = self.hub_folder + "/" + port
        self.port, self.number, self.disk, self.serial, self.interfaces = port, number, disk, serial, interfaces
        self.vendor, self.product, self.manufacturer, self.name = vendor, product, manufacturer, name
        # Of the disk. numbers: as given, where neither `on` is mounted yet nor any will do.
        self.numbers = numbers or (os.stat(on).st_dev if on else os.makedev(65, 128 + number))
        self.other_slot = other_slot  # the disk in another slot of the same reader
        self.has_node = has_node      # else its node is the one that this machine has
        self.properties = properties  # of the disk, as udev has them

    @property
    def block(self):
        return "{0}/{1}:1.0/host{2}/target{2}:0:0/{2}:0:0:0/block/{3}".format(self.folder, self.port, self.number, self.disk)

    @property
    def identity(self):
        return "%04x:%04x:%s" % (self.vendor, self.product, self.serial)

    def text(self):
        data = descriptors(self.vendor, self.product, self.interfaces).hex().upper()
        node = "bus/usb/001/%03d" % self.number
        rows = []
        if self.hub:
            rows += ["P: " + self.hub_folder, "E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device", "A: idVendor=%04x\\n" % self.hub[0],
                     "A: idProduct=%04x\\n" % self.hub[1], ""]
        rows += ["P: " + self.folder, "N: %s=%s" % (node, data), "E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device",
                "E: DEVNAME=/dev/" + node, "E: BUSNUM=001", "E: DEVNUM=%03d" % self.number, "E: MAJOR=189",
                "E: MINOR=%d" % (self.number - 1)]
        rows += ["A: %s=%s\\n" % pair for pair in (
            ("busnum", "1"), ("devnum", self.number), ("speed", "480"), ("idVendor", "%04x" % self.vendor),
            ("idProduct", "%04x" % self.product), ("bConfigurationValue", "1"), ("manufacturer", self.manufacturer),
            ("product", self.name), ("serial", self.serial)) if pair[1] != ""] + ["A: remove="]
        rows += ["H: descriptors=" + data, ""]
        for number, kind in enumerate(self.interfaces):
            rows += ["P: %s/%s:1.%d" % (self.folder, self.port, number), "E: DEVTYPE=usb_interface", "E: SUBSYSTEM=usb"]
            rows += ["A: bInterface%s=%02x\\n" % pair for pair in zip(("Class", "SubClass", "Protocol"), kind)] + [""]
        major, minor = os.major(self.numbers), os.minor(self.numbers)
        scsi = os.path.dirname(os.path.dirname(self.block))
        rows += ["P: " + scsi, "E: SUBSYSTEM=scsi", "A: delete=", ""]
        if self.cache:
            rows += ["P: %s/scsi_disk/%s" % (scsi, os.path.basename(scsi)), "E: SUBSYSTEM=scsi_disk",
                     "A: cache_type=%s\\n" % self.cache, ""]
        # A node by its own name would be the library's, which knows no calls of the kernel's drives.
        node = ["N: " + self.disk, "E: DEVNAME=/dev/" + self.disk] if self.has_node else ["E: DEVNAME=/dev/%s-here" % self.disk]
        rows += ["P: " + self.block] + node
        rows += ["L: device=../../../" + os.path.basename(scsi), "E: DEVTYPE=disk", "E: SUBSYSTEM=block",
                 "E: MAJOR=%d" % major, "E: MINOR=%d" % minor, "E: ID_BUS=usb"]
        rows += ["E: %s=%s" % pair for pair in self.properties.items()]
        rows += ["A: dev=%d:%d\\n" % (major, minor), "A: removable=1\\n", "A: size=131072\\n", "A: ro=0\\n", "", ""]
        if self.other_slot:
            rows[-1:] = ["P: %s:1/block/%s" % (scsi[:-2], self.other_slot),
                         "E: DEVTYPE=disk", "E: SUBSYSTEM=block", "E: MAJOR=65", "E: MINOR=250",
                         "E: DEVNAME=/dev/" + self.other_slot, "A: dev=65:250\\n", "A: removable=1\\n", "A: size=2048\\n", "", ""]
        return "\n".join(rows)


def keyboard_stick(on=None, **more):
    return Stick(on, serial="EVIL01", interfaces=(STORAGE, KEYBOARD), **more)


def describe(file, *sticks):
    with open(file, "w", encoding="utf-8") as out:
        out.write("".join(stick.text() for stick in sticks))


def plugged(*sticks):
    """The wrapper (courier_e2e.courier) with which a program sees these sticks. Writes plugged.umockdev."""
    describe("plugged.umockdev", *sticks)
    return ("umockdev-run", "--device", "plugged.umockdev", "--")
