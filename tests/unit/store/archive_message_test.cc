#include "store/archive_message.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/error.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

ArchiveEntry full_entry() {
  ArchiveEntry entry;
  entry.type = ArchiveEntry::Type::hardlink;
  entry.name = "not\xffutf8/..";
  entry.target = "/etc/passwd";
  entry.mode = 04755;
  entry.mtime = {-7, 999'999'999};
  entry.size = INT64_MAX;
  entry.xattrs = {{"user.a", {1, 2}}, {"user.b", {}}};
  entry.remark = "odd";
  return entry;
}

TEST(ArchiveMessage, ComesBackAsItWasSent) {
  const Bytes entry = encode(full_entry());
  EXPECT_EQ(std::get<ArchiveEntry>(decode_archive_message(entry)), full_entry());
  const Bytes content(kMaxArchiveData, 5);
  const Bytes data = encode(ArchiveData{INT64_MAX, content});
  EXPECT_LE(data.size(), kMaxArchiveMessage);
  const ArchiveMessage decoded = decode_archive_message(data);
  EXPECT_EQ(std::get<ArchiveData>(decoded).offset, std::uint64_t{INT64_MAX});
  EXPECT_EQ(to_bytes(std::get<ArchiveData>(decoded).bytes), content);
  EXPECT_EQ(std::get<ArchiveBroken>(decode_archive_message(encode(ArchiveBroken{"x"}))).what, "x");
  const auto fault = std::get<ArchiveFault>(
      decode_archive_message(encode(ArchiveFault{ArchiveFault::Kind::encrypted, "y"})));
  EXPECT_EQ(fault.kind, ArchiveFault::Kind::encrypted);
  EXPECT_EQ(fault.what, "y");
  EXPECT_TRUE(std::holds_alternative<ArchiveEnd>(decode_archive_message(encode(ArchiveEnd{}))));
}

TEST(ArchiveMessage, CutsTextsAndNamesAtTheirLimits) {
  ArchiveEntry entry;
  entry.name = std::string(kMaxArchiveName + 1, 'n');
  entry.remark = std::string(kMaxArchiveText + 1, 'r');
  const auto decoded = std::get<ArchiveEntry>(decode_archive_message(encode(entry)));
  EXPECT_EQ(decoded.name.size(), kMaxArchiveName);
  EXPECT_EQ(decoded.remark.size(), kMaxArchiveText);
}

TEST(ArchiveMessage, IsRefusedWhenItIsCutOrHasMoreOrIsUnknown) {
  Bytes whole = encode(full_entry());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(test::error_of([&] { decode_archive_message(ByteView(whole).first(size)); }).code(),
              ErrorCode::damaged)
        << size;
  }
  whole.push_back(0);
  EXPECT_EQ(test::error_of([&] { decode_archive_message(whole); }).code(), ErrorCode::damaged);
  for (const Bytes& bad : {Bytes{0}, Bytes{6}, Bytes{1, 0}, Bytes{1, 6}, Bytes{4, 4, 0}}) {
    EXPECT_EQ(test::error_of([&] { decode_archive_message(bad); }).code(), ErrorCode::damaged);
  }
}

TEST(ArchiveMessage, HoldsNoMoreContentThanOneMessageMay) {
  Encoder out;
  out.u8(2).varint(0).bytes(Bytes(kMaxArchiveData + 1));
  EXPECT_EQ(test::error_of([&] { decode_archive_message(out.view()); }).code(), ErrorCode::damaged);
}

TEST(ArchiveMessage, TakesNoAttributesButThoseOfTheUser) {
  ArchiveEntry entry;
  entry.xattrs = {{"security.capability", {1}}};
  EXPECT_EQ(test::error_of([&] { decode_archive_message(encode(entry)); }).code(),
            ErrorCode::damaged);
}

}  // namespace
}  // namespace courier
