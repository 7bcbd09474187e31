#include "importer/receive.h"

#include "importer/identify.h"
#include "parcel/trust_item.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

using Receive = ImporterTest;

TEST_F(Receive, TakesAPackageInPublishesItAndMakesItsReturn) {
  const Digest v1 = content("v1", {{"a/run", noise(200'000, 1)}, {"readme", "hello"}});
  package_parcel(1, 1, 1, v1);
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 0);
  ASSERT_EQ(report.parcels.size(), 1u);
  EXPECT_EQ(report.parcels[0].state, IncomingState::processed);
  ASSERT_EQ(report.parcels[0].items.size(), 1u);
  EXPECT_EQ(report.parcels[0].items[0].verdict, VerdictKind::installed);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  EXPECT_EQ(pse.messages("4400"), 1u);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).stored_version, 1u);
  ASSERT_EQ(report.returns.size(), 1u);
  EXPECT_EQ(report.returns[0].id, "PSE-PUN-000001");
  EXPECT_TRUE(std::filesystem::exists(report.returns[0].outbox_path));
  EXPECT_TRUE(IncomingBook{pse.ledger}.pinned_packs().empty());
}

TEST_F(Receive, TheSameParcelAgainChangesNothing) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  const ReceiveReport again = pse.take(folder / "usb");
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_TRUE(again.parcels.at(0).already_received);
  EXPECT_TRUE(again.returns.empty());
  EXPECT_EQ(pse.messages("4400"), 1u);
  // Its return is written again when it is asked for, the same one.
  std::filesystem::create_directories(folder / "back");
  const ReceiveReport asked = pse.take(folder / "usb", folder / "back");
  ASSERT_EQ(asked.returns.size(), 1u);
  EXPECT_EQ(asked.returns[0].id, "PSE-PUN-000001");
  EXPECT_TRUE(std::filesystem::exists(folder / "back/PSE-PUN-000001.pcl"));
}

TEST_F(Receive, ANumberThatWasProcessedWithOtherContentIsAReplay) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  package_parcel(1, 2, 2, content("v2", {{"a", "2"}}));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_EQ(report.parcels.at(0).error->code(), ErrorCode::replayed);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(Receive, AnOlderVersionThatComesLateIsSuperseded) {
  const Digest v1 = content("v1", {{"a", "1"}}), v2 = content("v2", {{"a", "2"}});
  const std::string first = package_parcel(1, 1, 1, v1);
  package_parcel(2, 2, 2, v2);
  std::filesystem::rename(first, folder / "late.pcl");
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  const ReceiveReport report = pse.take(folder / "late.pcl");
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::superseded);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).stored_version, 2u);
  EXPECT_EQ(served(), tree_of(folder / "v2"));
}

TEST_F(Receive, AParcelDeclaredLostThatComesAfterItsSuccessorIsSuperseded) {  // P9
  const Digest v1 = content("v1", {{"a", "1"}});
  const std::string lost = package_parcel(1, 1, 7, v1);
  std::filesystem::rename(lost, folder / "late.pcl");
  const std::string again = package_parcel(2, 1, 7, v1);
  ASSERT_EQ(pse.take(again).exit_status, 0);
  const ReceiveReport late = pse.take(folder / "late.pcl");
  EXPECT_EQ(late.exit_status, 0);
  EXPECT_EQ(late.parcels.at(0).items.at(0).verdict, VerdictKind::superseded);
  EXPECT_EQ(late.parcels[0].items[0].reason, "job 7 came with parcel PUN-PSE-000002 before");
  EXPECT_EQ(late.parcels[0].records, 0u);
  EXPECT_EQ(pse.messages("4400"), 1u);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(Receive, ALateRemoveDoesNotUndoANewerJob) {
  const std::string remove = folder / "remove.pcl";
  make_parcel(pun, {&pse}, 1, {{item(ItemKind::remove, tools, 1, {}, 3)}, {}}, remove);
  package_parcel(2, 1, 4, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  const ReceiveReport report = pse.take(remove);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::superseded);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(Receive, RemovesWhatItsOriginRetracts) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  pse.take(folder / "usb");
  const std::string remove = folder / "remove.pcl";
  make_parcel(pun, {&pse}, 2, {{item(ItemKind::remove, tools, 1, {}, 2)}, {}}, remove);
  const ReceiveReport report = pse.take(remove);
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::removed);
  EXPECT_TRUE(served().empty());
  EXPECT_TRUE(PackageBook{pse.ledger}.list().empty());
}

TEST_F(Receive, WhatIsForOthersIsRefusedAloneAndLeftAloneOtherwise) {
  Home tex{real, folder / "tex", "TEX", clock, entropy};
  pun.join(tex, SiteRole::child);
  const Digest v1 = content("v1", {{"a", "1"}});
  make_parcel(pun, {&tex}, 1, {{item(ItemKind::package, tools, 1, v1, 1)}, {v1}},
              folder / "usb/tex.pcl");
  const ReceiveReport alone = pse.take(folder / "usb");
  EXPECT_EQ(alone.exit_status, 3);
  EXPECT_EQ(alone.left_alone.size(), 1u);
  EXPECT_EQ(pse.messages("C2"), 1u);
  EXPECT_EQ(pse.store.stats().packs, 0u);
  EXPECT_EQ(make_return_report(pse.parts(), pun.code).misdelivered.size(), 1u);

  package_parcel(1, 1, 2, v1);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
}

TEST_F(Receive, AParcelForSeveralSitesIsTakenInByEach) {
  Home tex{real, folder / "tex", "TEX", clock, entropy};
  pun.join(tex, SiteRole::child);
  tex.join(pun, SiteRole::parent);
  const Digest v1 = content("v1", {{"a", noise(100'000, 4)}});
  make_parcel(pun, {&pse, &tex}, 1, {{item(ItemKind::package, tools, 1, v1, 7)}, {v1}},
              folder / "usb/both.pcl");
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(tex.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(PackageBook{tex.ledger}.get(tools).stored_version, 1u);
}

TEST_F(Receive, OwnParcelsAreNoErrorAndAnEmptyMediumIsNotFound) {
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 7);
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  const ReceiveReport report = pun.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.left_alone.at(0).standing, Standing::own);
}

TEST_F(Receive, APeerIsNotAuthorisedUnlessItIsGrantedThePrefix) {
  Home pxx{real, folder / "pxx", "PXX", clock, entropy};
  pse.join(pxx, SiteRole::peer);
  pxx.join(pse, SiteRole::peer);
  content("v1", {{"a", "1"}});
  const Digest root = pxx.store.snapshot(folder / "v1").root;
  make_parcel(pxx, {&pse}, 1, {{item(ItemKind::package, tools, 1, root, 1)}, {root}},
              folder / "usb/peer.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::refused);
  EXPECT_NE(report.parcels[0].items[0].reason.find("not authorised"), std::string::npos);
  EXPECT_EQ(pse.store.stats().packs, 0u);
  EXPECT_TRUE(served().empty());

  pse.trust.grant(pxx.code, "PUN");
  // A refusal is not remembered: the same medium does now.
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_FALSE(served().empty());
  EXPECT_TRUE(pse.take(folder / "usb").parcels.at(0).already_received);

  make_parcel(pxx, {&pse}, 2, {{item(ItemKind::package, tools, 1, root, 2)}, {root}},
              folder / "usb/peer.pcl");
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_FALSE(served().empty());
}

TEST_F(Receive, AnUnknownItemKindIsRefusedAndItsNeighboursRun) {
  const Digest v1 = content("v1", {{"a", "1"}});
  Item unknown;
  unknown.kind_code = 99;
  unknown.raw = {1, 2, 3};
  make_parcel(pun, {&pse}, 1, {{unknown, item(ItemKind::package, tools, 1, v1, 1)}, {v1}},
              folder / "usb/1.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 10);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::refused);
  EXPECT_EQ(report.parcels[0].items.at(1).verdict, VerdictKind::installed);
}

TEST_F(Receive, OnlyTheParentSpeaksForAnothersKeys) {
  Home tex{real, folder / "tex", "TEX", clock, entropy};
  Home nev{real, folder / "nev", "NEV", clock, entropy};
  pse.join(tex, SiteRole::peer);
  pse.join(nev, SiteRole::peer);
  nev.join(pse, SiteRole::peer);
  Item revoke;
  revoke.set_kind(ItemKind::trust);
  revoke.jobs = {1};
  revoke.body = encode_trust_item(KeyRevoked{tex.code, tex.keys.public_keys().signing});
  make_parcel(nev, {&pse}, 1, {{revoke}, {}}, folder / "usb/nev.pcl");
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 3);
  EXPECT_NE(pse.trust.find(tex.code)->current_key(), nullptr);

  make_parcel(pun, {&pse}, 1, {{revoke}, {}}, folder / "usb/pun.pcl");
  EXPECT_EQ(pse.take(folder / "usb/pun.pcl").exit_status, 0);
  EXPECT_EQ(pse.trust.find(tex.code)->current_key(), nullptr);
}

TEST_F(Receive, ARequestIsRefusedInWords) {
  Item request;
  request.set_kind(ItemKind::request);
  request.jobs = {1};
  request.package = tools;
  request.body = {1};
  make_parcel(pun, {&pse}, 1, {{request}, {}}, folder / "usb/1.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_NE(report.parcels.at(0).items.at(0).reason.find("requests"), std::string::npos);
}

TEST_F(Receive, AMissingBaseIsSaidWithWhatIsMissing) {
  const std::string big = noise(300'000, 1);
  const Digest v1 = content("v1", {{"big", big}, {"a", "1"}});
  const Digest v2 = content("v2", {{"big", big}, {"a", "2"}});
  Item with_base = item(ItemKind::package, tools, 2, v2, 2);
  with_base.bases.push_back({tools, 1, v1});
  make_parcel(pun, {&pse}, 1, {{with_base}, {v2}, {v1}}, folder / "usb/1.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 5);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::incomplete);
  EXPECT_NE(report.parcels[0].items[0].reason.find("PUN00020 version 1"), std::string::npos);
  const ReturnReport told = make_return_report(pse.parts(), pun.code);
  ASSERT_EQ(told.parcels.size(), 1u);
  EXPECT_FALSE(told.parcels[0].items.at(0).missing.complete());
  EXPECT_TRUE(served().empty());
}

TEST_F(Receive, ADeltaOverWhatIsHeldInstalls) {
  const std::string big = noise(300'000, 1);
  const Digest v1 = content("v1", {{"big", big}, {"a", "1"}});
  const Digest v2 = content("v2", {{"big", big}, {"a", "2"}});
  package_parcel(1, 1, 1, v1);
  pse.take(folder / "usb");
  Item with_base = item(ItemKind::package, tools, 2, v2, 2);
  with_base.bases.push_back({tools, 1, v1});
  make_parcel(pun, {&pse}, 2, {{with_base}, {v2}, {v1}}, folder / "usb/2.pcl");
  EXPECT_LT(std::filesystem::file_size(folder / "usb/2.pcl"), 20'000u);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v2"));
}

TEST_F(Receive, SpaceIsLookedAtFirstAndSaidInNumbers) {
  package_parcel(1, 1, 1, content("v1", {{"a", noise(100'000, 1)}}));
  fs.pretend_space({1000, 1'000'000});
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 6);
  EXPECT_NE(std::string(report.parcels.at(0).error->what()).find("1000 free"), std::string::npos);
  EXPECT_EQ(pse.messages("4402"), 1u);
  EXPECT_EQ(pse.store.stats().packs, 0u);
  fs.pretend_space({1u << 30, 1u << 30});
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 0);
}

TEST_F(Receive, AnnouncesWhatIsToComeAndDropsOlderAnnouncements) {
  const Digest v2 = content("v2", {{"a", "2"}});
  make_parcel(pun, {&pse}, 1, {{item(ItemKind::announcement, tools, 2, v2, 0)}, {}},
              folder / "usb/1.pcl");
  EXPECT_EQ(pse.take(folder / "usb").parcels.at(0).items.at(0).verdict, VerdictKind::announced);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).source_version, 2u);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).stored_version, 0u);
  EXPECT_EQ(state().pending, PendingReason::waiting_for_content);

  make_parcel(pun, {&pse}, 2, {{item(ItemKind::announcement, tools, 1, v2, 0)}, {}},
              folder / "usb/2.pcl");
  EXPECT_EQ(pse.take(folder / "usb/2.pcl").parcels.at(0).items.at(0).verdict,
            VerdictKind::superseded);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).source_version, 2u);

  package_parcel(3, 2, 1, v2);
  EXPECT_EQ(pse.take(folder / "usb/3.pcl").exit_status, 0);
  EXPECT_EQ(state().state, PackageState::installed);
}

TEST_F(Receive, APackageWithoutFilesHasNoDpStates) {
  Item note = item(ItemKind::package, tools, 1, {}, 1);
  note.no_files = true;
  make_parcel(pun, {&pse}, 1, {{note}, {}}, folder / "usb/1.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::stored);
  EXPECT_TRUE(PackageDpBook{pse.ledger}.list().empty());
}

TEST_F(Receive, RedistributeRepairsTheShare) {
  const Digest v1 = content("v1", {{"a", "right"}});
  package_parcel(1, 1, 1, v1);
  pse.take(folder / "usb");
  write_text(folder / "share/PUN00020/a", "wrong");
  make_parcel(pun, {&pse}, 2, {{item(ItemKind::redistribute, tools, 1, v1, 2)}, {v1}},
              folder / "usb/2.pcl");
  EXPECT_EQ(pse.take(folder / "usb/2.pcl").exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
}

TEST_F(Receive, AStoredItemWhoseShareFailsSaysSoAndCatchesUp) {
  std::filesystem::rename(folder / "share", folder / "away");
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 11);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::stored);
  EXPECT_EQ(PackageBook{pse.ledger}.get(tools).stored_version, 1u);
  std::filesystem::rename(folder / "away", folder / "share");
  clock.tick(std::chrono::hours(1));
  run_waiting(pse.parts(), {});
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  const ReturnReport told = make_return_report(pse.parts(), pun.code);
  EXPECT_EQ(told.parcels.at(0).items.at(0).verdict, VerdictKind::installed);
}

TEST_F(Receive, TheSameMediumAgainTriesAShareThatFailedWithoutWaiting) {
  std::filesystem::rename(folder / "share", folder / "away");
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 11);
  // It fails again, and says so again.
  const ReceiveReport failed = pse.take(folder / "usb");
  EXPECT_EQ(failed.exit_status, 11);
  EXPECT_FALSE(failed.parcels.at(0).already_received);
  std::filesystem::rename(folder / "away", folder / "share");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::installed);
  EXPECT_EQ(served(), tree_of(folder / "v1"));
  // A new return tells it.
  EXPECT_EQ(report.returns.size(), 1u);
  EXPECT_TRUE(pse.take(folder / "usb").parcels.at(0).already_received);
}

TEST_F(Receive, ADistributionPointThatIsNotHereIsNamed) {
  Item named = item(ItemKind::package, tools, 1, content("v1", {{"a", "1"}}), 1);
  named.dps = {"nowhere"};
  make_parcel(pun, {&pse}, 1, {{named}, {named.root}}, folder / "usb/1.pcl");
  const ReceiveReport report = pse.take(folder / "usb");
  EXPECT_EQ(report.parcels.at(0).items.at(0).verdict, VerdictKind::stored);
  EXPECT_NE(report.parcels[0].items[0].reason.find("nowhere"), std::string::npos);
  EXPECT_TRUE(served().empty());
}

TEST_F(Receive, WhatTheOperatorDeclinesChangesNothing) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  ReceiveOptions options;
  options.accept = [](const Offer& offer) {
    EXPECT_EQ(offer.standing, Standing::genuine);
    return false;
  };
  const ReceiveReport report = receive(pse.parts(), folder / "usb", options);
  EXPECT_TRUE(report.parcels.at(0).declined);
  EXPECT_TRUE(IncomingBook{pse.ledger}.list().empty());
  EXPECT_TRUE(report.returns.empty());
}

TEST_F(Receive, ANamedFileThatIsNoParcelIsDamaged) {
  write_text(folder / "usb/notes.txt", "hello");
  EXPECT_EQ(error_of([&] { pse.take(folder / "usb/notes.txt"); }).exit_status(), 4);
  EXPECT_EQ(pse.take(folder / "usb").exit_status, 7);
}

TEST_F(Receive, IdentifyShowsEverythingAndChangesNothing) {
  package_parcel(1, 1, 1, content("v1", {{"a", "1"}}));
  const auto before = tree_of(folder / "pse");
  const IdentifyReport known =
      identify(real, folder / "usb", IdentifyHome{pse.keys, pse.trust, pse.ledger});
  EXPECT_EQ(known.exit_status, 0);
  ASSERT_EQ(known.offers.size(), 1u);
  EXPECT_EQ(known.offers[0].standing, Standing::genuine);
  EXPECT_EQ(known.offers[0].id.str(), "PUN-PSE-000001");
  ASSERT_EQ(known.offers[0].items.size(), 1u);
  EXPECT_EQ(known.offers[0].items[0].package, tools);
  EXPECT_EQ(tree_of(folder / "pse"), before);

  const IdentifyReport without = identify(real, folder / "usb", std::nullopt);
  EXPECT_EQ(without.exit_status, 0);
  EXPECT_EQ(without.offers.at(0).standing, Standing::intact);
  EXPECT_TRUE(without.offers[0].items.empty());
}

}  // namespace
}  // namespace courier::test
