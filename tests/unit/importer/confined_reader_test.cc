// A parcel that makes its reader fail: it is refused by name, nothing is lost, and what else is on
// the medium comes in. The readers here are the program's, behind a relay that fails them at a mark
// (tests/support/importer_workers.h).
#include "base/confinement.h"
#include "importer/identify.h"
#include "tests/support/importer_workers.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

constexpr const char* kHow =
    "the confined child that read it was stopped: it asked the system for what a reader never "
    "needs";
constexpr const char* kLoss =
    "nothing was lost: it could reach no file and no network, and what was taken in before is kept";
constexpr const char* kHint =
    "do not use this copy, try another; if that one does the same, keep it and report it: it may "
    "have been made to attack this machine";

class ConfinedReader : public ImporterTest {
 protected:
  // A parcel whose public label has the mark in it.
  std::string failing_parcel(std::uint64_t number) {
    const std::string path = folder / ("usb/" + std::to_string(number) + ".pcl");
    Load load{{item(ItemKind::package, tools, 9, content("bad", {{"a", "bad"}}), 9)}, {}};
    load.roots = {load.items[0].root};
    load.change = [](ParcelDraft& draft) { draft.comment = kFailMark; };
    make_parcel(pun, {&pse}, number, load, path);
    return path;
  }
  std::vector<std::string> journal_lines() {
    std::vector<std::string> lines;
    Journal::read(pse.path, std::nullopt, std::nullopt,
                  [&](const JournalLine& line) { lines.push_back(line.message); });
    return lines;
  }
};

TEST_F(ConfinedReader, ThatFailsAtAHeadIsAnAnswerAndTheOtherParcelsAreIdentified) {
  const std::string bad = failing_parcel(1);
  package_parcel(2, 1, 1, content("v1", {{"a", "old"}}));
  const IdentifyReport report =
      identify(pse.fs, folder / "usb", IdentifyHome{pse.keys, pse.trust, pse.ledger});
  EXPECT_EQ(report.exit_status, 0);
  ASSERT_EQ(report.offers.size(), 2u);
  EXPECT_EQ(report.offers[0].standing, Standing::genuine);
  EXPECT_EQ(report.offers[1].standing, Standing::unreadable);
  ASSERT_TRUE(report.offers[1].error);
  const Error& error = *report.offers[1].error;
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_EQ(std::string(error.what()), bad + ": " + kHow);
  EXPECT_EQ(error.loss(), kLoss);
  EXPECT_EQ(error.hint(), kHint);
}

TEST_F(ConfinedReader, ThatFailsAtAHeadDoesNotStopTheParcelBehindIt) {
  failing_parcel(1);
  package_parcel(2, 1, 1, content("v1", {{"a", "old"}}));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 10);
  ASSERT_EQ(report.left_alone.size(), 1u);
  EXPECT_EQ(report.left_alone[0].standing, Standing::unreadable);
  EXPECT_EQ(report.parcels.at(0).state, IncomingState::processed);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(ConfinedReader, ThatFailsBetweenRecordsKeepsWhatCameAndAnotherCopyGoesOn) {
  const std::string path =
      package_parcel(1, 1, 1, content("v1", {{"a", noise(300'000, 1)}, {"b", noise(300'000, 2)}}));
  const std::string good = read_text(path);
  // Bytes between two records are no part of the parcel: anybody can put them there.
  std::string bad = good;
  const auto middle = static_cast<std::ptrdiff_t>(good.find("\xF5PCL", good.size() / 2));
  bad.insert(static_cast<std::size_t>(middle), kFailMark);
  write_text(path, bad);

  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 5);
  const ReceivedParcelReport& parcel = report.parcels.at(0);
  EXPECT_EQ(parcel.state, IncomingState::incomplete);
  EXPECT_GT(parcel.records, 0u);
  ASSERT_TRUE(parcel.error);
  EXPECT_EQ(std::string(parcel.error->what()), "parcel PUN-PSE-000001: " + path + ": " + kHow);
  EXPECT_EQ(parcel.error->loss(), "nothing was lost: " + std::to_string(parcel.records) +
                                      (parcel.records == 1 ? " record is" : " records are") +
                                      " stored");
  EXPECT_TRUE(served().empty());

  write_text(path, good);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(ConfinedReader, ThatFailsAtARecordOfItsSenderCostsThatRecordAloneAndSaysToReportIt) {
  const Digest one = content("one", {{"a", std::string(kFailMark)}});
  const Digest two = content("two", {{"b", noise(120'000, 4)}});
  two_package_parcel(one, two);
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 10);
  const ReceivedParcelReport& parcel = report.parcels.at(0);
  EXPECT_EQ(parcel.state, IncomingState::processed);
  EXPECT_EQ(parcel.missing_records.size(), 1u);
  EXPECT_EQ(parcel.damaged_records, 1u);
  ASSERT_EQ(parcel.items.size(), 2u);
  EXPECT_EQ(parcel.items[0].verdict, VerdictKind::damaged);
  EXPECT_EQ(parcel.items[1].verdict, VerdictKind::installed);
  ASSERT_TRUE(parcel.error);
  EXPECT_NE(std::string(parcel.error->what()).find(std::string("; ") + kHow), std::string::npos);
  EXPECT_EQ(parcel.error->hint(), kHint);
  EXPECT_TRUE(pse.store_is_clean());
}

TEST_F(ConfinedReader, ThatFailsAtABlockOfItsSenderLeavesTheStoreCleanAndTheNextParcelComesIn) {
  const std::string path =
      package_parcel(1, 1, 1, content("v1", {{"a", std::string(kFailMark)}, {"b", "fine"}}));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_NE(report.exit_status, 0);
  ASSERT_TRUE(report.parcels.at(0).error);
  EXPECT_EQ(report.parcels[0].error->hint(), kHint);
  EXPECT_TRUE(pse.store_is_clean());
  EXPECT_TRUE(served().empty());

  // The next parcel has children of its own.
  std::filesystem::remove(path);
  package_parcel(2, 2, 2, content("v2", {{"a", "new"}}));
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v2"));
}

TEST_F(ConfinedReader, IsNamedInTheLogOnceForEachRun) {
  Journal journal(pse.path, clock, 1u << 20);
  const ImporterParts all = pse.parts();
  const ImporterParts parts{all.fs,   all.clock, all.entropy, journal,    all.home,
                            all.keys, all.trust, all.store,   all.ledger, all.distribution};
  package_parcel(1, 1, 1, content("v1", {{"a", "old"}}));
  package_parcel(2, 2, 2, content("v2", {{"a", "new"}}));
  ASSERT_EQ(receive(parts, folder / "usb", {}).exit_status, 0);
  const std::vector<std::string> lines = journal_lines();
  EXPECT_EQ(
      std::count(lines.begin(), lines.end(),
                 "parcels are taken apart in confined children: " + probe_confinement().words()),
      1);
}

}  // namespace
}  // namespace courier::test
