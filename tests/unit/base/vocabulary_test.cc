#include "base/vocabulary.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;

TEST(SiteCode, IsThreeCapitalsOrDigits) {
  EXPECT_EQ(SiteCode::parse("PUN").str(), "PUN");
  EXPECT_EQ(SiteCode::parse("0A9").str(), "0A9");
  for (const char* bad : {"", "PU", "PUNE", "pun", "P N", "P-N", "ÅRE"}) {
    EXPECT_FALSE(SiteCode::try_parse(bad)) << bad;
  }
  EXPECT_STREQ(error_of([] { SiteCode::parse("pun"); }).what(),
               "'pun': is no site code: three characters A-Z 0-9 wanted, as PUN");
  EXPECT_TRUE(SiteCode().empty());
}

TEST(PackageId, IsTheSiteCodeOfItsOriginAndFiveHexDigits) {
  const PackageId id = PackageId::parse("PUN0A02F");
  EXPECT_EQ(id.origin().str(), "PUN");
  EXPECT_EQ(id.number(), 0xa02fu);
  EXPECT_EQ(PackageId::make(id.origin(), id.number()), id);
  EXPECT_EQ(PackageId::make(SiteCode::parse("PSE"), 0xfffff).str(), "PSEFFFFF");
  for (const char* bad :
       {"", "PUN0002", "PUN000200", "PUN0002g", "PUN0002a", "pun00020", "PUN 0020"}) {
    EXPECT_FALSE(PackageId::try_parse(bad)) << bad;
  }
  EXPECT_EQ(error_of([] { PackageId::parse("x"); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([] { PackageId::make(SiteCode::parse("PUN"), 1u << 20); }).code(),
            ErrorCode::internal);
}

TEST(ParcelId, NamesFromToAndNumberInOneWayOnly) {
  const ParcelId id = ParcelId::parse("PUN-PSE-000012");
  EXPECT_EQ(id.from.str(), "PUN");
  EXPECT_EQ(id.to.str(), "PSE");
  EXPECT_EQ(id.number, 12u);
  EXPECT_EQ(id.str(), "PUN-PSE-000012");
  EXPECT_EQ(ParcelId::parse("PUN-PSE-1234567").str(), "PUN-PSE-1234567");
  EXPECT_EQ(ParcelId::parse("PUN-PSE-18446744073709551615").number, UINT64_MAX);
  for (const char* bad :
       {"", "PUN-PSE-", "PUN-PSE-12", "PUN-PSE-0000012", "PUN-PSE-00001x", "PUN-PSE-+00012",
        "PUN-PSE-18446744073709551616", "PUN-pse-000012", "PUN PSE-000012", "PUN-PSE-000012 ",
        "PUN-PSE-000000", "PUN-PSE-000012.pcl"}) {
    EXPECT_FALSE(ParcelId::try_parse(bad)) << bad;
  }
}

TEST(Words, GoThereAndBack) {
  for (int i = 0; i <= 3; ++i) {
    const auto v = static_cast<SiteRole>(i);
    EXPECT_EQ(parse_role(word(v)), v);
  }
  for (int i = 0; i <= 2; ++i) {
    const auto v = static_cast<Priority>(i);
    EXPECT_EQ(parse_priority(word(v)), v);
  }
  EXPECT_EQ(word(ItemKind::request), "request");
  EXPECT_EQ(word(VerdictKind::announced), "announced");
  EXPECT_FALSE(parse_role("stranger"));
  EXPECT_EQ(error_of([] { word(static_cast<ItemKind>(0)); }).code(), ErrorCode::internal);
  EXPECT_EQ(error_of([] { word(static_cast<ItemKind>(8)); }).code(), ErrorCode::internal);
}

TEST(Incarnation, IsShownShort) {
  EXPECT_EQ((Incarnation{2, {0x0a, 0x1b, 0x2c, 0x3d, 0x4e}}).str(), "2-0a1b2c3d");
}

}  // namespace
}  // namespace courier
