// What a child that an archive has taken over can do to whoever waits for it. The child here says
// what its archive holds, word by word, and then waits for ever.
#include "store/unpacker.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/confined_input.h"
#include "store/unpack_worker.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_workers.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using ::testing::HasSubstr;

const test::TestWorker kTakenOver{
    {unpack_worker().name, nullptr, [](const Fd& channel, std::vector<Fd> others) -> int {
       Bytes words(1u << 20);
       const ssize_t size = ::pread(others.at(0).get(), words.data(), words.size(), 0);
       write_answer(channel, ByteView(words).first(static_cast<std::size_t>(size)));
       for (;;) ::poll(nullptr, 0, -1);
     }}};

class Unpacker : public ::testing::Test {
 protected:
  void says(const ArchiveMessage& message) {
    const Bytes payload = encode(message);
    words_.u32(static_cast<std::uint32_t>(payload.size())).raw(payload);
  }
  void run() {
    test::write_file(temp_ / "archive", words_.view());
    std::filesystem::create_directory(temp_ / "into");
    const Fd into = fs_.open(temp_ / "into", O_RDONLY | O_DIRECTORY, 0);
    UnpackedTree tree(fs_, into, "archive", {});
    unpack(fs_, fs_.open(temp_ / "archive", O_RDONLY, 0), "archive", tree);
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  Encoder words_;
};

TEST_F(Unpacker, WaitsForNobodyWhoHasSaidAll) {
  ArchiveEntry file;
  file.name = "file";
  says(file);
  says(ArchiveData{0, as_bytes("content")});
  says(ArchiveEnd{});
  run();
  EXPECT_EQ(to_string(test::read_whole(temp_ / "into/file")), "content");
}

TEST_F(Unpacker, RefusesNonsenseAndSaysThatNoVersionWasMade) {
  const std::vector<std::pair<Bytes, std::string>> said = {
      {{9, 0, 0, 0}, "told nonsense"}, {{0xff, 0xff, 0xff, 0xff}, "told 4294967295 bytes"}};
  for (const auto& [bytes, happened] : said) {
    words_ = {};
    words_.raw(bytes).raw(Bytes(100));
    const Error error = test::error_of([&] { run(); });
    EXPECT_EQ(error.code(), ErrorCode::damaged);
    EXPECT_THAT(error.what(), HasSubstr(happened));
    EXPECT_THAT(error.loss(), HasSubstr("no package version was made"));
  }
}

TEST_F(Unpacker, RefusesContentBeforeAnEntry) {
  says(ArchiveData{0, as_bytes("content")});
  EXPECT_THAT(test::error_of([&] { run(); }).what(), HasSubstr("told of content before an entry"));
}

}  // namespace
}  // namespace courier
