#include "distribution/dp_mark.h"

#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace courier::test {
namespace {

DpMark mark() {
  DpMark mark;
  mark.site = SiteCode::parse("PSE");
  mark.dp = "files";
  mark.id = "00112233445566778899aabbccddeeff";
  mark.made = from_seconds(1'900'000'000);
  mark.swap = SwapMeans::two_renames;
  return mark;
}

ServedRecord record() {
  ServedRecord record;
  record.package = PackageId::parse("PUN00020");
  record.folder = "Field tools";
  record.version = 7;
  record.root = digest_of(DigestKind::root, as_bytes("x"));
  return record;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(DpMark, IsReadAsItWasWritten) { EXPECT_EQ(DpMark::parse(as_bytes(mark().encode())), mark()); }

TEST(DpMark, RefusesWhatIsNoMark) {
  const std::string good = mark().encode();
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[1]"), std::string("{\"courier\":1}"),
        good.substr(0, good.size() / 2), replaced(good, "\"PSE\"", "\"pse\""),
        replaced(good, "\"PSE\"", "7"), replaced(good, "ddeeff", "ddeefg"),
        replaced(good, "1900000000", "-1"), replaced(good, "two-renames", "magic")}) {
    EXPECT_EQ(error_of([&] { DpMark::parse(as_bytes(bad)); }).code(), ErrorCode::damaged) << bad;
  }
}

TEST(DpMark, OfANewerCourierIsNotGuessedAt) {
  const std::string newer = replaced(mark().encode(), "\"courier\": 1", "\"courier\": 2");
  EXPECT_EQ(error_of([&] { DpMark::parse(as_bytes(newer)); }).code(), ErrorCode::unsupported);
}

TEST(ServedRecord, IsReadAsItWasWritten) {
  ServedRecord with_swap = record();
  with_swap.swap = ServedRecord::Swap{"PUN00020-v7-aa", "old-PUN00020-bb"};
  with_swap.former = "PUN00020";
  EXPECT_EQ(ServedRecord::parse(as_bytes(record().encode())), record());
  EXPECT_EQ(ServedRecord::parse(as_bytes(with_swap.encode())), with_swap);
}

TEST(ServedRecord, RefusesNamesThatLeaveTheShare) {
  const std::string good = record().encode();
  for (const char* name : {"..", "a/b", "", "."}) {
    const std::string bad = replaced(good, "\"Field tools\"", "\"" + std::string(name) + "\"");
    EXPECT_EQ(error_of([&] { ServedRecord::parse(as_bytes(bad)); }).code(), ErrorCode::damaged)
        << name;
  }
}

}  // namespace
}  // namespace courier::test
