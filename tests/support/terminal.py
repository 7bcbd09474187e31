"""A program on a terminal of its own: text is expected, keys are typed."""
import os
import pty
import select
import time

PATIENCE = 60


class Terminal:
    def __init__(self, command, environment):
        self.seen, self.at = "", 0
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)

    def read(self):
        ready, _, _ = select.select([self.descriptor], [], [], PATIENCE)
        try:
            data = os.read(self.descriptor, 4096) if ready else b""
        except OSError:  # the program is gone
            data = b""
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, text):
        """Waits for text behind what was expected before; returns what stands between."""
        until = time.monotonic() + PATIENCE
        while text not in self.seen[self.at:]:
            if time.monotonic() > until or not self.read():
                raise AssertionError("%r was not shown, but: %s" % (text, self.seen))
        between = self.seen[self.at:self.seen.index(text, self.at)]
        self.at += len(between) + len(text)
        return between

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def end(self):
        """Reads to the end and returns the exit status."""
        while self.read():
            pass
        return self.close()

    def close(self):
        os.close(self.descriptor)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)
