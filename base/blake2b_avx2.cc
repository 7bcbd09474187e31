#ifdef __x86_64__
#include "base/blake2b_lanes.h"

namespace courier::detail {

void blake2b_avx2(const Blake2bMessage* messages, std::size_t count) {
  hash_in_lanes<4>(messages, count);
}

}  // namespace courier::detail
#endif
