"""A guest: the distribution's kernel in QEMU (emulated, no rights needed), with the program in its memory disk.

For what the machine that runs the tests has no kernel for: tape drives, optical drives, USB. The kernel is fetched once
with apt-get and kept in COURIER_GUEST_KERNEL, or ~/.cache/courier-guest.
"""
import glob
import os
import shutil
import subprocess
import tempfile

CACHE = os.environ.get("COURIER_GUEST_KERNEL") or os.path.expanduser("~/.cache/courier-guest")


def kernel():
    """The folder with the unpacked kernel: boot/vmlinuz-*, lib/modules/VERSION."""
    if not glob.glob(CACHE + "/k/boot/vmlinuz-*"):
        os.makedirs(CACHE, exist_ok=True)
        depends = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], check=True, stdout=subprocess.PIPE)
        # The plain kernel: the one for clouds has no USB.
        package = [line.split()[-1] for line in depends.stdout.decode().splitlines() if "Depends:" in line][0]
        subprocess.run(["apt-get", "download", package], cwd=CACHE, check=True, stdout=subprocess.DEVNULL)
        archive = glob.glob("%s/%s_*.deb" % (CACHE, package))[0]
        subprocess.run(["dpkg", "-x", archive, CACHE + "/unpacked"], check=True)
        os.unlink(archive)
        version = os.listdir(CACHE + "/unpacked/lib/modules")[0]
        subprocess.run(["depmod", "-b", CACHE + "/unpacked", version], check=True)
        os.rename(CACHE + "/unpacked", CACHE + "/k")
    return CACHE + "/k"


def _copy_program(program, root):
    target = root + program
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(os.path.realpath(program), target)
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
    commands; trees: (folder here, folder there)."""
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


def run(disk, *options, memory=1024, timeout=400):
    """Runs the guest until it powers off; what it said on its console."""
    done = subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", str(memory), "-smp", "1", "-nographic",
         "-no-reboot", "-nic", "none", "-kernel", glob.glob(kernel() + "/boot/vmlinuz-*")[0], "-initrd", disk,
         "-append", "console=ttyS0 quiet panic=-1", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
    return done.stdout.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
