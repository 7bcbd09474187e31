// Any bytes as a lean block and as the base that it is coded against: refused, or opened to no more
// than it states; what comes to its list digest is encoded again to the same bytes. The base is
// made as long as the block asks for.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/block_against.h"
#include "store/lean_block.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  if (size < 2) return 0;
  const std::size_t split = 2 + (data[0] + 256u * data[1]) % (size - 1);
  const ByteView encoded(data + 2, split - 2);
  Bytes base(data + split, data + size);
  const std::size_t count = lean_object_count(encoded);
  try {
    LeanBlock lean = decode_lean(encoded);
    if (count != lean.block.objects.size()) std::abort();
    Bytes raw;
    if (lean.block.has_base()) {
      std::size_t length = 0;
      for (const auto& range : base_ranges(lean.block)) length += range.length;
      if (length > kMaxBase) std::abort();
      base.resize(length);
      raw = decompress_against(lean.block, base);
    } else {
      raw = decompress(lean.block);
    }
    if (raw.size() != lean.block.raw_size) std::abort();
    const std::vector<Digest> digests = digests_in(lean.block, raw);
    const Bytes again = encode_lean(with_digests(std::move(lean), digests));
    if (!std::ranges::equal(again, encoded)) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) std::abort();
  }
  return 0;
}
