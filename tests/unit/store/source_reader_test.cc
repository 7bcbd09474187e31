// Sources that change, vanish or cannot be read while a snapshot is taken.
#include "store/source_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;
using ::testing::HasSubstr;

class Source : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(source_ + "/sub");
    test::write_file(source_ + "/file", "the content of a file");
    test::write_file(source_ + "/sub/inner", "more");
  }
  // Does something, once or each time, just before the file is read.
  void before_reading(const std::string& name, bool once, const std::function<void()>& change) {
    faulty_.before_each([=, done = std::make_shared<bool>(false)](const std::string& call,
                                                                  const std::string& path) {
      if (call != "pread" || !path.ends_with("/" + name) || (once && *done)) return;
      *done = true;
      change();
    });
  }

  test::TempFolder temp_;
  PosixFileSystem real_;
  test::FaultyFileSystem faulty_{real_};
  Store store_ = Store::open(faulty_, temp_ / "store", Store::Access::write);
  const std::string source_ = temp_ / "source";
};

TEST_F(Source, ThatChangesOnceIsReadAgain) {
  int times = 0;
  before_reading("file", true, [&] {
    ++times;
    test::write_file(source_ + "/file", "other content, and longer than before");
  });
  const auto result = store_.snapshot(source_);
  EXPECT_EQ(times, 1);
  const auto entry = store_.find(result.root, SafePath::parse("file"));
  ASSERT_TRUE(entry);
  Bytes content(100);
  content.resize(store_.open_file(*entry)->read(content));
  EXPECT_EQ(to_string(content), "other content, and longer than before");
}

TEST_F(Source, ThatKeepsChangingIsNamed) {
  std::int64_t seconds = 1'000;
  before_reading("file", false, [&] { test::set_times(source_ + "/file", ++seconds, 0); });
  const Error error = error_of([&] { store_.snapshot(source_); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_EQ(error.subject(), source_ + "/file");
  EXPECT_EQ(error.happened(), "this file changed while it was read");
  EXPECT_EQ(error.hint(), "run the same command again when nothing writes to it");
}

TEST_F(Source, ThatGetsAnotherEntryIsNamed) {
  before_reading("inner", true, [&] { test::write_file(source_ + "/sub/new", "x"); });
  const Error error = error_of([&] { store_.snapshot(source_); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_EQ(error.subject(), source_ + "/sub");
}

TEST_F(Source, ThatLosesAnEntryIsNamed) {
  test::write_file(source_ + "/later", "x");
  before_reading("file", true, [&] { std::filesystem::remove(source_ + "/later"); });
  const Error error = error_of([&] { store_.snapshot(source_); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_EQ(error.subject(), source_ + "/later");
}

TEST_F(Source, WithUnreadableFilesNamesThemAllAndMakesNothing) {
  test::write_file(source_ + "/zebra", "z");
  faulty_.fail_reads("source/file", 0, EIO);
  faulty_.fail_reads("source/zebra", 0, EIO);
  const Error error = error_of([&] { store_.snapshot(source_); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_EQ(error.subject(), source_);
  // The second was not read any more: it opens, so it is not known to be bad.
  EXPECT_THAT(error.happened(), HasSubstr("1 of its entries cannot be read: file ("));
  EXPECT_EQ(store_.stats().roots, 0u);
}

TEST_F(Source, WithUnreadableFilesIsTakenWithoutThemWhenAsked) {
  faulty_.fail_reads("source/file", 0, EIO);
  SnapshotOptions options;
  options.skip_unreadable = true;
  const auto result = store_.snapshot(source_, options);
  EXPECT_EQ(result.unreadable_count, 1u);
  EXPECT_EQ(result.unreadable.at(0).path, "file");
  EXPECT_EQ(result.totals.files, 1u);
  EXPECT_FALSE(store_.find(result.root, SafePath::parse("file")));
  EXPECT_TRUE(store_.find(result.root, SafePath::parse("sub/inner")));
}

TEST_F(Source, IsReadWholeThoughReadsComeShortOfIt) {
  std::mt19937_64 random(1);
  const Bytes content = test::random_bytes(random, 3 * kBatchCapacity + 12'345);
  test::write_file(source_ + "/large", content);
  std::vector<SourceBatch> batches;
  SourceReader reader(faulty_, false, [&](SourceBatch b) { batches.push_back(std::move(b)); });
  reader.run(source_);
  Bytes read;
  int depth = 0;
  for (const auto& batch : batches) {
    EXPECT_LE(batch.size, kBatchCapacity);
    for (const auto& step : batch.steps) {
      if (const auto* piece = std::get_if<Piece>(&step)) {
        EXPECT_LE(piece->size, kMaxChunk);
        const std::uint8_t* at = batch.data.get() + piece->offset;
        read.insert(read.end(), at, at + piece->size);
      } else if (const auto* file = std::get_if<FileDone>(&step)) {
        if (file->entry.name == "large") {
          EXPECT_TRUE(std::equal(content.begin(), content.end(), read.end() - content.size()));
        }
      }
      depth += std::holds_alternative<FolderBegin>(step);
      depth -= std::holds_alternative<FolderDone>(step);
    }
  }
  EXPECT_EQ(depth, 0);
}

TEST_F(Source, ThatIsAStreamIsReadToItsEndHoweverItComes) {
  std::mt19937_64 random(2);
  const Bytes content = test::random_bytes(random, 2 * kBatchCapacity + 777);
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const Fd in(ends[0]);
  std::thread writer([&, out = Fd(ends[1])] {
    for (std::size_t at = 0; at < content.size();) {  // in pieces of no round size
      const std::size_t size = std::min<std::size_t>(30'011, content.size() - at);
      at += static_cast<std::size_t>(::write(out.get(), content.data() + at, size));
    }
  });
  const auto result = store_.snapshot(in, {"disc.img", 1'000, 5});
  writer.join();
  EXPECT_EQ(result.totals.files, 1u);
  const auto entry = store_.find(result.root, SafePath::parse("disc.img"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->mode, 0644);
  EXPECT_EQ(entry->mtime, 1'000);
  Bytes read(content.size() + 1);
  read.resize(store_.open_file(*entry)->read(read));
  EXPECT_EQ(read, content);
}

TEST_F(Source, ThatIsAStreamIsCutAsTheSameFileIs) {
  std::mt19937_64 random(3);
  test::write_file(source_ + "/large", test::random_bytes(random, 3'000'000));
  store_.snapshot(source_);
  const Fd in = real_.open(source_ + "/large", O_RDONLY, 0);
  // The file's list is there; the folder and the root are other objects.
  EXPECT_EQ(store_.snapshot(in, {"other", 0, 0}).new_objects, 2u);
}

TEST_F(Source, ThatIsAStreamThatFailsMakesNothing) {
  const Fd folder = real_.open(source_, O_RDONLY | O_DIRECTORY, 0);
  EXPECT_EQ(error_of([&] { store_.snapshot(folder, {"x", 0, 0}); }).code(), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { store_.snapshot(folder, {"a/b", 0, 0}); }).code(), ErrorCode::damaged);
  EXPECT_EQ(store_.stats().roots, 0u);
}

TEST_F(Source, IsNotFollowedThroughItsLinks) {
  std::filesystem::create_directory(temp_ / "outside");
  test::write_file(temp_ / "outside/secret", "secret");
  std::filesystem::create_symlink(temp_ / "outside", source_ + "/way");
  const auto result = store_.snapshot(source_);
  EXPECT_EQ(result.totals.symlinks, 1u);
  EXPECT_EQ(store_.find(result.root, SafePath::parse("way"))->target, temp_ / "outside");
  EXPECT_FALSE(store_.find(result.root, SafePath::parse("way/secret")));
}

TEST_F(Source, TellsItsBytesForProgress) {
  EXPECT_EQ(count_source_bytes(faulty_, source_), 25u);
  EXPECT_EQ(count_source_bytes(faulty_, source_ + "/file"), 21u);
  std::vector<ProgressEvent> events;
  SnapshotOptions options;
  options.progress = [&](const ProgressEvent& event) { events.push_back(event); };
  store_.snapshot(source_, options);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().done, 25u);
  EXPECT_EQ(events.back().total, 25u);
}

}  // namespace
}  // namespace courier
