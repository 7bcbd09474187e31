#include "parcel/packing_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/error.h"
#include "parcel/trust_item.h"

namespace courier {

namespace {

using ::testing::HasSubstr;

Item full_item(ItemKind kind) {
  Item item;
  item.set_kind(kind);
  item.jobs = {7, UINT64_MAX};
  item.package = PackageId::parse("PUN000FF");
  item.version = UINT32_MAX;
  item.root = digest_of(DigestKind::root, as_bytes("x"));
  item.content_bytes = UINT64_MAX;
  item.files = 3;
  item.package_name = "Field tools";
  item.share_name = "tools";
  item.comment = "π";
  item.no_files = true;
  item.whole = true;
  item.bases = {{PackageId::parse("PUN000FF"), 3, item.root},
                {PackageId::parse("TEX00001"), 0, {}}};
  item.dps = {"files", "D2"};
  item.body = {1, 2, 3};
  item.extensions = {{3, Bytes{9}}};
  return item;
}

PackingList full_list() {
  PackingList list;
  for (int k = 1; k <= 7; ++k) list.items.push_back(full_item(static_cast<ItemKind>(k)));
  Item unknown;
  unknown.kind_code = 200;
  unknown.jobs = {1, 2};
  unknown.raw = {0xff, 0xff};
  list.items.push_back(unknown);
  list.extensions = {{8, Bytes{1, 2}}};
  return list;
}

std::string refusal(const Bytes& bytes, std::size_t addressees = 2) {
  try {
    parse_packing_list(bytes, addressees);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PackingList, ComesBackAsItWas) {
  EXPECT_EQ(parse_packing_list(encode_packing_list(full_list(), 2), 2), full_list());
  EXPECT_EQ(parse_packing_list(encode_packing_list({}, 1), 1), PackingList{});
}

TEST(PackingList, HasOneEncoding) {
  const Bytes bytes = encode_packing_list(full_list(), 2);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= static_cast<std::uint8_t>(1 << at % 8);
    try {
      EXPECT_EQ(encode_packing_list(parse_packing_list(changed, 2), 2), changed);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::damaged);
    }
    EXPECT_NE(refusal(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at))), "");
  }
}

TEST(PackingList, NeedsTheSameNumberOfJobsInEachItem) {
  EXPECT_NE(refusal(encode_packing_list(full_list(), 2), 3), "");
}

TEST(PackingList, NamesTheItemThatIsWrong) {
  PackingList list;
  list.items = {full_item(ItemKind::verdicts), full_item(ItemKind::package)};
  list.items[1].package = {};
  EXPECT_THAT(refusal(encode_packing_list(list, 2)),
              HasSubstr("item 2 of the packing list: has no package id"));
  list.items[1] = full_item(ItemKind::package);
  list.items[1].version = 0;
  EXPECT_THAT(refusal(encode_packing_list(list, 2)), HasSubstr("has package version 0"));
}

TEST(PackingList, BelievesNoCountThatCannotBeThere) {
  for (const std::uint64_t count : {std::uint64_t{65536}, std::uint64_t{65537}, UINT64_MAX}) {
    Encoder out;
    out.varint(count).varint(0);
    EXPECT_NE(refusal(out.take()), "");
  }
}

TEST(TrustItem, ComesBackAsItWas) {
  const TrustItem rotated = KeyRotated{Bytes{1, 2, 3}};
  const TrustItem revoked = KeyRevoked{SiteCode::parse("TEX"), {7}};
  EXPECT_EQ(parse_trust_item(encode_trust_item(rotated)), rotated);
  EXPECT_EQ(parse_trust_item(encode_trust_item(revoked)), revoked);
}

TEST(TrustItem, RefusesAnActionThatIsNotKnown) {
  try {
    parse_trust_item(Bytes{9});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_STREQ(error.what(), "trust item: asks for action 9, which is not known");
  }
  EXPECT_THROW(parse_trust_item(Bytes{}), Error);
  EXPECT_THROW(parse_trust_item(Bytes{1, 1, 5, 5}), Error);
}

}  // namespace

}  // namespace courier
