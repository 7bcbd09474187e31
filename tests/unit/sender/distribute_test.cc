#include "sender/distribute.h"

#include "tests/unit/sender/desk.h"

namespace courier::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Distributing : public Desk {
 protected:
  Distributor distributor() { return Distributor(context); }
  void confirm(std::uint64_t number) {
    jobs().confirm(number, PackageState::installed, clock.now(), "PSE-PUN-000001", "");
  }
};

TEST_F(Distributing, AJobIsAcceptedThenRouted) {  // J1, J2, B21, B22
  const PackageId id = package(0x20);
  const auto made = distributor().distribute(id, {{pse, {}}});
  ASSERT_EQ(made.size(), 1u);
  EXPECT_FALSE(made[0].local);
  EXPECT_FALSE(made[0].existed);
  const JobRow row = job(made[0].job);
  EXPECT_EQ(row.step, JobStep::routed);
  EXPECT_EQ(row.state, PackageState::install_pending);
  EXPECT_EQ(row.pending, PendingReason::not_created);
  EXPECT_EQ(row.version, 1u);
  EXPECT_EQ(row.total_bytes, 1000u);
  EXPECT_EQ(row.remaining_bytes, 1000u);
  EXPECT_THAT(events(row.number), ElementsAre("J1", "J2"));
  EXPECT_EQ(StatusLog(ledger).list("2339").size(), 1u);
}

TEST_F(Distributing, TheSameAgainIsTheSameJob) {  // B21
  const PackageId id = package(0x20);
  const std::uint64_t number = distribute(id, pse);
  const auto again = distributor().distribute(id, {{pse, {}}});
  EXPECT_TRUE(again[0].existed);
  EXPECT_EQ(again[0].job, number);
  EXPECT_EQ(jobs().list().size(), 1u);
}

TEST_F(Distributing, AJobLeftAcceptedByACrashIsRoutedByTheSameCommand) {  // B21
  const PackageId id = package(0x20);
  NewJob wanted;
  wanted.package = id;
  wanted.version = 1;
  wanted.site = pse;
  const std::uint64_t number = jobs().accept(wanted, "test");
  EXPECT_EQ(distribute(id, pse), number);
  EXPECT_EQ(job(number).step, JobStep::routed);
}

TEST_F(Distributing, AnEndedJobIsNotTakenForANewOne) {
  const PackageId id = package(0x20);
  const std::uint64_t first = distribute(id, pse);
  ParcelLife(context).cancel(first);
  const std::uint64_t second = distribute(id, pse);
  EXPECT_NE(second, first);
  EXPECT_EQ(job(second).step, JobStep::routed);
}

TEST_F(Distributing, AnotherPriorityReplacesAJobThatStillWaits) {  // B23, J15
  const PackageId id = package(0x20);
  const std::uint64_t first = distribute(id, pse);
  const auto made = distributor().distribute(id, {{pse, {}}}, Priority::high);
  EXPECT_FALSE(made[0].existed);
  EXPECT_EQ(job(made[0].job).priority, Priority::high);
  EXPECT_EQ(job(first).step, JobStep::superseded);
  EXPECT_EQ(job(first).superseded_by, made[0].job);
  parcel({pse}, {{made[0].job}});
  EXPECT_TRUE(distributor().distribute(id, {{pse, {}}}, Priority::low)[0].existed);
}

TEST_F(Distributing, AJobForTheSiteIsOneForEachDpOfIt) {
  const PackageId id = package(0x20);
  const std::uint64_t number = distribute(id, pse);
  EXPECT_EQ(distribute(id, pse, {"D1"}), number);
  EXPECT_EQ(jobs().list().size(), 1u);
}

TEST_F(Distributing, ANewVersionSupersedesTheOldJob) {  // J15
  const PackageId id = package(0x20);
  const std::uint64_t first = distribute(id, pse);
  new_version(id, 2);
  const std::uint64_t second = distribute(id, pse);
  EXPECT_EQ(job(first).step, JobStep::superseded);
  EXPECT_EQ(job(second).version, 2u);
}

TEST_F(Distributing, ASiteThatIsNotJoinedIsNotFound) {  // B3
  const PackageId id = package(0x20);
  const Error error = error_of([&] { distribute(id, tex); });
  EXPECT_EQ(error.exit_status(), 7);
  EXPECT_THAT(error.hint(), HasSubstr("site join"));
  join(tex);
  EXPECT_NO_THROW(distribute(id, tex));
}

TEST_F(Distributing, WithoutAnAddressNoJobIsMadeAndOldOnesStay) {  // B4
  const std::uint64_t before = distribute(package(0x20), pse);
  const PackageId id = package(0x21);
  AddressBook(ledger).remove(pse, "courier");
  EXPECT_EQ(error_of([&] { distribute(id, pse); }).exit_status(), 9);
  ASSERT_EQ(jobs().list().size(), 1u);
  EXPECT_EQ(jobs().list()[0].number, before);
}

TEST_F(Distributing, ARefusalForOneTargetMakesNoJobForTheOthers) {
  join(tex);
  AddressBook(ledger).remove(tex, "courier");
  const PackageId id = package(0x20);
  EXPECT_EQ(error_of([&] {
              distributor().distribute(id, {{pse, {}}, {tex, {}}});
            }).code(),
            ErrorCode::not_allowed);
  EXPECT_THAT(jobs().list(), IsEmpty());
}

TEST_F(Distributing, APreferredSenderWithoutAddressIsNamed) {  // B5
  const PackageId id = package(0x20);
  PackageRow row = PackageBook(ledger).get(id);
  row.sender = "courier";
  PackageBook(ledger).set(row);
  AddressBook(ledger).remove(pse, "courier");
  const Error error = error_of([&] { distribute(id, pse); });
  EXPECT_EQ(error.exit_status(), 9);
  EXPECT_STREQ(error.what(),
               "package PUN00020: prefers sender courier: site PSE has no courier address");
  EXPECT_THAT(error.hint(), HasSubstr("address add"));
}

TEST_F(Distributing, ContentThatIsNotStoredIsNotFound) {
  const PackageId id = package(0x20);
  PackageBook(ledger).mark_not_stored(id, 1);
  const Error error = error_of([&] { distribute(id, pse); });
  EXPECT_EQ(error.code(), ErrorCode::not_found);
  EXPECT_THAT(error.hint(), HasSubstr("package update PUN00020"));
  EXPECT_EQ(error_of([&] { distribute(PackageId::parse("PUN00099"), pse); }).code(),
            ErrorCode::not_found);
}

TEST_F(Distributing, TheOriginsViewSaysNotCreated) {  // T1
  const PackageId id = package(0x20);
  distribute(id, pse, {"D1"});
  for (const char* dp : {"", "D1"}) {
    ASSERT_TRUE(view(id, dp)) << dp;
    EXPECT_EQ(view(id, dp)->state, PackageState::install_pending);
    EXPECT_EQ(view(id, dp)->pending, PendingReason::not_created);
  }
  EXPECT_FALSE(view(id, "D2"));
}

TEST_F(Distributing, AWholeSiteIsTheDpsThatItHasTold) {  // T1
  ReceivedReturn r = return_number(1);
  r.dp_space = {{"D7", 100}};
  apply(r);
  const PackageId id = package(0x20);
  distribute(id, pse);
  EXPECT_TRUE(view(id, "D7"));
}

TEST_F(Distributing, APackageWithoutFilesHasNoDpStates) {  // B80
  const PackageId id = package(0x20, true);
  const std::uint64_t number = distribute(id, pse);
  EXPECT_EQ(job(number).step, JobStep::routed);
  EXPECT_FALSE(view(id));
}

TEST_F(Distributing, ATargetAtThisSiteIsLocal) {
  const PackageId id = package(0x20);
  const auto made = distributor().distribute(id, {{pun, {}}});
  EXPECT_TRUE(made[0].local);
  EXPECT_EQ(job(made[0].job).step, JobStep::local);
}

TEST_F(Distributing, RedistributeIsTheSameVersionWhole) {  // B47
  const PackageId id = package(0x20);
  const auto made = distributor().redistribute(id, {{pse, {}}});
  EXPECT_EQ(job(made[0].job).kind, JobKind::redistribute);
  EXPECT_EQ(job(made[0].job).version, 1u);
  EXPECT_TRUE(job(made[0].job).whole);
  // What it brings, distribute would bring.
  EXPECT_TRUE(distributor().distribute(id, {{pse, {}}})[0].existed);
}

TEST_F(Distributing, RetractMakesARemoveJobAndRemovalPending) {  // B47, T17
  const PackageId id = package(0x20);
  const std::uint64_t first = distribute(id, pse, {"D1"});
  const auto made = distributor().retract(id, {{pse, {}}});
  EXPECT_EQ(job(made[0].job).kind, JobKind::remove);
  EXPECT_EQ(job(made[0].job).state, PackageState::removal_pending);
  EXPECT_EQ(job(first).step, JobStep::superseded);
  EXPECT_EQ(view(id)->state, PackageState::removal_pending);
  EXPECT_EQ(view(id, "D1")->state, PackageState::removal_pending);
}

TEST_F(Distributing, APackageRemovedHereCanBeRetractedThere) {  // B47
  const PackageId id = package(0x20);
  confirm(distribute(id, pse));
  PackageBook(ledger).remove(id);
  EXPECT_EQ(error_of([&] { distribute(id, pse); }).code(), ErrorCode::not_found);
  const auto made = distributor().retract(id, {{pse, {}}});
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(jobs().get(made[0].job).kind, JobKind::remove);
  EXPECT_EQ(jobs().get(made[0].job).step, JobStep::routed);
}

TEST_F(Distributing, RetractFromOneDpLeavesTheOthers) {
  const PackageId id = package(0x20);
  distribute(id, pse, {"D1", "D2"});
  distributor().retract(id, {{pse, {"D1"}}});
  EXPECT_EQ(view(id, "D1")->state, PackageState::removal_pending);
  EXPECT_EQ(view(id, "D2")->state, PackageState::install_pending);
  EXPECT_EQ(view(id)->state, PackageState::install_pending);
}

class Updating : public Distributing {
 protected:
  std::vector<Target> targets(const PackageId& id) {
    std::vector<Target> out;
    for (const MadeJob& made : distributor().distribute_update(id)) out.push_back(made.target);
    return out;
  }
};

TEST_F(Updating, GoesToAllWhoHaveItOrWaitForIt) {  // B47, J1, T12
  join(tex);
  const PackageId id = package(0x20);
  const std::uint64_t has = distribute(id, pse), waits = distribute(id, tex, {"D1"});
  const PackageId other = package(0x21);
  distribute(other, tex);
  parcel({pse}, {{has}});
  confirm(has);
  new_version(id, 2);
  EXPECT_THAT(targets(id), ElementsAre(Target{pse, {}}, Target{tex, {"D1"}}));
  EXPECT_EQ(job(waits).step, JobStep::superseded);
  EXPECT_EQ(job(has).step, JobStep::confirmed);
  EXPECT_EQ(view(id)->version, 2u);
}

TEST_F(Updating, DoesNotGoWhereThePackageWasRetractedOrItsJobCancelled) {
  join(tex);
  const PackageId id = package(0x20);
  confirm(distribute(id, pse));
  confirm(distributor().retract(id, {{pse, {}}})[0].job);
  ParcelLife(context).cancel(distribute(id, tex));
  new_version(id, 2);
  EXPECT_THAT(targets(id), IsEmpty());
}

TEST_F(Updating, LeavesOutADpFromWhichItWasRetracted) {
  const PackageId id = package(0x20);
  ReceivedReturn r = return_number(1);
  r.dp_space = {{"D1", 100}, {"D2", 100}};
  apply(r);
  confirm(distribute(id, pse));
  distributor().retract(id, {{pse, {"D1"}}});
  new_version(id, 2);
  EXPECT_THAT(targets(id), ElementsAre(Target{pse, {"D2"}}));
}

TEST_F(Updating, WaitsWithItsReasonWhereNoAddressIsLeft) {
  const PackageId id = package(0x20);
  confirm(distribute(id, pse));
  AddressBook(ledger).remove(pse, "courier");
  new_version(id, 2);
  const auto made = distributor().distribute_update(id);
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(job(made[0].job).step, JobStep::accepted);
  EXPECT_EQ(job(made[0].job).reason, "no address");
}

}  // namespace
}  // namespace courier::test
