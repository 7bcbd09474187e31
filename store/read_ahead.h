// Read-ahead: whoever reads block after block of a pack (a restore, a copy to a share) gets the
// next ones opened meanwhile, so that decompressing and checking overlaps with what he does with
// them.
//
// Two blocks ahead at most, of the same sort; threads exist only once somebody reads in order. What
// goes wrong ahead is not reported here: the block is then opened again when it is asked for.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/pipeline.h"
#include "store/block_cache.h"
#include "store/chunk_index.h"

namespace courier {

// Thread-safe.
class ReadAhead {
 public:
  using Pointer = BlockCache::Pointer;
  // open: opens a block that is in no cache and puts it there; place: where a block lies.
  using Open = std::function<Pointer(const BlockPlace&)>;
  using Place = std::function<std::optional<BlockPlace>(const BlockRef&)>;
  ReadAhead(Open open, Place place) : open_(std::move(open)), place_(std::move(place)) {}

  // Says which block is asked for now, and begins to open what is likely to be asked for next.
  void follow(const BlockPlace& place, BlockCache& cache);
  // The block if it is being opened, once it is; null when it is not, or could not be opened.
  Pointer wait(const BlockRef& ref);

 private:
  static constexpr std::uint32_t kAhead = 2;
  // Data and node blocks lie among each other: a small step is still in order.
  static constexpr std::uint32_t kStep = 3;
  void begin(const BlockPlace& place);

  const Open open_;
  const Place place_;
  std::mutex mutex_;  // guards what follows
  std::optional<BlockRef> last_;
  std::map<BlockRef, std::shared_future<Pointer>> under_way_;
  std::unique_ptr<ThreadPool> pool_;  // last: its tasks end before what they use
};

}  // namespace courier
