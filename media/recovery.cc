#include "media/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/pipeline.h"
#include "media/aligned_buffer.h"
#include "media/parity_code.h"
#include "media/scratch.h"

namespace courier {

namespace {

// Of the volume, a sixteenth of it within these: what a small one needs is in the page cache, and
// to get more memory than it needs takes longer than its parity.
constexpr std::uint64_t kLeastBatch = 8u << 20, kMostBatch = 64u << 20;
constexpr std::size_t kBatchesUnderWay = 2;
// Between two rows of a batch. Without it the same cell of all layers would lie in the same few
// lines of the caches, and parity would take half as long again.
constexpr std::size_t kRowGap = 4096 + 64;

// Some neighbouring columns, all layers.
struct Batch {
  std::uint64_t first_column = 0;
  std::size_t columns = 0;
  AlignedBuffer data;               // by layer, a row each, in each by column
  AlignedBuffer parity;             // frames, by layer, in each by column
  std::vector<CellDigest> digests;  // by layer, parity included, in each by column
};

class RecoveryMaker {
 public:
  RecoveryMaker(FileSystem& fs, VolumeBytes volume, const RecoverySet& set,
                const std::string& scratch_folder)
      : fs_(fs),
        volume_(std::move(volume)),
        layout_(set),
        parity_(parity_combination(layout_.data_layers(), layout_.parity_layers())),
        table_offset_(layout_.total_size() - volume_.size),
        scratch_(
            open_scratch(fs, scratch_folder, table_offset_ + layout_.cells() * kCellDigestSize)) {}

  // Returns what belongs behind the volume.
  VolumeBytes make(const ProgressSink& progress);
  // Ends it, from another thread: nobody wants what it makes.
  void give_up() { is_given_up_ = true; }

 private:
  std::size_t columns_of_a_batch() const;
  Batch make_batch() const;
  void read(Batch& batch) const;
  Batch encode(Batch batch) const;
  void write(const Batch& batch);
  void write_pages();
  std::size_t frame_size() const { return kRecoveryOverhead + layout_.cell_size(); }
  std::size_t row_size() const { return columns_of_a_batch() * layout_.cell_size() + kRowGap; }

  FileSystem& fs_;
  const VolumeBytes volume_;
  RecoveryLayout layout_;
  CellCombination parity_;
  std::uint64_t table_offset_;  // in the scratch file: all digests, behind the recovery data
  Fd scratch_;
  std::atomic<bool> is_given_up_ = false;
};

std::size_t RecoveryMaker::columns_of_a_batch() const {
  const std::uint64_t column = layout_.data_layers() * layout_.cell_size();
  const std::uint64_t batch = std::clamp(volume_.size / 16, kLeastBatch, kMostBatch);
  return std::clamp<std::uint64_t>(batch / column, 1, layout_.columns());
}

Batch RecoveryMaker::make_batch() const {
  return {0,
          0,
          AlignedBuffer(layout_.data_layers() * row_size()),
          AlignedBuffer(layout_.parity_layers() * columns_of_a_batch() * frame_size()),
          {}};
}

void RecoveryMaker::read(Batch& batch) const {
  for (std::uint64_t layer = 0; layer < layout_.data_layers(); ++layer) {
    MutableByteView out =
        batch.data.bytes().subspan(layer * row_size(), batch.columns * layout_.cell_size());
    const std::uint64_t place = layer * layout_.columns() + batch.first_column;
    const std::uint64_t empty = layout_.empty_cells();
    const std::uint64_t zero_cells = place < empty ? std::min(empty - place, batch.columns) : 0;
    const std::size_t zeros = zero_cells * layout_.cell_size();
    std::ranges::fill(out.first(zeros), std::uint8_t{0});
    out = out.subspan(zeros);
    if (out.empty()) continue;
    const std::uint64_t offset = (place + zero_cells - empty) * layout_.cell_size();
    const std::size_t size = std::min<std::uint64_t>(out.size(), volume_.size - offset);
    if (volume_.read_at(offset, out.first(size)) != size) {
      throw Error(ErrorCode::device, "volume",
                  fmt::format("ended before its byte {} while it was read", volume_.size));
    }
    std::ranges::fill(out.subspan(size), std::uint8_t{0});
  }
}

Batch RecoveryMaker::encode(Batch batch) const {
  const std::size_t cell = layout_.cell_size();
  const std::size_t data_layers = layout_.data_layers(), parity_layers = layout_.parity_layers();
  const std::size_t frame = frame_size();
  batch.digests.resize((data_layers + parity_layers) * batch.columns);
  const std::uint8_t* const data = batch.data.bytes().data();
  std::uint8_t* const parity = batch.parity.bytes().data();
  std::vector<const std::uint8_t*> sources(data_layers);
  std::vector<std::uint8_t*> results(parity_layers);
  for (std::size_t column = 0; column < batch.columns; ++column) {
    for (std::size_t layer = 0; layer < data_layers; ++layer) {
      sources[layer] = data + layer * row_size() + column * cell;
      const auto number = layout_.cell_at(layer, batch.first_column + column);
      if (!number) continue;
      batch.digests[layer * batch.columns + column] = cell_digest(*number, {sources[layer], cell});
    }
    for (std::size_t r = 0; r < parity_layers; ++r) {
      results[r] = parity + (r * batch.columns + column) * frame + kRecoveryOverhead;
    }
    parity_.run(sources, results, cell);
    for (std::size_t r = 0; r < parity_layers; ++r) {
      const std::uint64_t index = r * layout_.columns() + batch.first_column + column;
      std::uint8_t* const start = results[r] - kRecoveryOverhead;
      std::ranges::copy(encode_recovery_header({layout_.set(), RecoveryPart::parity, 0, index}),
                        start + kFrameHeaderSize);
      const ByteView payload(start + kFrameHeaderSize, frame - kFrameHeaderSize);
      std::ranges::copy(encode_frame_header(FrameKind::recovery, 0, payload), start);
      batch.digests[(data_layers + r) * batch.columns + column] =
          cell_digest(layout_.volume_cells() + index, {results[r], cell});
    }
  }
  return batch;
}

void RecoveryMaker::write(const Batch& batch) {
  for (std::uint64_t layer = 0; layer < layout_.data_layers() + layout_.parity_layers(); ++layer) {
    // The empty cells come first, in a batch too.
    std::size_t first = 0;
    while (first < batch.columns && !layout_.cell_at(layer, batch.first_column + first)) ++first;
    if (first == batch.columns) continue;
    const std::uint64_t cell = *layout_.cell_at(layer, batch.first_column + first);
    const CellDigest* const digests = &batch.digests[layer * batch.columns + first];
    fs_.pwrite(scratch_, {digests->data(), (batch.columns - first) * kCellDigestSize},
               table_offset_ + cell * kCellDigestSize);
  }
  for (std::size_t r = 0; r < layout_.parity_layers(); ++r) {
    for (std::size_t column = 0; column < batch.columns; ++column) {
      const std::uint64_t index = r * layout_.columns() + batch.first_column + column;
      const std::size_t at = (r * batch.columns + column) * frame_size();
      fs_.pwrite(scratch_, batch.parity.bytes().subspan(at, frame_size()),
                 layout_.parity_frame(index) - volume_.size);
    }
  }
}

void RecoveryMaker::write_pages() {
  Bytes frame;
  for (std::uint64_t page = 0; page < layout_.pages(); ++page) {
    frame.resize(kRecoveryOverhead + layout_.page_size(page));
    const MutableByteView digests = MutableByteView(frame).subspan(kRecoveryOverhead);
    read_scratch(fs_, scratch_, table_offset_ + page * kPageDigests * kCellDigestSize, digests);
    for (unsigned copy = 0; copy < kPageCopies; ++copy) {
      const RecoveryFrame said{layout_.set(), RecoveryPart::page, static_cast<std::uint8_t>(copy),
                               page};
      std::ranges::copy(encode_recovery_header(said), frame.begin() + kFrameHeaderSize);
      std::ranges::copy(
          encode_frame_header(FrameKind::recovery, 0, ByteView(frame).subspan(kFrameHeaderSize)),
          frame.begin());
      fs_.pwrite(scratch_, frame, layout_.page_frame(copy, page) - volume_.size);
    }
  }
}

VolumeBytes RecoveryMaker::make(const ProgressSink& progress) {
  ProgressEvent event{"recovery", "recovery data", 0, volume_.size, 0, 1};
  ThreadPool pool(std::min<std::size_t>(kBatchesUnderWay, worker_count()));
  OrderedStage<Batch, Batch> encoding(pool, kBatchesUnderWay,
                                      [this](Batch batch) { return encode(std::move(batch)); });
  std::vector<Batch> spare;  // written: their memory is used again
  const auto take = [&] {
    Batch done = *encoding.pop();
    write(done);
    event.done = std::min(event.total,
                          event.done + layout_.data_layers() * done.columns * layout_.cell_size());
    report(progress, event);
    spare.push_back(std::move(done));
  };
  const std::size_t step = columns_of_a_batch();
  std::size_t under_way = 0;
  for (std::uint64_t column = 0; column < layout_.columns() && !is_given_up_; column += step) {
    Batch batch = spare.empty() ? make_batch() : std::move(spare.back());
    if (!spare.empty()) spare.pop_back();
    batch.first_column = column;
    batch.columns = std::min<std::uint64_t>(step, layout_.columns() - column);
    read(batch);
    for (; under_way == kBatchesUnderWay; --under_way) take();
    encoding.push(std::move(batch));
    ++under_way;
  }
  for (; under_way > 0; --under_way) take();
  if (!is_given_up_) write_pages();
  return bytes_of_file(fs_, std::move(scratch_));
}

// Recovery data that is made while its volume is read.
class MadeMeanwhile {
 public:
  MadeMeanwhile(FileSystem& fs, const VolumeBytes& volume, const RecoverySet& set,
                const std::string& scratch_folder)
      : maker_(fs, volume, set, scratch_folder),
        made_(std::async(std::launch::async, [this] { return maker_.make({}); }).share()) {}
  ~MadeMeanwhile() { maker_.give_up(); }
  MadeMeanwhile(const MadeMeanwhile&) = delete;
  MadeMeanwhile& operator=(const MadeMeanwhile&) = delete;

  // Waits for it. Errors: as RecoveryMaker::make.
  const VolumeBytes& get() const { return made_.get(); }

 private:
  RecoveryMaker maker_;
  std::shared_future<VolumeBytes> made_;  // its destructor waits for the thread
};

// recovery: gives what lies behind the volume; its size is not looked at.
VolumeBytes joined(VolumeBytes volume, const RecoverySet& set,
                   std::function<const VolumeBytes&()> recovery) {
  VolumeBytes both;
  both.size = RecoveryLayout(set).total_size();
  both.read_at = [volume = std::move(volume), recovery = std::move(recovery), size = both.size](
                     std::uint64_t offset, MutableByteView out) -> std::size_t {
    if (offset >= size) return 0;
    out = out.first(std::min<std::uint64_t>(out.size(), size - offset));
    std::size_t filled = 0;
    if (offset < volume.size) {
      filled = std::min<std::uint64_t>(out.size(), volume.size - offset);
      if (volume.read_at(offset, out.first(filled)) != filled) return 0;
    }
    if (filled == out.size()) return filled;
    const std::uint64_t at = offset + filled - volume.size;
    return filled + recovery().read_at(at, out.subspan(filled));
  };
  return both;
}

RecoverySet set_for(const VolumeBytes& volume, unsigned percent) {
  RecoverySet set = choose_recovery_set(volume.size, percent);
  // XXH3-128 with the volume's size as its seed, over the first cell.
  Bytes cell(set.cell_size);
  volume.read_at(0, MutableByteView(cell).first(std::min<std::uint64_t>(cell.size(), volume.size)));
  set.id = cell_digest(volume.size, cell);
  return set;
}

}  // namespace

std::uint64_t recovery_size(std::uint64_t volume_size, unsigned percent) {
  if (percent == 0) return 0;
  return RecoveryLayout(choose_recovery_set(volume_size, percent)).total_size() - volume_size;
}

std::uint64_t volume_within(std::uint64_t limit, unsigned percent) {
  if (percent == 0) return limit;
  std::uint64_t fits = 0, too_large = std::min(limit, kMaxRecoverable) + 1;
  while (fits + 1 < too_large) {
    const std::uint64_t middle = fits + (too_large - fits) / 2;
    bool is_within = false;
    try {
      is_within = middle + recovery_size(middle, percent) <= limit;
    } catch (const Error&) {
      // Larger than any volume that can have recovery data.
    }
    (is_within ? fits : too_large) = middle;
  }
  return fits;
}

VolumeBytes with_recovery(FileSystem& fs, VolumeBytes volume, unsigned percent,
                          const std::string& scratch_folder, const ProgressSink& progress) {
  if (percent == 0) return volume;
  const RecoverySet set = set_for(volume, percent);
  return with_recovery(fs, std::move(volume), set, scratch_folder, progress);
}

VolumeBytes with_recovery(FileSystem& fs, VolumeBytes volume, const RecoverySet& set,
                          const std::string& scratch_folder, const ProgressSink& progress) {
  if (!is_allowed(set) || set.volume_size != volume.size) bug("recovery data of another volume");
  const VolumeBytes recovery = RecoveryMaker(fs, volume, set, scratch_folder).make(progress);
  return joined(std::move(volume), set, [recovery]() -> const VolumeBytes& { return recovery; });
}

VolumeBytes with_recovery_meanwhile(FileSystem& fs, VolumeBytes volume, unsigned percent,
                                    const std::string& scratch_folder) {
  if (percent == 0) return volume;
  const RecoverySet set = set_for(volume, percent);
  const auto made = std::make_shared<MadeMeanwhile>(fs, volume, set, scratch_folder);
  return joined(std::move(volume), set, [made]() -> const VolumeBytes& { return made->get(); });
}

}  // namespace courier
