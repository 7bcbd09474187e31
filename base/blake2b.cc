#include "base/blake2b.h"

#include <algorithm>
#include <cstring>

#include "base/blake2b_lanes.h"

namespace courier::detail {

void blake2b_1(const Blake2bMessage* messages, std::size_t count) {
  hash_in_lanes<1>(messages, count);
}

namespace {

Lanes<1> lane_of(const Blake2bStream& stream, const std::uint8_t* data, std::size_t size,
                 std::uint8_t* digest) {
  Lanes<1> lane{};
  for (unsigned i = 0; i < 8; ++i) lane.h[i][0] = stream.h[i];
  lane.counted[0] = stream.counted;
  lane.go_on(0, data, size, digest);
  return lane;
}

void take_blocks(Blake2bStream& stream, const std::uint8_t* data, std::size_t blocks) {
  Lanes<1> lane = lane_of(stream, data, blocks * kBlock, nullptr);
  lane.take(blocks);
  for (unsigned i = 0; i < 8; ++i) stream.h[i] = lane.h[i][0];
  stream.counted = lane.counted[0];
}

}  // namespace

Blake2bStream::Blake2bStream(const std::uint8_t* personal) : counted(0), held_size(0) {
  Lanes<1> lane{};
  lane.begin(0, {nullptr, 0, personal, nullptr});
  for (unsigned i = 0; i < 8; ++i) h[i] = lane.h[i][0];
}

void Blake2bStream::update(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  if (held_size > 0) {
    const std::size_t more = std::min(size, sizeof held - held_size);
    std::memcpy(held + held_size, data, more);
    held_size += more;
    data += more;
    size -= more;
    if (size == 0) return;
    take_blocks(*this, held, 1);
  }
  const std::size_t blocks = (size - 1) / kBlock;
  take_blocks(*this, data, blocks);
  held_size = size - blocks * kBlock;
  std::memcpy(held, data + blocks * kBlock, held_size);
}

void Blake2bStream::finish(std::uint8_t* digest) {
  lane_of(*this, held, held_size, digest).take_last();
}

#ifdef __x86_64__

bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
}

void blake2b(const Blake2bMessage* messages, std::size_t count) {
  static const auto kWidest = has_avx512() ? blake2b_avx512 : has_avx2() ? blake2b_avx2 : blake2b_1;
  // One message has no use for lanes.
  (count == 1 ? blake2b_1 : kWidest)(messages, count);
}

#else

void blake2b(const Blake2bMessage* messages, std::size_t count) { blake2b_1(messages, count); }

#endif

}  // namespace courier::detail
