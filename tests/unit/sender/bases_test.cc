#include <set>

#include "ledger/settings.h"
#include "sender/base_pairs.h"
#include "sender/base_windows.h"
#include "tests/unit/sender/origin.h"

namespace courier {
namespace {

using test::noise;
using test::Origin;
using test::read_back;
using test::ReadBack;
using test::Receiver;
using Files = std::map<std::string, std::string>;

const PackageId kTools = PackageId::parse("PUN00020");

TEST(WithoutNumbers, TakesEveryVersionForOne) {
  EXPECT_EQ(without_numbers("6.1.0-55-amd64"), "#-amd#");
  EXPECT_EQ(without_numbers("libx-1.2.so"), without_numbers("libx-1.10.1.so"));
  EXPECT_EQ(without_numbers("plain.txt"), "plain.txt");
  EXPECT_EQ(without_numbers("v2."), "v#.");
  EXPECT_EQ(without_numbers(""), "");
}

BasePlace place(char name, std::uint64_t size, std::uint64_t first, std::uint64_t end,
                std::uint64_t slack) {
  Digest object;
  object.bytes[0] = static_cast<std::uint8_t>(name);
  return {BaseForm::content, object, 0, size, first, end, slack};
}

TEST(BaseWindows, OfNeighboursAreOneRangeWithSlackOnBothSides) {
  const auto ranges =
      base_windows({place('a', 10'000, 2'000, 3'000, 500), place('a', 10'000, 3'000, 4'000, 500)});
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].form, BaseForm::content);
  EXPECT_EQ(ranges[0].offset, 1'500u);
  EXPECT_EQ(ranges[0].length, 3'000u);
}

TEST(BaseWindows, EndWithTheOldContent) {
  const auto ranges = base_windows({place('a', 1'000, 100, 1'000, 5'000)});
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].offset, 0u);
  EXPECT_EQ(ranges[0].length, 1'000u);
}

TEST(BaseWindows, TakeLessSlackRatherThanMoreThanABaseMayBe) {
  std::vector<BasePlace> places;
  for (std::uint64_t i = 0; i < 20; ++i) {
    places.push_back(place('a', 1u << 30, i << 24, (i << 24) + 100'000, 512u << 10));
  }
  const auto ranges = base_windows(places);
  ASSERT_EQ(ranges.size(), places.size());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    sum += ranges[i].length;
    EXPECT_LE(ranges[i].offset, places[i].first);
    EXPECT_GE(ranges[i].offset + ranges[i].length, places[i].end);
  }
  EXPECT_LE(sum, kMaxBase);
  EXPECT_GT(sum, kMaxBase / 2);
}

TEST(BaseWindows, AreCutWhereNothingMoreFits) {
  std::vector<BasePlace> places;
  for (std::uint64_t i = 0; i < 20; ++i) {
    places.push_back(place('a', 1u << 30, i << 24, (i << 24) + (1u << 20), 0));
  }
  std::uint64_t sum = 0;
  for (const BaseRange& range : base_windows(places)) sum += range.length;
  EXPECT_EQ(sum, kMaxBase);
}

class BasesTest : public testing::Test {
 protected:
  BasesTest() : pse_("PSE", origin_.clock), tex_("TEX", origin_.clock) {
    origin_.join(pse_);
    origin_.join(tex_);
  }

  struct Sent {
    CreatedParcel made;
    ReadBack parcel;
    std::uint64_t bytes() const { return made.parcel.file_bytes; }
    bool is_coded() const { return !parcel.bases.empty(); }
  };
  Sent send(const VersionRow& version, const std::vector<const Receiver*>& to) {
    CreateRequest request;
    for (const Receiver* site : to) {
      origin_.job_for(version, *site);
      request.plan.addressees.push_back(site->code());
    }
    SenderParts context = origin_.context();
    Sent sent{ParcelBuilder(context).create(request), {}};
    sent.parcel = read_back(sent.made.path, *to.front(), origin_.keys, &origin_.store);
    const bool says_so = (sent.parcel.label.critical_features & kFeatureBases) != 0;
    EXPECT_TRUE(says_so || !sent.is_coded());
    EXPECT_LE(sent.bytes(), sent.made.plan.parcel_bytes);
    return sent;
  }
  // The same with little changes all over, so that hardly a chunk stays.
  static std::string changed(std::string content) {
    for (std::size_t at = 5'000; at + 10 < content.size(); at += 10'000) {
      content.replace(at, 7, "changed");
    }
    return content;
  }
  // What version 2 costs a site that holds version 1.
  Sent update(const Files& before, const Files& after) {
    const VersionRow v1 = origin_.take_in(kTools, 1, before);
    const VersionRow v2 = origin_.take_in(kTools, 2, after);
    origin_.prove(pse_, {v1}, {}, kFeatureBases);
    return send(v2, {&pse_});
  }

  Origin origin_;
  Receiver pse_, tex_;
  const std::string content_ = noise(1'000'000, 1);
};

TEST_F(BasesTest, AChangedFileIsCodedAgainstTheOldOne) {
  const Sent sent = update({{"a.bin", content_}}, {{"a.bin", changed(content_)}});
  EXPECT_TRUE(sent.is_coded());
  EXPECT_TRUE(sent.made.plan.at_most);
  EXPECT_LT(sent.bytes(), 100'000u);
  ASSERT_EQ(sent.parcel.list.items[0].bases.size(), 1u);
  EXPECT_EQ(sent.parcel.list.items[0].bases[0].version, 1u);
}

TEST_F(BasesTest, AFolderWithAnotherVersionInItsNameIsTheSameFolder) {
  const Sent sent =
      update({{"lib/6.1.0-55/mod-55.ko", content_}, {"lib/6.1.0-55/b", "b"}},
             {{"lib/6.1.0-56/mod-56.ko", changed(content_)}, {"lib/6.1.0-56/b", "c"}});
  EXPECT_LT(sent.bytes(), 100'000u);
}

TEST_F(BasesTest, ARenamedFileIsCodedAgainstTheOnlyOneThatIsGone) {
  const Sent sent = update({{"docs/manual.pdf", content_}, {"docs/x", "x"}},
                           {{"docs/handbook.pdf", changed(content_)}, {"docs/x", "x"}});
  EXPECT_LT(sent.bytes(), 100'000u);
}

TEST_F(BasesTest, AFileThatMovedIsFoundByItsName) {
  const Sent sent = update({{"a/engine.so", content_}, {"a/x", "x"}, {"y/z", "z"}},
                           {{"a/x", "x"}, {"y/z", "z"}, {"y/w/engine.so", changed(content_)}});
  EXPECT_LT(sent.bytes(), 100'000u);
}

TEST_F(BasesTest, NodesAreCodedAgainstTheNodesOfTheSameFolder) {
  Files before;
  for (int i = 0; i < 900; ++i) before["folder/file-" + std::to_string(i)] = std::to_string(i);
  Files after = before;
  after["folder/file-77"] = "changed";
  const Sent sent = update(before, after);
  EXPECT_TRUE(sent.is_coded());
  EXPECT_LT(sent.bytes(), 8'000u);
}

TEST_F(BasesTest, ASiteWhoseProgramDoesNotReadItGetsPlainBlocks) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  const VersionRow v2 = origin_.take_in(kTools, 2, {{"a.bin", changed(content_)}});
  origin_.prove(pse_, {v1});
  const Sent sent = send(v2, {&pse_});
  EXPECT_FALSE(sent.is_coded());
  EXPECT_FALSE(sent.made.plan.at_most);
  EXPECT_EQ(sent.parcel.label.critical_features, 0u);
}

TEST_F(BasesTest, ASiteThatReadsLeanRecordsGetsTheSameContentInThem) {
  Files before, after;
  for (int i = 0; i < 400; ++i) {
    before["folder/file-" + std::to_string(i)] = noise(2'000, i);
    after["folder/file-" + std::to_string(i)] = changed(noise(2'000, i)) + std::to_string(i);
  }
  const VersionRow v1 = origin_.take_in(kTools, 1, before);
  const VersionRow v2 = origin_.take_in(kTools, 2, after);
  origin_.prove(pse_, {v1}, {}, kFeatureBases);
  origin_.prove(tex_, {v1}, {}, kFeatureBases | kFeatureLean);
  const Sent named = send(v2, {&pse_}), lean = send(v2, {&tex_});
  EXPECT_EQ(named.parcel.label.critical_features, kFeatureBases);
  EXPECT_EQ(lean.parcel.label.critical_features, kFeatureBases | kFeatureLean);
  EXPECT_EQ(named.parcel.objects, lean.parcel.objects);
  EXPECT_EQ(named.parcel.bases, lean.parcel.bases);
  // Of each object its digest, and of its base's half of one.
  EXPECT_LT(lean.bytes() + 400 * (32 + 16), named.bytes());
}

TEST_F(BasesTest, OneThatDoesNotReadLeanRecordsMakesThemNamedForAll) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  origin_.prove(pse_, {}, {}, kFeatureLean);
  origin_.prove(tex_, {});
  EXPECT_EQ(send(v1, {&pse_, &tex_}).parcel.label.critical_features, 0u);
}

TEST_F(BasesTest, WithoutABaseARecordIsLeanAsWell) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  origin_.prove(pse_, {}, {}, kFeatureLean);
  const Sent sent = send(v1, {&pse_});
  EXPECT_EQ(sent.parcel.label.critical_features, kFeatureLean);
  EXPECT_FALSE(sent.made.plan.at_most);
}

TEST_F(BasesTest, AParcelForSeveralBuildsOnWhatAllOfThemHoldAndRead) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  const VersionRow v2 = origin_.take_in(kTools, 2, {{"a.bin", changed(content_)}});
  const VersionRow v3 = origin_.take_in(kTools, 3, {{"a.bin", "v3" + changed(content_)}});
  origin_.prove(pse_, {v1, v2}, {}, kFeatureBases);
  origin_.prove(tex_, {v1}, {}, kFeatureBases);
  const Sent sent = send(v3, {&pse_, &tex_});
  EXPECT_TRUE(sent.is_coded());
  EXPECT_LT(sent.bytes(), 150'000u);
  std::set<Digest> held;
  origin_.store.for_each_object(v1.root, [&](const BlockObject& o) { held.insert(o.digest); });
  for (const BaseRange& range : sent.parcel.bases) EXPECT_TRUE(held.contains(range.object));
}

TEST_F(BasesTest, OneThatDoesNotReadItMakesItPlainForAll) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  const VersionRow v2 = origin_.take_in(kTools, 2, {{"a.bin", changed(content_)}});
  origin_.prove(pse_, {v1}, {}, kFeatureBases);
  origin_.prove(tex_, {v1});
  EXPECT_FALSE(send(v2, {&pse_, &tex_}).is_coded());
}

TEST_F(BasesTest, WhatASiteLacksIsNoBase) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  const VersionRow v2 = origin_.take_in(kTools, 2, {{"a.bin", changed(content_)}});
  const auto old = origin_.store.find(v1.root, SafePath::parse("a.bin"));
  ChunkLister chunks(origin_.store, *old);
  ChunkRef first, second;
  ASSERT_TRUE(chunks.next(first) && chunks.next(second));
  origin_.prove(pse_, {v1}, {second.digest}, kFeatureBases);
  const Sent sent = send(v2, {&pse_});
  // All around it is.
  EXPECT_TRUE(sent.is_coded());
  EXPECT_LT(sent.bytes(), second.size + 100'000u);
  for (const BaseRange& range : sent.parcel.bases) {
    if (range.object != old->content) continue;
    EXPECT_TRUE(range.offset + range.length <= first.size ||
                range.offset >= first.size + second.size);
  }
}

TEST_F(BasesTest, APackageThatHasItOffIsSentWhole) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  const VersionRow v2 = origin_.take_in(kTools, 2, {{"a.bin", changed(content_)}});
  origin_.prove(pse_, {v1}, {}, kFeatureBases);
  Settings(origin_.ledger).set("delta.bases", "0");
  EXPECT_FALSE(send(v2, {&pse_}).is_coded());
}

TEST_F(BasesTest, AnyVersionThatIsHeldWillDo) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a.bin", content_}});
  origin_.take_in(kTools, 2, {{"a.bin", noise(1'000'000, 9)}});
  const VersionRow v3 = origin_.take_in(kTools, 3, {{"a.bin", changed(content_)}});
  origin_.prove(pse_, {v1}, {}, kFeatureBases);
  EXPECT_LT(send(v3, {&pse_}).bytes(), 100'000u);
}

}  // namespace
}  // namespace courier
