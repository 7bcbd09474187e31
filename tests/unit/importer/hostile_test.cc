// What must not get in, and what must not be lost: damage anywhere, strangers, revoked keys, the
// sender's own wrong blocks.
#include "importer/identify.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

using Hostile = ImporterTest;

std::string with_flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  return bytes;
}

TEST_F(Hostile, NoFlippedByteIsEverTakenForTheRealThing) {
  package_parcel(1, 1, 1, content("v1", {{"a", "old"}}));
  ASSERT_EQ(pse.take(folder / "usb").exit_status, 0);
  const auto v1 = tree_of(folder / "v1");
  constexpr std::uint32_t kFlips = 80;
  for (std::uint32_t n = 0; n < kFlips; ++n) {
    // Each time another version, so that no damaged copy helps another.
    const Digest root = content("new", {{"a", noise(30'000, 100 + n)}, {"b", noise(9'000, n)}});
    const std::string path = package_parcel(2 + n, 2 + n, 2 + n, root);
    const std::string good = read_text(path);
    const std::size_t at = n + 1 == kFlips ? good.size() - 3 : good.size() * n / kFlips;
    write_text(path, with_flipped(good, at));
    const int status = pse.take(path).exit_status;
    EXPECT_TRUE(status == 3 || status == 4 || status == 10)
        << "byte " << at << " of " << good.size() << ": " << status;
    // Damage behind the last record takes nothing away; everywhere else the old version stays.
    EXPECT_TRUE(served() == v1 || (status == 10 && served() == tree_of(folder / "new")))
        << "byte " << at;
    if (served() != v1) break;
  }
  EXPECT_TRUE(pse.store_is_clean());
}

TEST_F(Hostile, ATruncatedParcelGoesOnWhenItComesWhole) {
  const Digest v1 =
      content("v1", {{"a", noise(150'000, 3)}, {"b", noise(150'000, 4)}, {"c", "small"}});
  const std::string path = package_parcel(1, 1, 1, v1);
  const std::string good = read_text(path);
  write_text(path, good.substr(0, good.size() * 2 / 3));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 5);
  EXPECT_EQ(report.parcels.at(0).state, IncomingState::incomplete);
  EXPECT_FALSE(report.parcels[0].missing_records.empty());
  EXPECT_GT(report.parcels[0].records, 0u);
  EXPECT_TRUE(served().empty());

  write_text(path, good);
  const ReceiveReport again = pse.take(folder / "usb");
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_GT(again.parcels.at(0).records, 0u);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  EXPECT_EQ(pse.messages("4400"), 1u);
}

TEST_F(Hostile, AMediumPulledOutInTheMiddleGoesOnWhenItIsBack) {
  const Digest v1 = content("v1", {{"a", noise(300'000, 3)}, {"b", noise(300'000, 4)}});
  package_parcel(1, 1, 1, v1);
  {
    FaultyFileSystem drive{real};
    drive.fail_reads("usb/1.pcl", 400'000, EIO);
    const ReceiveReport report =
        receive(ImporterParts{drive, clock, entropy, pse.journal, pse.path, pse.keys, pse.trust,
                              pse.store, pse.ledger, pse.distribution},
                folder / "usb", {});
    EXPECT_EQ(report.exit_status, 5);
    EXPECT_EQ(report.parcels.at(0).state, IncomingState::incomplete);
    EXPECT_GT(report.parcels[0].records, 0u);
    EXPECT_NE(report.parcels[0].error->loss().find("records are stored"), std::string::npos);
  }
  const ReceiveReport again = pse.take(folder / "usb");
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(Hostile, CutAnywhereItIsOneOfTheNamedErrors) {
  const std::string good = read_text(package_parcel(1, 1, 1, content("v1", {{"a", "1"}})));
  for (std::size_t size = 0; size < good.size(); size += 97) {
    write_text(folder / "usb/1.pcl", good.substr(0, size));
    const ReceiveReport report = pse.take(folder / "usb");
    const bool all_in = !served().empty();  // what was cut off is the end
    EXPECT_TRUE(report.exit_status == 4 || report.exit_status == 5 || report.exit_status == 7 ||
                (all_in && (report.exit_status == 0 || report.exit_status == 10)))
        << size << " " << report.exit_status;
  }
}

TEST_F(Hostile, DamagedRecordsCostTheirItemOnlyAndAnotherCopyMakesItWhole) {
  const Digest one = content("one", {{"a", noise(120'000, 3)}});
  const Digest two = content("two", {{"b", noise(120'000, 4)}});
  const std::string path = two_package_parcel(one, two);
  const std::string good = read_text(path);
  // The last records are content of one of the two: spoil one of them.
  write_text(path, with_flipped(good, good.size() - 5000));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 10);
  int installed = 0, damaged = 0;
  for (const ReceivedItem& one_item : report.parcels.at(0).items) {
    installed += one_item.verdict == VerdictKind::installed;
    damaged += one_item.verdict == VerdictKind::damaged;
  }
  EXPECT_EQ(installed, 1);
  EXPECT_EQ(damaged, 1);
  EXPECT_EQ(report.parcels[0].missing_records.size(), 1u);
  const bool is_extra = !std::filesystem::exists(folder / "share/PUN00021");
  EXPECT_EQ((PackageDpBook{pse.ledger}.get({pse.code, "files", is_extra ? extra : tools}).pending),
            PendingReason::waiting_for_content);
  const ReturnReport told = make_return_report(pse.parts(), pun.code);
  EXPECT_EQ(told.parcels.at(0).missing_records.size(), 1u);

  write_text(path, good);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(tree_of(folder / "share/PUN00020"), tree_of(folder / "one"));
  EXPECT_EQ(tree_of(folder / "share/PUN00021"), tree_of(folder / "two"));
  EXPECT_EQ(make_return_report(pse.parts(), pun.code).parcels.at(0).items.at(1).verdict,
            VerdictKind::installed);
}

TEST_F(Hostile, ASecondDamagedCopyLeavesLessMissingAndTheReturnStillNamesIt) {
  const Digest v1 = content("v1", {{"a", noise(120'000, 3)}, {"b", noise(120'000, 4)}});
  const std::string path = package_parcel(1, 1, 1, v1);
  const std::string good = read_text(path);
  const std::size_t one = good.size() - 5000, other = good.size() - 200'000;
  write_text(path, with_flipped(with_flipped(good, one), other));
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 4);
  const auto told = make_return_report(pse.parts(), pun.code).parcels.at(0);
  EXPECT_EQ(told.items.at(0).missing.objects.size(), 2u);
  EXPECT_EQ(told.missing_records.size(), 2u);

  write_text(path, with_flipped(good, one));
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 4);
  const auto later = make_return_report(pse.parts(), pun.code).parcels.at(0);
  EXPECT_FALSE(later.items.at(0).missing.whole);
  EXPECT_EQ(later.items[0].missing.objects.size(), 1u);
  EXPECT_EQ(later.missing_records.size(), 1u);
}

TEST_F(Hostile, ABlockThatIsNotWhatItsDigestsSayIsNotStored) {
  const Digest v1 = content("v1", {{"a", noise(50'000, 3)}});
  make_parcel(pun, {&pse}, 1,
              {{item(ItemKind::package, tools, 1, v1, 1)},
               {v1},
               {},
               {},
               [](Block& block) {
                 if (!block.holds_nodes()) block.payload[10] ^= 1;
               }},
              folder / "usb/1.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 4);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::damaged);
  EXPECT_TRUE(pse.store_is_clean());
  EXPECT_TRUE(served().empty());
}

TEST_F(Hostile, AnUnknownSignerIsKeptUntilItsKeyComes) {
  Home stranger{real, folder / "tex", "TEX", clock, entropy};
  stranger.join(pse, SiteRole::child);
  content("v1", {{"a", "1"}});
  const PackageId theirs = PackageId::parse("TEX00001");
  const Digest root = stranger.store.snapshot(folder / "v1").root;
  make_parcel(stranger, {&pse}, 1, {{item(ItemKind::package, theirs, 1, root, 1)}, {root}},
              folder / "usb/1.pcl");
  Settings{pse.ledger}.set("key.wait", "8h");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 5);
  EXPECT_EQ(report.parcels.at(0).state, IncomingState::quarantined);
  EXPECT_EQ(pse.messages("4404"), 1u);
  EXPECT_EQ(pse.store.stats().packs, 0u);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 5);  // twice is once
  EXPECT_EQ(pse.messages("4404"), 1u);
  std::filesystem::remove_all(folder / "usb");

  clock.tick(std::chrono::hours(9));
  run_waiting(pse.parts(), {});
  const IncomingParcel given_up = IncomingBook{pse.ledger}.list().at(0);
  EXPECT_EQ(given_up.state, IncomingState::refused);
  EXPECT_EQ(given_up.reason, "no key for its signer after 480 minutes");

  pse.join(stranger, SiteRole::peer);
  pse.trust.grant(stranger.code, "TEX");
  const ReceiveReport later = run_waiting(pse.parts(), {});
  EXPECT_EQ(later.exit_status, 0);
  EXPECT_EQ(tree_of(folder / "share/TEX00001"), tree_of(folder / "v1"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "pse/quarantine"));
  ASSERT_EQ(later.returns.size(), 1u);
}

TEST_F(Hostile, AQuarantinedParcelCanBeDiscarded) {
  Home stranger{real, folder / "tex", "TEX", clock, entropy};
  stranger.join(pse, SiteRole::child);
  make_parcel(stranger, {&pse}, 1, {{item(ItemKind::remove, tools, 1, {}, 1)}, {}},
              folder / "usb/1.pcl");
  pse.take(folder / "usb");
  discard_incoming(pse.parts(), ParcelId::parse("TEX-PSE-000001"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "pse/quarantine"));
  EXPECT_EQ(
      error_of([&] { discard_incoming(pse.parts(), ParcelId::parse("TEX-PSE-000001")); }).code(),
      ErrorCode::not_found);
}

TEST_F(Hostile, AnIncompleteParcelWhoseMediumIsLostCanBeDiscarded) {
  const std::string path =
      package_parcel(1, 1, 1, content("v1", {{"a", noise(150'000, 3)}, {"b", noise(150'000, 4)}}));
  const std::string good = read_text(path);
  write_text(path, good.substr(0, good.size() * 2 / 3));
  ASSERT_EQ(pse.take(folder / "usb").parcels.at(0).state, IncomingState::incomplete);
  discard_incoming(pse.parts(), ParcelId::parse("PUN-PSE-000001"));
  EXPECT_TRUE(IncomingBook{pse.ledger}.list().empty());
  EXPECT_TRUE(IncomingBook{pse.ledger}.pinned_packs().empty());
  // It comes again nevertheless: taken in as if for the first time.
  write_text(path, good);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(
      error_of([&] { discard_incoming(pse.parts(), ParcelId::parse("PUN-PSE-000001")); }).code(),
      ErrorCode::not_found);
}

TEST_F(Hostile, ARevokedKeyIsRefusedAndARotatedOneFollowed) {
  const Digest v1 = content("v1", {{"a", "1"}});
  const std::string old_key = read_text(package_parcel(1, 1, 1, v1));
  pun.keys.rotate();
  package_parcel(2, 1, 2, v1);
  EXPECT_EQ(pse.take(folder / "usb/2.pcl").exit_status, 0);  // the certificate rides in the label
  EXPECT_EQ(pse.trust.find(pun.code)->keys.size(), 2u);
  EXPECT_EQ(pse.take(folder / "usb/1.pcl").exit_status, 0);  // the previous key still counts

  pse.trust.revoke("PUN");
  make_parcel(pun, {&pse}, 3, {{item(ItemKind::remove, tools, 1, {}, 3)}, {}},
              folder / "usb/3.pcl");
  const ReceiveReport report = pse.take(folder / "usb/3.pcl");
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_EQ(report.parcels.at(0).error->code(), ErrorCode::revoked);
  EXPECT_FALSE(served().empty());
}

TEST_F(Hostile, AForeignLabelOnOurListIsABadSignature) {
  const Digest v1 = content("v1", {{"a", "1"}});
  const std::string good = read_text(package_parcel(1, 1, 1, v1));
  const std::string other = read_text(package_parcel(2, 1, 2, v1));
  // The head of one before the records of the other: every record is authenticated to its label.
  const std::size_t size = std::min(good.size(), other.size());
  std::size_t records = 0;
  for (std::size_t at = 0; at + 32 < size; ++at) {
    if (good.compare(at, 5, "\xF5PCL\x05") == 0) {
      records = at;
      break;
    }
  }
  ASSERT_GT(records, 0u);
  std::size_t other_records = other.find("\xF5PCL\x05");
  std::filesystem::remove(folder / "usb/2.pcl");
  write_text(folder / "usb/1.pcl", good.substr(0, records) + other.substr(other_records));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_NE(report.exit_status, 0);
  EXPECT_EQ(pse.store.stats().packs, 0u);
  EXPECT_TRUE(served().empty());
}

TEST_F(Hostile, AnEarlierIncarnationIsRefusedOnceANewerOneIsKnown) {
  const Digest v1 = content("v1", {{"a", "1"}});
  const std::string old_one = read_text(package_parcel(1, 1, 5, v1));
  pun.keys.new_incarnation();
  const Digest v2 = content("v2", {{"a", "2"}});
  package_parcel(1, 1, 1, v2);  // numbers begin again, versions too
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v2"));
  write_text(folder / "usb/1.pcl", old_one);
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_EQ(report.parcels.at(0).error->code(), ErrorCode::replayed);
  EXPECT_EQ(served(), tree_of(folder / "v2"));
}

TEST_F(Hostile, AnOriginBuiltAnewDecidesWithLowerNumbers) {
  package_parcel(1, 3, 9, content("v3", {{"a", "three"}}));
  ASSERT_EQ(pse.take(folder / "usb").exit_status, 0);
  pun.keys.new_incarnation();
  package_parcel(1, 1, 1, content("anew", {{"a", "anew"}}));
  const ReceiveReport lower = pse.take(folder / "usb");
  EXPECT_EQ(lower.parcels.at(0).items.at(0).verdict, VerdictKind::installed);
  EXPECT_EQ(served(), tree_of(folder / "anew"));
  EXPECT_EQ(state().version, 1u);
  package_parcel(2, 3, 2, content("other three", {{"a", "other"}}));
  EXPECT_EQ(pse.take(folder / "usb/2.pcl").exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "other three"));
}

TEST_F(Hostile, AnOriginBuiltAnewAnnouncesLowerNumbers) {
  package_parcel(1, 3, 9, content("v3", {{"a", "three"}}));
  ASSERT_EQ(pse.take(folder / "usb").exit_status, 0);
  const Digest anew = content("anew", {{"a", "anew"}});
  const std::string late = folder / "late.pcl";
  make_parcel(pun, {&pse}, 2, {{item(ItemKind::announcement, tools, 2, anew, 10)}, {}}, late);
  EXPECT_EQ(pse.take(late).parcels.at(0).items.at(0).verdict, VerdictKind::superseded);

  pun.keys.new_incarnation();
  const std::string told = folder / "told.pcl";
  make_parcel(pun, {&pse}, 1, {{item(ItemKind::announcement, tools, 1, anew, 1)}, {}}, told);
  EXPECT_EQ(pse.take(told).parcels.at(0).items.at(0).verdict, VerdictKind::announced);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).source_version, 1u);
  EXPECT_EQ(served(), tree_of(folder / "v3"));
  const std::string path = package_parcel(2, 1, 1, anew);
  EXPECT_EQ(pse.take(path).exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "anew"));
}

TEST_F(Hostile, NobodyElseDecidesAboutThisSitesOwnPackages) {
  const Digest root = content("v1", {{"a", "1"}});
  make_parcel(pun, {&pse}, 1,
              {{item(ItemKind::package, PackageId::parse("PSE00001"), 1, root, 1)}, {root}},
              folder / "usb/1.pcl");
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 3);
  EXPECT_TRUE(PackageBook{pse.ledger}.list().empty());
}

TEST_F(Hostile, AShareNameThatLeavesTheShareIsRefused) {
  const Digest v1 = content("v1", {{"a", "1"}});
  for (const char* name : {"..", ".courier", "x/.."}) {
    Item bad = item(ItemKind::package, tools, 1, v1, 1);
    bad.share_name = name;
    make_parcel(pun, {&pse}, 1, {{bad}, {v1}}, folder / "usb/1.pcl");
    const ReceiveReport report = pse.take(folder / "usb");
    EXPECT_NE(report.exit_status, 0) << name;
    EXPECT_TRUE(tree_of(folder / "share/PUN00020").empty()) << name;
  }
}

class ReceiveFaults : public ImporterTest, public ::testing::WithParamInterface<int> {};

// Every few calls of the importer and the shares fail for good, as when the machine dies; then the
// same command again does the rest, and each item once.
TEST_P(ReceiveFaults, TheSameCommandAgainGoesOn) {
  const Digest v1 = content("v1", {{"a", noise(90'000, 1)}, {"b", "2"}});
  package_parcel(1, 1, 1, v1);
  fs.fail_at(1 + 7 * static_cast<std::uint64_t>(GetParam()), EIO, true);
  try {
    pse.take(folder / "usb");
  } catch (const Error&) {
  }
  fs.fail_at(0, 0);
  const auto now = served();
  EXPECT_TRUE(now.empty() || now == tree_of(folder / "v1"));
  clock.tick(std::chrono::hours(1));
  pse.take(folder / "usb");
  run_waiting(pse.parts(), {});
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  EXPECT_EQ(pse.messages("4400"), 1u);
  EXPECT_EQ(IncomingBook{pse.ledger}.list().at(0).state, IncomingState::processed);
  EXPECT_EQ(make_return_report(pse.parts(), pun.code).parcels.at(0).items.at(0).verdict,
            VerdictKind::installed);
}

INSTANTIATE_TEST_SUITE_P(Calls, ReceiveFaults, ::testing::Range(0, 24));

}  // namespace
}  // namespace courier::test
