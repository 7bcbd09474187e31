#include "base/phases.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace courier {
namespace {

// Sizes may be what somebody stated: as much as this is told as this.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;

// In steps of which any sum is exact: where one phase ends the next begins, and not a little
// before.
double share_of(double bytes, double all) {
  constexpr double kSteps = std::uint64_t{1} << 32;
  return std::floor(bytes / all * kSteps) / kSteps;
}

}  // namespace

std::size_t Phases::add(std::string name, std::uint64_t bytes) {
  bytes = std::min(bytes, kMostBytes);
  phases_.push_back({.name = std::move(name), .bytes = bytes});
  all_ += static_cast<double>(bytes);
  return phases_.size() - 1;
}

ProgressSink Phases::next(std::size_t phase, std::uint64_t bytes) {
  bytes = std::min(bytes, kMostBytes);
  const Piece piece{phase, phases_.at(phase).begun, bytes};
  phases_[phase].begun = std::min(piece.from + bytes, kMostBytes);
  return [this, piece](const ProgressEvent& event) { tell(piece, event); };
}

void Phases::tell(const Piece& piece, const ProgressEvent& event) {
  Phase& phase = phases_[piece.phase];
  phase.is_told = true;
  const auto done = static_cast<std::uint64_t>(static_cast<double>(piece.bytes) * event.share());
  phase.done = std::min(phase.bytes, std::max(phase.done, piece.from + done));

  ProgressEvent told;
  told.phase = phase.name;
  told.subject = event.subject;
  // Of what nobody could plan, what the piece itself says.
  told.done = phase.bytes > 0 ? phase.done : event.done;
  told.total = phase.bytes > 0 ? phase.bytes : event.total;
  told.phase_count = 0;
  double before = 0;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    if (phases_[i].bytes == 0 && !phases_[i].is_told) continue;
    ++told.phase_count;
    if (i >= piece.phase) continue;
    ++told.phase_index;
    before += static_cast<double>(phases_[i].bytes);
  }
  if (all_ > 0) {
    told.before = share_of(before, all_);
    told.part = share_of(before + static_cast<double>(phase.bytes), all_) - told.before;
  }
  report(to_, told);
}

}  // namespace courier
