#include "sender/shared_content.h"

#include <algorithm>
#include <cstring>

#include "store/store.h"

namespace courier {
namespace {

std::uint64_t key_of(const Digest& digest) {
  std::uint64_t key;
  std::memcpy(&key, digest.bytes.data(), sizeof key);
  return key;
}

// Keys that were seen, and a few that were not.
class Seen {
 public:
  // True when the key may have been seen before.
  bool insert(std::uint64_t key) {
    bool all = true;
    for (int i = 0; i < 3; ++i) {
      key *= 0x9e3779b97f4a7c15;  // odd: no bit of the key is lost
      key ^= key >> 32;
      std::uint64_t& word = bits_[(key >> 6) % bits_.size()];
      const std::uint64_t bit = std::uint64_t{1} << (key & 63);
      all = all && (word & bit) != 0;
      word |= bit;
    }
    return all;
  }

 private:
  std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(8u << 20);  // 64 MiB
};

}  // namespace

SharedContent::SharedContent(Store& store, const std::map<PackageId, std::vector<Digest>>& packages)
    : store_(store) {
  Seen seen;
  for (const auto& [package, roots] : packages) {
    std::vector<std::uint64_t> keys;
    store.for_each_object(
        roots, [&](const BlockObject& object) { keys.push_back(key_of(object.digest)); });
    // A chunk comes once for each node that names it.
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    for (const std::uint64_t key : keys)
      if (seen.insert(key)) keys_.insert(key);
  }
}

std::optional<std::uint32_t> SharedContent::number(const Digest& object) {
  if (!keys_.contains(key_of(object))) return std::nullopt;
  return numbers_.try_emplace(object, static_cast<std::uint32_t>(numbers_.size())).first->second;
}

const std::vector<std::uint32_t>& SharedContent::of(const Digest& root) {
  const auto known = of_.find(root);
  if (known != of_.end()) return known->second;
  std::vector<std::uint32_t>& found = of_[root];
  store_.for_each_object(root, [&](const BlockObject& object) {
    if (const auto own = number(object.digest)) found.push_back(*own);
  });
  return found;
}

}  // namespace courier
