#include "sender/return_apply.h"

#include "tests/unit/sender/returns.h"

namespace courier::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ---- order and incarnations: B53 -----------------------------------------------------------

TEST_F(Returns, TheSameReturnTwiceIsAlreadyApplied) {
  const ReceivedReturn r = return_number(1);
  apply(r);
  EXPECT_FALSE(ReturnBook(ledger).store(r));
  EXPECT_THAT(ReturnApplier(context).apply_pending(), IsEmpty());
  const AppliedReturn again = ReturnApplier(context).apply(*ReturnBook(ledger).find(r.label));
  EXPECT_EQ(again.outcome, "already applied");
  EXPECT_FALSE(again.changed);
}

TEST_F(Returns, AnOlderReturnThatComesLaterChangesNothing) {
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn older = return_number(1);
  say(older, sent, 0, VerdictKind::damaged).missing_records = {{0, 9}};
  dp_says(older, "D1", id, 1, PackageState::install_failed);
  ReceivedReturn newer = return_number(2);
  say(newer, sent, 0, VerdictKind::installed);
  hold(newer, id, 1);
  dp_says(newer, "D1", id, 1, PackageState::installed);
  apply(newer);
  const AppliedReturn applied = apply(older);
  EXPECT_FALSE(applied.changed);
  EXPECT_EQ(applied.outcome, "older than PSE-PUN-000002");
  EXPECT_EQ(job(number).step, JobStep::confirmed);
  EXPECT_EQ(view(id, "D1")->state, PackageState::installed);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), SizeIs(1));
  EXPECT_THAT(ReturnApplier(context).apply_pending(), IsEmpty());
}

TEST_F(Returns, TwoPendingReturnsAreAppliedInOrder) {
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn first = return_number(1), second = return_number(2);
  say(first, sent, 0, VerdictKind::installed);
  hold(first, id, 1);
  ReturnBook(ledger).store(second);
  ReturnBook(ledger).store(first);
  const auto applied = ReturnApplier(context).apply_pending();
  ASSERT_THAT(applied, SizeIs(2));
  EXPECT_EQ(applied[0].id.number, 1u);
  EXPECT_THAT(applied[1].repair_jobs, SizeIs(1));
}

TEST_F(Returns, AnotherReturnOfTheSameNumberChangesNothing) {
  apply(return_number(2));
  ReceivedReturn other = return_number(2);
  other.label = digest("another");
  hold(other, id, 1);
  EXPECT_FALSE(apply(other).changed);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), IsEmpty());
}

TEST_F(Returns, TheLatestReturnReplacesWhatIsHeld) {
  ReceivedReturn r = return_number(1);
  hold(r, id, 1);
  hold(r, id, 2);
  apply(r);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), SizeIs(2));
  r = return_number(2);
  hold(r, id, 2);
  apply(r);
  ASSERT_THAT(ReturnBook(ledger).holdings(pse), SizeIs(1));
  EXPECT_EQ(ReturnBook(ledger).holdings(pse)[0].version, 2u);
}

TEST_F(Returns, TheSitesRowSaysWhatTheLatestReturnSays) {
  ReceivedReturn r = return_number(7);
  r.features = 3;
  apply(r);
  const SiteRow site = SiteBook(ledger).get(pse);
  EXPECT_EQ(site.last_return, 7u);
  EXPECT_EQ(site.last_return_label, r.label);
  EXPECT_EQ(site.last_return_time, r.written);
  EXPECT_EQ(site.last_return_applied, clock.now());
  EXPECT_EQ(site.free_bytes, 5000u);
  EXPECT_EQ(site.features, 3u);
}

TEST_F(Returns, ANewerIncarnationVoidsProofsAndReplansWhatIsOnTheRoad) {
  const PackageId other = package(0x21);
  const std::uint64_t on_the_road = distribute(other, pse);
  apply([&] {
    const ParcelId sent = sent_parcel({{number}});
    ReceivedReturn r = return_number(5);
    say(r, sent, 0, VerdictKind::installed);
    hold(r, id, 1);
    return r;
  }());
  const ParcelId under_way = sent_parcel({{on_the_road}});
  // Restored from a backup: its numbers begin anew and it holds nothing.
  const AppliedReturn applied = apply(return_number(1, 2));
  EXPECT_TRUE(applied.changed);
  EXPECT_EQ(SiteBook(ledger).get(pse).incarnation, incarnation(2));
  EXPECT_EQ(SiteBook(ledger).get(pse).last_return, 1u);
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), IsEmpty());
  EXPECT_TRUE(addressee(under_way).lost);
  EXPECT_EQ(job(on_the_road).step, JobStep::routed);  // pending again
  EXPECT_THAT(applied.repair_jobs, SizeIs(1));        // and what it had proved before
  EXPECT_THAT(pending(), SizeIs(2));
}

TEST_F(Returns, AReturnOfAnEarlierIncarnationChangesNothing) {
  apply(return_number(1, 2));
  ReceivedReturn old = return_number(9, 1);
  hold(old, id, 1);
  const AppliedReturn applied = apply(old);
  EXPECT_FALSE(applied.changed);
  EXPECT_THAT(applied.outcome, HasSubstr("older than incarnation 2"));
  EXPECT_THAT(ReturnBook(ledger).holdings(pse), IsEmpty());
  EXPECT_EQ(SiteBook(ledger).get(pse).incarnation, incarnation(2));
}

TEST_F(Returns, AVerdictFromBeforeDoesNotConfirmAParcelForTheNewIncarnation) {
  const PackageId other = package(0x21);
  const std::uint64_t second = distribute(other, pse);
  const ParcelId sent = sent_parcel({{number}, {second}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed);
  hold(r, id, 1);
  apply(r);
  r = return_number(1, 2);
  say(r, sent, 1, VerdictKind::installed);
  hold(r, other, 1);
  const AppliedReturn applied = apply(r);
  // Both its jobs have a verdict; what the site lost with its old self is repaired.
  EXPECT_THAT(applied.confirmed, ElementsAre(sent));
  EXPECT_THAT(applied.repair_jobs, SizeIs(1));
  EXPECT_EQ(job(applied.repair_jobs[0]).package, id);
}

// ---- what is not received, not ours, not so ------------------------------------------------

TEST_F(Returns, NumbersNotReceivedAreThoseOnTheRoad) {  // a lost parcel shows by itself
  const ParcelId first = sent_parcel({{number}});
  const std::uint64_t other = distribute(package(0x21), pse);
  const ParcelId dropped = parcel({pse}, {{other}});
  ParcelLife(context).discard(dropped);
  const ParcelId third = sent_parcel({{other}});
  ReceivedReturn r = return_number(1);
  say(r, third, 0, VerdictKind::installed);
  hold(r, PackageId::make(pun, 0x21), 1);
  r.not_received = {first.number, dropped.number, 77};
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.not_received, ElementsAre(first));
  EXPECT_THAT(SiteBook(ledger).get(pse).not_received, ElementsAre(first.number));
  // It is the operator who declares it lost.
  EXPECT_FALSE(addressee(first).lost);
  EXPECT_EQ(job(number).step, JobStep::sent);
}

TEST_F(Returns, AParcelThatWasNeverMadeIsNamed) {
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed);
  r.parcels[0].label = digest("another parcel of that number");
  ReturnParcel stranger;
  stranger.id = {pun, pse, 900};
  stranger.label = digest("stranger");
  r.parcels.push_back(stranger);
  const AppliedReturn applied = apply(r);
  EXPECT_THAT(applied.unknown_parcels, ElementsAre(sent, stranger.id));
  EXPECT_EQ(job(number).step, JobStep::sent);
  EXPECT_EQ(addressee(sent).state, ParcelState::sent);
}

TEST_F(Returns, AVerdictOnAnItemThatTheParcelDoesNotHaveIsPassedOver) {
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed).version = 9;
  r.parcels[0].items.emplace_back();
  r.parcels[0].items.back().index = 40;
  r.parcels[0].items.back().verdict = VerdictKind::installed;
  EXPECT_THAT(apply(r).confirmed, IsEmpty());
  EXPECT_EQ(job(number).step, JobStep::sent);
}

TEST_F(Returns, AFailureWithinLeavesNothingHalfApplied) {
  const ParcelId sent = sent_parcel({{number}});
  ReceivedReturn r = return_number(1);
  say(r, sent, 0, VerdictKind::installed);
  dp_says(r, "D1", id, 1, static_cast<PackageState>(12));  // the ledger takes 0 to 8
  EXPECT_ANY_THROW(ReturnApplier(context).apply(r));
  EXPECT_EQ(job(number).step, JobStep::sent);
  EXPECT_EQ(addressee(sent).state, ParcelState::sent);
  EXPECT_EQ(SiteBook(ledger).get(pse).last_return, 0u);
}

}  // namespace
}  // namespace courier::test
