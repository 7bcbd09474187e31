#include "signer/passphrase.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  void put(std::string_view text) {
    EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  int ends[2];
};

// Both ends of a terminal: what is put comes as if it were typed.
struct Terminal {
  Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_GE(master, 0);
    EXPECT_EQ(::grantpt(master), 0);
    EXPECT_EQ(::unlockpt(master), 0);
    slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(slave, 0);
  }
  ~Terminal() {
    ::close(slave);
    ::close(master);
  }
  // Types once the prompt is there: what is typed before is thrown away.
  template <typename Read>
  std::string type(std::string_view keys, Read read) {
    std::jthread typist([&] {
      shown.clear();
      char c = 0;
      while (shown.find(": ") == std::string::npos && ::read(master, &c, 1) == 1) shown += c;
      EXPECT_EQ(::write(master, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    });
    return to_string(read().view());
  }
  bool echoes() const {
    termios now{};
    EXPECT_EQ(::tcgetattr(slave, &now), 0);
    return (now.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON | ISIG);
  }
  int master, slave = -1;
  std::string shown;
};

std::string from_file(const TempFolder& folder, std::string_view content) {
  PosixFileSystem fs;
  write_text(folder / "pass", content);
  return to_string(read_passphrase_from_file(fs, folder / "pass").view());
}

TEST(PassphraseFile, IsOneLineWithoutItsEnd) {
  const TempFolder folder;
  EXPECT_EQ(from_file(folder, "open sesame\n"), "open sesame");
  EXPECT_EQ(from_file(folder, "open sesame"), "open sesame");
  EXPECT_EQ(from_file(folder, "open sesame\r\n"), "open sesame");
  EXPECT_EQ(from_file(folder, "  å \t\n"), "  å \t");
  EXPECT_EQ(from_file(folder, std::string(1024, 'x') + "\n").size(), 1024u);
}

TEST(PassphraseFile, ThatIsEmptyLongOrOfManyLinesIsRefused) {
  const TempFolder folder;
  const auto what = [&](const std::string& content) {
    const Error e = error_of([&] { from_file(folder, content); });
    EXPECT_EQ(e.code(), ErrorCode::usage);
    EXPECT_EQ(e.subject(), "passphrase file " + (folder / "pass"));
    return e.happened();
  };
  EXPECT_EQ(what(""), "is empty");
  EXPECT_EQ(what("\n"), "is empty");
  EXPECT_EQ(what("\r\n"), "is empty");
  EXPECT_EQ(what("one\ntwo\n"), "has more than one line");
  EXPECT_EQ(what(std::string(1025, 'x')), "is longer than 1024 bytes");
  EXPECT_EQ(what(std::string(5000, 'x')), "is longer than 1024 bytes");
}

// A secret must not get into a message.
TEST(PassphraseFile, IsNeverShownInAnError) {
  const TempFolder folder;
  const Error e = error_of([&] { from_file(folder, "hidden\nhidden too\n"); });
  EXPECT_EQ((std::string(e.what()) + e.hint() + e.loss()).find("hidden"), std::string::npos);
}

TEST(PassphraseFile, ThatIsNotThereIsNamed) {
  PosixFileSystem fs;
  EXPECT_EQ(error_of([&] { read_passphrase_from_file(fs, "/nowhere/pass"); }).code(),
            ErrorCode::not_found);
}

TEST(PassphraseDescriptor, GivesOneLineAndStaysOpen) {
  Pipe pipe;
  pipe.put("open sesame\nnext");
  EXPECT_EQ(to_string(read_passphrase_from_descriptor(pipe.ends[0]).view()), "open sesame");
  char rest[4];
  EXPECT_EQ(::read(pipe.ends[0], rest, 4), 4);
}

TEST(PassphraseDescriptor, ThatIsNotOpenIsADeviceError) {
  EXPECT_EQ(error_of([] { read_passphrase_from_descriptor(9999); }).code(), ErrorCode::device);
}

TEST(PassphraseTerminal, ReadsWithoutEchoAndLeavesItAsItWas) {
  Terminal terminal;
  ASSERT_TRUE(terminal.echoes());
  EXPECT_EQ(
      terminal.type("open sesame\n",
                    [&] { return read_passphrase_from_terminal(terminal.slave, "passphrase: "); }),
      "open sesame");
  EXPECT_TRUE(terminal.echoes());
  // Nothing typed was shown: only the line end.
  char shown[64];
  const ssize_t n = ::read(terminal.master, shown, sizeof shown);
  ASSERT_GT(n, 0);
  EXPECT_EQ(std::string(shown, static_cast<std::size_t>(n)), "\r\n");
}

TEST(PassphraseTerminal, LetsOneCorrectWhatWasTyped) {
  Terminal terminal;
  const auto read = [&] { return read_passphrase_from_terminal(terminal.slave, "p: "); };
  EXPECT_EQ(terminal.type("wrong\025open såå\177\177esame\n", read), "open sesame");
  EXPECT_EQ(terminal.type("\177\177x\n", read), "x");
}

TEST(PassphraseTerminal, StopsAtCtrlCAndIsAsBefore) {
  Terminal terminal;
  for (const char* keys : {"ab\003", "\004", "\n"}) {
    const Error e = error_of([&] {
      terminal.type(keys, [&] { return read_passphrase_from_terminal(terminal.slave, "p: "); });
    });
    EXPECT_EQ(e.code(), ErrorCode::usage);
    EXPECT_TRUE(terminal.echoes());
  }
}

TEST(PassphraseTerminal, ThatIsNoneIsSaidSo) {
  Pipe pipe;
  EXPECT_EQ(error_of([&] { read_passphrase_from_terminal(pipe.ends[0], "p: "); }).code(),
            ErrorCode::device);
}

TEST(PassphraseSource, IsTheFileThenTheDescriptorThenNothing) {
  const TempFolder folder;
  PosixFileSystem fs;
  write_text(folder / "pass", "from the file\n");
  Pipe pipe;
  pipe.put("from the descriptor\n");
  const SiteCode pun = SiteCode::parse("PUN");
  PassphraseSource source;
  const Error e = error_of([&] { read_passphrase(fs, source, pun); });
  EXPECT_EQ(e.code(), ErrorCode::keys_locked);
  EXPECT_EQ(std::string(e.what()), "keys of site PUN: are locked with a passphrase");
  EXPECT_NE(e.hint().find("--passphrase-file"), std::string::npos);
  source.descriptor = pipe.ends[0];
  EXPECT_EQ(to_string(read_passphrase(fs, source, pun).view()), "from the descriptor");
  source.file = folder / "pass";
  EXPECT_EQ(to_string(read_passphrase(fs, source, pun).view()), "from the file");
}

}  // namespace
}  // namespace courier::test
