#include "importer/return_parcel.h"

#include <sys/stat.h>

#include "ledger/parcel_book.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

using Returning = ImporterTest;

TEST_F(Returning, TellsTheOriginWhatCameOfEveryItemAndWhatIsHeld) {
  const Digest v1 = content("v1", {{"a", noise(100'000, 1)}});
  package_parcel(1, 1, 7, v1);
  pse.take(folder / "usb", folder / "usb");
  EXPECT_TRUE(std::filesystem::exists(folder / "usb/PSE-PUN-000001.pcl"));

  const ReceiveReport at_home = pun.take(folder / "usb");
  EXPECT_EQ(at_home.exit_status, 0);
  EXPECT_TRUE(at_home.returns_stored);
  EXPECT_TRUE(at_home.returns.empty());  // a return is never answered
  const auto pending = ReturnBook{pun.ledger}.pending();
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].id.str(), "PSE-PUN-000001");
  ASSERT_EQ(pending[0].parcels.size(), 1u);
  EXPECT_EQ(pending[0].parcels[0].id.str(), "PUN-PSE-000001");
  ASSERT_EQ(pending[0].parcels[0].items.size(), 1u);
  EXPECT_EQ(pending[0].parcels[0].items[0].job, 7u);
  EXPECT_EQ(pending[0].parcels[0].items[0].verdict, VerdictKind::installed);
  ASSERT_EQ(pending[0].holdings.size(), 1u);
  EXPECT_EQ(pending[0].holdings[0].root, v1);
  EXPECT_TRUE(pending[0].holdings[0].complete());
  ASSERT_EQ(pending[0].dp_states.size(), 1u);
  EXPECT_EQ(pending[0].dp_states[0].state, PackageState::installed);
  EXPECT_EQ(pending[0].dp_states[0].served, 1u);
  EXPECT_EQ(StatusLog{pun.ledger}.list("4400", pse.code).size(), 1u);

  // The same one again: known, and no second set of rows.
  EXPECT_EQ(pun.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(ReturnBook{pun.ledger}.pending().size(), 1u);
}

TEST_F(Returning, IsCumulativeUntilTheOriginHasSeenIt) {
  const Digest v1 = content("v1", {{"a", "1"}});
  package_parcel(1, 1, 1, v1);
  pse.take(folder / "usb");
  package_parcel(2, 2, 2, content("v2", {{"a", "2"}}));
  pse.take(folder / "usb");
  EXPECT_EQ(make_return_report(pse.parts(), pun.code).parcels.size(), 2u);
  SiteBook{pse.ledger}.acknowledge_returns(pun.code, 1, "test");
  const ReturnReport report = make_return_report(pse.parts(), pun.code);
  ASSERT_EQ(report.parcels.size(), 1u);
  EXPECT_EQ(report.parcels[0].id.number, 2u);
}

TEST_F(Returning, NamesParcelsThatNeverCame) {
  package_parcel(3, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  const ReturnReport report = make_return_report(pse.parts(), pun.code);
  EXPECT_TRUE(report.parcels_not_received.contains(1));
  EXPECT_TRUE(report.parcels_not_received.contains(2));
  EXPECT_FALSE(report.parcels_not_received.contains(3));
}

TEST_F(Returning, SaysWhenContentIsNoLongerHeld) {
  package_parcel(1, 1, 1, content("v1", {{"a", noise(100'000, 1)}}));
  pse.take(folder / "usb");
  for (const auto& pack :
       std::filesystem::recursive_directory_iterator(folder / "pse/store/packs")) {
    if (!pack.is_regular_file()) continue;
    std::string bytes = read_text(pack.path().string());
    for (std::size_t at = 100; at < bytes.size(); at += 1000)
      bytes[at] = static_cast<char>(~bytes[at]);
    write_text(pack.path().string(), bytes);
  }
  pse.store.check();
  const ReturnReport report = make_return_report(pse.parts(), pun.code);
  EXPECT_TRUE(report.holdings.empty() || !report.holdings[0].missing.complete());
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).stored_version, 0u);
}

TEST_F(Returning, AReadOnlyTargetLosesNothingAndSaysWhereToWriteItInstead) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  const ReceiveReport report = pse.take(folder / "usb", folder / "no-such-folder");
  EXPECT_EQ(report.exit_status, 11);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  ASSERT_EQ(report.returns.size(), 1u);
  ASSERT_TRUE(report.returns[0].error);
  EXPECT_EQ(report.returns[0].error->exit_status(), 11);
  EXPECT_NE(report.returns[0].error->loss().find("all is in"), std::string::npos);
  EXPECT_NE(report.returns[0].error->hint().find("return create --to PUN --out"),
            std::string::npos);
  const auto again = create_returns(pse.parts(), std::nullopt, folder / "usb", {});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_FALSE(again[0].error);
  EXPECT_TRUE(std::filesystem::exists(again[0].written_path));
}

TEST_F(Returning, ThereMustBeSomebodyToAnswer) {
  EXPECT_EQ(error_of([&] { create_returns(pse.parts(), std::nullopt, "", {}); }).code(),
            ErrorCode::not_found);
  EXPECT_EQ(create_returns(pse.parts(), pun.code, "", {}).size(), 1u);
  EXPECT_EQ(error_of([&] { create_returns(pse.parts(), SiteCode::parse("NEV"), "", {}); }).code(),
            ErrorCode::not_found);
}

TEST_F(Returning, ItsNumberIsNeverUsedTwice) {
  const WrittenReturn first = make_return(pse.parts(), pun.code);
  fs.fail_at(6, EIO, true);
  EXPECT_THROW(make_return(pse.parts(), pun.code), Error);
  fs.fail_at(0, 0);
  const WrittenReturn third = make_return(pse.parts(), pun.code);
  EXPECT_NE(first.id, third.id);
  EXPECT_TRUE(std::filesystem::exists(third.outbox_path));
}

}  // namespace
}  // namespace courier::test
