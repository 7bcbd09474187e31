// Proofs: what sites have proved they hold, as sets of objects of this store: the closures of the
// versions in a site's latest return, minus what that return lists as missing, and what arrived of
// parcels that are not whole there. Of all that only what somebody asks for is kept: the closures
// of the versions that are to be sent. Source: behaviours.md B82.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/vocabulary.h"
#include "ledger/return_book.h"
#include "sender/sender_parts.h"
#include "store/object_set.h"

namespace courier {

// What the latest return of one site has proved.
struct Proof {
  std::vector<Holding> versions;  // of which something is known; by package and version
  std::vector<Digest> missing;    // of all of them, those of which nothing is known included
  std::vector<ReturnBook::PartialReceipt> receipts;

  static Proof of(Ledger& ledger, const SiteCode& site);
  // Equal texts: the same is proved.
  std::string identity() const;
};

struct WantedContent {
  PackageId package;
  Digest root;
};

class Store;

// Puts an object into the set of what is to be carried. Errors: incomplete, when it is named and
// not in the store.
void add_wanted(ObjectSet& objects, const BlockObject& object);

class Proofs {
 public:
  // What every one of these sites has proved of what hangs on the wanted roots, which are whole in
  // the store.
  Proofs(SenderParts& context, const std::vector<SiteCode>& sites,
         const std::vector<WantedContent>& wanted);
  // The same of proofs, at least one.
  Proofs(SenderParts& context, const std::vector<Proof>& proofs,
         const std::vector<WantedContent>& wanted);

  // Calls each for what of a wanted root's closure somebody lacks; some of it several times.
  // Returns whether anything was left out.
  bool lacking(Store& store, const Digest& root,
               const std::function<void(const BlockObject&)>& each) const;
  // The versions that all of them hold, whole or in part.
  const std::vector<Holding>& versions() const { return versions_; }

 private:
  // Nodes below which all of them have everything: found in versions that are whole there. What
  // hangs on these is in no set, so that only what has changed is.
  std::unordered_set<Digest> common_;
  ObjectSet held_;  // of the rest
  std::vector<Holding> versions_;
};

}  // namespace courier
