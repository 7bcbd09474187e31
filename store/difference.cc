#include "store/difference.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/codec.h"
#include "base/error.h"
#include "store/block_encoding.h"
#include "store/difference_matcher.h"
#include "store/zstd_frame.h"

namespace courier {

namespace {

// In the order in which they are written.
enum Stream { kLiteralRuns, kCopyRuns, kSeeks, kGaps, kCorrections, kLiterals, kStreams };

// Nothing is gained by compressing less.
constexpr std::size_t kWorthTrying = 32;
// So few literals are not worth the time that it takes zstd to look through the base for them.
constexpr std::size_t kWorthPrefix = 16'384;
constexpr std::size_t kWord = 4;  // of a correction

void require_limits(ByteView raw, ByteView base) {
  if (raw.empty() || raw.size() > kMaxBlockRaw || base.empty() || base.size() > kMaxBase) {
    bug("content or a base beyond what a block may have");
  }
}

std::uint32_t zigzag(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}

std::int32_t unzigzag(std::uint32_t value) {
  return static_cast<std::int32_t>((value >> 1) ^ (0u - (value & 1)));
}

void put_varint(Bytes& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

// Reads the varints of one stream; like Decoder's, but there are millions.
class Varints {
 public:
  Varints(ByteView data, const Decoder& in) : at_(data.data()), end_(at_ + data.size()), in_(in) {}

  bool at_end() const { return at_ == end_; }

  std::uint32_t next() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) in_.fail("a difference whose numbers end early");
      const std::uint8_t byte = *at_++;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        if ((byte == 0 && shift > 0) || value > UINT32_MAX) break;
        return static_cast<std::uint32_t>(value);
      }
    }
    in_.fail("a difference with a number that is not in its shortest form, or beyond 32 bits");
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const Decoder& in_;
};

std::uint32_t load_word(const std::uint8_t* p, std::size_t size) {
  std::uint32_t value = 0;
  if (size >= kWord) {
    std::memcpy(&value, p, kWord);
  } else {
    std::memcpy(&value, p, size);
  }
  return value;
}

void store_word(std::uint8_t* p, std::uint32_t value, std::size_t size) {
  std::memcpy(p, &value, std::min(kWord, size));
}

static_assert(std::endian::native == std::endian::little);

// Where from `at` on two runs of bytes differ first; their end, when they do not.
std::size_t next_difference(ByteView a, ByteView b, std::size_t at) {
  for (; at + 8 <= a.size(); at += 8) {
    std::uint64_t x, y;
    std::memcpy(&x, a.data() + at, 8);
    std::memcpy(&y, b.data() + at, 8);
    if (x != y) return at + static_cast<std::size_t>(std::countr_zero(x ^ y)) / 8;
  }
  while (at < a.size() && a[at] == b[at]) ++at;
  return at;
}

// What the steps and the literals make of the base: nearly raw.
Bytes write_steps(ByteView raw, ByteView base, Level level, std::array<Bytes, kStreams>& streams) {
  Bytes made(raw.size());
  std::size_t at = 0;
  std::int64_t expected = 0;
  const auto take_literals = [&](std::size_t size) {
    std::memcpy(made.data() + at, raw.data() + at, size);
    streams[kLiterals].insert(streams[kLiterals].end(),
                              raw.begin() + static_cast<std::ptrdiff_t>(at),
                              raw.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  };
  for (const auto& step : difference_steps(raw, base, level)) {
    put_varint(streams[kLiteralRuns], step.literals);
    put_varint(streams[kCopyRuns], step.length);
    put_varint(streams[kSeeks], zigzag(static_cast<std::int32_t>(step.source - expected)));
    if (step.literals > 0) take_literals(step.literals);
    std::memcpy(made.data() + at, base.data() + step.source, step.length);
    at += step.length;
    expected = std::int64_t{step.source} + step.length;
  }
  if (at < raw.size()) take_literals(raw.size() - at);
  return made;
}

void write_corrections(ByteView raw, ByteView made, std::array<Bytes, kStreams>& streams) {
  std::size_t told = 0;
  for (std::size_t at = 0; (at = next_difference(raw, made, at)) < raw.size();) {
    const std::size_t left = raw.size() - at;
    const std::uint32_t wanted = load_word(raw.data() + at, left);
    const std::uint32_t there = load_word(made.data() + at, left);
    put_varint(streams[kGaps], static_cast<std::uint32_t>(at - told));
    put_varint(streams[kCorrections], zigzag(static_cast<std::int32_t>(wanted - there)));
    at += std::min(kWord, left);
    told = at;
  }
}

Bytes read_stream(Decoder& in, std::uint32_t raw_size, ByteView prefix) {
  const auto size = static_cast<std::size_t>(in.varint(raw_size));
  const ByteView stored = in.bytes(size);
  if (stored.size() == size) return to_bytes(stored);
  return decompress_frame(stored, size, "block", prefix);
}

}  // namespace

Bytes encode_difference(ByteView raw, ByteView base, Level level) {
  require_limits(raw, base);
  std::array<Bytes, kStreams> streams;
  const Bytes made = write_steps(raw, base, level, streams);
  write_corrections(raw, made, streams);
  Encoder out;
  for (const auto& stream : streams) {
    if (stream.size() > raw.size()) return {};
    const bool searched = &stream == &streams[kLiterals] && stream.size() >= kWorthPrefix;
    std::optional<Bytes> frame;
    if (stream.size() >= kWorthTrying) {
      frame = compress_frame(stream, zstd_level(level), searched ? base : ByteView());
    }
    out.varint(stream.size()).bytes(frame ? *frame : stream);
  }
  if (out.size() >= raw.size()) return {};
  return out.take();
}

Bytes decode_difference(ByteView coded, ByteView base, std::uint32_t raw_size) {
  Decoder in(coded, "block");
  std::array<Bytes, kStreams> streams;
  for (auto& stream : streams) {
    stream = read_stream(in, raw_size, &stream == &streams[kLiterals] ? base : ByteView());
  }
  in.expect_end();

  Bytes raw(raw_size);
  std::size_t at = 0;
  ByteView literals = streams[kLiterals];
  const auto take_literals = [&](std::size_t size) {
    if (size > literals.size() || size > raw.size() - at) in.fail("a difference of other lengths");
    if (size > 0) std::memcpy(raw.data() + at, literals.data(), size);
    literals = literals.subspan(size);
    at += size;
  };
  Varints literal_runs(streams[kLiteralRuns], in), copy_runs(streams[kCopyRuns], in);
  Varints seeks(streams[kSeeks], in);
  std::int64_t source = 0;
  while (!copy_runs.at_end()) {
    take_literals(literal_runs.next());
    source += unzigzag(seeks.next());
    const std::uint32_t length = copy_runs.next();
    if (length == 0 || length > raw.size() - at) in.fail("a difference of other lengths");
    if (source < 0 || source > static_cast<std::int64_t>(base.size()) - std::int64_t{length}) {
      in.fail("a difference that reaches beyond its base");
    }
    std::memcpy(raw.data() + at, base.data() + source, length);
    at += length;
    source += length;
  }
  take_literals(raw.size() - at);
  if (!literals.empty() || !literal_runs.at_end() || !seeks.at_end()) {
    in.fail("a difference with bytes left over");
  }

  Varints gaps(streams[kGaps], in), corrections(streams[kCorrections], in);
  at = 0;
  while (!gaps.at_end()) {
    const std::uint32_t gap = gaps.next();
    if (gap >= raw.size() - at) in.fail("a difference that corrects bytes beyond the end");
    at += gap;
    const std::size_t left = raw.size() - at;
    const auto by = static_cast<std::uint32_t>(unzigzag(corrections.next()));
    store_word(raw.data() + at, load_word(raw.data() + at, left) + by, left);
    at += std::min(kWord, left);
  }
  if (!corrections.at_end()) in.fail("a difference with bytes left over");
  return raw;
}

Bytes encode_prefix(ByteView raw, ByteView base, Level level) {
  require_limits(raw, base);
  return compress_frame(raw, zstd_level(level), base).value_or(Bytes{});
}

Bytes decode_prefix(ByteView coded, ByteView base, std::uint32_t raw_size) {
  return decompress_frame(coded, raw_size, "block", base);
}

}  // namespace courier
