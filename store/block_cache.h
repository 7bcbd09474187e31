// Block cache: the blocks opened last, up to 64 MiB of raw bytes, so that readers of neighbouring
// objects, and several readers of one block, open it once.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "store/store.h"

namespace courier {

// Thread-safe.
class BlockCache {
 public:
  using Pointer = std::shared_ptr<const Store::OpenBlock>;

  Pointer get(const BlockRef& ref) {
    std::lock_guard lock(mutex_);
    const auto found = by_ref_.find(ref);
    if (found == by_ref_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }

  void put(const BlockRef& ref, Pointer block) {
    std::lock_guard lock(mutex_);
    if (by_ref_.contains(ref)) return;
    bytes_ += cost(*block);
    order_.emplace_front(ref, std::move(block));
    by_ref_[ref] = order_.begin();
    while (bytes_ > kMaxBytes && order_.size() > 1) {
      bytes_ -= cost(*order_.back().second);
      by_ref_.erase(order_.back().first);
      order_.pop_back();
    }
  }

  void clear() {
    std::lock_guard lock(mutex_);
    by_ref_.clear();
    order_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kMaxBytes = 64u << 20;
  static std::size_t cost(const Store::OpenBlock& block) {
    return block.raw.size() + block.objects.size() * (sizeof(BlockObject) + 4);
  }

  std::mutex mutex_;
  std::list<std::pair<BlockRef, Pointer>> order_;  // used last first
  std::map<BlockRef, std::list<std::pair<BlockRef, Pointer>>::iterator> by_ref_;
  std::size_t bytes_ = 0;
};

}  // namespace courier
