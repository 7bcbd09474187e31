// ObjectSet: a set of object digests within bounded memory, so that closures of any size are set
// operations: up to half a million objects in a hash table, beyond that in a private temporary file
// behind a filter that answers most questions for what is not in the set.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/digest.h"
#include "store/block.h"

namespace courier {

class ObjectSet {
 public:
  // At most 24 MiB for the table, or 20 MiB for the file's pages and the filter.
  static constexpr std::size_t kInMemory = 512 * 1024;

  // in_memory: how many objects before they go to the file.
  explicit ObjectSet(std::size_t in_memory = kInMemory);
  ~ObjectSet();
  ObjectSet(ObjectSet&&) noexcept;
  ObjectSet& operator=(ObjectSet&&) noexcept;

  // True when it was not in the set before.
  bool insert(const BlockObject& object);
  bool contains(const Digest& digest) const;
  std::uint64_t count() const;
  std::uint64_t bytes() const;  // sum of the sizes
  // In the order of the digests. The set must not be changed meanwhile.
  void for_each(const std::function<void(const BlockObject&)>& each) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
