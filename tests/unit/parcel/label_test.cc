#include "parcel/label.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/error.h"

namespace courier {

namespace {

using ::testing::HasSubstr;

Label full_label() {
  Label label;
  label.optional_features = 5;
  label.sender = {SiteCode::parse("PUN"), "Pune", {2, {1, 2, 3}}, {4, 5}, 3};
  label.addressees.push_back({SiteCode::parse("PSE"), 12, 1, {}, 300});
  label.addressees.push_back({SiteCode::parse("TEX"), 1, 0, {}, 0});
  label.name = "Åre";
  label.comment = "zwei Laufwerke";
  label.created = Time(std::chrono::nanoseconds(-1'234'567'890'123'456'789));
  label.parcel_key = {9};
  label.item_count = 7;
  label.record_count = 0;
  label.content_bytes = UINT64_MAX;
  label.certificates = {Bytes{1, 2}, Bytes{}};
  label.extensions = {{1, Bytes{1}}, {UINT64_MAX, Bytes{}}};
  return label;
}

std::string refusal(ByteView body) {
  try {
    parse_label(body);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string refusal(const Label& label) { return refusal(encode_label(label)); }

TEST(Label, ComesBackAsItWas) {
  Label label = full_label();
  EXPECT_EQ(parse_label(encode_label(label)), label);
  label.record_count.reset();
  label.certificates.clear();
  label.extensions.clear();
  EXPECT_EQ(parse_label(encode_label(label)), label);
}

TEST(Label, HasOneEncoding) {
  const Bytes body = encode_label(full_label());
  // Whatever else parses must not give the same bytes back: no two bodies for one label.
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = body;
      changed[at] ^= static_cast<std::uint8_t>(1 << bit);
      try {
        EXPECT_EQ(encode_label(parse_label(changed)), changed);
      } catch (const Error&) {
      }
    }
  }
}

TEST(Label, IsDamagedWhenItEndsEarlyOrLate) {
  const Bytes body = encode_label(full_label());
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_NE(refusal(ByteView(body).first(size)), "");
  }
  Bytes longer = body;
  longer.push_back(0);
  EXPECT_THAT(refusal(longer), HasSubstr("has 1 bytes left over"));
}

TEST(Label, NeedsItsAddresseesInOrder) {
  Label label = full_label();
  std::swap(label.addressees[0], label.addressees[1]);
  EXPECT_THAT(refusal(label), HasSubstr("has addressees that do not ascend"));
  label = full_label();
  label.addressees[1].code = label.addressees[0].code;
  EXPECT_THAT(refusal(label), HasSubstr("has addressees that do not ascend"));
  label.addressees.clear();
  EXPECT_THAT(refusal(label), HasSubstr("names no addressee"));
}

TEST(Label, NeedsNumbersFromOne) {
  Label label = full_label();
  label.addressees[0].number = 0;
  EXPECT_THAT(refusal(label), HasSubstr("has parcel number 0"));
}

TEST(Label, NeedsTheSiteCodesToBeSome) {
  Bytes body = encode_label(full_label());
  body[20] = 'p';
  EXPECT_THAT(refusal(body), HasSubstr("has a site code that is not three characters A-Z 0-9"));
}

TEST(Label, NamesTheBytesOfAnUnknownFeature) {
  Label label = full_label();
  label.critical_features = 0x8000000000000001;
  EXPECT_THAT(refusal(label), HasSubstr("does not know (0x8000000000000000)"));
}

TEST(Label, LooksAtNothingBehindAnUnknownVersion) {
  EXPECT_EQ(refusal(Bytes{3, 0}), "label: is of format version 3, this courier reads up to 1");
  EXPECT_THAT(refusal(Bytes{0, 0}), HasSubstr("has version 0"));
}

TEST(Label, HoldsAsManyAddresseesAsTheLimitSays) {
  Label label = full_label();
  label.addressees.clear();
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (std::size_t i = 0; i < kMaxAddressees; ++i) {
    const std::string code{'A', kDigits[i / 36], kDigits[i % 36]};
    label.addressees.push_back({SiteCode::parse(code), UINT64_MAX, UINT32_MAX, {}, UINT64_MAX});
  }
  EXPECT_EQ(parse_label(encode_label(label)).addressees.size(), kMaxAddressees);
  label.addressees.push_back({SiteCode::parse("ZZZ"), 1, 0, {}, 0});
  EXPECT_THROW(encode_label(label), Error);
}

TEST(Label, FindsAnAddresseeByItsCode) {
  const Label label = full_label();
  ASSERT_NE(label.find(SiteCode::parse("TEX")), nullptr);
  EXPECT_EQ(label.id_for(*label.find(SiteCode::parse("TEX"))).str(), "PUN-TEX-000001");
  EXPECT_EQ(label.find(SiteCode::parse("PUN")), nullptr);
}

}  // namespace

}  // namespace courier
