#include "sender/fleet_plan.h"

#include <list>

#include "ledger/address_book.h"
#include "sender/distribute.h"
#include "tests/unit/sender/origin.h"

namespace courier {
namespace {

using test::noise;
using test::Origin;
using test::Receiver;

const PackageId kTools = PackageId::parse("PUN00020"), kMaps = PackageId::parse("PUN00021");

class FleetPlanTest : public testing::Test {
 protected:
  Receiver& site(const std::string& code) {
    sites_.emplace_back(code, origin_.clock);
    origin_.join(sites_.back());
    return sites_.back();
  }
  std::vector<SiteCode> codes() const {
    std::vector<SiteCode> out;
    for (const Receiver& one : sites_) out.push_back(one.code());
    return out;
  }
  FleetPlan plan(std::uint64_t max_bytes = 0) {
    SenderParts context = origin_.context();
    return FleetPlanner(context).plan(codes(), max_bytes);
  }
  ParcelPlan plan_of(const std::vector<SiteCode>& to) {
    SenderParts context = origin_.context();
    return ParcelPlanner(context).plan({to, 0});
  }

  Origin origin_;
  std::list<Receiver> sites_;
};

TEST_F(FleetPlanTest, SitesThatProvedTheSameAndWaitForTheSameShareOneParcel) {
  const VersionRow v1 = origin_.take_in(kTools, 1, {{"a", noise(900'000, 1)}, {"b", "1"}});
  const VersionRow v2 = origin_.take_in(kTools, 2, {{"a", noise(900'000, 1)}, {"b", "2"}});
  for (const char* code : {"AAA", "BBB", "CCC"}) {
    Receiver& one = site(code);
    if (one.code().str() != "BBB") origin_.prove(one, {v1});
    origin_.job_for(v2, one);
  }
  Receiver& idle = site("DDD");
  origin_.prove(idle, {v2});

  const FleetPlan fleet = plan();
  ASSERT_EQ(fleet.groups.size(), 2u);
  EXPECT_EQ(fleet.without_jobs, 1u);
  EXPECT_TRUE(fleet.problems.empty());
  const FleetGroup &whole = fleet.groups[0], &delta = fleet.groups[1];
  EXPECT_THAT(whole.sites, testing::ElementsAre(SiteCode::parse("BBB")));
  EXPECT_THAT(delta.sites, testing::ElementsAre(SiteCode::parse("AAA"), SiteCode::parse("CCC")));
  EXPECT_GT(whole.parcel_bytes, 900'000u);
  EXPECT_LT(delta.parcel_bytes, 100'000u);
  EXPECT_EQ(delta.parcel_bytes, plan_of(delta.sites).parcel_bytes);
  EXPECT_EQ(delta.plan.objects, plan_of(delta.sites).objects);
}

TEST_F(FleetPlanTest, SaysForEachSiteWhatAPlanForItAloneSays) {
  std::vector<std::vector<VersionRow>> versions;
  for (std::uint32_t p = 0; p < 4; ++p) {
    versions.emplace_back();
    for (std::uint32_t v = 1; v <= 3; ++v) {
      // A file of its own, one that changes, and one that every other package has, too.
      versions.back().push_back(origin_.take_in(PackageId::make(origin_.keys.code(), 32 + p), v,
                                                {{"own", noise(200'000, p)},
                                                 {"new", noise(60'000, 100 + 10 * p + v)},
                                                 {"shared", noise(150'000, 50 + (p % 2) * v)}}));
    }
  }
  // More groups than are planned one by one.
  for (unsigned i = 0; i < 14; ++i) {
    Receiver& one = site(std::string("S") + static_cast<char>('A' + i) + "0");
    std::vector<VersionRow> held;
    for (unsigned p = 0; p < 4; ++p)
      if ((i >> p) % 2 == 1) held.push_back(versions[p][i % 2]);
    origin_.prove(one, held);
    origin_.job_for(versions[i % 4][2], one);
    origin_.job_for(versions[(i + 1) % 4][2], one);
  }
  const FleetPlan fleet = plan();
  EXPECT_GT(fleet.groups.size(), 8u);
  std::size_t sites = 0;
  for (const FleetGroup& group : fleet.groups) {
    for (const SiteCode& code : group.sites) {
      const ParcelPlan alone = plan_of({code});
      EXPECT_EQ(alone.parcel_bytes, group.plan.parcel_bytes) << code.str();
      EXPECT_EQ(alone.objects, group.plan.objects) << code.str();
      EXPECT_EQ(alone.records, group.plan.records) << code.str();
      ASSERT_EQ(alone.items.size(), group.plan.items.size());
      for (std::size_t i = 0; i < alone.items.size(); ++i) {
        EXPECT_EQ(alone.items[i].carried_bytes, group.plan.items[i].carried_bytes);
        EXPECT_EQ(alone.items[i].bases, group.plan.items[i].bases);
      }
      ++sites;
    }
  }
  EXPECT_EQ(sites, 14u);
}

TEST_F(FleetPlanTest, ASiteForWhichNothingCanBePlannedStopsNoOther) {
  const VersionRow tools = origin_.take_in(kTools, 1, {{"a", "1"}});
  const VersionRow maps = origin_.take_in(kMaps, 1, {{"b", "2"}});
  origin_.job_for(tools, site("AAA"));
  origin_.job_for(maps, site("BBB"));
  PackageRow row = PackageBook(origin_.ledger).get(kMaps);
  row.sender = "folder";
  PackageBook(origin_.ledger).set(row);
  const FleetPlan fleet = plan();
  ASSERT_EQ(fleet.groups.size(), 1u);
  EXPECT_THAT(fleet.groups[0].sites, testing::ElementsAre(SiteCode::parse("AAA")));
  ASSERT_EQ(fleet.problems.size(), 1u);
  EXPECT_EQ(fleet.problems[0].site, SiteCode::parse("BBB"));
  EXPECT_THAT(fleet.problems[0].reason, testing::HasSubstr("has no folder address"));
}

}  // namespace
}  // namespace courier
