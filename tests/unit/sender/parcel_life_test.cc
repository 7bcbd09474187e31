#include "sender/parcel_life.h"

#include "ledger/dp_book.h"
#include "ledger/settings.h"
#include "ledger/transfer_book.h"
#include "tests/unit/sender/desk.h"

namespace courier::test {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LifeOfParcels : public Desk {
 protected:
  ParcelLife life() { return ParcelLife(context); }
  // Created, with one new job.
  ParcelId one(std::uint32_t number = 0x20) {
    last_package = package(number);
    last_job = distribute(last_package, pse);
    return parcel({pse}, {{last_job}});
  }
  void confirm(const ParcelId& id) {
    jobs().confirm(last_job, PackageState::installed, clock.now(), "PSE-PUN-000001", "");
    ParcelBook(ledger).confirm(id, pse, "PSE-PUN-000001");
  }

  PackageId last_package;
  std::uint64_t last_job = 0;
};

TEST_F(LifeOfParcels, SentIsMarkedByTheOperatorAndKept) {  // P3, J7, T2, B12, B20
  const ParcelId id = one();
  life().mark_sent(id);
  EXPECT_EQ(addressee(id).state, ParcelState::sent);
  EXPECT_EQ(job(last_job).step, JobStep::sent);
  EXPECT_EQ(job(last_job).pending, PendingReason::sent);
  EXPECT_EQ(view(last_package)->pending, PendingReason::sent);
  const HistoryRow row = ParcelBook(ledger).history(id).back();
  EXPECT_EQ(row.event, "P3");
  EXPECT_EQ(row.who, "ana");
  EXPECT_EQ(row.time, clock.now());
}

TEST_F(LifeOfParcels, SentExpectsItsReturnUnlessADateWasGiven) {  // P8
  const ParcelId id = one(), other = one(0x21);
  const Time given = clock.now() + hours(48);
  ParcelBook(ledger).set_carriage(other, {}, {}, {}, given);
  life().mark_sent(id);
  life().mark_sent(other);
  EXPECT_EQ(ParcelBook(ledger).get(id).expected, clock.now() + hours(24 * 30));
  EXPECT_EQ(ParcelBook(ledger).get(other).expected, given);
}

TEST_F(LifeOfParcels, NoStepGoesBackwards) {  // P11
  const ParcelId id = one();
  life().mark_sent(id);
  EXPECT_EQ(error_of([&] { life().mark_sent(id); }).exit_status(), 9);
  EXPECT_EQ(error_of([&] { life().discard(id); }).exit_status(), 9);
  confirm(id);
  EXPECT_EQ(error_of([&] { life().mark_sent(id); }).exit_status(), 9);
  EXPECT_EQ(error_of([&] { life().declare_lost(id); }).exit_status(), 9);
  EXPECT_TRUE(has_file(id));
}

TEST_F(LifeOfParcels, OneStatePerAddresseeAndTheLeastAdvancedIsShown) {
  join(tex);
  const PackageId package_id = package(0x20);
  const std::uint64_t a = distribute(package_id, pse), b = distribute(package_id, tex);
  const ParcelId id = parcel({pse, tex}, {{a, b}});
  life().mark_sent(id, pse);
  EXPECT_EQ(ParcelBook(ledger).get(id).state(), ParcelState::created);
  EXPECT_EQ(job(a).step, JobStep::sent);
  EXPECT_EQ(job(b).step, JobStep::in_parcel);
  // Without a site: the rest of them.
  life().mark_sent(id);
  EXPECT_EQ(ParcelBook(ledger).get(id).state(), ParcelState::sent);
  EXPECT_EQ(job(b).step, JobStep::sent);
  life().declare_lost(id, tex);
  EXPECT_EQ(job(a).step, JobStep::sent);
  EXPECT_EQ(job(b).step, JobStep::accepted);
  life().declare_lost(id);
  EXPECT_EQ(job(a).step, JobStep::accepted);
}

TEST_F(LifeOfParcels, ALostParcelsJobsGoWithTheNext) {  // P9, J13
  const ParcelId id = one();
  EXPECT_EQ(error_of([&] { life().declare_lost(id); }).exit_status(), 9);  // not sent yet
  life().mark_sent(id);
  life().declare_lost(id);
  EXPECT_TRUE(addressee(id).lost);
  EXPECT_EQ(addressee(id).state, ParcelState::sent);
  EXPECT_EQ(job(last_job).step, JobStep::accepted);
  EXPECT_EQ(error_of([&] { life().declare_lost(id); }).exit_status(), 9);
  EXPECT_EQ(Scheduler(context).pending(pse).at(0).job.number, last_job);
  const ParcelId next = parcel({pse}, {{last_job}});
  EXPECT_NE(next, id);
  EXPECT_EQ(job(last_job).parcel, next.str());
  EXPECT_TRUE(has_file(id));  // it may turn up, and its record map with it
}

TEST_F(LifeOfParcels, DiscardTakesFilesAwayAndGivesJobsBack) {  // P4, J10
  const ParcelId id = one();
  life().discard(id);
  EXPECT_EQ(addressee(id).state, ParcelState::discarded);
  EXPECT_EQ(job(last_job).step, JobStep::routed);
  EXPECT_EQ(view(last_package)->pending, PendingReason::not_created);
  EXPECT_FALSE(has_file(id));
  EXPECT_FALSE(has_map(id));
  EXPECT_EQ(error_of([&] { life().discard(id); }).exit_status(), 9);
}

TEST_F(LifeOfParcels, FilesOfADiscardedParcelThatACrashLeftAreRemovedLater) {
  const ParcelId id = one();
  ParcelBook(ledger).discard(id);  // and the power goes
  ASSERT_TRUE(has_file(id));
  EXPECT_THAT(life().remove_payloads(), IsEmpty());
  EXPECT_FALSE(has_file(id));
  EXPECT_FALSE(has_map(id));
}

TEST_F(LifeOfParcels, PayloadsGoAfterTheGraceTimeAndNeverBeforeConfirmed) {  // P10, B19
  const ParcelId id = one();
  life().mark_sent(id);
  clock.tick(hours(24 * 90));
  EXPECT_THAT(life().remove_payloads(), IsEmpty());
  EXPECT_TRUE(has_file(id));
  confirm(id);
  clock.tick(hours(24 * 7));
  EXPECT_THAT(life().remove_payloads(), IsEmpty());
  clock.tick(hours(1));
  EXPECT_THAT(life().remove_payloads(), ElementsAre(id));
  EXPECT_FALSE(has_file(id));
  EXPECT_FALSE(has_map(id));
  EXPECT_TRUE(ParcelBook(ledger).get(id).payload_removed);
  EXPECT_EQ(addressee(id).state, ParcelState::confirmed);
  EXPECT_THAT(life().remove_payloads(), IsEmpty());
}

TEST_F(LifeOfParcels, APayloadIsKeptUntilTheLastAddresseeConfirms) {
  join(tex);
  const PackageId package_id = package(0x20);
  const ParcelId id =
      parcel({pse, tex}, {{distribute(package_id, pse), distribute(package_id, tex)}});
  ParcelBook(ledger).confirm(id, pse, "PSE-PUN-000001");
  clock.tick(hours(24 * 30));
  EXPECT_THAT(life().remove_payloads(), IsEmpty());
  ParcelBook(ledger).confirm(id, tex, "TEX-PUN-000001");
  clock.tick(hours(24 * 8));
  EXPECT_THAT(life().remove_payloads(), ElementsAre(id));
}

TEST_F(LifeOfParcels, AFileThatIsGoneAlreadyStopsNothing) {
  const ParcelId id = one();
  confirm(id);
  std::filesystem::remove(life().path_of(ParcelBook(ledger).get(id)));
  clock.tick(hours(24 * 8));
  EXPECT_THAT(life().remove_payloads(), ElementsAre(id));
}

TEST_F(LifeOfParcels, OverdueIsSaidOnceAndIsNoFailure) {  // P8
  const ParcelId id = one();
  life().mark_sent(id);
  EXPECT_THAT(life().report_overdue(), IsEmpty());
  clock.tick(hours(24 * 30 + 1));
  const auto overdue = life().report_overdue();
  ASSERT_THAT(overdue, SizeIs(1));
  EXPECT_EQ(overdue[0].addressees[0].id, id);
  EXPECT_THAT(life().report_overdue(), IsEmpty());
  EXPECT_EQ(addressee(id).state, ParcelState::sent);
  EXPECT_THAT(StatusLog(ledger).list("C8"), SizeIs(1));
}

TEST_F(LifeOfParcels, CancelOfAWaitingJob) {  // J14, T9
  const PackageId id = package(0x20);
  const std::uint64_t number = distribute(id, pse);
  const CancelOutcome outcome = life().cancel(number);
  EXPECT_EQ(outcome.discarded_parcel, "");
  EXPECT_EQ(job(number).step, JobStep::cancelled);
  EXPECT_EQ(job(number).reason, "cancelled by ana");
  EXPECT_EQ(view(id)->state, PackageState::install_failed);
  EXPECT_THAT(StatusLog(ledger).list("C4"), SizeIs(1));
  EXPECT_EQ(error_of([&] { life().cancel(number); }).exit_status(), 9);
  EXPECT_EQ(error_of([&] { life().cancel(99); }).exit_status(), 7);
}

TEST_F(LifeOfParcels, CancelTakesAnUnsentParcelWithIt) {  // B30
  const PackageId first = package(1), second = package(2);
  const std::uint64_t a = distribute(first, pse), b = distribute(second, pse);
  const ParcelId id = parcel({pse}, {{a}, {b}});
  const CancelOutcome outcome = life().cancel(a);
  EXPECT_EQ(outcome.discarded_parcel, id.str());
  EXPECT_THAT(outcome.pending_again, ElementsAre(b));
  EXPECT_EQ(job(a).step, JobStep::cancelled);
  EXPECT_EQ(job(b).step, JobStep::routed);
  EXPECT_EQ(addressee(id).state, ParcelState::discarded);
  EXPECT_FALSE(has_file(id));
  EXPECT_EQ(view(first)->state, PackageState::install_failed);
  EXPECT_EQ(view(second)->state, PackageState::install_pending);
}

TEST_F(LifeOfParcels, CancelGivesBackTheJobsOfTheOtherAddressees) {
  join(tex);
  const PackageId package_id = package(0x20);
  const std::uint64_t a = distribute(package_id, pse), b = distribute(package_id, tex);
  parcel({pse, tex}, {{a, b}});
  EXPECT_THAT(life().cancel(a).pending_again, ElementsAre(b));
  EXPECT_EQ(job(b).step, JobStep::routed);
}

TEST_F(LifeOfParcels, AJobInASentParcelCannotBeCancelled) {  // B30
  const ParcelId id = one();
  life().mark_sent(id);
  const Error error = error_of([&] { life().cancel(last_job); });
  EXPECT_EQ(error.exit_status(), 9);
  EXPECT_THAT(error.hint(), HasSubstr("retract"));
  EXPECT_EQ(job(last_job).step, JobStep::sent);
  EXPECT_TRUE(has_file(id));
}

TEST_F(LifeOfParcels, AParcelSentToOneOfItsAddresseesIsNotTakenBack) {
  join(tex);
  const PackageId package_id = package(0x20);
  const std::uint64_t a = distribute(package_id, pse), b = distribute(package_id, tex);
  const ParcelId id = parcel({pse, tex}, {{a, b}});
  life().mark_sent(id, tex);
  const Error error = error_of([&] { life().cancel(a); });
  EXPECT_EQ(error.exit_status(), 9);
  EXPECT_THAT(error.hint(), HasSubstr("retract PUN00020 --from PSE"));
  EXPECT_EQ(job(a).step, JobStep::in_parcel);
  EXPECT_TRUE(has_file(id));
}

TEST_F(LifeOfParcels, CancelOfARetractLeavesAFailedRemoval) {
  const PackageId id = package(0x20);
  distribute(id, pse);
  const std::uint64_t number = Distributor(context).retract(id, {{pse, {}}})[0].job;
  life().cancel(number);
  EXPECT_EQ(view(id)->state, PackageState::removal_failed);
  EXPECT_EQ(view(id)->reason, "cancelled by ana");
}

class LocalCancel : public LifeOfParcels {
 protected:
  LocalCancel() {
    for (const char* name : {"D1", "D2"}) {
      DpRow dp;
      dp.name = name;
      dp.paths = {"/srv/" + dp.name};
      DpBook(ledger).add(dp);
    }
    id = package(0x20);
    number = distribute(id, pun);
    for (const char* dp : {"D1", "D2"}) {
      PackageDpBook(ledger).target({pun, dp, id}, 1, number, false, PendingReason::queued, "job");
      TransferRow row;
      row.job = number;
      row.dp = dp;
      row.package = id;
      row.version = 1;
      row.created = clock.now();
      TransferBook(ledger).add(row);
    }
  }
  TransferState transfer(const std::string& dp) {
    return TransferBook(ledger).get(number, dp).state;
  }

  PackageId id;
  std::uint64_t number = 0;
};

TEST_F(LocalCancel, StopsEveryTransferJob) {  // J14, X9, T9
  life().cancel(number);
  EXPECT_EQ(job(number).step, JobStep::cancelled);
  EXPECT_EQ(transfer("D1"), TransferState::cancelled);
  EXPECT_EQ(transfer("D2"), TransferState::cancelled);
  EXPECT_EQ(view(id, "D1", pun)->state, PackageState::install_failed);
}

TEST_F(LocalCancel, IsRefusedAsAWholeWhenOneCopyIsVerified) {  // X10
  TransferBook transfers(ledger);
  transfers.ready(number, "D2");
  transfers.start(number, "D2");
  transfers.progress(number, "D2");
  transfers.set_phase(number, "D2", TransferPhase::verifying);
  const Error error = error_of([&] { life().cancel(number); });
  EXPECT_EQ(error.exit_status(), 9);
  EXPECT_THAT(error.happened(), HasSubstr("D2"));
  EXPECT_EQ(job(number).step, JobStep::local);
  EXPECT_EQ(transfer("D1"), TransferState::pending);
  EXPECT_EQ(view(id, "D1", pun)->state, PackageState::install_pending);
}

}  // namespace
}  // namespace courier::test
