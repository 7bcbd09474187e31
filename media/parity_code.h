// Parity code: Cauchy Reed-Solomon over GF(2^8) on one column of cells, by Intel's ISA-L.
// parcel/FORMAT.md, "Recovery data", "Parity".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace courier {

// Linear combinations of sources: what both making parity and solving a column come to. Runs in
// slices of 1 KiB, so that the sources and results of a slice stay in the second-level cache: with
// 200 sources that is five times as fast as whole cells of 64 KiB. Thread-safe once made.
class CellCombination {
 public:
  // coefficients: results x sources bytes, row by row.
  CellCombination(std::size_t sources, std::size_t results, Bytes coefficients);

  // Each pointer has `size` bytes behind it, a multiple of 64; sources and results as many as the
  // constructor was told. Sources are only read.
  void run(std::span<const std::uint8_t* const> sources, std::span<std::uint8_t* const> results,
           std::size_t size) const;

 private:
  std::size_t sources_, results_;
  Bytes tables_;
};

// Parity of k cells: m results.
CellCombination parity_combination(std::size_t data_layers, std::size_t parity_layers);
// One parity layer of them, numbered from 0.
CellCombination row_combination(std::size_t data_layers, std::size_t row);

// Gives the erased data layers of a column from the other data layers in their order, followed by
// as many parity layers (numbered from 0) as there are erased ones, in the order given.
// Precondition: erased is ascending, not empty, and as long as parity. Source: solving
// A[parity, erased] x = parity - A[parity, rest] rest; each square part of a Cauchy matrix can be
// inverted.
CellCombination solving_combination(std::size_t data_layers, std::span<const std::size_t> erased,
                                    std::span<const std::size_t> parity);

}  // namespace courier
