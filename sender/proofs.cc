#include "sender/proofs.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "ledger/parcel_book.h"
#include "sender/record_map.h"
#include "store/store.h"

namespace courier {
namespace {

// What one site has proved. What this store does not know any more cannot be left out of a parcel,
// so a version that gc has taken here is no base.
ObjectSet held_by(SenderParts& context, const SiteCode& site) {
  ReturnBook returns(context.ledger);
  const std::vector<Holding> holdings = returns.holdings(site);
  std::unordered_set<Digest> missing;
  for (const Holding& holding : holdings) {
    missing.insert(holding.missing.begin(), holding.missing.end());
  }
  const auto lacks = [&](const Digest& digest) { return missing.contains(digest); };
  ObjectSet held;
  for (const Holding& holding : holdings) {
    if (holding.unknown || holding.root.is_zero()) continue;
    // A site cannot see what lies below a node that it lacks: nothing of that is proved.
    context.store.for_each_object(
        holding.root, [&](const BlockObject& object) { held.insert(object); }, lacks);
  }
  for (const auto& receipt : returns.partial_receipts(site)) {
    const std::string path = outbox_of(context.home) + "/" + record_map_name(receipt.label);
    try {
      read_record_map(context.fs, path, receipt.label,
                      [&](std::uint64_t record, const MappedObject& object) {
                        if (!contains(receipt.missing_records, record) && !lacks(object.digest)) {
                          held.insert({object.kind, object.digest, 0});
                        }
                      });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;  // its parcel is Confirmed: nothing to add
    }
  }
  return held;
}

bool same_version(const Holding& a, const Holding& b) {
  return a.package == b.package && a.version == b.version && a.root == b.root;
}

}  // namespace

Proofs::Proofs(SenderParts& context, const std::vector<SiteCode>& sites) {
  ReturnBook returns(context.ledger);
  for (std::size_t i = 0; i < sites.size(); ++i) {
    ObjectSet held = held_by(context, sites[i]);
    std::vector<Holding> versions = returns.holdings(sites[i]);
    std::erase_if(versions, [](const Holding& h) { return h.unknown || h.root.is_zero(); });
    if (i == 0) {
      held_ = std::move(held);
      versions_ = std::move(versions);
      continue;
    }
    ObjectSet both;
    held.for_each([&](const BlockObject& object) {
      if (held_.contains(object.digest)) both.insert(object);
    });
    held_ = std::move(both);
    std::erase_if(versions_, [&](const Holding& known) {
      return std::none_of(versions.begin(), versions.end(),
                          [&](const Holding& h) { return same_version(known, h); });
    });
  }
}

}  // namespace courier
