#include "media/repair.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "media/cell_digests.h"
#include "media/parity_code.h"
#include "media/recovery_search.h"
#include "media/salvage.h"
#include "media/scratch.h"

namespace courier {

namespace {

constexpr std::uint64_t kWindow = 4u << 20;   // bytes of the volume
constexpr std::uint64_t kBatch = 128u << 20;  // of all data layers
constexpr std::size_t kSector = 2048;         // the least that any medium loses
constexpr std::size_t kMostSets = 4;

enum class CellState : std::uint8_t { unknown, good, unreadable, repaired, lost };

}  // namespace

struct RepairedVolume::Impl {
  FileSystem& fs;
  VolumeBytes medium;
  RecoveryLayout layout;
  CellDigests digests;
  Fd scratch;  // repaired cells, each at its own place
  std::vector<CellState> states;
  RepairReport report;
  std::uint64_t window_first = 0, window_count = 0;  // in cells
  Bytes window;
  // Of the columns under repair, by layer: data, then parity as far as it is needed. Kept, for to
  // get so much memory takes longer than to solve what is in it.
  std::vector<Bytes> layers;

  Impl(FileSystem& file_system, VolumeBytes bytes, const RecoverySet& set,
       const std::string& scratch_folder)
      : fs(file_system),
        medium(std::move(bytes)),
        layout(set),
        digests(fs, medium, layout, scratch_folder),
        scratch(open_scratch(fs, scratch_folder, 0)),
        states(layout.cells()),
        layers(layout.data_layers() + layout.parity_layers()) {
    report.cells = layout.cells();
  }

  std::size_t cell_size() const { return layout.cell_size(); }
  std::uint8_t* bytes_of(std::size_t layer, std::size_t column) {
    return layers[layer].data() + column * cell_size();
  }
  std::uint64_t window_cells() const { return kWindow / cell_size(); }
  std::uint64_t first_fitting_byte();
  void fill_window(std::uint64_t cell, std::uint64_t count);
  std::vector<bool> load(std::uint64_t first, std::size_t count, MutableByteView out);
  void read_run(std::uint64_t first, std::size_t count, MutableByteView out,
                std::vector<bool>& came);
  void set_state(std::uint64_t cell, CellState state);
  void repair_columns(std::uint64_t first_column, std::size_t count);
};

void RepairedVolume::Impl::set_state(std::uint64_t cell, CellState state) {
  CellState& old = states[cell];
  if (old == state) return;
  old = state;
  const std::uint64_t bytes = layout.stored_size(cell);
  const bool is_parity = cell >= layout.volume_cells();
  if (state == CellState::unreadable) ++report.unreadable_cells;
  if (state == CellState::repaired) {
    ++report.repaired_cells;
    report.repaired_bytes += bytes;
  }
  if (state == CellState::lost && is_parity) ++report.damaged_parity_cells;
  if (state == CellState::lost && !is_parity) {
    ++report.lost_cells;
    report.lost_bytes += bytes;
  }
}

// Reads neighbouring cells as the medium has them, filled up with zeros: by one read, or, where
// that fails, each by its own.
void RepairedVolume::Impl::read_run(std::uint64_t first, std::size_t count, MutableByteView out,
                                    std::vector<bool>& came) {
  const bool is_volume = first < layout.volume_cells();
  const std::uint64_t last = first + count - 1, offset = layout.cell_offset(first);
  const std::size_t gap = is_volume ? 0 : kRecoveryOverhead;
  const std::uint64_t span = layout.cell_offset(last) + layout.stored_size(last) - offset;
  if (span == (count - 1) * (cell_size() + gap) + layout.stored_size(last)) {
    try {
      // Parity cells have a header in front of each, and copy 1 of the pages in their middle.
      Bytes frames(gap == 0 ? 0 : span);
      const MutableByteView raw = gap == 0 ? out.first(span) : MutableByteView(frames);
      const std::size_t n = medium.read_at(offset, raw);
      std::ranges::fill(raw.subspan(n), std::uint8_t{0});
      for (std::size_t i = 0; gap != 0 && i < count; ++i) {
        std::ranges::copy(raw.subspan(i * (cell_size() + gap), cell_size()),
                          out.begin() + static_cast<std::ptrdiff_t>(i * cell_size()));
      }
      std::ranges::fill(out.subspan((count - 1) * cell_size() + layout.stored_size(last)),
                        std::uint8_t{0});
      came.assign(count, true);
      return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::device) throw;
    }
  }
  came.assign(count, true);
  std::ranges::fill(out, std::uint8_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    try {
      medium.read_at(layout.cell_offset(first + i),
                     out.subspan(i * cell_size(), layout.stored_size(first + i)));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::device) throw;
      came[i] = false;
    }
  }
}

// Gives neighbouring cells and says which are good. Those that were repaired come from the scratch
// file; what the medium did not give is not asked for again.
std::vector<bool> RepairedVolume::Impl::load(std::uint64_t first, std::size_t count,
                                             MutableByteView out) {
  std::vector<bool> is_good(count), came;
  const auto of_medium = [&](std::size_t i) {
    return states[first + i] != CellState::repaired && states[first + i] != CellState::unreadable;
  };
  for (std::size_t i = 0; i < count;) {
    const MutableByteView rest = out.subspan(i * cell_size());
    if (!of_medium(i)) {
      is_good[i] = states[first + i] == CellState::repaired;
      if (is_good[i]) {
        read_scratch(fs, scratch, (first + i) * cell_size(), rest.first(cell_size()));
      } else {
        std::ranges::fill(rest.first(cell_size()), std::uint8_t{0});
      }
      ++i;
      continue;
    }
    std::size_t run = 1;
    while (i + run < count && of_medium(i + run)) ++run;
    read_run(first + i, run, rest.first(run * cell_size()), came);
    for (std::size_t r = 0; r < run; ++r) {
      const std::uint64_t cell = first + i + r;
      const ByteView bytes = rest.subspan(r * cell_size(), cell_size());
      is_good[i + r] = came[r] && digests.fits(cell, bytes).value_or(false);
      if (is_good[i + r] && states[cell] == CellState::unknown) states[cell] = CellState::good;
      if (!came[r] && states[cell] != CellState::lost) set_state(cell, CellState::unreadable);
    }
    i += run;
  }
  return is_good;
}

// Solves what is bad in these columns, as far as that goes.
void RepairedVolume::Impl::repair_columns(std::uint64_t first_column, std::size_t count) {
  const std::size_t data_layers = layout.data_layers();
  std::vector<std::vector<std::size_t>> erased(count), parity(count);
  std::size_t most_erased = 0;
  for (std::size_t layer = 0; layer < data_layers; ++layer) {
    Bytes& bytes = layers[layer];
    bytes.resize(count * cell_size());
    std::size_t empty = 0;
    while (empty < count && !layout.cell_at(layer, first_column + empty)) ++empty;
    std::fill_n(bytes.begin(), empty * cell_size(), std::uint8_t{0});
    std::vector<bool> good(empty, true);
    if (empty < count) {
      const std::uint64_t cell = *layout.cell_at(layer, first_column + empty);
      const auto loaded =
          load(cell, count - empty, MutableByteView(bytes).subspan(empty * cell_size()));
      good.insert(good.end(), loaded.begin(), loaded.end());
    }
    for (std::size_t c = 0; c < count; ++c) {
      if (!good[c]) erased[c].push_back(layer);
      most_erased = std::max(most_erased, erased[c].size());
    }
  }
  // As many layers of parity as the worst of these columns needs.
  const auto wants_more = [&](std::size_t c) { return parity[c].size() < erased[c].size(); };
  for (std::size_t r = 0; r < layout.parity_layers() && most_erased > 0; ++r) {
    bool is_wanted = false;
    for (std::size_t c = 0; c < count; ++c) is_wanted = is_wanted || wants_more(c);
    if (!is_wanted) break;
    Bytes& bytes = layers[data_layers + r];
    bytes.resize(count * cell_size());
    const std::uint64_t cell = *layout.cell_at(data_layers + r, first_column);
    const auto good = load(cell, count, bytes);
    for (std::size_t c = 0; c < count; ++c) {
      if (good[c] && wants_more(c)) parity[c].push_back(r);
      if (!good[c]) set_state(cell + c, CellState::lost);
    }
  }
  std::optional<CellCombination> solving;
  std::size_t solved_like = 0;
  for (std::size_t c = 0; c < count; ++c) {
    if (erased[c].empty()) continue;
    bool is_solved = !wants_more(c);
    if (is_solved) {
      // Neighbouring columns of one run of damage are solved alike.
      if (!solving || erased[c] != erased[solved_like] || parity[c] != parity[solved_like]) {
        solving = solving_combination(data_layers, erased[c], parity[c]);
        solved_like = c;
      }
      std::vector<const std::uint8_t*> sources;
      std::vector<std::uint8_t*> results;
      for (std::size_t layer = 0; layer < data_layers; ++layer) {
        const bool is_erased = std::ranges::binary_search(erased[c], layer);
        if (is_erased) results.push_back(bytes_of(layer, c));
        if (!is_erased) sources.push_back(bytes_of(layer, c));
      }
      for (const std::size_t r : parity[c]) sources.push_back(bytes_of(data_layers + r, c));
      solving->run(sources, results, cell_size());
    }
    for (const std::size_t layer : erased[c]) {
      const std::uint64_t cell = *layout.cell_at(layer, first_column + c);
      const ByteView bytes(bytes_of(layer, c), cell_size());
      if (!is_solved || !digests.fits(cell, bytes).value_or(true)) {
        set_state(cell, CellState::lost);
        continue;
      }
      fs.pwrite(scratch, bytes, cell * cell_size());
      set_state(cell, CellState::repaired);
    }
  }
}

void RepairedVolume::Impl::fill_window(std::uint64_t cell, std::uint64_t count) {
  window_count = 0;  // should something be thrown
  count = std::min(count, layout.volume_cells() - cell);
  window.resize(count * cell_size());
  const std::vector<bool> is_good = load(cell, count, window);
  const std::uint64_t most_columns =
      std::max<std::uint64_t>(kBatch / (layout.data_layers() * cell_size()), 1);
  const auto is_open = [&](std::size_t i) {
    return !is_good[i] && states[cell + i] != CellState::lost &&
           states[cell + i] != CellState::repaired;
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_open(i)) continue;
    std::size_t run = 1;
    const std::uint64_t column = layout.column_of(cell + i);
    while (run < most_columns && i + run < count && column + run < layout.columns() &&
           is_open(i + run)) {
      ++run;
    }
    repair_columns(column, run);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t at = cell + i;
    const MutableByteView bytes = MutableByteView(window).subspan(i * cell_size(), cell_size());
    if (is_good[i]) continue;
    if (states[at] == CellState::repaired) {
      read_scratch(fs, scratch, at * cell_size(), bytes);
    } else {
      salvage(medium, layout.cell_offset(at), bytes.first(layout.stored_size(at)), kSector);
    }
  }
  window_first = cell;
  window_count = count;
}

// The first of some cells, ever further apart, that is what the digests say; none: UINT64_MAX.
std::uint64_t RepairedVolume::Impl::first_fitting_byte() {
  Bytes bytes(cell_size());
  for (std::uint64_t cell = 0; cell < layout.volume_cells(); cell = cell * 2 + 1) {
    std::ranges::fill(bytes, std::uint8_t{0});
    salvage(medium, layout.cell_offset(cell),
            MutableByteView(bytes).first(layout.stored_size(cell)), cell_size());
    if (digests.fits(cell, bytes).value_or(false)) return layout.cell_offset(cell);
  }
  return UINT64_MAX;
}

RepairedVolume::RepairedVolume(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RepairedVolume::~RepairedVolume() = default;

std::unique_ptr<RepairedVolume> RepairedVolume::open(FileSystem& fs, VolumeBytes medium,
                                                     const std::string& scratch_folder) {
  // A file ends with its recovery data. Behind a volume on a raw device there may be that of a
  // longer one, and even the end of its cells; but the beginning is of one volume alone.
  std::unique_ptr<Impl> best;
  std::uint64_t best_byte = UINT64_MAX;
  std::vector<RecoverySet> known;
  while (known.size() < kMostSets) {
    const auto set = find_recovery_set(medium, known);
    if (!set) break;
    auto impl = std::make_unique<Impl>(fs, medium, *set, scratch_folder);
    const std::uint64_t byte = impl->first_fitting_byte();
    if (!best || byte < best_byte) {
      best = std::move(impl);
      best_byte = byte;
    }
    if (best_byte == 0) break;
    known.push_back(*set);
  }
  if (!best) return nullptr;
  return std::unique_ptr<RepairedVolume>(new RepairedVolume(std::move(best)));
}

const RecoverySet& RepairedVolume::set() const { return impl_->layout.set(); }

std::size_t RepairedVolume::read_at(std::uint64_t offset, MutableByteView out) {
  Impl& in = *impl_;
  std::size_t filled = 0;
  while (filled < out.size() && offset < size()) {
    const std::uint64_t cell = offset / in.cell_size(),
                        window_end = in.window_first + in.window_count;
    // Forwards by a window, whatever the sizes asked for; elsewhere what was asked for.
    const std::uint64_t last = (offset + (out.size() - filled) - 1) / in.cell_size();
    const std::uint64_t most =
        cell == window_end ? in.window_cells() : std::min(last - cell + 1, in.window_cells());
    if (cell < in.window_first || cell >= window_end) in.fill_window(cell, most);
    const std::uint64_t at = offset - in.window_first * in.cell_size();
    const std::size_t n =
        std::min<std::uint64_t>({out.size() - filled, in.window.size() - at, size() - offset});
    std::ranges::copy(ByteView(in.window).subspan(at, n),
                      out.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += n;
    offset += n;
  }
  return filled;
}

VolumeBytes RepairedVolume::bytes() {
  return {size(),
          [this](std::uint64_t offset, MutableByteView out) { return read_at(offset, out); }};
}

void RepairedVolume::check_volume(const ProgressSink& progress) {
  Impl& in = *impl_;
  ProgressEvent event{"checking", "volume", 0, size(), 0, 1};
  for (std::uint64_t cell = 0; cell < in.layout.volume_cells();
       cell = in.window_first + in.window_count) {
    in.fill_window(cell, in.window_cells());
    event.done = cell * in.cell_size();
    courier::report(progress, event);
  }
}

bool RepairedVolume::check_recovery_data() {
  Impl& in = *impl_;
  bool is_whole = true;
  Bytes frame;
  // Returns whether the frame is as it was written; its payload is in `frame` then.
  const auto is_written = [&](const RecoveryFrame& said, std::size_t size) {
    frame.resize(size);
    const std::uint64_t offset = *in.layout.offset_of(said);
    if (salvage(in.medium, offset, frame, size) > 0) return false;
    const ByteView payload = ByteView(frame).subspan(kFrameHeaderSize);
    return std::ranges::equal(payload.first(kRecoveryHeaderSize), encode_recovery_header(said)) &&
           std::ranges::equal(ByteView(frame).first(kFrameHeaderSize),
                              encode_frame_header(FrameKind::recovery, 0, payload));
  };
  for (std::uint64_t page = 0; page < in.layout.pages(); ++page) {
    for (std::uint8_t copy = 0; copy < kPageCopies; ++copy) {
      const std::size_t size = kRecoveryOverhead + in.layout.page_size(page);
      is_whole = is_written({set(), RecoveryPart::page, copy, page}, size) && is_whole;
    }
  }
  Bytes cell(in.cell_size());
  for (std::uint64_t index = 0; index < in.layout.parity_cells(); ++index) {
    const std::uint64_t number = in.layout.volume_cells() + index;
    const std::size_t size = kRecoveryOverhead + in.cell_size();
    const bool is_frame = is_written({set(), RecoveryPart::parity, 0, index}, size);
    is_whole = is_whole && is_frame;
    const ByteView bytes = ByteView(frame).subspan(kRecoveryOverhead);
    if (is_frame && in.digests.fits(number, bytes).value_or(false)) continue;
    // The cell may be good though its frame is not; or it cannot be read, which load() finds out.
    if (!in.load(number, 1, cell)[0]) {
      in.set_state(number, CellState::lost);
      is_whole = false;
    }
  }
  return is_whole;
}

const RepairReport& RepairedVolume::report() const { return impl_->report; }

std::vector<ByteRange> RepairedVolume::lost(std::size_t most) const {
  std::vector<ByteRange> ranges;
  for (std::uint64_t cell = 0; cell < impl_->layout.volume_cells(); ++cell) {
    if (impl_->states[cell] != CellState::lost) continue;
    const std::uint64_t offset = impl_->layout.cell_offset(cell);
    const std::uint64_t end = offset + impl_->layout.stored_size(cell);
    if (!ranges.empty() && ranges.back().end == offset) {
      ranges.back().end = end;
    } else if (ranges.size() == most) {
      break;
    } else {
      ranges.push_back({offset, end});
    }
  }
  return ranges;
}

}  // namespace courier
