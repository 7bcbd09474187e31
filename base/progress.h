// Progress: published by whoever does the work, drawn by whoever called. Plain values through a
// callback.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

namespace courier {

struct ProgressEvent {
  std::string phase;       // "reading", "sealing", "writing", "flushing", "verifying", "publishing"
  std::string subject;     // what is under way: a file, a parcel, a DP
  std::uint64_t done = 0;  // in bytes unless unit says else
  std::uint64_t total = 0;   // 0: not known
  unsigned phase_index = 0;  // of phase_count, for the time left over all phases
  unsigned phase_count = 1;
  // What part of all the work lies before this phase, and in it, 0 to 1; negative: each phase is
  // as much as any other.
  double before = -1, part = -1;

  double part_before() const { return before >= 0 ? before : phase_index * part_in_phase(); }
  double part_in_phase() const { return part >= 0 ? part : 1.0 / std::max(1U, phase_count); }
  // How much is done of this phase, and of all the work: 0 to 1.
  double share_of_phase() const {
    return total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  }
  double share() const { return std::min(1.0, part_before() + part_in_phase() * share_of_phase()); }
};

// May be called often (per block) and from one thread at a time. An empty sink is allowed.
using ProgressSink = std::function<void(const ProgressEvent&)>;

inline void report(const ProgressSink& sink, const ProgressEvent& event) {
  if (sink) sink(event);
}

}  // namespace courier
