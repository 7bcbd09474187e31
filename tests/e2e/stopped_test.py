"""Ctrl-C and SIGTERM: a command that is told to stop ends where that does no harm, says so in three parts, leaves
nothing half made behind, and goes on when it is run again. What people are told to run is run here as it is printed."""
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from courier_e2e import COURIER, ENVIRONMENT, CourierTest, execute, main, make_source, noise, tool, write  # noqa: E402
from terminal import Terminal  # noqa: E402

STEP = tool("step")
PARCEL = "PUN-PSE-000001"


def left_behind(folder):
    """Half-made files beneath a folder."""
    return [name for _, _, files in os.walk(folder) for name in files if name.startswith(".tmp-")]


class Stopped(CourierTest):
    def setUp(self):
        super().setUp()
        self.pun_and_pse()
        make_source("src", 2_000_000)

    def parcel(self):
        for number in range(3):
            write("p%d/data" % number, noise(300_000, number))
            self.at("A", "package", "add", "p%d" % number, "--id", "PUN0001%d" % number)
        self.at("A", "distribute", "PUN00010", "PUN00011", "PUN00012", "--to", "PSE")
        self.at("A", "parcel", "create", "--to", "PSE")

    def interrupted(self, home, arguments, folder, again=(0,)):
        """Ctrl-C at some steps of a command: it ends with its message, or did its work; the same command goes on."""
        counted = execute([STEP, "count", COURIER, "--home", home, *arguments])
        self.assertEqual(counted.status, 0, str(counted))
        count = int(counted.err.strip().splitlines()[-1].split()[1])
        subprocess.run("rm -rf A B share drive && cp -a kept/* .", shell=True, check=True)
        told = 0
        for step in sorted({1 + round(index * (count - 1) / 11) for index in range(12)}):
            with self.subTest(step="%d of %d" % (step, count)):
                result = execute([STEP, "interrupt", str(step), COURIER, "-q", "--home", home, *arguments])
                self.assertIn(result.status, (0, 130), str(result))
                if result.status == 130 and result.err:  # else it came before any work, or after it
                    told += 1
                    lines = result.err.splitlines()
                    self.assertEqual(len(lines), 3, str(result))
                    self.assertIn("was stopped by Ctrl-C (SIGINT)", lines[0])
                    self.assertIn("nothing was lost", lines[1])
                    self.assertEqual(left_behind(folder), [])
                self.assertIn(self.at(home, *arguments, status=None).status, again)
                subprocess.run("rm -rf A B share drive && cp -a kept/* .", shell=True, check=True)
        self.assertGreater(told, 0)

    def keep(self):
        os.makedirs("drive", exist_ok=True)
        subprocess.run("mkdir kept && cp -a A B share drive kept", shell=True, check=True)

    @unittest.skipUnless(platform.machine() == "x86_64", "the step tool is written for x86-64")
    def test_package_add_is_stopped(self):
        self.keep()
        self.interrupted("A", ("package", "add", "src", "--id", "PUN00020"), "A", (0, 9))

    @unittest.skipUnless(platform.machine() == "x86_64", "the step tool is written for x86-64")
    def test_parcel_create_is_stopped(self):
        self.at("A", "package", "add", "src", "--id", "PUN00020")
        self.at("A", "distribute", "PUN00020", "--to", "PSE")
        self.keep()
        self.interrupted("A", ("parcel", "create", "--to", "PSE", "--out", "drive"), "A", (0, 9))

    @unittest.skipUnless(platform.machine() == "x86_64", "the step tool is written for x86-64")
    def test_media_write_is_stopped(self):
        self.parcel()
        self.keep()
        self.interrupted("A", ("media", "write", PARCEL, "drive", "--volume-size", "400K"), "drive")

    @unittest.skipUnless(platform.machine() == "x86_64", "the step tool is written for x86-64")
    def test_receive_is_stopped(self):
        self.parcel()
        os.makedirs("drive", exist_ok=True)
        self.at("A", "media", "write", PARCEL, "drive", "--volume-size", "400K")
        self.keep()
        self.interrupted("B", ("receive", "drive", "--yes", "--return-to", "drive"), "drive")

    def test_at_a_terminal_the_progress_line_is_ended_and_a_pipe_that_broke_off_is_no_package(self):
        os.mkfifo("pipe")
        command = "cat pipe | %s --home A package add - --as image --id PUN00020" % shlex.quote(COURIER)
        terminal = Terminal(["sh", "-c", command], ENVIRONMENT)
        try:
            with open("pipe", "wb", buffering=0) as pipe:
                for _ in range(12):
                    pipe.write(noise(4 << 20, 1))
                terminal.expect("reading")
                # To the program at the other end of the pipe, too.
                terminal.type("\x03")
                between = terminal.expect("package add: was stopped by Ctrl-C (SIGINT)")
                self.assertTrue(between.endswith("\r\x1b[K"), repr(between[-80:]))
                terminal.expect("nothing was lost")
                terminal.expect("run the same command, and it goes on")
        finally:
            terminal.end()
        self.assertEqual(self.facts("A", "package", "list")["packages"], [])
        self.store_is_clean("A")

    def catches(self, pid, number):
        with open("/proc/%d/status" % pid, encoding="ascii") as status:
            caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status.read(), re.M).group(1)
        return int(caught, 16) >> (number - 1) & 1

    def test_sigterm_ends_it_with_its_own_status_and_the_error_as_json(self):
        program = subprocess.Popen([COURIER, "--home", "A", "--json", "package", "add", "-", "--as", "image"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        block = noise(4 << 20, 2)
        while not self.catches(program.pid, signal.SIGTERM):  # it is at work then
            program.stdin.write(block)
        program.send_signal(signal.SIGTERM)
        out, _ = program.communicate(block * 8)
        self.assertEqual(program.returncode, 143)
        self.assertIn('"code": "interrupted"', out.decode())
        self.assertIn('"exit_status": 143', out.decode())
        self.assertEqual(self.facts("A", "package", "list")["packages"], [])

    def test_what_is_advised_can_be_run_as_it_is_printed(self):
        os.rename("A", "the home's")
        self.at("the home's", "package", "add", "src", "--id", "PUN00020")
        self.at("the home's", "distribute", "PUN00020", "--to", "PSE")
        self.at("the home's", "parcel", "create", "--to", "PSE")
        os.makedirs("DIR")
        refused = self.courier("--home", "the home's", "parcel", "create", "--to", "PSE", status=9)
        advice = re.search(r"`courier ([^`]+)`", refused.err).group(1)
        self.assertTrue(advice.startswith("--home "), advice)
        self.courier(*shlex.split(advice))
        self.assertEqual(os.listdir("DIR"), [PARCEL + ".pcl"])

    def test_nothing_is_said_to_be_written_before_nothing_was(self):
        refused = self.at("A", "parcel", "create", "--to", "PSE", status=9)
        self.assertNotIn("writing", refused.err)


if __name__ == "__main__":
    main()
