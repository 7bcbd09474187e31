#include "sender/record_map.h"

#include <gtest/gtest.h>

#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;
using test::TempFolder;

MappedObject object(DigestKind kind, std::uint32_t number) {
  const std::string text = std::to_string(number);
  return {kind, digest_of(kind, as_bytes(text))};
}

class RecordMap : public testing::Test {
 protected:
  RecordMap() : dir_(open_dir(fs_, folder_.path())) {}

  void write(const std::vector<std::vector<MappedObject>>& records) {
    RecordMapWriter writer(fs_, dir_, label_, records.size());
    for (const auto& record : records) writer.add(record);
    writer.commit();
  }
  std::vector<std::vector<MappedObject>> read() {
    std::vector<std::vector<MappedObject>> out;
    read_record_map(fs_, path(), label_, [&](std::uint64_t record, const MappedObject& object) {
      out.resize(record + 1);
      out[record].push_back(object);
    });
    return out;
  }
  std::string path() const { return folder_ / record_map_name(label_); }

  PosixFileSystem fs_;
  TempFolder folder_;
  Fd dir_;
  const Digest label_ = digest_of(DigestKind::label, as_bytes("a parcel"));
};

TEST_F(RecordMap, GivesBackWhatWasWritten) {
  std::vector<std::vector<MappedObject>> records;
  for (std::uint32_t r = 0; r < 300; ++r) {
    records.emplace_back();
    for (std::uint32_t i = 0; i <= r % 90; ++i) {
      records.back().push_back(object(r < 10 ? DigestKind::node : DigestKind::chunk, r * 100 + i));
    }
  }
  write(records);
  const auto back = read();
  ASSERT_EQ(back.size(), records.size());
  for (std::size_t r = 0; r < records.size(); ++r) {
    ASSERT_EQ(back[r].size(), records[r].size());
    for (std::size_t i = 0; i < records[r].size(); ++i) {
      EXPECT_EQ(back[r][i].kind, records[r][i].kind);
      EXPECT_EQ(back[r][i].digest, records[r][i].digest);
    }
  }
}

TEST_F(RecordMap, RefusesEveryChangedByte) {
  write(
      {{object(DigestKind::root, 1), object(DigestKind::node, 2)}, {object(DigestKind::chunk, 3)}});
  const std::string whole = test::read_text(path());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    test::write_text(path(), broken);
    EXPECT_EQ(error_of([&] { read(); }).code(), ErrorCode::damaged) << "byte " << i;
  }
}

TEST_F(RecordMap, RefusesEveryShorterFile) {
  write({{object(DigestKind::chunk, 1)}, {object(DigestKind::chunk, 2)}});
  const std::string whole = test::read_text(path());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    test::write_text(path(), whole.substr(0, size));
    EXPECT_EQ(error_of([&] { read(); }).code(), ErrorCode::damaged) << size << " bytes";
  }
}

TEST_F(RecordMap, RefusesAnotherParcelsMap) {
  write({{object(DigestKind::chunk, 1)}});
  const Digest other = digest_of(DigestKind::label, as_bytes("another"));
  const Error error = error_of(
      [&] { read_record_map(fs_, path(), other, [](std::uint64_t, const MappedObject&) {}); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_NE(error.happened().find("another parcel's"), std::string::npos);
}

}  // namespace
}  // namespace courier
