#include "sender/parcel_builder.h"

#include <set>

#include "ledger/settings.h"
#include "sender/distribute.h"
#include "sender/outbox.h"
#include "tests/unit/sender/origin.h"

namespace courier {
namespace {

using test::error_of;
using test::noise;
using test::Origin;
using test::read_back;
using test::ReadBack;
using test::Receiver;

const PackageId kTools = PackageId::parse("PUN00020"), kMaps = PackageId::parse("PUN00021");

class ParcelBuilderTest : public testing::Test {
 protected:
  ParcelBuilderTest() : pse_("PSE", origin_.clock), tex_("TEX", origin_.clock) {
    origin_.join(pse_);
    origin_.join(tex_);
  }

  CreatedParcel create(const std::vector<SiteCode>& to, std::uint64_t max_bytes = 0) {
    return create_on(origin_.real, to, max_bytes);
  }
  CreatedParcel create_on(FileSystem& fs, const std::vector<SiteCode>& to,
                          std::uint64_t max_bytes = 0) {
    SenderParts context = origin_.context_on(fs);
    CreateRequest request;
    request.plan = {to, max_bytes};
    return ParcelBuilder(context).create(request);
  }
  std::set<Digest> closure(const Digest& root) {
    std::set<Digest> out;
    origin_.store.for_each_object(root, [&](const BlockObject& o) { out.insert(o.digest); });
    return out;
  }
  static std::set<Digest> digests(const ReadBack& parcel) {
    std::set<Digest> out;
    for (const BlockObject& object : parcel.objects) {
      EXPECT_TRUE(out.insert(object.digest).second) << "an object came twice";
    }
    return out;
  }
  JobStep step(std::uint64_t job) { return JobBook(origin_.ledger).get(job).step; }
  std::vector<std::string> outbox() {
    std::vector<std::string> names;
    if (!std::filesystem::exists(origin_.home / "outbox")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(origin_.home / "outbox")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  Origin origin_;
  Receiver pse_, tex_;
};

TEST_F(ParcelBuilderTest, CarriesExactlyTheClosureOfAFirstVersion) {
  const VersionRow v1 =
      origin_.take_in(kTools, 1, {{"a.bin", noise(3'000'000, 1)}, {"sub/b.txt", "hello"}});
  const std::uint64_t job = origin_.job_for(v1, pse_);
  const CreatedParcel made = create({pse_.code()});
  EXPECT_EQ(made.parcel.addressees.front().id.str(), "PUN-PSE-000001");
  EXPECT_EQ(made.parcel.state(), ParcelState::created);
  EXPECT_EQ(step(job), JobStep::in_parcel);

  const ReadBack parcel = read_back(made.path, pse_, origin_.keys);
  EXPECT_EQ(digests(parcel), closure(v1.root));
  ASSERT_EQ(parcel.list.items.size(), 1u);
  EXPECT_EQ(parcel.list.items[0].kind(), ItemKind::package);
  EXPECT_EQ(parcel.list.items[0].root, v1.root);
  EXPECT_EQ(parcel.list.items[0].jobs, std::vector<std::uint64_t>{job});
  EXPECT_TRUE(parcel.list.items[0].bases.empty());
  EXPECT_EQ(parcel.records, made.plan.records);
  EXPECT_EQ(made.parcel.file_bytes, std::filesystem::file_size(made.path));
}

TEST_F(ParcelBuilderTest, PutsNodesBeforeData) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(2'000'000, 1)}, {"d/b", "x"}});
  origin_.job_for(v1, pse_);
  const ReadBack parcel = read_back(create({pse_.code()}).path, pse_, origin_.keys);
  bool data = false;
  for (const BlockObject& object : parcel.objects) {
    if (object.kind == DigestKind::chunk) data = true;
    EXPECT_FALSE(data && object.kind != DigestKind::chunk);
  }
}

TEST_F(ParcelBuilderTest, CarriesOnlyWhatASiteHasNotProved) {
  std::map<std::string, std::string> files{{"same", noise(2'000'000, 1)},
                                           {"old", noise(900'000, 2)}};
  const VersionRow v1 = origin_.take_in(kTools, 1, files);
  origin_.job_for(v1, pse_);
  create({pse_.code()});
  files["old"] = noise(900'000, 3);
  const VersionRow v2 = origin_.take_in(kTools, 2, files);

  // What was sent and not proved counts as not held.
  origin_.job_for(v2, pse_);
  EXPECT_EQ(digests(read_back(create({pse_.code()}).path, pse_, origin_.keys)), closure(v2.root));

  origin_.prove(pse_, {v1});
  origin_.job_for(v2, pse_);
  const CreatedParcel made = create({pse_.code()});
  const ReadBack parcel = read_back(made.path, pse_, origin_.keys);
  std::set<Digest> expected = closure(v2.root);
  for (const Digest& held : closure(v1.root)) expected.erase(held);
  EXPECT_EQ(digests(parcel), expected);
  ASSERT_EQ(parcel.list.items[0].bases.size(), 1u);
  EXPECT_EQ(parcel.list.items[0].bases[0].version, 1u);
  EXPECT_LT(made.parcel.file_bytes, 1'100'000u);
}

TEST_F(ParcelBuilderTest, CarriesAgainWhatAReturnListsAsMissing) {
  const VersionRow v1 =
      origin_.take_in(kTools, 1, {{"a", noise(500'000, 1)}, {"b", noise(500'000, 2)}});
  std::vector<Digest> chunks;
  origin_.store.for_each_object(v1.root, [&](const BlockObject& o) {
    if (o.kind == DigestKind::chunk) chunks.push_back(o.digest);
  });
  origin_.prove(pse_, {v1}, {chunks[0], chunks[3]});
  origin_.job_for(v1, pse_);
  const ReadBack parcel = read_back(create({pse_.code()}).path, pse_, origin_.keys);
  EXPECT_EQ(digests(parcel), (std::set<Digest>{chunks[0], chunks[3]}));
}

TEST_F(ParcelBuilderTest, CarriesAllThatHangsOnANodeTheSiteLacks) {
  const VersionRow v1 =
      origin_.take_in(kTools, 1, {{"a", noise(500'000, 1)}, {"b", noise(500'000, 2)}});
  // The site could list the root alone: what lies below it is not known there.
  origin_.prove(pse_, {v1}, {v1.root});
  origin_.job_for(v1, pse_);
  EXPECT_EQ(digests(read_back(create({pse_.code()}).path, pse_, origin_.keys)), closure(v1.root));
}

TEST_F(ParcelBuilderTest, CarriesAllWhenDeltasAreOff) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(500'000, 1)}});
  origin_.prove(pse_, {v1});
  Settings(origin_.ledger).set("delta.bases", "0");
  origin_.job_for(v1, pse_);
  const ReadBack parcel = read_back(create({pse_.code()}).path, pse_, origin_.keys);
  EXPECT_TRUE(parcel.list.items[0].whole);
  EXPECT_TRUE(parcel.list.items[0].bases.empty());
  EXPECT_EQ(digests(parcel), closure(v1.root));
}

TEST_F(ParcelBuilderTest, NothingInCommonPointsToAParcelForEachSite) {
  origin_.job_for(origin_.take_in(kTools, 1, {{"a", "a"}}), pse_);
  origin_.job_for(origin_.take_in(kMaps, 1, {{"m", "m"}}), tex_);
  EXPECT_EQ(
      error_of([&] {
        create({pse_.code(), tex_.code()});
      }).hint(),
      "these sites wait for nothing in common: courier parcel create --to PSE, then --to TEX");
}

TEST_F(ParcelBuilderTest, NothingIsPromisedToASiteWithoutAKey) {
  origin_.take_in(kTools, 1, {{"a", "a"}});
  SenderParts context = origin_.context();
  Distributor(context).distribute(kTools, {{pse_.code(), {}}});
  origin_.trust.revoke("PSE");
  EXPECT_EQ(error_of([&] {
              Distributor(context).redistribute(kTools, {{pse_.code(), {}}});
            }).code(),
            ErrorCode::revoked);
  const Error refused = error_of([&] { create({pse_.code()}); });
  EXPECT_EQ(refused.code(), ErrorCode::revoked);
  EXPECT_EQ(refused.loss(), "nothing was written");
  EXPECT_EQ(ParcelBook(origin_.ledger).reserve({pse_.code()}).at(0).number, 1u);
}

TEST_F(ParcelBuilderTest, LeavesAJobBehindWhoseContentIsNotHere) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(100'000, 1)}});
  const VersionRow maps = origin_.take_in(kMaps, 1, {{"m", noise(100'000, 2)}});
  VersionRow gone = maps;
  gone.version = 2;
  gone.root = digest_of(DigestKind::root, as_bytes("gone"));
  PackageBook(origin_.ledger).add_version(gone, "/src");
  const std::uint64_t lacking = origin_.job_for(gone, pse_);
  EXPECT_THAT(error_of([&] { create({pse_.code()}); }).what(),
              testing::HasSubstr("courier package update " + kMaps.str() + " SOURCE"));
  const std::uint64_t whole = origin_.job_for(v1, pse_);
  const CreatedParcel made = create({pse_.code()});
  EXPECT_EQ(step(whole), JobStep::in_parcel);
  EXPECT_EQ(step(lacking), JobStep::routed);
  ASSERT_EQ(made.plan.left.size(), 1u);
  EXPECT_EQ(made.plan.left[0].job, lacking);
  EXPECT_EQ(digests(read_back(made.path, pse_, origin_.keys)), closure(v1.root));
}

TEST_F(ParcelBuilderTest, CarriesAllOfARedistribute) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(500'000, 1)}});
  origin_.prove(pse_, {v1});
  origin_.job_for(v1, pse_, JobKind::redistribute);
  const ReadBack parcel = read_back(create({pse_.code()}).path, pse_, origin_.keys);
  EXPECT_EQ(parcel.list.items[0].kind(), ItemKind::redistribute);
  EXPECT_TRUE(parcel.list.items[0].whole);
  EXPECT_EQ(digests(parcel), closure(v1.root));
}

TEST_F(ParcelBuilderTest, CarriesNoContentForARemoval) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(500'000, 1)}});
  origin_.job_for(v1, pse_, JobKind::remove);
  const ReadBack parcel = read_back(create({pse_.code()}).path, pse_, origin_.keys);
  EXPECT_EQ(parcel.list.items[0].kind(), ItemKind::remove);
  EXPECT_EQ(parcel.records, 0u);
}

TEST_F(ParcelBuilderTest, SealsOnePayloadForSeveralAddresseesWithANumberForEach) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(500'000, 1)}});
  const VersionRow only = origin_.take_in(kMaps, 1, {{"m", noise(100'000, 2)}});
  const auto for_tex = origin_.job_for(v1, tex_);
  const auto for_pse = origin_.job_for(v1, pse_);
  const auto alone = origin_.job_for(only, pse_);
  const CreatedParcel made = create({tex_.code(), pse_.code()});
  ASSERT_EQ(made.parcel.addressees.size(), 2u);
  EXPECT_EQ(made.parcel.addressees[0].id.str(), "PUN-PSE-000001");
  EXPECT_EQ(made.parcel.addressees[1].id.str(), "PUN-TEX-000001");
  const ReadBack at_pse = read_back(made.path, pse_, origin_.keys);
  EXPECT_EQ(digests(at_pse), digests(read_back(made.path, tex_, origin_.keys)));
  ASSERT_EQ(at_pse.list.items.size(), 1u);
  EXPECT_EQ(at_pse.list.items[0].jobs, (std::vector<std::uint64_t>{for_pse, for_tex}));
  EXPECT_EQ(step(alone), JobStep::routed);
  ASSERT_EQ(made.plan.left.size(), 1u);
  EXPECT_EQ(made.plan.left[0].job, alone);
}

TEST_F(ParcelBuilderTest, LeavesOutOnlyWhatEveryAddresseeHolds) {
  const VersionRow a = origin_.take_in(kTools, 1, {{"a", noise(300'000, 1)}});
  const VersionRow b =
      origin_.take_in(kTools, 2, {{"a", noise(300'000, 1)}, {"b", noise(300'000, 2)}});
  origin_.prove(pse_, {a});
  origin_.job_for(b, pse_);
  origin_.job_for(b, tex_);
  const ReadBack parcel = read_back(create({pse_.code(), tex_.code()}).path, tex_, origin_.keys);
  EXPECT_EQ(digests(parcel), closure(b.root));
}

TEST_F(ParcelBuilderTest, FillsASizeLimitByPriorityAndAnnouncesTheRest) {
  const VersionRow big = origin_.take_in(kTools, 1, {{"a", noise(2'000'000, 1)}});
  const VersionRow small = origin_.take_in(kMaps, 1, {{"m", noise(200'000, 2)}});
  const auto low = origin_.job_for(big, pse_);
  const auto high = origin_.job_for(small, pse_, JobKind::distribute, Priority::high);
  const CreatedParcel made = create({pse_.code()}, 400'000);
  EXPECT_LE(made.parcel.file_bytes, 400'000u);
  EXPECT_EQ(step(high), JobStep::in_parcel);
  EXPECT_EQ(step(low), JobStep::suspended);
  const ReadBack parcel = read_back(made.path, pse_, origin_.keys);
  ASSERT_EQ(parcel.list.items.size(), 2u);
  EXPECT_EQ(parcel.list.items[0].package, kMaps);
  EXPECT_EQ(parcel.list.items[1].kind(), ItemKind::announcement);
  EXPECT_EQ(digests(parcel), closure(small.root));

  const ReadBack next = read_back(create({pse_.code()}).path, pse_, origin_.keys);
  EXPECT_EQ(digests(next), closure(big.root));
}

TEST_F(ParcelBuilderTest, SaysWhenNothingIsPending) {
  const Error error = error_of([&] { create({pse_.code()}); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_STREQ(error.what(), "parcel to PSE: nothing is pending");
  EXPECT_TRUE(outbox().empty());
}

TEST_F(ParcelBuilderTest, NeverOverwritesAFile) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", "x"}});
  const auto job = origin_.job_for(v1, pse_);
  std::filesystem::create_directories(origin_.home / "outbox");
  test::write_text(origin_.home / "outbox/PUN-PSE-000001.pcl", "somebody's");
  EXPECT_EQ(error_of([&] { create({pse_.code()}); }).code(), ErrorCode::not_allowed);
  EXPECT_EQ(test::read_text(origin_.home / "outbox/PUN-PSE-000001.pcl"), "somebody's");
  EXPECT_EQ(step(job), JobStep::routed);
}

TEST_F(ParcelBuilderTest, SaysHowMuchSpaceItNeedsBeforeItWrites) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(1'500'000, 1)}});
  const auto job = origin_.job_for(v1, pse_);
  test::FaultyFileSystem faulty(origin_.real);
  faulty.pretend_space({1'000'000, 10'000'000});
  const Error error = error_of([&] { create_on(faulty, {pse_.code()}); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_NE(error.happened().find("needs 1.5 MB, 1.0 MB are free"), std::string::npos)
      << error.happened();
  EXPECT_EQ(step(job), JobStep::routed);
  EXPECT_TRUE(outbox().empty());
}

TEST_F(ParcelBuilderTest, LeavesNoParcelAndPendingJobsWhenAnyCallFails) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(1'500'000, 1)}});
  const auto job = origin_.job_for(v1, pse_);
  std::uint64_t last_number = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    test::FaultyFileSystem faulty(origin_.real);
    faulty.fail_at(nth, nth % 2 ? EIO : ENOSPC, true);
    try {
      const CreatedParcel made = create_on(faulty, {pse_.code()});
      EXPECT_GT(nth, 10u);
      EXPECT_EQ(digests(read_back(made.path, pse_, origin_.keys)), closure(v1.root));
      EXPECT_GT(made.parcel.addressees[0].id.number, last_number);
      break;
    } catch (const Error&) {
      ASSERT_TRUE(step(job) == JobStep::accepted || step(job) == JobStep::routed) << "call " << nth;
      SenderParts working = origin_.context();
      sweep_outbox(working.ledger, working.fs, working.journal, working.home);
      for (const std::string& name : outbox()) EXPECT_EQ(name, "") << "after call " << nth;
    }
  }
  EXPECT_EQ(step(job), JobStep::in_parcel);
}

}  // namespace
}  // namespace courier
