#include "sender/proofs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "ledger/parcel_book.h"
#include "sender/record_map.h"
#include "store/store.h"

namespace courier {
namespace {

// Of `asked`, what a proof covers. What this store does not know any more cannot be left out of a
// parcel, so a version that gc has taken here is no base.
class Search {
 public:
  Search(SenderParts& context, const Proof& proof, const ObjectSet& asked)
      : context_(context),
        proof_(proof),
        asked_(asked),
        missing_(proof.missing.begin(), proof.missing.end()) {}

  ObjectSet run() {
    std::vector<Digest> walked;
    for (const Holding& holding : proof_.versions) walked.push_back(holding.root);
    // A site cannot see what lies below a node that it lacks: nothing of that is proved.
    const auto skip = [this](const Digest& digest) { return missing_.contains(digest); };
    context_.store.for_each_object(
        walked, [this](const BlockObject& object) { add(object); },
        missing_.empty() ? std::function<bool(const Digest&)>() : skip);
    for (const auto& receipt : proof_.receipts) add_receipt(receipt);
    return std::move(held_);
  }

 private:
  void add(const BlockObject& object) {
    if (asked_.contains(object.digest)) held_.insert(object);
  }

  void add_receipt(const ReturnBook::PartialReceipt& receipt) {
    const std::string path = outbox_of(context_.home) + "/" + record_map_name(receipt.label);
    try {
      // That it is damaged shows at its end only.
      read_record_map(context_.fs, path, receipt.label, [](std::uint64_t, const MappedObject&) {});
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) return;  // its parcel is Confirmed: nothing to add
      if (error.code() != ErrorCode::damaged) throw;
      context_.journal.write(Component::courier_sender, Severity::warning,
                             std::string(error.what()) + ": what came of its parcel goes again");
      return;
    }
    read_record_map(
        context_.fs, path, receipt.label, [&](std::uint64_t record, const MappedObject& object) {
          if (!contains(receipt.missing_records, record) && !missing_.contains(object.digest)) {
            add({object.kind, object.digest, 0});
          }
        });
  }

  SenderParts& context_;
  const Proof& proof_;
  const ObjectSet& asked_;
  std::unordered_set<Digest> missing_;
  ObjectSet held_;
};

// Nodes and roots of the versions of these packages that the site has whole. Empty when it lacks
// anything, for that may hang on any of them.
std::unordered_set<Digest> whole_nodes(Store& store, const Proof& proof,
                                       const std::set<PackageId>& packages) {
  std::unordered_set<Digest> nodes;
  if (!proof.missing.empty()) return nodes;
  std::vector<Digest> roots;
  for (const Holding& holding : proof.versions)
    if (packages.contains(holding.package)) roots.push_back(holding.root);
  store.for_each_object(roots, [&](const BlockObject& object) {
    if (object.kind != DigestKind::chunk) nodes.insert(object.digest);
  });
  return nodes;
}

bool same_version(const Holding& a, const Holding& b) {
  return a.package == b.package && a.version == b.version && a.root == b.root;
}

// One for sites that have proved the same.
std::vector<Proof> proofs_of(Ledger& ledger, const std::vector<SiteCode>& sites) {
  std::vector<Proof> proofs;
  std::set<std::string> seen;
  for (const SiteCode& site : sites) {
    Proof proof = Proof::of(ledger, site);
    if (seen.insert(proof.identity()).second) proofs.push_back(std::move(proof));
  }
  return proofs;
}

}  // namespace

Proof Proof::of(Ledger& ledger, const SiteCode& site) {
  ReturnBook returns(ledger);
  Proof proof{returns.holdings(site), {}, returns.partial_receipts(site)};
  for (const Holding& held : proof.versions)
    proof.missing.insert(proof.missing.end(), held.missing.begin(), held.missing.end());
  std::erase_if(proof.versions, [](const Holding& h) { return h.unknown || h.root.is_zero(); });
  return proof;
}

std::string Proof::identity() const {
  std::string text;
  for (const Holding& held : versions) {
    text += fmt::format("{} {} {}\n", held.package.str(), held.version, held.root.hex());
  }
  for (const Digest& digest : missing) text += digest.hex() + "\n";
  for (const auto& receipt : receipts) {
    text += receipt.label.hex();
    for (const NumberRange& range : receipt.missing_records)
      text += fmt::format(" {}-{}", range.first, range.last);
    text += '\n';
  }
  return text;
}

void add_wanted(ObjectSet& objects, const BlockObject& object) {
  if (object.size == 0) {
    throw Error(ErrorCode::incomplete, "object " + object.digest.brief(),
                "has gone from the store meanwhile");
  }
  objects.insert(object);
}

Proofs::Proofs(SenderParts& context, const std::vector<SiteCode>& sites,
               const std::vector<WantedContent>& wanted)
    : Proofs(context, proofs_of(context.ledger, sites), wanted) {}

Proofs::Proofs(SenderParts& context, const std::vector<Proof>& proofs,
               const std::vector<WantedContent>& wanted) {
  versions_ = proofs.front().versions;
  std::erase_if(versions_, [&](const Holding& known) {
    return std::any_of(proofs.begin() + 1, proofs.end(), [&](const Proof& proof) {
      return std::none_of(proof.versions.begin(), proof.versions.end(),
                          [&](const Holding& h) { return same_version(known, h); });
    });
  });
  std::set<PackageId> packages;
  std::vector<Digest> roots;
  for (const WantedContent& one : wanted) {
    packages.insert(one.package);
    roots.push_back(one.root);
  }
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    std::unordered_set<Digest> nodes = whole_nodes(context.store, proofs[i], packages);
    if (i > 0) std::erase_if(nodes, [&](const Digest& node) { return !common_.contains(node); });
    common_ = std::move(nodes);
  }
  context.store.for_each_object(
      roots, [&](const BlockObject& object) { held_.insert(object); },
      [&](const Digest& digest) { return common_.contains(digest); });
  // What one of them lacks need not be looked for at the next.
  for (const Proof& proof : proofs) held_ = Search(context, proof, held_).run();
}

bool Proofs::lacking(Store& store, const Digest& root,
                     const std::function<void(const BlockObject&)>& each) const {
  bool is_less = false;
  store.for_each_object(
      root,
      [&](const BlockObject& object) {
        if (held_.contains(object.digest)) {
          is_less = true;
        } else {
          each(object);
        }
      },
      [&](const Digest& digest) {
        if (!common_.contains(digest)) return false;
        is_less = true;
        return true;
      });
  return is_less;
}

}  // namespace courier
