#include "store/difference_matcher.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "store/difference.h"

namespace courier {

namespace {

constexpr std::size_t kWord = 8;
// A stretch that fits this long is followed without a look elsewhere; otherwise, so many bytes
// ahead are judged at once, and so many of them have to fit.
constexpr std::size_t kAhead = 32;
constexpr std::size_t kAheadEqual = 24;
// What another diagonal must have more, in bytes that fit. In text, whose bytes cost little as they
// are and repeat by chance, a change has to be worth much more.
constexpr std::size_t kMargin = 4;
constexpr std::size_t kTextMargin = 32;
// An extension ends where so many more bytes differ than fit since its best point.
constexpr std::int64_t kGiveUp = 64;

// Slots are asked for so many steps before they are needed.
constexpr std::size_t kFetchAhead = 12;

// Where nothing fits for long, as in compressed content, each such length makes the steps longer by
// two: odd ones, as of old places every second is indexed.
constexpr std::size_t kLongMissed = 4096;
constexpr std::size_t kMostStep = 15;

struct Effort {
  std::size_t step;  // of the old content, every so many offsets are indexed
  unsigned most_bits;
  unsigned candidates;  // looked at for one place
};

Effort effort_of(Level level) {
  switch (level) {
    case Level::fast:
      return {8, 17, 1};
    case Level::standard:
      return {2, 19, 1};
    case Level::small:
      break;
  }
  return {1, 20, 8};
}

// By a sample: whether most bytes are such as text has.
bool looks_like_text(ByteView raw) {
  constexpr std::size_t kEvery = 61;
  std::size_t others = 0;
  for (std::size_t at = 0; at < raw.size(); at += kEvery) {
    const std::uint8_t byte = raw[at];
    others += byte < '\t' || (byte > '\r' && byte < ' ') || byte >= 0x7f ? 1 : 0;
  }
  return others < raw.size() / kEvery / 8;
}

std::uint64_t load(const std::uint8_t* p) {
  std::uint64_t value;
  std::memcpy(&value, p, kWord);
  return value;
}

// How many bytes of two words are the same.
std::size_t equal_bytes(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7fu;
  const std::uint64_t differ = a ^ b;
  const std::uint64_t nonzero = ((differ & kLow) + kLow) | differ;
  return kWord - ((((nonzero & ~kLow) >> 7) * 0x0101010101010101u) >> 56);
}

std::size_t common_prefix(const std::uint8_t* a, const std::uint8_t* b, std::size_t most) {
  static_assert(std::endian::native == std::endian::little);
  std::size_t i = 0;
  for (; i + kWord <= most; i += kWord) {
    const std::uint64_t differ = load(a + i) ^ load(b + i);
    if (differ != 0) return i + static_cast<std::size_t>(std::countr_zero(differ)) / 8;
  }
  while (i < most && a[i] == b[i]) ++i;
  return i;
}

std::size_t count_equal(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
  std::size_t equal = 0, i = 0;
  for (; i + kWord <= size; i += kWord) equal += equal_bytes(load(a + i), load(b + i));
  for (; i < size; ++i) equal += a[i] == b[i] ? 1 : 0;
  return equal;
}

// In a slot: a place and one, below a tag.
constexpr std::uint32_t kPlace = (1u << 24) - 1;
static_assert(kMaxBase < kPlace);

// Old places by the hash of the 8 bytes there. The memory stays with the thread.
class PlaceIndex {
 public:
  PlaceIndex(ByteView base, const Effort& effort) : base_(base), effort_(effort), slots_(slots()) {
    const auto wanted = static_cast<unsigned>(std::bit_width(base.size() / effort.step));
    bits_ = std::clamp(wanted, 10u, effort.most_bits);
    slots_.assign(std::size_t{1} << bits_, 0);
    if (effort.candidates > 1) chain().resize(base.size());
    for (std::size_t at = 0; at + kWord <= base.size(); at += effort.step) {
      const std::uint64_t hash = hash_of(load(base.data() + at));
      std::uint32_t& slot = slots_[hash >> (64 - bits_)];
      if (effort.candidates > 1) chain()[at] = slot;
      slot = (static_cast<std::uint32_t>(at) + 1) | tag_of(hash);
    }
  }

  // Begins to fetch what find() will need for the bytes at p.
  void fetch(const std::uint8_t* p) const {
    __builtin_prefetch(&slots_[hash_of(load(p)) >> (64 - bits_)]);
  }

  struct Found {
    std::size_t source = 0, length = 0;
  };
  // The longest run that begins as the bytes at p do, of which there are 8 to `most`; of several
  // the one nearest to `expected`.
  Found find(const std::uint8_t* p, std::size_t most, std::int64_t expected) const {
    const std::uint64_t word = load(p), hash = hash_of(word);
    const std::uint32_t tag = tag_of(hash);
    std::uint32_t slot = slots_[hash >> (64 - bits_)];
    Found best;
    for (unsigned tried = 0; slot != 0 && tried < effort_.candidates; ++tried) {
      const std::size_t at = (slot & kPlace) - 1;
      if ((slot & ~kPlace) == tag && load(base_.data() + at) == word) {
        const std::size_t length =
            common_prefix(p, base_.data() + at, std::min(most, base_.size() - at));
        if (length > best.length ||
            (length == best.length && distance(at, expected) < distance(best.source, expected))) {
          best = {at, length};
        }
      }
      slot = effort_.candidates > 1 ? chain()[at] : 0;
    }
    return best;
  }

 private:
  static std::vector<std::uint32_t>& slots() {
    thread_local std::vector<std::uint32_t> memory;
    return memory;
  }
  static std::vector<std::uint32_t>& chain() {
    thread_local std::vector<std::uint32_t> memory;
    return memory;
  }
  static std::int64_t distance(std::size_t at, std::int64_t expected) {
    return std::abs(static_cast<std::int64_t>(at) - expected);
  }
  static std::uint64_t hash_of(std::uint64_t word) { return word * 0x9e3779b97f4a7c15u; }
  // Of bits that choose no slot: most others that share it are known without a look at the base.
  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 16) & ~kPlace;
  }

  ByteView base_;
  Effort effort_;
  unsigned bits_ = 0;
  std::vector<std::uint32_t>& slots_;
};

class Matcher {
 public:
  Matcher(ByteView raw, ByteView base, Level level)
      : raw_(raw),
        base_(base),
        index_(base, effort_of(level)),
        margin_(looks_like_text(raw) ? kTextMargin : kMargin) {}

  std::vector<DifferenceStep> run() {
    std::size_t at = 0, fitted = 0;  // up to there
    while (at < raw_.size()) {
      const std::size_t left = old_left(at);
      const std::size_t run = common_prefix(raw_.data() + at, old(at), left);
      if (run >= kWord) {
        fitted = at += run;
        continue;
      }
      const std::size_t step = 1 + 2 * std::min((at - fitted) / kLongMissed, kMostStep / 2);
      if (at + kWord <= raw_.size()) {
        const std::size_t ahead = at + kFetchAhead * step;
        if (ahead + kWord <= raw_.size()) index_.fetch(raw_.data() + ahead);
        const auto found = index_.find(raw_.data() + at, raw_.size() - at, source_of(at));
        const std::size_t here = std::min(found.length, left);
        if (found.length > count_equal(raw_.data() + at, old(at), here) + margin_) {
          turn(at, found.source);
          fitted = at += found.length;
          continue;
        }
      }
      const bool fits =
          left >= kAhead && count_equal(raw_.data() + at, old(at), kAhead) >= kAheadEqual;
      at += fits ? kAhead : step;
      if (fits) fitted = at;
    }
    close(raw_.size(), 0);
    return std::move(steps_);
  }

 private:
  std::int64_t source_of(std::size_t at) const { return static_cast<std::int64_t>(at) + diagonal_; }
  // How many bytes the diagonal has from here on, in both; old() is only looked at within them.
  std::size_t old_left(std::size_t at) const {
    const std::int64_t source = source_of(at);
    if (source < 0 || static_cast<std::size_t>(source) >= base_.size()) return 0;
    return std::min(raw_.size() - at, base_.size() - static_cast<std::size_t>(source));
  }
  const std::uint8_t* old(std::size_t at) const {
    return old_left(at) == 0 ? base_.data() : base_.data() + source_of(at);
  }

  // From `begin_` on along the diagonal: where most more bytes fit than do not, before `end`.
  std::size_t forward(std::size_t end) const {
    const std::size_t most = std::min(end - begin_, old_left(begin_));
    const std::uint8_t* const a = raw_.data() + begin_;
    const std::uint8_t* const b = old(begin_);
    std::int64_t score = 0, best = 0;
    std::size_t length = 0;
    for (std::size_t i = 0; i < most && score >= best - kGiveUp;) {
      if (i + kWord <= most && load(a + i) == load(b + i)) {
        i += kWord;
        score += kWord;
      } else {
        score += a[i] == b[i] ? 1 : -1;
        ++i;
      }
      if (score > best) {
        best = score;
        length = i;
      }
    }
    return length;
  }

  // The same from a place backwards, along its diagonal.
  std::size_t backward(std::size_t at, std::size_t source) const {
    const std::size_t most = std::min(at - begin_, source);
    std::int64_t score = 0, best = 0;
    std::size_t length = 0;
    for (std::size_t i = 1; i <= most && score >= best - kGiveUp; ++i) {
      score += raw_[at - i] == base_[source - i] ? 1 : -1;
      if (score > best) {
        best = score;
        length = i;
      }
    }
    return length;
  }

  // Ends the present diagonal before `end`, which the next one begins at the latest.
  void close(std::size_t end, std::size_t length_of_next) {
    const std::size_t length = std::min(forward(end), end - begin_ - length_of_next);
    if (length == 0) return;
    steps_.push_back({static_cast<std::uint32_t>(begin_ - told_),
                      static_cast<std::uint32_t>(length),
                      static_cast<std::uint32_t>(source_of(begin_))});
    told_ = begin_ + length;
  }

  // Goes on along the diagonal on which `at` lies at `source`.
  void turn(std::size_t at, std::size_t source) {
    std::size_t back = backward(at, source);
    const std::size_t length = forward(at);
    if (begin_ + length > at - back) {
      // Both have these bytes: cut where together most of them fit.
      const std::size_t first = at - back, both = begin_ + length - first;
      std::int64_t score = 0, best = 0;
      std::size_t cut = 0;
      for (std::size_t i = 0; i < both; ++i) {
        score += raw_[first + i] == old(first)[i] ? 1 : 0;
        score -= raw_[first + i] == base_[source - back + i] ? 1 : 0;
        if (score > best) {
          best = score;
          cut = i + 1;
        }
      }
      back -= cut;
    }
    close(at, back);
    begin_ = at - back;
    diagonal_ = static_cast<std::int64_t>(source) - static_cast<std::int64_t>(at);
  }

  ByteView raw_, base_;
  PlaceIndex index_;
  std::size_t margin_;
  std::vector<DifferenceStep> steps_;
  std::int64_t diagonal_ = 0;
  std::size_t begin_ = 0;  // where the present diagonal does
  std::size_t told_ = 0;   // up to here there are steps
};

}  // namespace

std::vector<DifferenceStep> difference_steps(ByteView raw, ByteView base, Level level) {
  return Matcher(raw, base, level).run();
}

}  // namespace courier
