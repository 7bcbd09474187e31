// The bounded codec: whatever the bytes, it reads them or says damaged; and what it reads has no
// other encoding. The first byte says how many reads follow, one byte each; the rest is data.
#include <cstdint>
#include <cstdlib>

#include "base/codec.h"
#include "base/error.h"

namespace courier {
namespace {

void read_one(std::uint8_t what, Decoder& in, Encoder& again) {
  const std::size_t limit = what >> 4;
  switch (what & 15) {
    case 0:
      again.u8(in.u8());
      break;
    case 1:
      again.u16(in.u16());
      break;
    case 2:
      again.u32(in.u32());
      break;
    case 3:
      again.u64(in.u64());
      break;
    case 4:
      again.varint(in.varint());
      break;
    case 5:
      again.varint(in.varint(limit));
      break;
    case 6:
      again.zigzag(in.zigzag());
      break;
    case 7:
      again.boolean(in.boolean());
      break;
    case 8:
      again.raw(in.raw(limit));
      break;
    case 9:
      again.bytes(in.bytes(limit * 16));
      break;
    case 10:
      again.text(in.text(limit * 16));
      break;
    case 11:
      again.digest(in.digest());
      break;
    case 12: {
      const std::size_t count = in.count(SIZE_MAX, limit + 1);
      if (count > in.remaining()) std::abort();
      again.varint(count);
      break;
    }
    default:
      in.expect_end();
  }
}

}  // namespace
}  // namespace courier

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  if (size == 0 || size < 1u + data[0]) return 0;
  const ByteView script(data + 1, data[0]);
  const ByteView bytes(data + 1 + data[0], size - 1 - data[0]);
  Decoder in(bytes, "fuzz");
  Encoder again;
  try {
    for (const std::uint8_t what : script) {
      read_one(what, in, again);
      const ByteView read = bytes.first(in.offset());
      if (to_bytes(read) != to_bytes(again.view())) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) std::abort();
  }
  return 0;
}
