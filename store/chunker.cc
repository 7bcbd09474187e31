#include "store/chunker.h"

#include <algorithm>
#include <array>

namespace courier {

namespace {

constexpr std::array<std::uint64_t, 256> make_gear() {
  std::array<std::uint64_t, 256> gear{};
  std::uint64_t state = 0x0072656972756f43u;
  for (auto& value : gear) {
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    value = z ^ (z >> 31);
  }
  return gear;
}

constexpr std::array<std::uint64_t, 256> kGear = make_gear();
constexpr std::uint64_t kStrict = 0xffffc00000000000u;  // 18 bits
constexpr std::uint64_t kLoose = 0xfffc000000000000u;   // 14 bits

// Zeros are cut at kMaxChunk: the hash of a run of them is the same after 64 bytes, and neither it
// nor one before it asks for a cut.
constexpr bool zeros_run_on() {
  std::uint64_t hash = 0;
  for (int i = 0; i < 64; ++i) {
    hash = (hash << 1) + kGear[0];
    if ((hash & kStrict) == 0) return false;
  }
  return hash == ~kGear[0] + 1 && (hash & kLoose) != 0;
}
static_assert(zeros_run_on());

}  // namespace

const std::array<std::uint64_t, 256>& gear_table() { return kGear; }

std::size_t first_cut(ByteView data) {
  if (data.size() <= kMinChunk) return data.size();
  if (data.size() >= kMaxChunk && is_zero(data.first(kMaxChunk))) return kMaxChunk;
  const std::size_t end = std::min(data.size(), kMaxChunk);
  const std::size_t middle = std::min(end, kAverageChunk);
  const std::uint8_t* const p = data.data();
  std::uint64_t hash = 0;
  std::size_t i = kMinChunk;
  for (; i < middle; ++i) {
    hash = (hash << 1) + kGear[p[i]];
    if ((hash & kStrict) == 0) return i + 1;
  }
  for (; i < end; ++i) {
    hash = (hash << 1) + kGear[p[i]];
    if ((hash & kLoose) == 0) return i + 1;
  }
  return end;
}

std::vector<Digest> chunk_digests(std::span<const ByteView> chunks) {
  static const Digest kZeros = digest_of(DigestKind::chunk, Bytes(kMaxChunk));
  std::vector<Digest> digests(chunks.size(), kZeros);
  std::vector<Message> messages;
  std::vector<std::size_t> of;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].size() == kMaxChunk && is_zero(chunks[i])) continue;
    messages.push_back({DigestKind::chunk, chunks[i]});
    of.push_back(i);
  }
  const std::vector<Digest> found = digests_of(messages);
  for (std::size_t i = 0; i < of.size(); ++i) digests[of[i]] = found[i];
  return digests;
}

}  // namespace courier
