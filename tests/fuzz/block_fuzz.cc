// Any bytes as a block: refused, or opened to objects that have their digests, and encoded again to
// the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/block.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const ByteView input(data, size);
  try {
    const Block block = decode_block(input);
    const Bytes encoded = encode(block);
    if (!std::equal(encoded.begin(), encoded.end(), input.begin(), input.end())) std::abort();
    if (verify_and_decompress(block).size() != block.raw_size) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) std::abort();
  }
  return 0;
}
