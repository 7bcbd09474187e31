// Any bytes as a node or a root (the first byte says which): refused, or encoded again to the same
// bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  try {
    const Bytes encoded =
        data[0] % 2 == 0 ? encode(decode_node(input)) : encode(decode_root(input));
    if (!std::equal(encoded.begin(), encoded.end(), input.begin(), input.end())) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) std::abort();
  }
  return 0;
}
