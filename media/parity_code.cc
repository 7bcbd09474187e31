#include "media/parity_code.h"

#include <isa-l/erasure_code.h>

#include <algorithm>

#include "base/error.h"

namespace courier {

namespace {

constexpr std::size_t kSlice = 1024;
constexpr std::size_t kTableSize = 32;  // ISA-L's, for each coefficient

// A(r, d) = 1 / ((k + r) XOR d)
std::uint8_t cauchy(std::size_t data_layers, std::size_t parity, std::size_t data) {
  return gf_inv(static_cast<std::uint8_t>((data_layers + parity) ^ data));
}

}  // namespace

CellCombination::CellCombination(std::size_t sources, std::size_t results, Bytes coefficients)
    : sources_(sources), results_(results), tables_(kTableSize * sources * results) {
  if (coefficients.size() != sources * results) bug("coefficients are results times sources");
  ec_init_tables(static_cast<int>(sources), static_cast<int>(results), coefficients.data(),
                 tables_.data());
}

void CellCombination::run(std::span<const std::uint8_t* const> sources,
                          std::span<std::uint8_t* const> results, std::size_t size) const {
  if (sources.size() != sources_ || results.size() != results_) bug("another number of cells");
  // ISA-L's interface knows no const; it only reads tables and sources.
  std::vector<unsigned char*> from(sources_), to(results_);
  auto* tables = const_cast<unsigned char*>(tables_.data());
  for (std::size_t at = 0; at < size; at += kSlice) {
    for (std::size_t i = 0; i < sources_; ++i) from[i] = const_cast<std::uint8_t*>(sources[i]) + at;
    for (std::size_t i = 0; i < results_; ++i) to[i] = results[i] + at;
    ec_encode_data(static_cast<int>(std::min(kSlice, size - at)), static_cast<int>(sources_),
                   static_cast<int>(results_), tables, from.data(), to.data());
  }
}

CellCombination parity_combination(std::size_t data_layers, std::size_t parity_layers) {
  Bytes coefficients;
  coefficients.reserve(data_layers * parity_layers);
  for (std::size_t r = 0; r < parity_layers; ++r) {
    for (std::size_t d = 0; d < data_layers; ++d) coefficients.push_back(cauchy(data_layers, r, d));
  }
  return CellCombination(data_layers, parity_layers, std::move(coefficients));
}

CellCombination row_combination(std::size_t data_layers, std::size_t row) {
  Bytes coefficients;
  for (std::size_t d = 0; d < data_layers; ++d) {
    coefficients.push_back(cauchy(data_layers, row, d));
  }
  return CellCombination(data_layers, 1, std::move(coefficients));
}

CellCombination solving_combination(std::size_t data_layers, std::span<const std::size_t> erased,
                                    std::span<const std::size_t> parity) {
  const std::size_t count = erased.size();
  if (count == 0 || parity.size() != count) bug("as many parity cells solve as there are erased");
  Bytes square(count * count), inverse(count * count);
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t d = 0; d < count; ++d) {
      square[r * count + d] = cauchy(data_layers, parity[r], erased[d]);
    }
  }
  if (gf_invert_matrix(square.data(), inverse.data(), static_cast<int>(count)) != 0) {
    bug("a part of a Cauchy matrix was not inverted");
  }
  std::vector<std::size_t> rest;
  for (std::size_t d = 0; d < data_layers; ++d) {
    if (!std::ranges::binary_search(erased, d)) rest.push_back(d);
  }
  const std::size_t sources = data_layers;
  Bytes coefficients(count * sources);
  for (std::size_t x = 0; x < count; ++x) {
    std::uint8_t* row = coefficients.data() + x * sources;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      std::uint8_t sum = 0;
      for (std::size_t r = 0; r < count; ++r) {
        sum ^= gf_mul(inverse[x * count + r], cauchy(data_layers, parity[r], rest[i]));
      }
      row[i] = sum;
    }
    std::copy_n(inverse.begin() + static_cast<std::ptrdiff_t>(x * count), count, row + rest.size());
  }
  return CellCombination(sources, count, std::move(coefficients));
}

}  // namespace courier
