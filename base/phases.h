// Phases: several pieces of work told as one. Each event says which phase it is of how many, and
// what part of all the work that is, by the bytes that each was planned to move. What is told never
// goes back, even when a piece is begun again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"

namespace courier {

class Phases {
 public:
  explicit Phases(ProgressSink to) : to_(std::move(to)) {}
  Phases(const Phases&) = delete;  // sinks refer to it
  Phases& operator=(const Phases&) = delete;

  // Adds a phase behind the others and returns its place. bytes: what it is about to move; one that
  // has none is counted only when something is told of it. Precondition: nothing was told yet.
  std::size_t add(std::string name, std::uint64_t bytes);

  // Begins the next piece of a phase; the pieces before it count as done, and so do the phases.
  // bytes: of the phase's. The sink takes what the piece tells, in phases of its own or not, and
  // is outlived by this.
  ProgressSink next(std::size_t phase, std::uint64_t bytes);

 private:
  struct Phase {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t begun = 0;  // of the pieces so far, the last included
    std::uint64_t done = 0;
    bool is_told = false;
  };
  struct Piece {
    std::size_t phase;
    std::uint64_t from, bytes;
  };

  void tell(const Piece& piece, const ProgressEvent& event);

  const ProgressSink to_;
  std::vector<Phase> phases_;
  double all_ = 0;  // bytes of all phases
};

}  // namespace courier
