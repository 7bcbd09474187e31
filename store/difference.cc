#include "store/difference.h"

#include "base/error.h"
#include "store/block_encoding.h"
#include "store/zstd_frame.h"

namespace courier {

Bytes encode_prefix(ByteView raw, ByteView base, Level level) {
  if (raw.empty() || raw.size() > kMaxBlockRaw || base.empty() || base.size() > kMaxBase) {
    bug("content or a base beyond what a block may have");
  }
  return compress_frame(raw, zstd_level(level), base).value_or(Bytes{});
}

Bytes decode_prefix(ByteView coded, ByteView base, std::uint32_t raw_size) {
  return decompress_frame(coded, raw_size, "block", base);
}

}  // namespace courier
