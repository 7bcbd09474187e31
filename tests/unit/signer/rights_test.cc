#include "signer/rights.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

const PackageId kPackage = PackageId::parse("PUN00020");

TrustedSite site(SiteRole role, std::vector<std::string> grants = {}) {
  TrustedSite out;
  out.code = SiteCode::parse("TEX");
  out.role = role;
  out.granted_prefixes = std::move(grants);
  return out;
}

// The whole table of signer/rights.h.
TEST(Rights, OfEachRoleForEachItemKind) {
  struct Row {
    ItemKind kind;
    bool parent, child, peer, granted_peer;
  };
  constexpr Row kRows[] = {
      {ItemKind::package, true, false, false, true},
      {ItemKind::announcement, true, false, false, true},
      {ItemKind::redistribute, true, false, false, true},
      {ItemKind::remove, true, false, false, true},
      {ItemKind::trust, true, false, false, false},
      {ItemKind::verdicts, true, true, true, true},
      {ItemKind::request, true, true, true, true},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(may_send(site(SiteRole::parent), row.kind, kPackage), row.parent) << word(row.kind);
    EXPECT_EQ(may_send(site(SiteRole::child), row.kind, kPackage), row.child) << word(row.kind);
    EXPECT_EQ(may_send(site(SiteRole::peer), row.kind, kPackage), row.peer) << word(row.kind);
    EXPECT_EQ(may_send(site(SiteRole::peer, {"PUN"}), row.kind, kPackage), row.granted_peer)
        << word(row.kind);
    EXPECT_EQ(may_send(site(SiteRole::child, {"PUN"}), row.kind, kPackage), row.granted_peer)
        << word(row.kind);
  }
}

TEST(Rights, OfAKindThatIsNotInTheListAreNone) {
  EXPECT_FALSE(may_send(site(SiteRole::parent), static_cast<ItemKind>(0), kPackage));
  EXPECT_FALSE(may_send(site(SiteRole::parent), static_cast<ItemKind>(8), kPackage));
  EXPECT_FALSE(may_send(site(SiteRole::peer, {"PUN"}), static_cast<ItemKind>(200), kPackage));
}

TEST(Rights, GrantedReachAsFarAsThePrefix) {
  const auto may = [](const std::string& prefix) {
    return may_send(site(SiteRole::peer, {"AAA", prefix}), ItemKind::package, kPackage);
  };
  EXPECT_TRUE(may("PUN"));
  EXPECT_TRUE(may("PUN000"));
  EXPECT_TRUE(may("PUN00020"));
  EXPECT_FALSE(may("PUN1"));
  EXPECT_FALSE(may("PUN00021"));
  EXPECT_FALSE(may("PSE"));
  EXPECT_FALSE(may(""));
}

TEST(Rights, OverTrustAreTheParentsAndEachSitesOwn) {
  const SiteCode tex = SiteCode::parse("TEX"), pse = SiteCode::parse("PSE");
  EXPECT_TRUE(may_send_trust(site(SiteRole::parent), pse));
  EXPECT_TRUE(may_send_trust(site(SiteRole::parent), tex));
  EXPECT_TRUE(may_send_trust(site(SiteRole::peer), tex));
  EXPECT_TRUE(may_send_trust(site(SiteRole::child), tex));
  EXPECT_FALSE(may_send_trust(site(SiteRole::peer), pse));
  EXPECT_FALSE(may_send_trust(site(SiteRole::child, {"PSE"}), pse));
}

TEST(PackagePrefix, IsTheBeginningOfAPackageId) {
  for (const char* good : {"PUN", "PUN0", "PUN00020", "A1Z0000F"})
    EXPECT_TRUE(is_package_prefix(good));
  for (const char* bad :
       {"", "P", "PU", "pun", "PUN0002G", "PUN0000a", "PUN000200", "PU N", "PUN*"}) {
    EXPECT_FALSE(is_package_prefix(bad)) << bad;
  }
}

}  // namespace
}  // namespace courier
