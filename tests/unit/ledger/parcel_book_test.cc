#include "ledger/parcel_book.h"

#include "ledger/package_dp_book.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

class ParcelBookTest : public LedgerTest {
 protected:
  ParcelBookTest() {
    join(pse_);
    join(tex_);
  }
  // A Created parcel with one new job for each addressee.
  ParcelId make(const std::vector<SiteCode>& to, bool is_return = false) {
    Transaction t(*ledger_);
    JobBook jobs(*ledger_);
    const auto package = add_package(next_package_++);
    ParcelItemRow item{.package = package, .version = 1, .bytes = 1000};
    if (is_return) item = {.kind = ItemKind::verdicts};
    for (const auto& site : to) {
      if (is_return) {
        item.jobs.push_back(0);
        continue;
      }
      const auto job = add_job(package, site);
      PackageDpBook(*ledger_).target({site, "", package}, 1, job, false, PendingReason::not_created,
                                     "test");
      jobs.route(job, "courier");
      item.jobs.push_back(job);
      jobs_.push_back(job);
    }
    const auto ids = book().reserve(to);
    ParcelRow row;
    for (const auto& id : ids) row.addressees.push_back({.id = id});
    row.label = digest("label of " + ids[0].str());
    row.file = ids[0].str() + ".pcl";
    row.is_return = is_return;
    row.created = clock_.now();
    book().create(row, {item});
    t.commit();
    return ids[0];
  }
  ParcelBook book() { return ParcelBook(*ledger_); }
  JobRow job(std::size_t i) { return JobBook(*ledger_).get(jobs_.at(i)); }
  PackageDpRow view(std::size_t i) {
    return PackageDpBook(*ledger_).get({job(i).site, "", job(i).package});
  }

  std::uint32_t next_package_ = 1;
  std::vector<std::uint64_t> jobs_;
};

TEST_F(ParcelBookTest, CreatedTakesItsJobsAndKeepsWhoAndWhen) {
  const auto id = make({pse_});
  EXPECT_EQ(id.str(), "PUN-PSE-000001");
  EXPECT_EQ(book().get(id).state(), ParcelState::created);
  EXPECT_EQ(job(0).step, JobStep::in_parcel);
  EXPECT_EQ(job(0).parcel, "PUN-PSE-000001");
  EXPECT_EQ(view(0).pending, PendingReason::created);
  ASSERT_EQ(book().history(id).size(), 1u);
  EXPECT_EQ(book().history(id)[0].who, "ana");
  EXPECT_EQ(book().history(id)[0].time, clock_.now());
  EXPECT_TRUE(book().reserved().empty());
  EXPECT_EQ(book().by_label(book().get(id).label)->addressees[0].id, id);
}

TEST_F(ParcelBookTest, AJobForAWholeSiteTellsOfEachOfItsDistributionPoints) {
  const auto id = make({pse_});
  PackageDpBook states(*ledger_);
  const PackageDpKey key{job(0).site, "files", job(0).package};
  const PackageDpKey other{tex_, "files", job(0).package};
  for (const PackageDpKey& one : {key, other})
    states.target(one, job(0).version, job(0).number, false, PendingReason::not_created, "job 1");
  book().mark_sent(id, {});
  EXPECT_EQ(states.get(key).pending, PendingReason::sent);
  EXPECT_EQ(states.get(other).pending, PendingReason::not_created);
}

TEST_F(ParcelBookTest, ANumberGivenOutIsNeverGivenAgain) {
  EXPECT_EQ(book().peek({pse_})[0].number, 1u);
  EXPECT_EQ(book().reserve({pse_})[0].number, 1u);
  ASSERT_EQ(book().reserved().size(), 1u);
  book().drop_reserved(book().reserved()[0]);
  EXPECT_EQ(book().peek({pse_})[0].number, 2u);
  EXPECT_EQ(make({pse_}).number, 2u);
  EXPECT_EQ(make({tex_}).number, 1u);
}

TEST_F(ParcelBookTest, IsNotMadeWhenAJobWasCancelledMeanwhile) {
  const auto package = add_package(0x99);
  const auto number = add_job(package, pse_);
  JobBook(*ledger_).route(number, "courier");
  const auto ids = book().reserve({pse_});
  JobBook(*ledger_).cancel(number, "ana");
  ParcelRow row{.label = digest("l")};
  row.addressees = {{.id = ids[0]}};
  EXPECT_EQ(code_of([&] { book().create(row, {{.package = package, .jobs = {number}}}); }),
            ErrorCode::not_allowed);
  EXPECT_FALSE(book().find(ids[0]));
  EXPECT_EQ(book().reserved().size(), 1u);
}

TEST_F(ParcelBookTest, SentMovesItsJobsAndNeverGoesBack) {
  const auto id = make({pse_});
  book().mark_sent(id);
  EXPECT_EQ(book().get(id).state(), ParcelState::sent);
  EXPECT_EQ(job(0).step, JobStep::sent);
  EXPECT_EQ(view(0).pending, PendingReason::sent);
  EXPECT_EQ(code_of([&] { book().mark_sent(id); }), ErrorCode::not_allowed);
  EXPECT_EQ(code_of([&] { book().discard(id); }), ErrorCode::not_allowed);
}

TEST_F(ParcelBookTest, DiscardedGivesItsJobsBack) {
  const auto id = make({pse_});
  book().discard(id);
  EXPECT_EQ(book().get(id).state(), ParcelState::discarded);
  EXPECT_EQ(job(0).step, JobStep::routed);
  EXPECT_EQ(view(0).pending, PendingReason::not_created);
  EXPECT_EQ(code_of([&] { book().mark_sent(id); }), ErrorCode::not_allowed);
  EXPECT_EQ(code_of([&] { book().confirm(id, pse_, "PSE-PUN-000001"); }), ErrorCode::not_allowed);
}

TEST_F(ParcelBookTest, ConfirmedNeedsAReturnAndSaysThatItWasNotMarkedSent) {
  const auto id = make({pse_});
  EXPECT_EQ(code_of([&] { book().confirm(id, pse_, ""); }), ErrorCode::not_allowed);
  book().confirm(id, pse_, "PSE-PUN-000001");
  EXPECT_EQ(book().get(id).state(), ParcelState::confirmed);
  EXPECT_EQ(book().get(id).addressees[0].return_id, "PSE-PUN-000001");
  EXPECT_EQ(book().history(id).back().evidence, "return PSE-PUN-000001, was not marked sent");
  EXPECT_EQ(code_of([&] { book().mark_sent(id); }), ErrorCode::not_allowed);
  EXPECT_EQ(code_of([&] { book().mark_lost(id); }), ErrorCode::not_allowed);
}

TEST_F(ParcelBookTest, LostIsPlannedAnewAndMayStillBeConfirmed) {
  const auto id = make({pse_});
  EXPECT_EQ(code_of([&] { book().mark_lost(id); }), ErrorCode::not_allowed);
  book().mark_sent(id);
  book().mark_lost(id);
  EXPECT_TRUE(book().get(id).lost());
  EXPECT_EQ(book().get(id).state(), ParcelState::sent);
  EXPECT_EQ(job(0).step, JobStep::accepted);
  EXPECT_EQ(code_of([&] { book().mark_lost(id); }), ErrorCode::not_allowed);
  book().confirm(id, pse_, "PSE-PUN-000001");
  EXPECT_FALSE(book().get(id).lost());
}

TEST_F(ParcelBookTest, PartlyConfirmedStaysSent) {
  const auto id = make({pse_});
  book().partly_confirm(id, pse_, "PSE-PUN-000001");
  EXPECT_EQ(book().get(id).state(), ParcelState::sent);
  EXPECT_TRUE(book().get(id).addressees[0].partly_confirmed);
  book().partly_confirm(id, pse_, "PSE-PUN-000002");
  book().confirm(id, pse_, "PSE-PUN-000003");
  EXPECT_FALSE(book().get(id).addressees[0].partly_confirmed);
  EXPECT_EQ(code_of([&] { book().partly_confirm(id, pse_, "r"); }), ErrorCode::not_allowed);
}

TEST_F(ParcelBookTest, ForSeveralSitesShowsTheLeastAdvanced) {
  const auto id = make({pse_, tex_});
  const auto for_tex = ParcelId::parse("PUN-TEX-000001");
  EXPECT_EQ(book().get(for_tex).key, book().get(id).key);
  book().mark_sent(id, pse_);
  EXPECT_EQ(book().get(id).state(), ParcelState::created);
  EXPECT_EQ(job(0).step, JobStep::sent);
  EXPECT_EQ(job(1).step, JobStep::in_parcel);
  // One of them was shipped: neither may be discarded any more, and nothing is half done.
  EXPECT_EQ(code_of([&] { book().discard(id); }), ErrorCode::not_allowed);
  EXPECT_EQ(job(1).step, JobStep::in_parcel);
  book().mark_sent(id, tex_);
  book().confirm(id, pse_, "PSE-PUN-000001");
  EXPECT_EQ(book().get(id).state(), ParcelState::sent);
  EXPECT_EQ(book().get(id).addressee(pse_)->state, ParcelState::confirmed);
  EXPECT_EQ(code_of([&] { book().mark_sent(id, pun_); }), ErrorCode::not_found);
}

TEST_F(ParcelBookTest, PayloadGoesOnlyAfterConfirmedByAll) {
  const auto id = make({pse_, tex_});
  EXPECT_EQ(code_of([&] { book().payload_removed(id); }), ErrorCode::not_allowed);
  book().confirm(id, pse_, "r");
  clock_.tick(std::chrono::hours(24));
  EXPECT_TRUE(book().removable(clock_.now()).empty());
  book().confirm(id, tex_, "r");
  EXPECT_TRUE(book().removable(clock_.now()).empty());
  clock_.tick(std::chrono::hours(24));
  ASSERT_EQ(book().removable(clock_.now()).size(), 1u);
  book().payload_removed(id);
  EXPECT_TRUE(book().get(id).payload_removed);
  EXPECT_TRUE(book().removable(clock_.now()).empty());
}

TEST_F(ParcelBookTest, OverdueIsNotedOnce) {
  const auto id = make({pse_});
  book().set_carriage(id, {}, "DHL", "JD01", clock_.now());
  clock_.tick(std::chrono::hours(1));
  EXPECT_TRUE(book().overdue(clock_.now()).empty());
  book().mark_sent(id);
  ASSERT_EQ(book().overdue(clock_.now()).size(), 1u);
  EXPECT_TRUE(book().note_overdue(id));
  EXPECT_FALSE(book().note_overdue(id));
  EXPECT_EQ(book().get(id).tracking, "JD01");
  book().set_carriage(id, {}, {}, "JD02", clock_.now() + std::chrono::hours(1));
  EXPECT_EQ(book().get(id).carrier, "DHL");
  EXPECT_EQ(book().get(id).tracking, "JD02");
  EXPECT_TRUE(book().overdue(clock_.now()).empty());
}

TEST_F(ParcelBookTest, CopiesAreKeptGoodAndBad) {
  const auto id = make({pse_});
  book().add_copy(id, {.target = "/media/usb", .medium_label = "KINGSTON", .verified = true});
  book().add_copy(id, {.target = "/media/old", .verified = false, .note = "record 3 differs"});
  const auto copies = book().copies(id);
  ASSERT_EQ(copies.size(), 2u);
  EXPECT_TRUE(copies[0].verified);
  EXPECT_EQ(copies[1].note, "record 3 differs");
  book().discard(id);
  EXPECT_EQ(code_of([&] { book().add_copy(id, {.target = "x"}); }), ErrorCode::not_allowed);
}

TEST_F(ParcelBookTest, CopiesOfVolumesSayWhichRecordsTheyHave) {
  const auto id = make({pse_});
  ParcelCopy copy;
  copy.target = "/media/usb/PUN-PSE-000001.v2.pcl";
  copy.verified = true;
  copy.medium = "FIELD01 (vfat, UUID 1A2B-3C4D) at /media/usb";
  copy.cut = "00112233445566778899aabbccddeeff";
  copy.number = 2;
  copy.volumes = 3;
  copy.first_record = 10;
  copy.end_record = 20;
  copy.bytes = 1'000'000;
  book().add_copy(id, copy);
  const ParcelCopy kept = book().copies(id).at(0);
  EXPECT_EQ(kept.medium, copy.medium);
  EXPECT_EQ(kept.cut, copy.cut);
  EXPECT_EQ(kept.number, 2u);
  EXPECT_EQ(kept.volumes, 3u);
  EXPECT_EQ(kept.first_record, 10u);
  EXPECT_EQ(kept.end_record, 20u);
  EXPECT_EQ(kept.bytes, 1'000'000u);
  EXPECT_EQ(book().history(id).back().evidence, "volume 2 of 3 " + copy.target + " verified");
}

TEST_F(ParcelBookTest, VerdictsOfItemsAreReplacedByLaterOnes) {
  const auto id = make({pse_});
  book().set_verdict(
      id, {.index = 0, .site = pse_, .verdict = VerdictKind::incomplete, .return_id = "r1"});
  book().set_verdict(
      id, {.index = 0, .site = pse_, .verdict = VerdictKind::installed, .return_id = "r2"});
  ASSERT_EQ(book().verdicts(id).size(), 1u);
  EXPECT_EQ(book().verdicts(id)[0].verdict, VerdictKind::installed);
}

TEST_F(ParcelBookTest, AReturnIsConfirmedByWhatItsAddresseeHasSeen) {
  const auto first = make({pse_}, true), second = make({pse_}, true);
  SiteBook sites(*ledger_);
  sites.acknowledge_returns(pse_, first.number, "label of PSE-PUN-000001");
  EXPECT_EQ(book().get(first).state(), ParcelState::confirmed);
  EXPECT_EQ(book().get(second).state(), ParcelState::created);
  sites.acknowledge_returns(pse_, 0, "an older label");
  EXPECT_EQ(sites.get(pse_).acknowledged, first.number);
}

TEST_F(ParcelBookTest, OfAnotherSiteIsNotFound) {
  const auto other = ParcelId::parse("TEX-PSE-000001");
  EXPECT_EQ(code_of([&] { book().get(other); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { book().items(other); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { book().verdicts(other); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { book().copies(other); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] {
              book().set_verdict(other, {0, pse_, {}, "", "r", {}});
            }),
            ErrorCode::not_found);
}

}  // namespace
}  // namespace courier
