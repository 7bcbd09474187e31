#ifdef __x86_64__
#include "base/blake2b_lanes.h"

namespace courier::detail {

void blake2b_avx512(const Blake2bMessage* messages, std::size_t count) {
  hash_in_lanes<8>(messages, count);
}

}  // namespace courier::detail
#endif
