// Any bytes as a block and as the base that it is coded against: refused, or opened to no more
// than it states. The base is made as long as the block asks for.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/block_against.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  if (size < 2) return 0;
  const std::size_t split = 2 + (data[0] + 256u * data[1]) % (size - 1);
  const ByteView old(data + split, size - split);
  try {
    const Block block = decode_block(ByteView(data + 2, split - 2));
    if (!block.has_base()) return 0;
    std::size_t length = 0;
    for (const auto& range : base_ranges(block)) length += range.length;
    if (length > kMaxBase) std::abort();
    Bytes base = to_bytes(old);
    base.resize(length);
    if (decompress_against(block, base).size() != block.raw_size) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) std::abort();
  }
  return 0;
}
