#include "sender/scheduler.h"

#include "ledger/settings.h"
#include "tests/unit/sender/desk.h"

namespace courier::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Scheduling : public Desk {
 protected:
  std::uint64_t accept(const PackageId& id, Priority priority = Priority::medium) {
    NewJob wanted;
    wanted.package = id;
    wanted.version = 1;
    wanted.site = pse;
    wanted.priority = priority;
    return jobs().accept(wanted, "test");
  }
  std::vector<PendingJob> pending() { return Scheduler(context).pending(pse); }
  void set_sender(const PackageId& id, const std::string& sender) {
    PackageRow row = PackageBook(ledger).get(id);
    row.sender = sender;
    PackageBook(ledger).set(row);
  }
  void add_folder(std::uint32_t priority, bool substitute = true) {
    AddressRow address;
    address.site = pse;
    address.sender = "folder";
    address.folder = "xch";
    address.priority = priority;
    address.substitute = substitute;
    AddressBook(ledger).add(address);
  }
  void enable(const std::string& sender, bool enabled) {
    AddressRow address = *AddressBook(ledger).find(pse, sender);
    address.enabled = enabled;
    AddressBook(ledger).set(address);
  }
};

TEST_F(Scheduling, AcceptedBecomesRouted) {  // J2
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  EXPECT_EQ(job(number).step, JobStep::routed);
  EXPECT_EQ(job(number).sender, "courier");
}

TEST_F(Scheduling, RunningAgainChangesNothing) {  // B21
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  Scheduler(context).run();
  Scheduler(context).run(pse);
  EXPECT_THAT(events(number), ElementsAre("J1", "J2"));
}

TEST_F(Scheduling, NothingPendingIsAnEmptyList) {  // B6
  EXPECT_THAT(pending(), IsEmpty());
  EXPECT_EQ(error_of([&] { Scheduler(context).pending(tex); }).code(), ErrorCode::not_found);
}

TEST_F(Scheduling, HighBeforeMediumBeforeLowThenInOrderOfCreation) {  // B23
  const auto low = accept(package(1), Priority::low);
  const auto first = accept(package(2));
  const auto high = accept(package(3), Priority::high);
  const auto second = accept(package(4));
  std::vector<std::uint64_t> order;
  for (const PendingJob& one : pending()) {
    EXPECT_TRUE(one.ready);
    order.push_back(one.job.number);
  }
  EXPECT_THAT(order, ElementsAre(high, first, second, low));
}

TEST_F(Scheduling, WithoutAnAddressAJobWaitsWithTheReason) {  // B4, J4
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  AddressBook(ledger).remove(pse, "courier");
  EXPECT_EQ(job(number).step, JobStep::accepted);
  const auto list = pending();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_FALSE(list[0].ready);
  EXPECT_EQ(list[0].reason, "no address");
  EXPECT_EQ(job(number).reason, "no address");
}

TEST_F(Scheduling, AJobIsRoutedAnewWhenItsAddressComesBack) {  // J4, J2
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  enable("courier", false);
  EXPECT_EQ(pending().at(0).reason, "no address is enabled");
  enable("courier", true);
  EXPECT_TRUE(pending().at(0).ready);
  EXPECT_EQ(job(number).reason, "");
  EXPECT_THAT(events(number), ElementsAre("J1", "J2", "J4", "J2"));
}

TEST_F(Scheduling, APreferredSenderWithoutAddressNamesBoth) {  // B5, B6
  const PackageId id = package(0x20);
  accept(id);
  set_sender(id, "courier");
  AddressBook(ledger).remove(pse, "courier");
  const Error error = error_of([&] { pending(); });
  EXPECT_EQ(error.exit_status(), 9);
  EXPECT_THAT(
      error.happened(),
      HasSubstr("package PUN00020 prefers sender courier: site PSE has no courier address"));
  EXPECT_THAT(error.hint(), HasSubstr("address add"));
}

TEST_F(Scheduling, APreferredSenderThatIsNotEnabledIsAReasonOnly) {
  const PackageId id = package(0x20);
  accept(id);
  set_sender(id, "courier");
  enable("courier", false);
  EXPECT_EQ(pending().at(0).reason, "address courier is not enabled");
}

TEST_F(Scheduling, APreferredSenderBeatsTheOrderOfAddresses) {  // B25
  add_folder(2);
  const PackageId plain = package(1), special = package(2);
  set_sender(special, "folder");
  const auto first = accept(plain), second = accept(special);
  Scheduler(context).run();
  EXPECT_EQ(job(first).sender, "courier");
  EXPECT_EQ(job(second).sender, "folder");
}

TEST_F(Scheduling, TheNextAddressStandsInUnlessItMayNot) {  // B24
  add_folder(2);
  enable("courier", false);
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  EXPECT_EQ(job(number).sender, "folder");
  AddressRow folder = *AddressBook(ledger).find(pse, "folder");
  folder.substitute = false;
  AddressBook(ledger).set(folder);
  EXPECT_FALSE(pending().at(0).ready);
}

TEST_F(Scheduling, ARoutedJobFollowsItsPackagesPreferredSender) {  // J4
  add_folder(2);
  const PackageId id = package(0x20);
  const std::uint64_t number = accept(id);
  Scheduler(context).run();
  set_sender(id, "folder");
  Scheduler(context).run();
  EXPECT_EQ(job(number).sender, "folder");
  EXPECT_THAT(events(number), ElementsAre("J1", "J2", "J4", "J2"));
}

TEST_F(Scheduling, AJobInErrorIsTriedAgainWhenItsTimeHasCome) {  // J11, J12
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  jobs().fail_writing(number, "read-only file system", clock.now() + std::chrono::minutes(1));
  auto list = pending();
  EXPECT_FALSE(list.at(0).ready);
  EXPECT_THAT(list.at(0).reason, HasSubstr("read-only file system, tried again at"));
  clock.tick(std::chrono::minutes(1));
  EXPECT_TRUE(pending().at(0).ready);
  EXPECT_EQ(job(number).step, JobStep::routed);
}

TEST_F(Scheduling, AJobInErrorFailsWhenItsDaysAreOver) {  // B29, J12
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  jobs().fail_writing(number, "read-only file system", clock.now() + std::chrono::minutes(1));
  clock.tick(std::chrono::hours(24 * 7));
  Scheduler(context).run();
  EXPECT_EQ(job(number).step, JobStep::failed);
  EXPECT_EQ(job(number).state, PackageState::install_failed);
  EXPECT_EQ(job(number).reason, "read-only file system");
}

TEST_F(Scheduling, ASuspendedJobIsReadyForTheNextParcel) {  // J6
  const std::uint64_t number = accept(package(0x20));
  Scheduler(context).run();
  jobs().suspend(number, "size limit");
  const auto list = pending();
  EXPECT_TRUE(list.at(0).ready);
  EXPECT_EQ(list.at(0).reason, "did not fit in the last parcel");
}

}  // namespace
}  // namespace courier::test
