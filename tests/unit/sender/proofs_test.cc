#include "sender/proofs.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <set>

#include "sender/record_map.h"
#include "sender/shared_content.h"
#include "tests/unit/sender/origin.h"

namespace courier {
namespace {

using test::Origin;
using test::Receiver;

// Three packages of four versions: files change, move between folders and come from other packages.
class ProofsTest : public testing::Test {
 protected:
  ProofsTest() : pse_("PSE", origin_.clock), tex_("TEX", origin_.clock) {
    origin_.join(pse_);
    origin_.join(tex_);
  }

  std::uint64_t number(std::uint64_t below) { return random_() % below; }

  void make_versions() {
    for (std::uint32_t p = 0; p < 3; ++p) {
      std::map<std::string, std::string> files;
      for (std::uint32_t v = 1; v <= 4; ++v) {
        for (int i = 0; i < 12; ++i) {
          const std::string name =
              "d" + std::to_string(number(3)) + "/f" + std::to_string(number(40));
          // From one pool, so that other packages and versions have it, too.
          files[name] =
              test::noise(1 + number(3) * number(60'000), static_cast<unsigned>(number(30)));
        }
        if (number(2) == 0) files.erase(files.begin());
        const PackageId id = PackageId::make(origin_.keys.code(), 20 + p);
        versions_.push_back(origin_.take_in(id, v, files));
        packages_[id].push_back(versions_.back().root);
      }
    }
  }

  std::vector<Digest> closure(const Digest& root) {
    std::vector<Digest> out;
    origin_.store.for_each_object(root, [&](const BlockObject& o) { out.push_back(o.digest); });
    return out;
  }

  // What a site's return might prove: some versions, some of them in part.
  ReceivedReturn return_at_random() {
    ReceivedReturn r;
    r.format_version = kFormatVersion;
    for (const VersionRow& v : versions_) {
      if (number(3) != 0) continue;
      Holding holding{v.package, v.version, v.root, number(6) == 0, {}};
      if (number(4) == 0) {
        const std::vector<Digest> all = closure(v.root);
        for (std::uint64_t i = 0; i <= number(3); ++i)
          holding.missing.push_back(all[number(all.size())]);
      }
      r.holdings.push_back(holding);
    }
    if (number(3) == 0) r.parcels.push_back(arrived_in_part());
    return r;
  }

  // A parcel of ours of which some records came.
  ReturnParcel arrived_in_part() {
    ReturnParcel parcel;
    parcel.label = digest_of(DigestKind::label, as_bytes(std::to_string(random_())));
    parcel.state = IncomingState::incomplete;
    parcel.missing_records = {{1, 2}};
    const Fd outbox = make_dirs(origin_.real, outbox_of(origin_.home.path()));
    RecordMapWriter map(origin_.real, outbox, parcel.label, 4);
    for (int record = 0; record < 4; ++record) {
      const std::vector<Digest> all = closure(versions_[number(versions_.size())].root);
      map.add({{DigestKind::chunk, all[number(all.size())]},
               {DigestKind::chunk, all[number(all.size())]}});
    }
    map.commit();
    return parcel;
  }

  // By the definition: closures of what is held, minus what is missing and what hangs only on it.
  std::set<Digest> proved(const SiteCode& site) {
    ReturnBook returns(origin_.ledger);
    std::set<Digest> missing, held;
    for (const Holding& h : returns.holdings(site))
      missing.insert(h.missing.begin(), h.missing.end());
    for (const Holding& h : returns.holdings(site)) {
      if (h.unknown) continue;
      origin_.store.for_each_object(
          h.root, [&](const BlockObject& o) { held.insert(o.digest); },
          [&](const Digest& digest) { return missing.contains(digest); });
    }
    for (const auto& receipt : returns.partial_receipts(site)) {
      read_record_map(origin_.real,
                      outbox_of(origin_.home.path()) + "/" + record_map_name(receipt.label),
                      receipt.label, [&](std::uint64_t record, const MappedObject& object) {
                        if (record != 1 && record != 2 && !missing.contains(object.digest))
                          held.insert(object.digest);
                      });
    }
    return held;
  }

  std::set<Digest> held(const std::vector<SiteCode>& sites,
                        const std::vector<WantedContent>& wanted) {
    SenderParts context = origin_.context();
    const Proofs proofs(context, sites, wanted);
    std::set<Digest> out, lacked;
    for (const WantedContent& one : wanted) {
      const bool is_less = proofs.lacking(origin_.store, one.root, [&](const BlockObject& object) {
        lacked.insert(object.digest);
      });
      std::size_t left_out = 0;
      for (const Digest& digest : closure(one.root))
        if (!lacked.contains(digest)) ++left_out;
      EXPECT_EQ(is_less, left_out > 0);
    }
    for (const WantedContent& one : wanted)
      for (const Digest& digest : closure(one.root))
        if (!lacked.contains(digest)) out.insert(digest);
    return out;
  }

  Origin origin_;
  Receiver pse_, tex_;
  std::mt19937_64 random_{7};
  std::vector<VersionRow> versions_;
  std::map<PackageId, std::vector<Digest>> packages_;
};

TEST_F(ProofsTest, HoldWhatTheDefinitionSaysForRandomTreesAndHoldings) {
  make_versions();
  std::size_t parts = 0, wholes = 0, nothings = 0;
  for (int round = 0; round < 60; ++round) {
    for (const Receiver* site : {&pse_, &tex_})
      ReturnBook(origin_.ledger).replace_proofs(site->code(), return_at_random());
    std::vector<WantedContent> wanted;
    std::set<Digest> asked;
    for (std::uint64_t i = 0; i <= number(3); ++i) {
      const VersionRow& version = versions_[number(versions_.size())];
      wanted.push_back({version.package, version.root});
      for (const Digest& digest : closure(version.root)) asked.insert(digest);
    }
    std::set<Digest> first, both, by_first = proved(pse_.code()), by_second = proved(tex_.code());
    std::set_intersection(asked.begin(), asked.end(), by_first.begin(), by_first.end(),
                          std::inserter(first, first.end()));
    std::set_intersection(first.begin(), first.end(), by_second.begin(), by_second.end(),
                          std::inserter(both, both.end()));
    EXPECT_EQ(held({pse_.code()}, wanted), first) << "round " << round;
    EXPECT_EQ(held({pse_.code(), tex_.code()}, wanted), both) << "round " << round;
    EXPECT_EQ(held({tex_.code(), pse_.code()}, wanted), both) << "round " << round;
    (both.empty() ? nothings : both == asked ? wholes : parts) += 1;
  }
  EXPECT_GT(parts, 20u) << wholes << " wholes, " << nothings << " nothings";
}

TEST_F(ProofsTest, ADamagedRecordMapProvesNothing) {
  make_versions();
  ReceivedReturn said;
  said.format_version = kFormatVersion;
  said.parcels.push_back(arrived_in_part());
  ReturnBook(origin_.ledger).replace_proofs(pse_.code(), said);
  std::vector<WantedContent> wanted;
  for (const VersionRow& version : versions_) wanted.push_back({version.package, version.root});
  EXPECT_FALSE(held({pse_.code()}, wanted).empty());
  const std::string map =
      outbox_of(origin_.home.path()) + "/" + record_map_name(said.parcels.front().label);
  std::fstream file(map, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-40, std::ios::end);
  const char was = static_cast<char>(file.peek());
  file.seekp(-40, std::ios::end);
  file.put(static_cast<char>(was ^ 1));
  file.close();
  EXPECT_TRUE(held({pse_.code()}, wanted).empty());
}

TEST_F(ProofsTest, SharedContentNamesAllThatTwoPackagesHave) {
  make_versions();
  SharedContent shared(origin_.store, packages_);
  std::map<PackageId, std::set<Digest>> content;
  for (const VersionRow& v : versions_)
    for (const Digest& digest : closure(v.root)) content[v.package].insert(digest);
  std::size_t common = 0;
  for (const VersionRow& v : versions_) {
    const std::set<std::uint32_t> named(shared.of(v.root).begin(), shared.of(v.root).end());
    for (const Digest& digest : closure(v.root)) {
      const auto in = std::count_if(content.begin(), content.end(),
                                    [&](const auto& one) { return one.second.contains(digest); });
      const auto number = shared.number(digest);
      EXPECT_TRUE(number || in < 2);
      EXPECT_TRUE(!number || named.contains(*number));
      common += in > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(common, 0u);
}

TEST_F(ProofsTest, TwoSitesWithTheSameHoldingsHaveTheSameIdentity) {
  make_versions();
  const ReceivedReturn said = return_at_random();
  ReturnBook returns(origin_.ledger);
  returns.replace_proofs(pse_.code(), said);
  returns.replace_proofs(tex_.code(), said);
  const auto identity = [&](const Receiver& site) {
    return Proof::of(origin_.ledger, site.code()).identity();
  };
  EXPECT_FALSE(identity(pse_).empty());
  EXPECT_EQ(identity(pse_), identity(tex_));
  ReceivedReturn other = said;
  other.holdings.push_back({versions_[5].package, 77, versions_[5].root, false, {}});
  returns.replace_proofs(tex_.code(), other);
  EXPECT_NE(identity(pse_), identity(tex_));
  other.holdings.back().missing = {versions_[5].root};
  const std::string before = identity(tex_);
  returns.replace_proofs(tex_.code(), other);
  EXPECT_NE(identity(tex_), before);
}

}  // namespace
}  // namespace courier
