#include "sender/base_plan.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "ledger/return_book.h"
#include "ledger/site_book.h"
#include "parcel/label.h"
#include "sender/base_pairs.h"
#include "store/store.h"

namespace courier {
namespace {

constexpr std::size_t kMaxOldTrees = 3;  // looked into for one item

std::unordered_set<Digest> lacking_of(SenderParts& context, const std::vector<SiteCode>& sites) {
  std::unordered_set<Digest> lacking;
  ReturnBook returns(context.ledger);
  for (const SiteCode& site : sites) {
    for (const Holding& holding : returns.holdings(site)) {
      lacking.insert(holding.missing.begin(), holding.missing.end());
    }
  }
  return lacking;
}

// Its own versions before those of others, the newest first.
std::vector<Digest> old_trees(const Item& item) {
  std::vector<BaseRef> bases = item.bases;
  std::stable_sort(bases.begin(), bases.end(), [&](const BaseRef& a, const BaseRef& b) {
    const bool own_a = a.package == item.package, own_b = b.package == item.package;
    return own_a != own_b ? own_a : a.version > b.version;
  });
  std::vector<Digest> roots;
  for (const BaseRef& base : bases) {
    if (roots.size() < kMaxOldTrees && base.root != item.root) roots.push_back(base.root);
  }
  return roots;
}

}  // namespace

bool all_read(SenderParts& context, const std::vector<SiteCode>& sites, std::uint64_t feature) {
  SiteBook book(context.ledger);
  return std::all_of(sites.begin(), sites.end(), [&](const SiteCode& site) {
    return (book.get(site).features & feature) != 0;
  });
}

BaseMap bases_of(SenderParts& context, const ParcelPlan& plan) {
  BaseMap map;
  if (!plan.has_content() || !all_read(context, plan.addressees, kFeatureBases)) return map;
  const std::unordered_set<Digest> lacking = lacking_of(context, plan.addressees);
  for (const Item& item : plan.content->list.items) {
    if (item.whole || item.bases.empty() || item.root.is_zero()) continue;
    try {
      BasePairs(context.store, plan.content->needed, lacking, map).pair(item.root, old_trees(item));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::incomplete && error.code() != ErrorCode::damaged) throw;
      // Of the old content; what is to be carried was read whole by the plan.
      context.journal.write(Component::courier_sender, Severity::warning,
                            "less of " + item.package.str() +
                                " is coded against what is there already: " + error.what(),
                            {{"package", item.package.str()}});
    }
  }
  return map;
}

std::vector<std::optional<BasePlace>> places_of(const BaseMap& map, const RecordContent& content) {
  std::vector<std::optional<BasePlace>> places;
  if (map.count() == 0) return places;
  for (const RecordContent::Part& part : content.parts) {
    for (const BlockObject& object : part.objects) places.push_back(map.find(object.digest));
  }
  return places;
}

}  // namespace courier
