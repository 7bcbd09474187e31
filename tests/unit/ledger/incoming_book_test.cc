#include "ledger/incoming_book.h"

#include "ledger/arrows.h"
#include "ledger/due.h"
#include "ledger/package_book.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

class IncomingBookTest : public LedgerTest {
 protected:
  IncomingBookTest() { join(pse_, SiteRole::parent); }
  IncomingBook book() { return IncomingBook(*ledger_); }
  IncomingParcel parcel(std::uint64_t number, const std::string& content = "") {
    IncomingParcel p;
    p.id = ParcelId{pse_, pun_, number};
    p.label = digest("label " + p.id.str() + content);
    p.sender_incarnation = incarnation(1);
    p.written = clock_.now();
    p.item_count = 1;
    return p;
  }
  IncomingItem item(std::uint32_t index = 0) {
    IncomingItem i;
    i.index = index;
    i.kind = static_cast<std::uint8_t>(ItemKind::package);
    i.job = 7 + index;
    i.package = PackageId::make(pse_, 0x20 + index);
    i.version = 1;
    i.root = digest("root");
    i.dps = {"D1"};
    i.encoded = {1, 2, 3};
    return i;
  }
  IncomingState state(const IncomingParcel& p) { return book().find(p.label)->state; }
};

TEST_F(IncomingBookTest, GoesFromVerifyingToProcessed) {
  const auto p = parcel(1);
  book().begin(p);
  book().set_items(p.label, {item(0), item(1)});
  book().set_record_count(p.label, 3);
  book().add_received(p.label, {{0, 1}}, {"pack1"});
  book().incomplete(p.label, "record 2 is missing");
  EXPECT_EQ(state(p), IncomingState::incomplete);
  book().begin(p);
  book().add_received(p.label, {{2, 2}}, {"pack2"});
  EXPECT_EQ(book().find(p.label)->received, (std::vector<NumberRange>{{0, 2}}));
  EXPECT_EQ(book().pinned_packs(), (std::vector<std::string>{"pack1", "pack2"}));
  book().accept(p.label, "all records authentic");
  EXPECT_EQ(ledger_->history("incoming", p.label.hex()).back().event, "R11");
  EXPECT_EQ(book().items_due(clock_.now()).size(), 2u);
  book().start_item(p.label, 0);
  EXPECT_EQ(code_of([&] { book().process(p.label, "x"); }), ErrorCode::not_allowed);
  book().finish_item(p.label, 0, VerdictKind::stored, "");
  book().finish_item(p.label, 1, VerdictKind::superseded, "job 9 is newer");
  book().process(p.label, "every item has a verdict");
  EXPECT_EQ(state(p), IncomingState::processed);
  EXPECT_TRUE(book().pinned_packs().empty());
  EXPECT_TRUE(book().pending_roots().empty());
  EXPECT_EQ(book().processed(p.id, incarnation(1))->label, p.label);
  EXPECT_FALSE(book().processed(p.id, incarnation(2)));
  EXPECT_EQ(book().items(p.label)[0].encoded, (Bytes{1, 2, 3}));
}

TEST_F(IncomingBookTest, VolumesThatWereSeenAreKeptTheLatestCutFirst) {
  const auto p = parcel(1);
  book().begin(p);
  EXPECT_TRUE(book().volumes(p.label).empty());
  const auto at = [&](int minutes) { return clock_.now() + std::chrono::minutes(minutes); };
  book().see_volume(p.label, {"aa", 3, 3, 20, 30, true, at(1)});
  book().see_volume(p.label, {"aa", 1, 3, 0, 10, false, at(2)});
  book().see_volume(p.label, {"bb", 2, 0, 5, 25, true, at(3)});
  auto seen = book().volumes(p.label);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].cut, "bb");
  EXPECT_EQ(seen[0].volumes, 0u);
  EXPECT_EQ(seen[1].number, 1u);
  EXPECT_FALSE(seen[1].read_whole);
  EXPECT_EQ(seen[2].number, 3u);
  EXPECT_EQ(seen[2].end_record, 30u);
  // The same one again only gains.
  book().see_volume(p.label, {"aa", 1, 3, 0, 10, true, at(4)});
  book().see_volume(p.label, {"aa", 3, 3, 20, 30, false, at(5)});
  seen = book().volumes(p.label);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].cut, "aa");
  EXPECT_TRUE(seen[0].read_whole);
  EXPECT_TRUE(seen[1].read_whole);
  // They go with the parcel's row.
  book().incomplete(p.label, "volume 2 of 3 is missing");
  book().discard(p.label);
  book().begin(p);
  EXPECT_TRUE(book().volumes(p.label).empty());
}

TEST_F(IncomingBookTest, ProcessedIsForGood) {
  const auto p = parcel(1);
  book().begin(p);
  book().accept(p.label, "");
  book().process(p.label, "");
  for (const auto& act : std::vector<std::function<void()>>{
           [&] { book().begin(p); }, [&] { book().quarantine(p); }, [&] { book().refuse(p); },
           [&] { book().incomplete(p.label, ""); }, [&] { book().accept(p.label, ""); },
           [&] { book().discard(p.label); }, [&] { book().process(p.label, ""); }})
    EXPECT_EQ(code_of(act), ErrorCode::not_allowed);
  EXPECT_EQ(state(p), IncomingState::processed);
}

TEST_F(IncomingBookTest, QuarantineLeadsToVerifyingWhenTheKeyComes) {
  auto p = parcel(1);
  p.key_deadline = clock_.now();
  book().quarantine(p);
  book().quarantine(p);
  EXPECT_EQ(ledger_->history("incoming", p.label.hex()).size(), 1u);
  p.reason = "no key";
  book().refuse(p);
  EXPECT_EQ(ledger_->history("incoming", p.label.hex()).back().event, "R7");
  book().begin(p);
  EXPECT_EQ(ledger_->history("incoming", p.label.hex()).back().event, "R6");
}

TEST_F(IncomingBookTest, ARefusalIsJudgedAfresh) {
  auto p = parcel(1);
  p.reason = "revoked";
  book().refuse(p);
  book().refuse(p);
  book().quarantine(p);
  book().discard(p.label);
  EXPECT_FALSE(book().find(p.label));
  EXPECT_EQ(ledger_->history("incoming", p.label.hex()).back().event, "discard");
  book().begin(p);
  EXPECT_EQ(state(p), IncomingState::verifying);
}

TEST(Due, GoesNoFurtherThanTheEndOfTime) {
  const Time begin{}, last = Time::max();
  EXPECT_EQ(farthest_retry(begin), begin + kFarthestRetry);
  EXPECT_EQ(farthest_retry(last), last);
  EXPECT_TRUE(is_due(last, begin));  // noted under a clock that has been set back since
  EXPECT_FALSE(is_due(last, last - std::chrono::hours(1)));
}

TEST_F(IncomingBookTest, AnItemThatMustWaitIsDueLater) {
  const auto p = parcel(1);
  book().begin(p);
  book().set_items(p.label, {item()});
  EXPECT_TRUE(book().items_due(clock_.now()).empty());
  book().accept(p.label, "");
  book().start_item(p.label, 0);
  EXPECT_EQ(code_of([&] { book().start_item(p.label, 0); }), ErrorCode::not_allowed);
  book().retry_item(p.label, 0, "no space", clock_.now() + std::chrono::minutes(5));
  EXPECT_TRUE(book().items_due(clock_.now()).empty());
  clock_.tick(std::chrono::minutes(5));
  EXPECT_EQ(book().items_due(clock_.now()).size(), 1u);
  book().start_item(p.label, 0);
  book().requeue_executing();
  EXPECT_EQ(book().items_due(clock_.now()).size(), 1u);
}

TEST_F(IncomingBookTest, ItemsKnownKeepTheirVerdict) {
  const auto p = parcel(1);
  book().begin(p);
  book().set_items(p.label, {item()});
  book().finish_item(p.label, 0, VerdictKind::refused, "not authorised");
  book().set_items(p.label, {item(), item(1)});
  const auto items = book().items(p.label);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].verdict, VerdictKind::refused);
  EXPECT_EQ(items[1].state, ItemState::waiting);
  EXPECT_EQ(code_of([&] { book().restate_item(p.label, 1, VerdictKind::installed, ""); }),
            ErrorCode::not_allowed);
}

TEST_F(IncomingBookTest, WhatCameOfADamagedItemStaysPinnedUntilTheRestCame) {
  const auto p = parcel(1);
  book().begin(p);
  book().set_items(p.label, {item()});
  PackageRow package{.id = item().package, .name = "x"};
  PackageBook(*ledger_).announce(package,
                                 {.package = package.id, .version = 1, .root = digest("root")});
  book().add_received(p.label, {{0, 0}}, {"pack1"});
  book().accept(p.label, "");
  book().finish_item(p.label, 0, VerdictKind::damaged, "record 1", {{1, 1}}, {digest("o")});
  book().process(p.label, "");
  EXPECT_EQ(book().pinned_packs().size(), 1u);
  EXPECT_EQ(book().items(p.label)[0].missing_objects, std::vector<Digest>{digest("o")});
  PackageBook(*ledger_).mark_stored(package.id, 1, true);
  EXPECT_TRUE(book().pinned_packs().empty());
}

TEST_F(IncomingBookTest, AVerdictStatedAgainKeepsWhatIsMissingNow) {
  const auto p = parcel(1);
  book().begin(p);
  book().set_items(p.label, {item(0)});
  book().accept(p.label, "record 1 damaged");
  book().finish_item(p.label, 0, VerdictKind::damaged, "two", {{1, 2}},
                     {digest("o1"), digest("o2")});
  book().restate_item(p.label, 0, VerdictKind::damaged, "one", {{2, 2}}, {digest("o2")});
  EXPECT_EQ(book().items(p.label)[0].missing_records, (std::vector<NumberRange>{{2, 2}}));
  EXPECT_EQ(book().items(p.label)[0].missing_objects, std::vector<Digest>{digest("o2")});
  book().restate_item(p.label, 0, VerdictKind::stored, "");
  EXPECT_TRUE(book().items(p.label)[0].missing_records.empty());
  EXPECT_TRUE(book().items(p.label)[0].missing_objects.empty());
}

TEST_F(IncomingBookTest, IsToldUntilTheSenderHasSeenIt) {
  const auto p = parcel(1);
  book().begin(p);
  book().set_items(p.label, {item()});
  EXPECT_EQ(book().unreported(pse_, 0).size(), 1u);
  book().mark_reported(pse_, 1);
  EXPECT_EQ(book().unreported(pse_, 0).size(), 1u);
  EXPECT_TRUE(book().unreported(pse_, 1).empty());
  book().accept(p.label, "");
  EXPECT_EQ(book().unreported(pse_, 1).size(), 1u);
  book().finish_item(p.label, 0, VerdictKind::stored, "");
  book().process(p.label, "");
  book().mark_reported(pse_, 2);
  EXPECT_EQ(book().unreported(pse_, 1).size(), 1u);
  EXPECT_TRUE(book().unreported(pse_, 2).empty());
  book().restate_item(p.label, 0, VerdictKind::installed, "");
  EXPECT_EQ(book().unreported(pse_, 2).size(), 1u);
  book().mark_reported(pse_, 3);
  EXPECT_TRUE(book().unreported(pse_, 3).empty());
  book().forget_told(pse_);
  EXPECT_EQ(book().unreported(pse_, 3).size(), 1u);
}

TEST_F(IncomingBookTest, NumbersBelowTheHighestThatNeverCameAreMissing) {
  for (const std::uint64_t n : {2, 5}) book().begin(parcel(n));
  auto refused = parcel(4);
  refused.reason = "bad signature";
  book().refuse(refused);
  EXPECT_EQ(book().missing_numbers(pse_, incarnation(1)), (std::vector<std::uint64_t>{1, 3, 4}));
  EXPECT_EQ(book().missing_numbers(pse_, incarnation(1), 1).size(), 1u);
  auto restored = parcel(1001);
  restored.sender_incarnation = incarnation(2);
  book().begin(restored);
  EXPECT_TRUE(book().missing_numbers(pse_, incarnation(2)).empty());
}

TEST_F(IncomingBookTest, RemembersTheLastJobExecutedPerPackage) {
  const auto package = PackageId::make(pse_, 1);
  EXPECT_FALSE(book().last_executed(pse_, package));
  book().set_executed(pse_, package, {incarnation(1), 7});
  book().set_executed(pse_, package, {incarnation(2), 3});
  EXPECT_EQ(book().last_executed(pse_, package)->incarnation, incarnation(2));
  EXPECT_EQ(book().last_executed(pse_, package)->job, 3u);
  EXPECT_FALSE(book().last_executed(tex_, package));
}

TEST_F(IncomingBookTest, MisdeliveredIsToldOnce) {
  const ParcelId id = ParcelId::parse("PSE-TEX-000009");
  book().note_misdelivered(id, digest("m"));
  book().note_misdelivered(id, digest("m"));
  ASSERT_EQ(book().misdelivered(pse_, 0).size(), 1u);
  book().mark_reported(pse_, 4);
  EXPECT_EQ(book().misdelivered(pse_, 3).size(), 1u);
  EXPECT_TRUE(book().misdelivered(pse_, 4).empty());
}

TEST_F(IncomingBookTest, ACounterBeyondTheLedgersRangeIsDamage) {
  auto p = parcel(1);
  p.content_bytes = UINT64_MAX;
  EXPECT_EQ(code_of([&] { book().begin(p); }), ErrorCode::damaged);
  EXPECT_FALSE(book().find(p.label));
}

TEST(NumberRanges, JoinAndComplement) {
  std::vector<NumberRange> r;
  for (const std::uint64_t n : {5, 3, 4, 9, 0, 9}) add_range(r, {n, n});
  EXPECT_EQ(r, (std::vector<NumberRange>{{0, 0}, {3, 5}, {9, 9}}));
  add_range(r, {1, 8});
  EXPECT_EQ(r, (std::vector<NumberRange>{{0, 9}}));
  add_range(r, {UINT64_MAX, UINT64_MAX});
  add_range(r, {20, UINT64_MAX});
  EXPECT_EQ(r, (std::vector<NumberRange>{{0, 9}, {20, UINT64_MAX}}));
  EXPECT_EQ(complement(r, 22), (std::vector<NumberRange>{{10, 19}}));
  EXPECT_EQ(complement(r, 5), (std::vector<NumberRange>{}));
  EXPECT_EQ(complement({}, 2), (std::vector<NumberRange>{{0, 1}}));
  EXPECT_TRUE(contains(r, 9));
  EXPECT_FALSE(contains(r, 10));
  EXPECT_FALSE(contains({}, 0));
}

}  // namespace
}  // namespace courier
