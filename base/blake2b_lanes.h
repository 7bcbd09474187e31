// The lanes of blake2b.h, for a number of lanes that is a template's argument. Included by each
// blake2b_*.cc, which is compiled for its own processor: everything is in an unnamed namespace and
// nothing here may call an inline function of a library, or the linker could give that processor's
// code to the rest of the program.
#pragma once

#include "base/blake2b.h"

namespace courier::detail {
namespace {

using Word = std::uint64_t;

constexpr Word kIv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                         0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                         0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr Word kFirstWord = 0x01010020;  // 32 bytes of digest, no key, fanout and depth 1
constexpr std::uint8_t kSigma[12][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
                                         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};
constexpr unsigned kBlock = 128;

Word word_at(const std::uint8_t* at) {
  Word word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}

template <unsigned N>
struct VectorOf {
  typedef Word type __attribute__((vector_size(N * sizeof(Word))));
};

template <unsigned N>
struct Lanes {
  using Vector = typename VectorOf<N>::type;

  Vector h[8];
  Vector counted;  // bytes so far
  const std::uint8_t* at[N];
  Word left[N];  // bytes not yet taken
  Word step[N];  // kBlock; 0: the lane is idle and hashes zeros that nobody asks for
  std::uint8_t* digest[N];

  static constexpr std::uint8_t kZeros[kBlock] = {};

  static Vector rotated(const Vector& x, int bits) { return (x >> bits) | (x << (64 - bits)); }

  static void mix(Vector& a, Vector& b, Vector& c, Vector& d, const Vector& x, const Vector& y) {
    a += b + x;
    d = rotated(d ^ a, 32);
    c += d;
    b = rotated(b ^ c, 24);
    a += b + y;
    d = rotated(d ^ a, 16);
    c += d;
    b = rotated(b ^ c, 63);
  }

  // RFC 7693, section 3.2, in every lane; last: all ones in the lanes whose last block this is.
  void compress(const std::uint8_t* const* blocks, const Vector& last) {
    Vector m[16], v[16];
    for (unsigned w = 0; w < 16; ++w) {
      for (unsigned lane = 0; lane < N; ++lane) m[w][lane] = word_at(blocks[lane] + 8 * w);
    }
    for (unsigned i = 0; i < 8; ++i) {
      v[i] = h[i];
      v[8 + i] = Vector{} + kIv[i];
    }
    v[12] ^= counted;
    v[14] ^= last;
#pragma GCC unroll 12
    for (unsigned round = 0; round < 12; ++round) {
      const std::uint8_t* const s = kSigma[round];
      mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
      mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
      mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
      mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
      mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
      mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
      mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
      mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
    }
    for (unsigned i = 0; i < 8; ++i) h[i] ^= v[i] ^ v[8 + i];
  }

  void begin(unsigned lane, const Blake2bMessage& message) {
    for (unsigned i = 0; i < 8; ++i) h[i][lane] = kIv[i];
    h[0][lane] ^= kFirstWord;
    h[6][lane] ^= word_at(message.personal);
    h[7][lane] ^= word_at(message.personal + 8);
    counted[lane] = 0;
    go_on(lane, message.data, message.size, message.digest);
  }

  void go_on(unsigned lane, const std::uint8_t* data, Word size, std::uint8_t* out) {
    at[lane] = data;
    left[lane] = size;
    step[lane] = kBlock;
    digest[lane] = out;
  }

  void rest(unsigned lane) {
    at[lane] = kZeros;
    step[lane] = 0;
  }

  bool is_idle(unsigned lane) const { return step[lane] == 0; }

  // Blocks that every lane has before its last one.
  Word common_blocks() const {
    Word blocks = ~Word{0};
    for (unsigned lane = 0; lane < N; ++lane) {
      if (is_idle(lane)) continue;
      const Word own = left[lane] == 0 ? 0 : (left[lane] - 1) / kBlock;
      if (own < blocks) blocks = own;
    }
    return blocks;
  }

  void take(Word blocks) {
    for (Word i = 0; i < blocks; ++i) {
      counted += Word{kBlock};
      compress(at, Vector{});
      for (unsigned lane = 0; lane < N; ++lane) at[lane] += step[lane];
    }
    for (unsigned lane = 0; lane < N; ++lane) left[lane] -= blocks * step[lane];
  }

  // One block in each lane, the last one of at least one of them. Writes the digests that are done
  // and returns whose.
  unsigned take_last() {
    std::uint8_t padded[N][kBlock];
    const std::uint8_t* blocks[N];
    Vector last{};
    unsigned done = 0;
    for (unsigned lane = 0; lane < N; ++lane) {
      blocks[lane] = at[lane];
      if (is_idle(lane)) continue;
      if (left[lane] > kBlock) {
        counted[lane] += kBlock;
        at[lane] += kBlock;
        left[lane] -= kBlock;
        continue;
      }
      __builtin_memset(padded[lane], 0, kBlock);
      if (left[lane] > 0) __builtin_memcpy(padded[lane], at[lane], left[lane]);
      blocks[lane] = padded[lane];
      counted[lane] += left[lane];
      last[lane] = ~Word{0};
      done |= 1u << lane;
    }
    compress(blocks, last);
    for (unsigned lane = 0; lane < N; ++lane) {
      if ((done & 1u << lane) == 0) continue;
      for (unsigned i = 0; i < 4; ++i) {
        const Word word = h[i][lane];
        __builtin_memcpy(digest[lane] + 8 * i, &word, sizeof word);
      }
      rest(lane);
    }
    return done;
  }
};

// The last message under way, alone: one lane of many is slower than one.
template <unsigned N>
void finish_alone(const Lanes<N>& lanes, unsigned lane) {
  Lanes<1> alone{};
  for (unsigned i = 0; i < 8; ++i) alone.h[i][0] = lanes.h[i][lane];
  alone.counted[0] = lanes.counted[lane];
  alone.go_on(0, lanes.at[lane], lanes.left[lane], lanes.digest[lane]);
  alone.take(alone.common_blocks());
  alone.take_last();
}

template <unsigned N>
void hash_in_lanes(const Blake2bMessage* messages, std::size_t count) {
  Lanes<N> lanes{};
  std::size_t next = 0;
  unsigned busy = 0;
  for (unsigned lane = 0; lane < N; ++lane) lanes.rest(lane);
  unsigned free = (1u << N) - 1;
  for (;;) {
    for (unsigned lane = 0; lane < N && next < count; ++lane) {
      if ((free & 1u << lane) == 0) continue;
      lanes.begin(lane, messages[next++]);
      free &= ~(1u << lane);
      ++busy;
    }
    if (busy == 0) return;
    if (N > 1 && busy == 1) {
      unsigned lane = 0;
      while (lanes.is_idle(lane)) ++lane;
      finish_alone(lanes, lane);
      return;
    }
    lanes.take(lanes.common_blocks());
    const unsigned done = lanes.take_last();
    free |= done;
    busy -= static_cast<unsigned>(__builtin_popcount(done));
  }
}

}  // namespace
}  // namespace courier::detail
