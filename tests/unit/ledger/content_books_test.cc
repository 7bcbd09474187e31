// The books of what content is where: package_book, return_book.
#include "ledger/incoming_book.h"
#include "ledger/kept_content.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/parcel_book.h"
#include "ledger/return_book.h"
#include "ledger/settings.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

class ContentBooksTest : public LedgerTest {
 protected:
  ContentBooksTest() { join(pse_); }
  PackageBook packages() { return PackageBook(*ledger_); }
  ReturnBook returns() { return ReturnBook(*ledger_); }
  bool keeps(const Digest& root) {
    const KeptContent kept = kept_content(*ledger_);
    const auto is_in = [&](const std::vector<Digest>& roots) {
      return std::find(roots.begin(), roots.end(), root) != roots.end();
    };
    EXPECT_FALSE(is_in(kept.roots) && is_in(kept.partial));
    return is_in(kept.roots) || is_in(kept.partial);
  }
  Digest root(const PackageId& id, std::uint32_t version) {
    return packages().get_version(id, version).root;
  }
  ReceivedReturn received(std::uint64_t number) {
    ReceivedReturn r;
    r.id = ParcelId{pse_, pun_, number};
    r.label = digest("return " + std::to_string(number));
    r.incarnation = incarnation(1);
    r.written = clock_.now();
    r.free_bytes = 12345;
    ReturnParcel p{.id = ParcelId::parse("PUN-PSE-000001"), .label = digest("l")};
    p.state = IncomingState::accepted;
    p.missing_records = {{2, 3}};
    ReturnVerdict v{.index = 1, .job = 4, .package = PackageId::parse("PUN00020"), .version = 1};
    v.verdict = VerdictKind::damaged;
    v.missing_records = {{2, 3}};
    v.missing_objects = {digest("o1"), digest("o2")};
    p.items = {v};
    r.parcels = {p};
    r.holdings = {{PackageId::parse("PUN00020"), 1, digest("root"), false, {digest("o1")}}};
    r.dp_states = {{"D1", PackageId::parse("PUN00020"), 1, 0, PackageState::install_retrying,
                    "unmounted", false, clock_.now()}};
    r.dp_space = {{"D1", 99}};
    r.not_received = {2, 5};
    r.misdelivered = {ParcelId::parse("PUN-TEX-000004")};
    return r;
  }
};

TEST_F(ContentBooksTest, IdsFollowOneAnotherAndAreNeverUsedAgain) {
  EXPECT_EQ(packages().next_id().str(), "PUN00001");
  const auto id = add_package(0x20);
  EXPECT_EQ(packages().next_id().str(), "PUN00021");
  EXPECT_EQ(code_of([&] { add_package(0x20); }), ErrorCode::not_allowed);
  packages().remove(id);
  EXPECT_EQ(code_of([&] { packages().get(id); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { add_package(0x20); }), ErrorCode::not_allowed);
  PackageRow foreign{.id = PackageId::make(pse_, 1)};
  EXPECT_EQ(code_of([&] { packages().add(foreign, {.version = 1}); }), ErrorCode::usage);
}

TEST_F(ContentBooksTest, APackageInUseIsNotRemoved) {
  const auto id = add_package();
  const auto job = add_job(id, pse_);
  EXPECT_EQ(code_of([&] { packages().remove(id); }), ErrorCode::not_allowed);
  JobBook(*ledger_).cancel(job, "ana");
  packages().remove(id);
  EXPECT_TRUE(packages().list().empty());
}

TEST_F(ContentBooksTest, VersionsFollowOneAnother) {
  const auto id = add_package();
  EXPECT_EQ(code_of([&] { add_version(id, 3); }), ErrorCode::not_allowed);
  add_version(id, 2);
  EXPECT_EQ(packages().get(id).stored_version, 2u);
  EXPECT_EQ(packages().versions(id).front().version, 2u);
  EXPECT_EQ(packages().by_root(root(id, 1))->version, 1u);
  EXPECT_FALSE(packages().by_root(Digest{}));
}

TEST_F(ContentBooksTest, AnAnnouncementOlderThanWhatIsKnownIsDropped) {
  PackageRow p{.id = PackageId::make(pse_, 1), .name = "two"};
  EXPECT_TRUE(packages().announce(p, {.version = 2, .root = digest("2")}));
  p.name = "one";
  EXPECT_FALSE(packages().announce(p, {.version = 1, .root = digest("1")}));
  EXPECT_EQ(packages().get(p.id).name, "two");
  EXPECT_EQ(packages().get(p.id).source_version, 2u);
  EXPECT_EQ(packages().get(p.id).stored_version, 0u);
  packages().mark_stored(p.id, 2, true);
  EXPECT_TRUE(packages().announce(p, {.version = 2, .root = digest("2")}));
  EXPECT_EQ(packages().get(p.id).stored_version, 2u);
  EXPECT_TRUE(packages().announce(p, {.version = 1, .root = digest("1")}, true));
  EXPECT_EQ(packages().get(p.id).source_version, 1u);
  // The same number with other content, as a rebuilt origin may say.
  EXPECT_TRUE(packages().announce(p, {.version = 2, .root = digest("new 2")}));
  EXPECT_EQ(packages().get(p.id).stored_version, 0u);
  EXPECT_FALSE(packages().get_version(p.id, 2).stored);
}

TEST_F(ContentBooksTest, AShareNameBelongsToOnePackage) {
  auto a = packages().get(add_package(0x20)), b = packages().get(add_package(0x21));
  a.share_name = "X";
  packages().set(a);
  b.share_name = "X";
  EXPECT_EQ(code_of([&] { packages().set(b); }), ErrorCode::not_allowed);
  b.share_name = "PUN00020";
  EXPECT_EQ(code_of([&] { packages().set(b); }), ErrorCode::not_allowed);
  PackageRow foreign{.id = PackageId::make(pse_, 1), .share_name = "X"};
  packages().announce(foreign, {.version = 1});
  EXPECT_EQ(packages().get(foreign.id).share_name, "");
}

TEST_F(ContentBooksTest, GcKeepsTheLastBasesAndWhatJobsAndParcelsUse) {
  const auto id = add_package();
  for (std::uint32_t v = 2; v <= 8; ++v) add_version(id, v);
  EXPECT_TRUE(keeps(root(id, 8)));
  EXPECT_TRUE(keeps(root(id, 3)));
  EXPECT_FALSE(keeps(root(id, 2)));
  Settings(*ledger_).set("delta.bases", "0");
  EXPECT_FALSE(keeps(root(id, 7)));
  const auto job = add_job(id, pse_, Priority::medium, 2);
  EXPECT_TRUE(keeps(root(id, 2)));
  JobBook(*ledger_).cancel(job, "ana");
  EXPECT_FALSE(keeps(root(id, 2)));
  PackageDpBook(*ledger_).target({pun_, "D1", id}, 4, 1, false, PendingReason::queued, "");
  EXPECT_TRUE(keeps(root(id, 4)));
  forget_unkept(*ledger_, kept_content(*ledger_));
  EXPECT_FALSE(packages().get_version(id, 2).stored);
  EXPECT_TRUE(packages().get_version(id, 8).stored);
}

TEST_F(ContentBooksTest, GcKeepsWhatTheOriginMayStillBuildOn) {
  const Digest a = digest("a"), b = digest("b");
  const auto id = PackageId::make(pse_, 1);
  returns().record_sent({pun_, pse_, 1}, {{id, 1, a, false, {}}});
  returns().record_sent({pun_, pse_, 2}, {{id, 2, b, false, {}}});
  EXPECT_TRUE(keeps(a));
  EXPECT_TRUE(keeps(b));
  EXPECT_EQ(claimable_roots(*ledger_),
            std::set<Digest>());  // by the next return, as nothing else needs them
  SiteBook(*ledger_).acknowledge_returns(pse_, 1, "label");
  EXPECT_TRUE(keeps(a));
  SiteBook(*ledger_).acknowledge_returns(pse_, 2, "label");
  EXPECT_FALSE(keeps(a));
  EXPECT_TRUE(keeps(b));
  ASSERT_EQ(returns().sent(pse_).size(), 1u);
  EXPECT_TRUE(returns().sent(pse_)[0].acknowledged);
}

TEST_F(ContentBooksTest, AReturnIsStoredOnceAndReadAsItWas) {
  const auto r = received(3);
  EXPECT_TRUE(returns().store(r));
  EXPECT_FALSE(returns().store(r));
  ASSERT_EQ(returns().pending().size(), 1u);
  const auto got = returns().pending()[0];
  EXPECT_EQ(got.id, r.id);
  EXPECT_EQ(got.incarnation, r.incarnation);
  EXPECT_EQ(got.not_received, r.not_received);
  EXPECT_EQ(got.misdelivered, r.misdelivered);
  ASSERT_EQ(got.parcels.size(), 1u);
  EXPECT_EQ(got.parcels[0].missing_records, r.parcels[0].missing_records);
  ASSERT_EQ(got.parcels[0].items.size(), 1u);
  EXPECT_EQ(got.parcels[0].items[0].missing_objects, r.parcels[0].items[0].missing_objects);
  EXPECT_EQ(got.holdings[0].missing, r.holdings[0].missing);
  EXPECT_EQ(got.dp_states[0].reason, "unmounted");
  EXPECT_EQ(got.dp_space[0].free_bytes, 99u);
  returns().mark_applied(r.label, "applied");
  EXPECT_TRUE(returns().pending().empty());
  EXPECT_EQ(returns().find(r.label)->outcome, "applied");
  EXPECT_FALSE(returns().store(r));
}

TEST_F(ContentBooksTest, ReturnsWaitInTheOrderOfTheirNumbers) {
  returns().store(received(9));
  returns().store(received(2));
  ASSERT_EQ(returns().pending().size(), 2u);
  EXPECT_EQ(returns().pending()[0].id.number, 2u);
}

TEST_F(ContentBooksTest, OfASiteNotJoinedAReturnIsNotStored) {
  auto r = received(1);
  r.id.from = tex_;
  EXPECT_EQ(code_of([&] { returns().store(r); }), ErrorCode::not_found);
}

TEST_F(ContentBooksTest, AProofIsReplacedByTheNext) {
  auto r = received(1);
  returns().replace_proofs(pse_, r);
  ASSERT_EQ(returns().holdings(pse_).size(), 1u);
  EXPECT_FALSE(returns().holdings(pse_)[0].complete());
  ASSERT_EQ(returns().partial_receipts(pse_).size(), 1u);
  EXPECT_EQ(returns().dp_space(pse_).size(), 1u);
  r.holdings.clear();
  r.parcels.clear();
  returns().replace_proofs(pse_, r);
  EXPECT_TRUE(returns().holdings(pse_).empty());
  EXPECT_TRUE(returns().partial_receipts(pse_).empty());
}

}  // namespace
}  // namespace courier
