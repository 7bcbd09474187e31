#include "signer/passphrase.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace courier {

namespace {

// Collects a line in wiped memory.
class Line {
 public:
  explicit Line(std::string subject) : subject_(std::move(subject)), buffer_(kMaxPassphraseSize) {}

  void add(std::uint8_t byte) {
    if (size_ == buffer_.size()) refuse(fmt::format("is longer than {} bytes", kMaxPassphraseSize));
    buffer_.bytes()[size_++] = byte;
  }
  void erase_character() {
    // A character of UTF-8 with all its bytes.
    while (size_ > 0 && (buffer_.bytes()[--size_] & 0xC0) == 0x80) {
    }
  }
  void clear() { size_ = 0; }
  Secret take() {
    if (size_ > 0 && buffer_.bytes()[size_ - 1] == '\r') --size_;
    if (size_ == 0) refuse("is empty");
    return Secret::copy_of(buffer_.view().first(size_));
  }
  [[noreturn]] void refuse(std::string what) const {
    throw Error(ErrorCode::usage, subject_, std::move(what))
        .with_hint(fmt::format("one line of 1 to {} bytes is wanted", kMaxPassphraseSize));
  }

 private:
  std::string subject_;
  Secret buffer_;
  std::size_t size_ = 0;
};

// Restores the terminal, whatever happens.
class WithoutEcho {
 public:
  WithoutEcho(int terminal, const std::string& subject) : terminal_(terminal) {
    if (::tcgetattr(terminal_, &before_) != 0) {
      throw system_error(errno, subject, "is no terminal to read from");
    }
    termios quiet = before_;
    // Byte by byte and without signals, so that Ctrl-C comes through here and the echo comes back.
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
    quiet.c_iflag |= ICRNL;
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (::tcsetattr(terminal_, TCSAFLUSH, &quiet) != 0) {
      throw system_error(errno, subject, "cannot turn the echo off");
    }
  }
  WithoutEcho(const WithoutEcho&) = delete;
  WithoutEcho& operator=(const WithoutEcho&) = delete;
  ~WithoutEcho() { ::tcsetattr(terminal_, TCSAFLUSH, &before_); }

 private:
  int terminal_;
  termios before_{};
};

void show(int terminal, std::string_view text) {
  // A prompt that cannot be shown is no reason to stop: the typing still counts.
  [[maybe_unused]] const ssize_t written = ::write(terminal, text.data(), text.size());
}

// One byte, or nullopt at the end.
std::optional<std::uint8_t> next_byte(int descriptor, const std::string& subject) {
  std::uint8_t byte = 0;
  for (;;) {
    const ssize_t n = ::read(descriptor, &byte, 1);
    if (n == 1) return byte;
    if (n == 0) return std::nullopt;
    if (errno != EINTR) throw system_error(errno, subject, "cannot be read");
  }
}

}  // namespace

Secret read_passphrase_from_file(FileSystem& fs, const std::string& path) {
  const std::string subject = "passphrase file " + path;
  const Fd fd = fs.open(path, O_RDONLY | O_CLOEXEC);
  // One byte more than a passphrase and its line end can take shows that there is more.
  Secret buffer(kMaxPassphraseSize + 3);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const std::size_t n = fs.read(fd, buffer.bytes().subspan(size));
    if (n == 0) break;
    size += n;
  }
  Line line(subject);
  for (std::size_t i = 0; i < size; ++i) {
    if (buffer.view()[i] == '\n') {
      if (i + 1 < size) line.refuse("has more than one line");
      break;
    }
    line.add(buffer.view()[i]);
  }
  return line.take();
}

Secret read_passphrase_from_descriptor(int descriptor) {
  const std::string subject = fmt::format("passphrase from descriptor {}", descriptor);
  Line line(subject);
  while (const std::optional<std::uint8_t> byte = next_byte(descriptor, subject)) {
    if (*byte == '\n') break;
    line.add(*byte);
  }
  return line.take();
}

Secret read_passphrase_from_terminal(int terminal, const std::string& prompt) {
  constexpr std::uint8_t kCtrlC = 3, kCtrlD = 4, kBackspace = 8, kCtrlU = 21, kDelete = 127;
  const std::string subject = "passphrase";
  const WithoutEcho quiet(terminal, subject);
  show(terminal, prompt);
  Line line(subject);
  try {
    for (;;) {
      const std::optional<std::uint8_t> byte = next_byte(terminal, subject);
      if (!byte || *byte == kCtrlC || *byte == kCtrlD) line.refuse("was not typed");
      if (*byte == '\n' || *byte == '\r') break;
      if (*byte == kBackspace || *byte == kDelete) {
        line.erase_character();
      } else if (*byte == kCtrlU) {
        line.clear();
      } else {
        line.add(*byte);
      }
    }
  } catch (const Error&) {
    show(terminal, "\n");
    throw;
  }
  show(terminal, "\n");
  return line.take();
}

Secret read_new_passphrase_from_terminal(int terminal) {
  Secret first = read_passphrase_from_terminal(terminal, "new passphrase: ");
  const Secret second = read_passphrase_from_terminal(terminal, "the same again: ");
  if (first.size() != second.size() ||
      ::sodium_memcmp(first.view().data(), second.view().data(), first.size()) != 0) {
    throw Error(ErrorCode::usage, "passphrase", "was typed in two different ways")
        .with_hint("run the same command and type it again");
  }
  return first;
}

Secret read_passphrase(FileSystem& fs, const PassphraseSource& source, const SiteCode& site) {
  if (!source.file.empty()) return read_passphrase_from_file(fs, source.file);
  if (source.descriptor >= 0) return read_passphrase_from_descriptor(source.descriptor);
  if (source.terminal >= 0) {
    return read_passphrase_from_terminal(source.terminal,
                                         fmt::format("passphrase of site {}: ", site.str()));
  }
  throw Error(ErrorCode::keys_locked, "keys of site " + site.str(), "are locked with a passphrase");
}

}  // namespace courier
