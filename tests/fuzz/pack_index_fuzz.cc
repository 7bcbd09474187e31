// Any bytes as a pack's index: refused, or encoded again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/pack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const ByteView input(data, size);
  try {
    const Bytes encoded = encode(decode_pack_index(input));
    if (!std::equal(encoded.begin(), encoded.end(), input.begin(), input.end())) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) std::abort();
  }
  return 0;
}
