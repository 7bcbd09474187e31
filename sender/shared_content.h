// SharedContent: what more than one package has, of all that anybody holds or waits for. It is
// little, and a plan for many sites then need not walk what each of them holds of other packages.
// Exact: what has no number here is in one package only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/digest.h"
#include "base/vocabulary.h"

namespace courier {

class Store;

class SharedContent {
 public:
  // Walks every root once. Versions that are not whole in this store count as far as they are.
  // Memory: 64 MiB meanwhile; then what is shared, and of each root that was asked for.
  SharedContent(Store& store, const std::map<PackageId, std::vector<Digest>>& packages);

  // Of an object that several packages may have; from 0, and without gaps.
  std::optional<std::uint32_t> number(const Digest& object);
  std::size_t numbers() const { return numbers_.size(); }  // given so far
  // The numbers of what of a root's closure other packages may have, too.
  const std::vector<std::uint32_t>& of(const Digest& root);

 private:
  Store& store_;
  std::unordered_set<std::uint64_t> keys_;  // the first bytes of digests
  std::unordered_map<Digest, std::uint32_t> numbers_;
  std::unordered_map<Digest, std::vector<std::uint32_t>> of_;
};

}  // namespace courier
