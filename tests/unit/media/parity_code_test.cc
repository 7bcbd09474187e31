#include "media/parity_code.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/damaged_bytes.h"

namespace courier {
namespace {

// The field by its definition, one bit at a time.
std::uint8_t slow_product(unsigned a, unsigned b) {
  unsigned product = 0;
  for (unsigned bit = 0; bit < 8; ++bit) {
    if (b >> bit & 1) product ^= a << bit;
  }
  for (unsigned bit = 15; bit >= 8; --bit) {
    if (product >> bit & 1) product ^= 0x11du << (bit - 8);
  }
  return static_cast<std::uint8_t>(product);
}

std::uint8_t slow_inverse(unsigned a) {
  for (unsigned b = 1; b < 256; ++b) {
    if (slow_product(a, b) == 1) return static_cast<std::uint8_t>(b);
  }
  return 0;
}

class Column {
 public:
  Column(std::size_t k, std::size_t m, std::size_t size, unsigned seed) : k_(k), cells_(k + m) {
    for (std::size_t i = 0; i < k + m; ++i) {
      cells_[i] = test::random_bytes(size, seed + static_cast<unsigned>(i));
    }
    std::vector<const std::uint8_t*> sources;
    std::vector<std::uint8_t*> results;
    for (std::size_t i = 0; i < k; ++i) sources.push_back(cells_[i].data());
    for (std::size_t i = k; i < k + m; ++i) results.push_back(cells_[i].data());
    parity_combination(k, m).run(sources, results, size);
  }
  const Bytes& operator[](std::size_t i) const { return cells_[i]; }
  std::vector<Bytes> solved(const std::vector<std::size_t>& erased,
                            const std::vector<std::size_t>& parity) const {
    std::vector<const std::uint8_t*> sources;
    for (std::size_t i = 0; i < k_; ++i) {
      if (!std::ranges::binary_search(erased, i)) sources.push_back(cells_[i].data());
    }
    for (const std::size_t r : parity) sources.push_back(cells_[k_ + r].data());
    std::vector<Bytes> cells(erased.size(), Bytes(cells_[0].size()));
    std::vector<std::uint8_t*> results;
    for (Bytes& cell : cells) results.push_back(cell.data());
    solving_combination(k_, erased, parity).run(sources, results, cells_[0].size());
    return cells;
  }

 private:
  std::size_t k_;
  std::vector<Bytes> cells_;
};

TEST(ParityCode, IsTheSumThatTheFormatDefines) {
  const std::size_t k = 13, m = 5;
  const Column column(k, m, 512, 1);
  for (std::size_t r = 0; r < m; ++r) {
    for (std::size_t b = 0; b < 512; ++b) {
      std::uint8_t sum = 0;
      for (std::size_t d = 0; d < k; ++d) {
        sum ^= slow_product(slow_inverse(static_cast<unsigned>((k + r) ^ d)), column[d][b]);
      }
      ASSERT_EQ(column[k + r][b], sum) << r << " " << b;
    }
  }
}

TEST(ParityCode, SolvesAnyAsManyErasuresAsThereIsParity) {
  std::mt19937 random(3);
  for (const auto& [k, m] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {2, 2}, {17, 3}, {170, 85}, {200, 20}, {128, 127}}) {
    const Column column(k, m, 4096 + 512, 2);
    for (int round = 0; round < 5; ++round) {
      const std::size_t count = round == 0 ? std::min(k, m) : 1 + random() % std::min(k, m);
      std::vector<std::size_t> erased(k), parity(m);
      for (std::size_t i = 0; i < k; ++i) erased[i] = i;
      for (std::size_t i = 0; i < m; ++i) parity[i] = i;
      std::ranges::shuffle(erased, random);
      std::ranges::shuffle(parity, random);
      erased.resize(count);
      parity.resize(count);
      std::ranges::sort(erased);
      const std::vector<Bytes> cells = column.solved(erased, parity);
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(cells[i], column[erased[i]]) << k << " " << m;
    }
  }
}

}  // namespace
}  // namespace courier
