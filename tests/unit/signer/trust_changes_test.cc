#include "signer/trust_changes.h"

#include <gtest/gtest.h>

#include <cstring>

#include "signer/trust_file.h"
#include "tests/support/error_of.h"

namespace courier::test {
namespace {

TrustedKey key(std::uint8_t fill, KeyStatus status) {
  TrustedKey out;
  out.keys.signing.fill(fill);
  out.keys.sealing.fill(fill);
  out.status = status;
  return out;
}

TrustedSite site_with(std::vector<TrustedKey> keys) {
  TrustedSite site;
  site.code = SiteCode::parse("PUN");
  site.incarnation.ordinal = 1;
  site.keys = std::move(keys);
  return site;
}

TEST(TrustChanges, ReplacingAKeyLeavesRevokedAndLostOnesAsTheyAre) {
  for (const KeyStatus of_old : {KeyStatus::previous, KeyStatus::lost}) {
    TrustedSite site = site_with({key(1, KeyStatus::revoked), key(2, KeyStatus::lost),
                                  key(3, KeyStatus::previous), key(4, KeyStatus::current)});
    make_current(site, key(5, KeyStatus::current), of_old, from_seconds(9));
    ASSERT_EQ(site.keys.size(), 5u);
    EXPECT_EQ(site.keys[0].status, KeyStatus::revoked);
    EXPECT_EQ(site.keys[1].status, KeyStatus::lost);
    EXPECT_EQ(site.keys[1].since, Time());
    EXPECT_EQ(site.keys[2].status, of_old);
    EXPECT_EQ(site.keys[3].status, of_old);
    EXPECT_EQ(site.keys[3].since, from_seconds(9));
    EXPECT_EQ(site.current_key(), &site.keys[4]);
  }
}

TEST(TrustChanges, AFullListForgetsReplacedKeysBeforeRevokedOnes) {
  TrustedSite site = site_with({key(1, KeyStatus::revoked)});
  for (std::size_t i = 2; i < 2 + kMaxKeysPerSite; ++i) {
    TrustedKey next = key(0, KeyStatus::current);
    std::memcpy(next.keys.signing.data(), &i, sizeof i);
    make_current(site, next, KeyStatus::previous, Time());
  }
  EXPECT_EQ(site.keys.size(), kMaxKeysPerSite);
  EXPECT_EQ(site.keys[0].status, KeyStatus::revoked);
  EXPECT_NE(site.current_key(), nullptr);
}

TEST(TrustChanges, IncarnationsOfOneOrdinalAreRememberedToALimit) {
  TrustedSite site = site_with({key(1, KeyStatus::current)});
  Incarnation next{1, {}};
  for (std::uint32_t i = 1; i <= kMaxEarlierIncarnations; ++i) {
    std::memcpy(next.random.data(), &i, sizeof i);
    ASSERT_EQ(order_of(site, next), IncarnationOrder::newer);
    make_incarnation_current(site, next);
  }
  next.random.fill(0xee);
  const Error e = error_of([&] { make_incarnation_current(site, next); });
  EXPECT_EQ(e.code(), ErrorCode::not_trusted);
  EXPECT_EQ(std::string(e.what()), "site PUN: has come in 1025 incarnations of one ordinal");
  // A higher ordinal makes room again: all before it are older without being remembered.
  TrustedSite again = site_with({key(1, KeyStatus::current)});
  again.earlier.resize(kMaxEarlierIncarnations);
  const Incarnation first = again.incarnation;
  make_incarnation_current(again, {2, {}});
  EXPECT_TRUE(again.earlier.empty());
  EXPECT_EQ(order_of(again, first), IncarnationOrder::older);
}

}  // namespace
}  // namespace courier::test
