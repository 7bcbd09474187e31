// ObjectSet: a set of object digests that lies in a private temporary file, so that closures of any
// size are set operations within bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/digest.h"
#include "store/block.h"

namespace courier {

class ObjectSet {
 public:
  ObjectSet();
  ~ObjectSet();
  ObjectSet(ObjectSet&&) noexcept;
  ObjectSet& operator=(ObjectSet&&) noexcept;

  // True when it was not in the set before.
  bool insert(const BlockObject& object);
  bool contains(const Digest& digest) const;
  void erase(const Digest& digest);
  std::uint64_t count() const;
  std::uint64_t bytes() const;  // sum of the sizes
  // In the order of the digests. The set must not be changed meanwhile.
  void for_each(const std::function<void(const BlockObject&)>& each) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
