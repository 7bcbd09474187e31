#include "media/xorriso.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "media/disc_medium.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::error_of;

VolumeBytes in_memory(const Bytes& content) {
  return {content.size(), [&content](std::uint64_t offset, MutableByteView out) {
            const auto at = std::min<std::size_t>(offset, content.size());
            const std::size_t n = std::min(out.size(), content.size() - at);
            std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
            return n;
          }};
}

TEST(XorrisoDialogue, ReadsMediaProgressAndProblemsInPiecesOfAnySize) {
  const std::string text =
      "xorriso 1.5.4 : RockRidge filesystem manipulator, libburnia project.\n"
      "I:1: Media current: DVD-R sequential recording\n"
      "I:1: Media status : is blank\n"
      "R:1: Media blocks : 0 readable , 2297888 writable , 2297888 overall\n"
      "I:1: xorriso : UPDATE :    3 of  953 MB written (fifo 99%) [buf  50%]\n"
      "I:1: xorriso : UPDATE :  123 of  953 MB written (fifo  0%) [buf  50%]  56.7x.\n"
      "I:1: xorriso : NOTE : harmless\n"
      "I:1: libburn : SORRY : a \x1b[31mred text\n"
      "I:1: xorriso : FAILURE : the last\n";
  for (const std::size_t step : {1u, 7u, 4000u}) {
    XorrisoDialogue dialogue;
    for (std::size_t at = 0; at < text.size(); at += step) {
      dialogue.feed(as_bytes(std::string_view(text).substr(at, step)));
    }
    EXPECT_EQ(dialogue.disc().medium, "DVD-R sequential recording");
    EXPECT_TRUE(dialogue.disc().is_blank);
    EXPECT_EQ(dialogue.disc().writable_bytes, 2297888ull * 2048);
    EXPECT_EQ(dialogue.bytes_written(), 123u << 20);
    EXPECT_EQ(dialogue.problems(), (std::vector<std::string>{"a \\x1b[31mred text", "the last"}));
  }
}

TEST(XorrisoDialogue, KeepsNoMoreThanItsBounds) {
  XorrisoDialogue dialogue;
  for (int i = 0; i < 100; ++i) {
    dialogue.feed(as_bytes("I:1: xorriso : FAILURE : " + std::string(100'000, 'x') + "\n"));
  }
  EXPECT_EQ(dialogue.problems().size(), XorrisoDialogue::kMostProblems);
  EXPECT_LT(dialogue.problems()[0].size(), 5000u);
  dialogue.feed(
      as_bytes("I:1: xorriso : UPDATE : 99999999999999999999 of 3 MB written\n"
               "I:1: Media blocks : , , -1 writable ,,\nI:\n\n:1:\n"));
  EXPECT_EQ(dialogue.bytes_written(), 0u);
  EXPECT_EQ(dialogue.disc().writable_bytes, 0u);
}

TEST(DiscLabel, IsTheFileNameWithoutItsEnding) {
  EXPECT_EQ(disc_label("PUN-PSE-000012.v2.pcl"), "PUN_PSE_000012_V2");
  EXPECT_EQ(disc_label("PUN-PSE-000012.pcl"), "PUN_PSE_000012");
  EXPECT_EQ(disc_label(std::string(50, 'a')), std::string(32, 'A'));
}

// A program that stands in for xorriso.
class ScriptedXorriso : public testing::Test {
 protected:
  Xorriso says(const std::string& script) {
    test::write_text(folder_ / "xorriso", "#!/bin/sh\n" + script + "\n");
    ::chmod((folder_ / "xorriso").c_str(), 0755);
    return Xorriso(folder_ / "xorriso");
  }
  Error burn_error(const std::string& script) {
    const Bytes image(5 << 20, 1);
    return error_of([&] {
      DiscBurner burner =
          says(script).burn("/dev/sr0", image.size(), {"writing", "x", 0, 0, 0, 2}, {});
      burner.write(image);
      burner.finish();
    });
  }

  test::TempFolder folder_;
};

TEST_F(ScriptedXorriso, IsAskedForByNameWhenItIsMissing) {
  const Error error = error_of([&] { Xorriso("no-such-xorriso").disc("/dev/sr0"); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_EQ(std::string(error.what()),
            "program no-such-xorriso: cannot be started: no such file or directory (discs and ISO "
            "images are made with it)");
  EXPECT_EQ(error.hint(), "install the package xorriso, then run the same command");
}

TEST_F(ScriptedXorriso, HasItsFirstProblemInTheErrorAndSaysThatTheDiscIsSpoilt) {
  const Error error = burn_error(
      "cat > /dev/null\n"
      "echo 'I:1: libburn : FATAL : SCSI error on write(16,16): Power calibration area error'\n"
      "echo 'I:1: xorriso : FAILURE : libburn indicates failure with writing.'; exit 5");
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_EQ(error.what(),
            std::string("drive /dev/sr0: xorriso says: SCSI error on write(16,16): Power "
                        "calibration area error"));
  EXPECT_EQ(error.loss(), "the disc in it is spoilt; nothing else was lost");
  EXPECT_EQ(error.hint(), "take a new disc and run the same command");
}

TEST_F(ScriptedXorriso, MayEndWithoutReadingItsInput) {
  EXPECT_EQ(std::string(burn_error("exit 3").what()),
            "drive /dev/sr0: xorriso ended with status 3");
  EXPECT_EQ(std::string(burn_error("kill -9 $$").what()),
            "drive /dev/sr0: xorriso ended with status 137");
  EXPECT_EQ(burn_error("echo 'I:1: xorriso : FAILURE : Image size 4288s exceeds free space on "
                       "media 2016s'; exit 5")
                .exit_status(),
            6);
}

TEST_F(ScriptedXorriso, IsHeardWhileItTakesItsInput) {
  // More words than a pipe holds, before the first byte is taken.
  const Error error = burn_error(
      "i=0; while [ $i -lt 3000 ]; do echo 'I:1: a line of some fifty characters, again and "
      "again'; "
      "i=$((i+1)); done; cat > /dev/null; echo 'I:1: xorriso : FAILURE : done'; exit 5");
  EXPECT_EQ(std::string(error.what()), "drive /dev/sr0: xorriso says: done");
}

TEST_F(ScriptedXorriso, IsNotBelievedWhenItMakesAnotherImage) {
  const Bytes volume = test::parcel_like(100);
  const Error error =
      error_of([&] { says("head -c 100000 /dev/zero >&3").image(in_memory(volume), "a.pcl"); });
  EXPECT_EQ(std::string(error.what()),
            "the image that xorriso laid out: has no ISO 9660 file system");
}

// A disc in xorriso's pseudo-drive, which is a file.
class DiscTest : public testing::Test {
 protected:
  ProvedCopy write(FileSystem& fs, const Bytes& content,
                   const std::string& name = "PUN-PSE-000012.v2.pcl",
                   const ProgressSink& progress = {}) {
    return DiscMedium(fs, disc_, "stdio:" + disc_).write_proved(in_memory(content), name, progress);
  }

  test::TempFolder folder_;
  const std::string disc_ = folder_ / "disc";
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
};

TEST_F(DiscTest, IsBurntOnceAndReadWithoutMounting) {
  const Bytes content = test::parcel_like(9'000'000);
  std::vector<std::string> phases;
  const ProvedCopy copy =
      write(fs_, content, "PUN-PSE-000012.v2.pcl", [&](const ProgressEvent& event) {
        if (phases.empty() || phases.back() != event.phase) phases.push_back(event.phase);
        EXPECT_LE(event.done, event.total);
      });
  EXPECT_EQ(phases, (std::vector<std::string>{"writing", "flushing", "verifying"}));
  EXPECT_EQ(copy.digest, digest_of(DigestKind::file, content));
  EXPECT_EQ(copy.medium.label, "PUN_PSE_000012_V2");
  EXPECT_EQ(copy.path, disc_ + "/PUN-PSE-000012.v2.pcl");
  DiscMedium medium(fs_, disc_, "stdio:" + disc_);
  Bytes buffer(content.size());
  const ScanResult result = medium.scan(
      [&](OfferedVolume&& volume) { EXPECT_EQ(volume.bytes.read_at(0, buffer), content.size()); });
  EXPECT_EQ(result.found, 1u);
  EXPECT_EQ(buffer, content);

  EXPECT_TRUE(write(fs_, content).was_there);
  const Error error = error_of([&] { write(fs_, test::parcel_like(100)); });
  EXPECT_EQ(error.exit_status(), 9);
  EXPECT_EQ(error.hint(), "a disc is written once: insert a blank one and run the same command");
}

TEST_F(DiscTest, IsSpoiltWhenItGivesBackSomethingElse) {
  test::FaultyFileSystem faulty(fs_);
  faulty.flip_on_read(disc_, 1'000'000);
  const Error error = error_of([&] { write(faulty, test::parcel_like(2'000'000)); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_NE(std::string(error.what()).find("gave back something else than was written"),
            std::string::npos)
      << error.what();
  EXPECT_EQ(error.loss(), "the disc is spoilt; nothing else was lost");
}

TEST_F(DiscTest, IsReadBackByTheSameCommandWhenItsTrayStayedOut) {
  const Bytes content = test::parcel_like(100'000);
  test::FaultyFileSystem faulty(fs_);
  bool is_burnt = false;
  faulty.before_each([&](const std::string& call, const std::string& path) {
    if (is_burnt && call == "open" && path == disc_) {
      throw system_error(ENOMEDIUM, path, "cannot open it");
    }
  });
  const Error error = error_of([&] {
    write(faulty, content, "a.pcl",
          [&](const ProgressEvent& event) { is_burnt = event.phase == "flushing"; });
  });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_NE(error.happened().find("is written and closed, but cannot be read back: "),
            std::string::npos)
      << error.happened();
  EXPECT_EQ(error.loss(), "nothing was lost");
  EXPECT_TRUE(write(fs_, content, "a.pcl").was_there);
}

TEST_F(DiscTest, SaysWhenThereIsNoDrive) {
  const Error error =
      error_of([&] { DiscMedium(fs_, folder_ / "none", folder_ / "none").scan({}); });
  EXPECT_EQ(error.hint(), "check that the drive is there and a disc is in it");
}

}  // namespace
}  // namespace courier
