// Records that are coded against content that the site holds, or should.
#include <gmock/gmock.h>

#include "parcel/label.h"
#include "store/block_against.h"
#include "tests/support/importer_workers.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

class Bases : public ImporterTest {
 protected:
  Bases() {
    std::string content = noise(15'000, 1);
    v1 = this->content("v1", {{"a.bin", content}, {"b.txt", "b"}});
    content.replace(7'000, 7, "changed");
    v2 = this->content("v2", {{"a.bin", content}, {"b.txt", "b"}});
    old = pun.store.find(v1, SafePath::parse("a.bin"))->content;
    whole_old = {BaseForm::object, old, 0, 15'000};
  }

  // Version 2 for a site that holds version 1, its data coded against what the ranges name.
  std::string coded_parcel(std::uint64_t number, const BaseRange& named,
                           std::uint64_t features = kFeatureBases,
                           RecordKind kind = RecordKind::block) {
    Load load{{item(ItemKind::package, tools, 2, v2, number)}, {v2}, {v1}};
    load.items[0].bases = {{tools, 1, v1}};
    load.kind = kind;
    load.change = [=](ParcelDraft& draft) { draft.critical_features = features; };
    load.spoil = [=, this](Block& block) {
      if (block.holds_nodes()) return;
      Block coded = compress_block_against({block.objects, decompress(block)}, {named},
                                           pun.store.read_base({whole_old}), Level::fast);
      ASSERT_TRUE(coded.has_base());
      block = std::move(coded);
    };
    const std::string path = folder / ("usb/" + std::to_string(number) + ".pcl");
    make_parcel(pun, {&pse}, number, load, path);
    return path;
  }
  ReceivedParcelReport took(const std::string& path) { return pse.take(path).parcels.at(0); }
  // The base comes in another package; then what waited for it is whole.
  void expect_it_comes_in_with_its_base(const std::string& waiting) {
    const PackageId other = PackageId::parse("PUN00033");
    make_parcel(pun, {&pse}, 3, {{item(ItemKind::package, other, 1, v1, 3)}, {v1}},
                folder / "usb/3.pcl");
    EXPECT_EQ(took(folder / "usb/3.pcl").exit_status, 0);
    EXPECT_EQ(took(waiting).exit_status, 0);
    EXPECT_EQ(served(), tree_of(folder / "v2"));
  }

  Digest v1, v2, old;
  BaseRange whole_old;
};

TEST_F(Bases, ARecordThatBuildsOnHeldContentIsStoredPlain) {
  took(package_parcel(1, 1, 1, v1));
  const ReceivedParcelReport report = took(coded_parcel(2, whole_old));
  EXPECT_EQ(report.state, IncomingState::processed);
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_TRUE(report.missing_records.empty());
  EXPECT_EQ(served(), tree_of(folder / "v2"));
  EXPECT_TRUE(pse.store_is_clean());
  const Digest fresh = pun.store.find(v2, SafePath::parse("a.bin"))->content;
  EXPECT_FALSE(pse.store.read_block(*pse.store.locate(fresh)).has_base());
}

TEST_F(Bases, ARecordWhoseBaseNeverCameIsNotDamagedAndComesInLater) {
  const std::string path = coded_parcel(2, whole_old);
  const ReceivedParcelReport report = took(path);
  EXPECT_EQ(report.exit_status, 5);
  EXPECT_EQ(report.damaged_records, 0u);
  EXPECT_EQ(report.without_base.size(), 1u);
  ASSERT_EQ(report.items.size(), 1u);
  EXPECT_EQ(report.items[0].verdict, VerdictKind::incomplete);
  EXPECT_THAT(report.error->happened(), testing::HasSubstr("builds on content that is not here"));

  // The item is for version 2: version 1 comes too late to be installed, and is what was missing.
  const ReturnReport told = make_return_report(pse.parts(), pun.code);
  ASSERT_EQ(told.parcels.size(), 1u);
  EXPECT_EQ(told.parcels[0].missing_records, report.missing_records);
  expect_it_comes_in_with_its_base(path);
}

TEST_F(Bases, WithoutTheFeatureInTheLabelTheRecordIsDamaged) {
  took(package_parcel(1, 1, 1, v1));
  const ReceivedParcelReport report = took(coded_parcel(2, whole_old, 0));
  EXPECT_EQ(report.damaged_records, 1u);
  EXPECT_EQ(report.exit_status, 4);
}

TEST_F(Bases, NoReaderThatLiesPutsABlockThatNobodyCanOpenIntoTheStore) {
  took(package_parcel(1, 1, 1, v1));
  const LyingReaders while_it_is_read;
  const ReceivedParcelReport report = took(coded_parcel(2, whole_old, 0));
  EXPECT_EQ(report.damaged_records, 1u);
  EXPECT_FALSE(pse.store.missing(v2).complete());
  EXPECT_TRUE(pse.store_is_clean());
}

TEST_F(Bases, ALeanRecordNamesItByTheBeginningOfItsDigest) {
  took(package_parcel(1, 1, 1, v1));
  BaseRange named = whole_old;
  std::fill(named.object.bytes.begin() + kShortName, named.object.bytes.end(), 0);
  const auto report =
      took(coded_parcel(2, named, kFeatureBases | kFeatureLean, RecordKind::lean_block));
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(served(), tree_of(folder / "v2"));
  EXPECT_TRUE(pse.store_is_clean());
}

TEST_F(Bases, ALeanRecordWhoseBaseNeverCameIsNotDamagedAndComesInLater) {
  const std::string path =
      coded_parcel(2, whole_old, kFeatureBases | kFeatureLean, RecordKind::lean_block);
  const ReceivedParcelReport report = took(path);
  EXPECT_EQ(report.exit_status, 5);
  EXPECT_EQ(report.damaged_records, 0u);
  EXPECT_EQ(report.without_base.size(), 1u);
  expect_it_comes_in_with_its_base(path);
}

TEST_F(Bases, OtherContentThanTheSenderMeantIsNoBaseOfALeanRecordEither) {
  took(package_parcel(1, 1, 1, v1));
  const Digest mistaken = content("v9", {{"a.bin", noise(15'000, 9)}});
  make_parcel(pun, {&pse}, 3, {{item(ItemKind::package, extra, 1, mistaken, 3)}, {mistaken}},
              folder / "usb/3.pcl");
  took(folder / "usb/3.pcl");
  const Digest wrong = pun.store.find(mistaken, SafePath::parse("a.bin"))->content;
  const auto report = took(coded_parcel(4, {BaseForm::object, wrong, 0, 15'000},
                                        kFeatureBases | kFeatureLean, RecordKind::lean_block));
  EXPECT_EQ(report.damaged_records, 1u);
  EXPECT_TRUE(pse.store_is_clean());
}

TEST_F(Bases, ARangeBeyondWhatItNamesKeepsTheRecordOut) {
  took(package_parcel(1, 1, 1, v1));
  std::uint64_t number = 2;
  for (const BaseRange& named :
       {BaseRange{BaseForm::object, old, 1, 15'000}, BaseRange{BaseForm::content, old, 0, 15'000},
        BaseRange{BaseForm::content, v1, 0, 15'000}}) {
    const ReceivedParcelReport report = took(coded_parcel(number++, named));
    EXPECT_NE(report.exit_status, 0);
    EXPECT_FALSE(pse.store.has(v2) && pse.store.missing(v2).complete());
    EXPECT_TRUE(pse.store_is_clean());
  }
}

TEST_F(Bases, OtherContentThanTheSenderMeantIsNoBase) {
  took(package_parcel(1, 1, 1, v1));
  // Held here, of the same length, and not what the record was coded against.
  const Digest mistaken = content("v9", {{"a.bin", noise(15'000, 9)}});
  const PackageId other = PackageId::parse("PUN00033");
  make_parcel(pun, {&pse}, 3, {{item(ItemKind::package, other, 1, mistaken, 3)}, {mistaken}},
              folder / "usb/3.pcl");
  took(folder / "usb/3.pcl");
  const Digest wrong = pun.store.find(mistaken, SafePath::parse("a.bin"))->content;
  const ReceivedParcelReport report = took(coded_parcel(4, {BaseForm::object, wrong, 0, 15'000}));
  EXPECT_EQ(report.damaged_records, 1u);
  EXPECT_TRUE(pse.store_is_clean());
}

}  // namespace
}  // namespace courier::test
