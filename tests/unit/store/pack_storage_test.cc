// The contract that every PackStorage keeps, run against each of them.
#include "store/pack_storage.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/memory_pack_storage.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

struct FolderMaker {
  test::TempFolder temp;
  PosixFileSystem fs;
  std::unique_ptr<PackStorage> open() {
    return std::make_unique<FolderPackStorage>(fs, temp / "packs");
  }
};

struct MemoryMaker {
  test::MemoryPacks packs;
  std::unique_ptr<PackStorage> open() { return std::make_unique<test::MemoryPackStorage>(packs); }
};

template <typename Maker>
class PackStorageContract : public ::testing::Test {
 protected:
  void put(const Digest& name, std::string_view content) {
    const auto sink = storage_->create();
    sink->write(as_bytes(content.substr(0, 2)));
    sink->write(as_bytes(content.substr(2)));
    sink->commit(name);
  }
  std::string get(const Digest& name, std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    storage_->read(name, offset, out);
    return to_string(out);
  }

  Maker maker_;
  std::unique_ptr<PackStorage> storage_ = maker_.open();
  const Digest a_ = digest_of(DigestKind::pack, as_bytes("a"));
  const Digest b_ = digest_of(DigestKind::pack, as_bytes("b"));
};

using Makers = ::testing::Types<FolderMaker, MemoryMaker>;
TYPED_TEST_SUITE(PackStorageContract, Makers);

TYPED_TEST(PackStorageContract, GivesBackWhatWasCommitted) {
  this->put(this->a_, "content of a");
  EXPECT_EQ(this->storage_->size(this->a_), 12u);
  EXPECT_EQ(this->get(this->a_, 0, 12), "content of a");
  EXPECT_EQ(this->get(this->a_, 8, 2), "of");
}

TYPED_TEST(PackStorageContract, ListsCompletePacksSorted) {
  this->put(this->a_, "aa");
  this->put(this->b_, "bb");
  const auto sink = this->storage_->create();
  sink->write(as_bytes("unfinished"));
  const std::vector<Digest> expected = {std::min(this->a_, this->b_), std::max(this->a_, this->b_)};
  EXPECT_EQ(this->storage_->list(), expected);
}

TYPED_TEST(PackStorageContract, KeepsNothingOfASinkThatIsNotCommitted) {
  { this->storage_->create()->write(as_bytes("gone")); }
  EXPECT_TRUE(this->storage_->list().empty());
  EXPECT_EQ(this->storage_->sweep(), 0u);
}

TYPED_TEST(PackStorageContract, TakesTheSameNameTwice) {
  this->put(this->a_, "same");
  this->put(this->a_, "same");
  EXPECT_EQ(this->storage_->list().size(), 1u);
  EXPECT_EQ(this->get(this->a_, 0, 4), "same");
}

TYPED_TEST(PackStorageContract, SaysWhatIsNotThereAndWhatIsTooShort) {
  Bytes out(4);
  EXPECT_EQ(error_of([&] { this->storage_->size(this->a_); }).code(), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { this->storage_->read(this->a_, 0, out); }).code(), ErrorCode::not_found);
  this->put(this->a_, "abc");
  EXPECT_EQ(error_of([&] { this->storage_->read(this->a_, 0, out); }).code(), ErrorCode::damaged);
  EXPECT_EQ(error_of([&] { this->storage_->read(this->a_, 99, out); }).code(), ErrorCode::damaged);
}

TYPED_TEST(PackStorageContract, RemovesOnceOrTwice) {
  this->put(this->a_, "aa");
  this->get(this->a_, 0, 2);
  this->storage_->remove(this->a_);
  this->storage_->remove(this->a_);
  EXPECT_TRUE(this->storage_->list().empty());
  Bytes out(2);
  EXPECT_EQ(error_of([&] { this->storage_->read(this->a_, 0, out); }).code(), ErrorCode::not_found);
}

TYPED_TEST(PackStorageContract, IsReadByManyThreads) {
  std::vector<Digest> names;
  for (int i = 0; i < 40; ++i) {
    const std::string content = "content " + std::to_string(100 + i);
    names.push_back(digest_of(DigestKind::pack, as_bytes(content)));
    this->put(names.back(), content);
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 400; ++i) {
        wrong += this->get(names[i % 40], 8, 3) != std::to_string(100 + i % 40);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(FolderPackStorage, SweepsWhatACrashLeft) {
  test::TempFolder temp;
  PosixFileSystem fs;
  FolderPackStorage storage(fs, temp / "packs");
  test::write_file(temp / "packs/.tmp-1234", "half a pack");
  test::write_file(temp / "packs/keep", "not ours");
  EXPECT_EQ(storage.sweep(), 1u);
  EXPECT_TRUE(std::filesystem::exists(temp / "packs/keep"));
}

TEST(FolderPackStorage, HasThePackWholeOrNotAtAllWhereverItStops) {
  for (std::size_t fail_at = 1;; ++fail_at) {
    test::TempFolder temp;
    PosixFileSystem fs;
    FolderPackStorage(fs, temp / "packs");
    test::FaultyFileSystem failing(fs);
    failing.fail_at(fail_at, EIO, true);
    const Digest name = digest_of(DigestKind::pack, as_bytes("x"));
    bool failed = false;
    try {
      FolderPackStorage storage(failing, temp / "packs");
      const auto sink = storage.create();
      sink->write(as_bytes("0123456789"));
      sink->commit(name);
    } catch (const Error&) {
      failed = true;
    }
    FolderPackStorage after(fs, temp / "packs");
    after.sweep();
    for (const auto& pack : after.list()) EXPECT_EQ(after.size(pack), 10u);
    if (!failed) {
      EXPECT_EQ(after.list().size(), 1u);
      EXPECT_GT(fail_at, 5u);
      return;
    }
  }
}

}  // namespace
}  // namespace courier
