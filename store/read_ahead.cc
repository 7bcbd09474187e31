#include "store/read_ahead.h"

#include <exception>

namespace courier {

void ReadAhead::follow(const BlockPlace& place, BlockCache& cache) {
  const BlockRef& ref = place.ref;
  {
    std::lock_guard lock(mutex_);
    if (last_ == ref) return;
    const bool in_order = last_ && last_->pack == ref.pack && ref.block > last_->block &&
                          ref.block - last_->block <= kStep;
    last_ = ref;
    if (!in_order) return;
  }
  std::uint32_t begun = 0;
  for (std::uint32_t step = 1; step <= kStep && begun < kAhead; ++step) {
    const auto next = place_({ref.pack, ref.block + step});
    if (!next) return;
    if (next->damaged || next->nodes != place.nodes) continue;
    ++begun;
    if (!cache.get(next->ref)) begin(*next);
  }
}

void ReadAhead::begin(const BlockPlace& place) {
  std::lock_guard lock(mutex_);
  if (under_way_.contains(place.ref)) return;
  if (!pool_) pool_ = std::make_unique<ThreadPool>(kAhead);
  // Shared by the task, which must be copyable, and nobody else.
  auto task = std::make_shared<std::packaged_task<Pointer()>>([this, place]() -> Pointer {
    Pointer block;
    try {
      block = open_(place);
    } catch (const std::exception&) {
      // Whoever asks for the block opens it himself and hears of it.
    }
    std::lock_guard done(mutex_);
    under_way_.erase(place.ref);
    return block;
  });
  under_way_[place.ref] = task->get_future().share();
  pool_->run([task] { (*task)(); });
}

ReadAhead::Pointer ReadAhead::wait(const BlockRef& ref) {
  std::shared_future<Pointer> future;
  {
    std::lock_guard lock(mutex_);
    const auto found = under_way_.find(ref);
    if (found == under_way_.end()) return nullptr;
    future = found->second;
  }
  return future.get();
}

}  // namespace courier
