"""A guest: the distribution's kernel in QEMU (emulated, no rights needed), with the program in its memory disk.

For what the machine that runs the tests has no kernel for: tape drives, optical drives, USB. The kernel is fetched once
with apt-get and kept in COURIER_GUEST_KERNEL, or ~/.cache/courier-guest; so is udev, which is not to run on this machine.
"""
import glob
import json
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import time

CACHE = os.environ.get("COURIER_GUEST_KERNEL") or os.path.expanduser("~/.cache/courier-guest")


def _unpack(package, folder):
    os.makedirs(CACHE, exist_ok=True)
    subprocess.run(["apt-get", "download", package], cwd=CACHE, check=True, stdout=subprocess.DEVNULL)
    archive = glob.glob("%s/%s_*.deb" % (CACHE, package))[0]
    subprocess.run(["dpkg", "-x", archive, folder], check=True)
    os.unlink(archive)


def kernel():
    """The folder with the unpacked kernel: boot/vmlinuz-*, lib/modules/VERSION."""
    if not glob.glob(CACHE + "/k/boot/vmlinuz-*"):
        depends = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], check=True, stdout=subprocess.PIPE)
        # The plain kernel: the one for clouds has no USB.
        package = [line.split()[-1] for line in depends.stdout.decode().splitlines() if "Depends:" in line][0]
        _unpack(package, CACHE + "/unpacked")
        version = os.listdir(CACHE + "/unpacked/lib/modules")[0]
        subprocess.run(["depmod", "-b", CACHE + "/unpacked", version], check=True)
        os.rename(CACHE + "/unpacked", CACHE + "/k")
    return CACHE + "/k"


# What a script begins with: the programs of %(tools)s, the share at the path %(share)s that the site knows, and `run`,
# which gives a command's output a name.
BEGIN = """
PATH=$PATH:%(tools)s
mkdir -p %(share)s
cp -a /share/. %(share)s/
run() { echo "BEGIN $1"; shift; "$@" 2>&1; echo "STATUS $?"; }
"""

# Starts udev, and waits until it has looked at what is there.
START_UDEV = """
mount -t tmpfs tmpfs /run
/bin/systemd-udevd --daemon
udevadm trigger --action=add
udevadm settle
"""


def udev():
    """What a memory disk needs for START_UDEV: (programs, trees)."""
    unpacked = CACHE + "/udev"
    if not os.path.isdir(unpacked):
        _unpack("udev", unpacked + "-unpacked")
        os.rename(unpacked + "-unpacked", unpacked)
    return ([(unpacked + "/bin/udevadm", "/bin/udevadm"), (unpacked + "/bin/udevadm", "/bin/systemd-udevd"),
             (unpacked + "/lib/udev/cdrom_id", "/lib/udev/cdrom_id")],
            [(unpacked + "/lib/udev/rules.d", "/lib/udev/rules.d")])


def _copy_program(program, root):
    program, there = program if isinstance(program, tuple) else (program, program)
    target = root + there
    os.makedirs(os.path.dirname(target), exist_ok=True)
    # Stripped: what lies in the memory disk is not free for the site's share, which keeps a reserve.
    subprocess.run(["strip", "-o", target, os.path.realpath(program)], check=True)
    libraries = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True).stdout.decode()
    for word in libraries.split():
        if word.startswith("/") and not os.path.exists(root + word):
            os.makedirs(os.path.dirname(root + word), exist_ok=True)
            shutil.copy2(os.path.realpath(word), root + word)


def _copy_modules(modules, root):
    tree = kernel()
    version = os.listdir(tree + "/lib/modules")[0]
    files = set()
    for module in modules:
        shown = subprocess.run(["modprobe", "-d", tree, "-S", version, "--show-depends", module], check=True,
                               stdout=subprocess.PIPE).stdout.decode()
        files.update(line.split()[1] for line in shown.splitlines() if line.startswith("insmod"))
    folder = "/lib/modules/" + version
    for file in files:
        inner = file[file.index(folder):]
        os.makedirs(os.path.dirname(root + inner), exist_ok=True)
        shutil.copy(file, root + inner)
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copy(tree + folder + "/" + name, root + folder)
    subprocess.run(["depmod", "-b", root, version], check=True)


def memory_disk(out, script, modules, programs=(), trees=()):
    """Makes the guest's memory disk. script: what its first process runs behind the mounts and modules, with busybox's
    commands; programs: each where it is here, or (here, there); trees: (folder here, folder there)."""
    with tempfile.TemporaryDirectory() as root:
        for folder in ("bin", "sbin", "lib", "lib64", "proc", "sys", "dev", "mnt", "tmp", "etc", "run", "root"):
            os.mkdir(root + "/" + folder)
        shutil.copy("/bin/busybox", root + "/bin/busybox")
        for name in subprocess.run(["busybox", "--list"], check=True, stdout=subprocess.PIPE).stdout.decode().split():
            if name != "busybox":
                os.symlink("busybox", root + "/bin/" + name)
        for program in programs:
            _copy_program(program, root)
        for here, there in trees:
            shutil.copytree(here, root + there, symlinks=True)
        _copy_modules(modules, root)
        with open(root + "/init", "w") as init:
            init.write("#!/bin/sh\nmount -t proc proc /proc\nmount -t sysfs sysfs /sys\n"
                       "mount -t devtmpfs devtmpfs /dev\nexport LC_ALL=C.UTF-8 PATH=/bin:/sbin:/usr/bin HOME=/root\n"
                       + "".join("modprobe %s || echo no %s\n" % (module, module) for module in modules)
                       + script + "\npoweroff -f\n")
        os.chmod(root + "/init", 0o755)
        names = subprocess.run(["find", ".", "-print0"], cwd=root, check=True, stdout=subprocess.PIPE).stdout
        with open(out, "wb") as disk:
            cpio = subprocess.run(["cpio", "--null", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, check=True,
                                  stdout=subprocess.PIPE)
            subprocess.run(["gzip", "-1"], input=cpio.stdout, check=True, stdout=disk)


def _command(disk, *options, memory):
    return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", str(memory), "-smp", "1", "-nographic",
            "-no-reboot", "-nic", "none", "-kernel", glob.glob(kernel() + "/boot/vmlinuz-*")[0], "-initrd", disk,
            "-append", "console=ttyS0 quiet panic=-1", *options]


def _text(said):
    return said.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def run(disk, *options, memory=1536, timeout=400):
    """Runs the guest until it powers off; what it said on its console."""
    return _text(subprocess.run(_command(disk, *options, memory=memory), stdin=subprocess.DEVNULL, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout).stdout)


def parts(said):
    """{name: (status, text)} of what the guest ran between lines "BEGIN name" and "STATUS number"."""
    found = {}
    for part in said.split("BEGIN ")[1:]:
        name, text = part.split("\n", 1)
        text, status = text.split("STATUS ", 1)
        found[name] = (int(status.split()[0]), text)
    return found


class Guest:
    """A guest to which things are done from outside while it runs: `with Guest(...) as guest`."""

    def __init__(self, disk, *options, memory=1536, timeout=400):
        self.deadline, self.said = time.monotonic() + timeout, b""
        control = os.path.abspath("control")
        self.process = subprocess.Popen(
            [*_command(disk, *options, memory=memory), "-qmp", "unix:%s,server=on,wait=off" % control],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.ready = selectors.DefaultSelector()
        self.ready.register(self.process.stdout, selectors.EVENT_READ)
        self.control = socket.socket(socket.AF_UNIX)
        self.answers, self.deleted = None, set()
        self.path = control

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def _hear(self):
        """More of what it says; False at its end."""
        if not self.ready.select(max(0, self.deadline - time.monotonic())):
            raise TimeoutError(_text(self.said))
        more = os.read(self.process.stdout.fileno(), 65536)
        self.said += more
        return bool(more)

    def wait_for(self, line):
        while (line + "\n").encode() not in self.said.replace(b"\r\n", b"\n"):
            if not self._hear():
                raise AssertionError("it never said %r\n%s" % (line, _text(self.said)))

    def order(self, command, **arguments):
        """An order to QEMU: device_add, device_del."""
        if self.answers is None:
            while self.process.poll() is None and not os.path.exists(self.path):
                time.sleep(0.05)
            self.control.connect(self.path)
            self.answers = self.control.makefile("r")
            self.answers.readline()
            self.order("qmp_capabilities")
        self.control.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self.answers.readline())
            if "error" in answer:
                raise AssertionError("%s: %s" % (command, answer["error"]))
            if answer.get("event") == "DEVICE_DELETED":
                self.deleted.add(answer["data"].get("device"))
            if "return" in answer:
                return

    def wait_for_deleted(self, device):
        """Until QEMU has let go of what device_del took out, so that its image can be plugged in again."""
        while device not in self.deleted:
            answer = json.loads(self.answers.readline())
            if answer.get("event") == "DEVICE_DELETED":
                self.deleted.add(answer["data"].get("device"))

    def until_end(self):
        """What it said on its console in all."""
        while self._hear():
            pass
        return _text(self.said)
