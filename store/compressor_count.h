// How many threads compress at a level.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/pipeline.h"
#include "store/block.h"

namespace courier {

// One for each core; at small so many that their tables, 50 MiB each, stay below 400 MiB.
inline std::size_t compressor_count(Level level) {
  constexpr std::size_t kMostOfSmall = 8;
  return level == Level::small ? std::min(worker_count(), kMostOfSmall) : worker_count();
}

}  // namespace courier
