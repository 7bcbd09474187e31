// Items that wait: what holds one up holds up nothing else.
#include "importer/stored_items.h"
#include "ledger/job_book.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

class Waiting : public ImporterTest {
 protected:
  // A child of the branch, and an open job of the package to it.
  std::uint64_t open_job_to_a_child(const PackageId& package) {
    SiteRow row;
    row.code = SiteCode::parse("NEV");
    row.name = "Site NEV";
    row.role = SiteRole::child;
    row.incarnation = pun.keys.incarnation();
    SiteBook{pse.ledger}.join(row);
    NewJob wanted;
    wanted.package = package;
    wanted.version = 1;
    wanted.site = row.code;
    return JobBook{pse.ledger}.accept(wanted, "test");
  }
};

TEST_F(Waiting, ARemoveOfAPackageThatAJobStillUsesWaitsAndItsNeighboursRun) {
  const Digest v1 = content("v1", {{"a", "1"}});
  package_parcel(1, 1, 1, v1);
  ASSERT_EQ(pse.take(folder / "usb").exit_status, 0);
  const std::uint64_t job = open_job_to_a_child(tools);
  make_parcel(
      pun, {&pse}, 2,
      {{item(ItemKind::remove, tools, 1, {}, 2), item(ItemKind::package, extra, 1, v1, 3)}, {v1}},
      folder / "usb/2.pcl");
  const ReceiveReport report = pse.take(folder / "usb/2.pcl");
  ASSERT_EQ(report.parcels.size(), 1u);
  EXPECT_EQ(report.parcels[0].state, IncomingState::accepted);
  ASSERT_EQ(report.parcels[0].items.size(), 2u);
  EXPECT_EQ(report.parcels[0].items[0].verdict, std::nullopt);
  EXPECT_NE(report.parcels[0].items[0].reason.find("still uses it"), std::string::npos);
  EXPECT_EQ(report.parcels[0].items[1].verdict, VerdictKind::installed);

  clock.tick(std::chrono::hours(1));
  run_waiting(pse.parts(), {});
  EXPECT_FALSE(PackageBook{pse.ledger}.get(tools).removed);
  JobBook{pse.ledger}.cancel(job, "test");
  clock.tick(std::chrono::hours(1));
  run_waiting(pse.parts(), {});
  EXPECT_TRUE(PackageBook{pse.ledger}.find(tools)->removed);
  EXPECT_EQ(make_return_report(pse.parts(), pun.code).parcels.back().items.at(0).verdict,
            VerdictKind::removed);
}

TEST_F(Waiting, ARemoveOfWhatIsRemovedAlreadyIsDone) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  for (std::uint64_t number : {2, 3}) {
    const std::string path = folder / "remove.pcl";
    make_parcel(pun, {&pse}, number, {{item(ItemKind::remove, tools, 1, {}, number)}, {}}, path);
    const ReceiveReport report = pse.take(path);
    EXPECT_EQ(report.exit_status, 0);
    EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::removed);
  }
}

TEST_F(Waiting, AnotherCopyOfAParcelWithAWaitingItemBringsWhatWasDamaged) {
  const Digest old = content("old", {{"a", "1"}});
  make_parcel(pun, {&pse}, 1, {{item(ItemKind::package, extra, 1, old, 1)}, {old}},
              folder / "usb/1.pcl");
  ASSERT_EQ(pse.take(folder / "usb").exit_status, 0);
  open_job_to_a_child(extra);
  const Digest v1 = content("v1", {{"a", noise(120'000, 3)}});
  const std::string path = folder / "usb/2.pcl";
  make_parcel(
      pun, {&pse}, 2,
      {{item(ItemKind::package, tools, 1, v1, 2), item(ItemKind::remove, extra, 1, {}, 3)}, {v1}},
      path);
  const std::string good = read_text(path);
  std::string spoilt = good;
  spoilt[good.size() - 5000] ^= 0x10;
  write_text(path, spoilt);
  EXPECT_EQ(pse.take(path).parcels.at(0).items.at(0).verdict, VerdictKind::damaged);

  // The same damaged copy: still damaged, and what is missing is still named.
  const ReceiveReport same = pse.take(path);
  EXPECT_EQ(same.parcels.at(0).state, IncomingState::accepted);
  EXPECT_EQ(same.parcels[0].items.at(0).verdict, VerdictKind::damaged);
  EXPECT_EQ(same.parcels[0].missing_records.size(), 1u);

  write_text(path, good);
  const ReceiveReport whole = pse.take(path);
  EXPECT_EQ(whole.parcels.at(0).state, IncomingState::accepted);
  EXPECT_EQ(whole.parcels[0].items.at(0).verdict, VerdictKind::installed);
  EXPECT_EQ(whole.parcels[0].items.at(1).verdict, std::nullopt);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(Waiting, AnItemIsInstalledAlsoWhenALaterJobBroughtItToItsDps) {
  std::filesystem::rename(folder / "share", folder / "away");
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  const auto told = [&] {
    return make_return_report(pse.parts(), pun.code).parcels.at(0).items.at(0).verdict;
  };
  restate_stored_items(pse.parts());
  EXPECT_EQ(told(), VerdictKind::stored);

  std::filesystem::rename(folder / "away", folder / "share");
  const PublishReport later =
      pse.distribution.target(tools, 1, {"files"}, PublishMode::redistribute);
  EXPECT_NE(later.job, 1u);
  restate_stored_items(pse.parts());
  EXPECT_EQ(told(), VerdictKind::stored);  // queued is not served
  pse.distribution.run_due({});
  restate_stored_items(pse.parts());
  EXPECT_EQ(told(), VerdictKind::installed);
}

TEST_F(Waiting, AnItemWhoseVersionWasReplacedBeforeItWasServedStaysStored) {
  std::filesystem::rename(folder / "share", folder / "away");
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb/1.pcl");
  package_parcel(2, 2, 2, content("v2", {{"a", "2"}}));
  pse.take(folder / "usb/2.pcl");
  std::filesystem::rename(folder / "away", folder / "share");
  clock.tick(std::chrono::hours(1));
  run_waiting(pse.parts(), {});
  EXPECT_EQ(served(), tree_of(folder / "v2"));
  const ReturnReport told = make_return_report(pse.parts(), pun.code);
  ASSERT_EQ(told.parcels.size(), 2u);
  std::map<std::uint64_t, VerdictKind> verdicts;
  for (const ReceivedParcel& parcel : told.parcels) {
    verdicts[parcel.id.number] = parcel.items.at(0).verdict;
  }
  EXPECT_EQ(verdicts[1], VerdictKind::stored);
  EXPECT_EQ(verdicts[2], VerdictKind::installed);
}

TEST_F(Waiting, OneParcelThatCannotGoOnDoesNotStopTheNext) {
  IncomingBook incoming{pse.ledger};
  IncomingParcel bad;
  bad.label = digest_of(DigestKind::label, as_bytes("bad"));
  bad.id = ParcelId::parse("PUN-PSE-000009");
  bad.sender_incarnation = pun.keys.incarnation();
  IncomingItem nonsense;
  nonsense.label = bad.label;
  nonsense.encoded = {1, 2, 3};
  incoming.begin(bad);
  incoming.set_items(bad.label, {nonsense});
  incoming.accept(bad.label, "test");
  std::filesystem::rename(folder / "share", folder / "away");
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  EXPECT_NE(pse.take(folder / "usb").exit_status, 0);
  std::filesystem::rename(folder / "away", folder / "share");
  clock.tick(std::chrono::hours(1));

  const ReceiveReport report = run_waiting(pse.parts(), {});
  ASSERT_EQ(report.parcels.size(), 1u);
  ASSERT_TRUE(report.parcels[0].error);
  EXPECT_EQ(report.parcels[0].error->code(), ErrorCode::damaged);
  EXPECT_EQ(report.parcels[0].state, IncomingState::accepted);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

}  // namespace
}  // namespace courier::test
