// Base windows: the ranges of old content that the objects of one record are coded against.
#pragma once

#include <vector>

#include "store/base_map.h"
#include "store/block_against.h"

namespace courier {

// Around each object's place as much as fits into a base of kMaxBase for all of them, in the order
// of the objects; ranges that touch are one. Places: of those objects that have one, in the order
// in which the objects lie in the record. Empty when there is none.
std::vector<BaseRange> base_windows(const std::vector<BasePlace>& places);

}  // namespace courier
