// Proofs: what sites have proved they hold, as sets of objects of this store: the closures of the
// versions in a site's latest return, minus what that return lists as missing, and what arrived of
// parcels that are not whole there. Source: behaviours.md B82.
#pragma once

#include <vector>

#include "base/vocabulary.h"
#include "ledger/return_book.h"
#include "sender/sender_parts.h"
#include "store/object_set.h"

namespace courier {

class Proofs {
 public:
  // What every one of these sites has proved.
  Proofs(SenderParts& context, const std::vector<SiteCode>& sites);

  const ObjectSet& held() const { return held_; }
  // The versions that all of them hold, whole or in part.
  const std::vector<Holding>& versions() const { return versions_; }

 private:
  ObjectSet held_;
  std::vector<Holding> versions_;
};

}  // namespace courier
