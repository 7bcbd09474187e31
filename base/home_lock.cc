#include "base/home_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.h"
#include "base/durable.h"
#include "base/error.h"

namespace courier {

HomeLock::HomeLock(FileSystem& fs, const std::string& home, const std::string& doing) {
  const Fd dir = open_dir(fs, home);
  fd_ = fs.open_at(dir, "courier.lock", O_RDWR | O_CREAT, 0600);
  while (::flock(fd_.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw system_error(errno, path_of(fd_), "cannot lock it");
    // The holder wrote who it is when it took the lock; the file's time says since when.
    Bytes text(512);
    text.resize(fs.pread(fd_, text, 0));
    const struct stat status = fs.stat(fd_);
    const Time since = from_seconds(status.st_mtim.tv_sec);
    throw Error(
        ErrorCode::busy, "home " + path_of(dir),
        fmt::format("another courier works on it: {} since {}",
                    text.empty() ? "just begun" : escaped(as_text(text)), local_time(since)));
  }
  try {
    fs.truncate(fd_, 0);
    fs.pwrite(fd_, as_bytes(fmt::format("process {}, {},", ::getpid(), doing)), 0);
  } catch (const Error& error) {
    // On a full disk the lock is held all the same, without a name: else gc could not make room.
    if (error.code() != ErrorCode::no_space) throw;
  }
}

}  // namespace courier
