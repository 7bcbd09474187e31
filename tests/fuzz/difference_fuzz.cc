// Any bytes as new content against any base: opened again to the same, at every level and by both
// codecs. And any bytes as coded content: refused, or opened to as many bytes as are asked for.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/difference.h"

namespace {

using namespace courier;

void expect_the_same(const Bytes& coded, ByteView raw, ByteView base,
                     Bytes (*decode)(ByteView, ByteView, std::uint32_t)) {
  if (coded.empty()) return;
  const Bytes again = decode(coded, base, static_cast<std::uint32_t>(raw.size()));
  if (!std::equal(again.begin(), again.end(), raw.begin(), raw.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  const std::size_t split = 3 + (data[0] + 256u * data[1]) % (size - 4);
  const ByteView first(data + 3, split - 2), second(data + split + 1, size - split - 1);
  const auto level = static_cast<Level>(data[2] % 2);  // small is as standard, but slower
  expect_the_same(encode_difference(first, second, level), first, second, decode_difference);
  expect_the_same(encode_prefix(first, second, level), first, second, decode_prefix);
  for (const auto decode : {decode_difference, decode_prefix}) {
    const std::uint32_t raw_size = 1 + data[2] * 40u;
    try {
      if (decode(first, second, raw_size).size() != raw_size) std::abort();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::damaged) std::abort();
    }
  }
  return 0;
}
