// SharedContent: what more than one package has, of all that anybody holds or waits for. Most
// packages share nothing, and a plan for many sites then need not walk what each of them holds of
// other packages. Exact: what is not named here is in one package only.
#pragma once

#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/digest.h"
#include "base/vocabulary.h"
#include "store/object_set.h"

namespace courier {

class Store;

class SharedContent {
 public:
  // Walks every root once. Versions that are not whole in this store count as far as they are.
  // Memory: 64 MiB meanwhile; then what is shared, and of each root that was asked for.
  SharedContent(Store& store, const std::map<PackageId, std::vector<Digest>>& packages);

  // Nothing is shared.
  static SharedContent* nothing();

  bool has_any_of(const ObjectSet& objects) const;
  // What of a root's closure other packages may have, too.
  const std::vector<BlockObject>& of(const Digest& root);

 private:
  SharedContent() = default;

  Store* store_ = nullptr;                  // null: nothing is shared
  std::unordered_set<std::uint64_t> keys_;  // the first bytes of digests
  std::unordered_map<Digest, std::vector<BlockObject>> of_;
  std::vector<BlockObject> none_;
};

}  // namespace courier
