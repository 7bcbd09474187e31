// Progress: published by whoever does the work, drawn by whoever called. Plain values through a
// callback.
#pragma once

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
};

// May be called often (per block) and from one thread at a time. An empty sink is allowed.
using ProgressSink = std::function<void(const ProgressEvent&)>;

inline void report(const ProgressSink& sink, const ProgressEvent& event) {
  if (sink) sink(event);
}

}  // namespace courier
