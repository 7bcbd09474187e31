#include "media/spare_volume.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/frame.h"
#include "media/parity_code.h"

namespace courier {
namespace {

constexpr std::size_t kMemory = 64u << 20;  // for the pieces of all volumes together
constexpr std::size_t kAlignment = 64;      // of what CellCombination takes
constexpr std::size_t kPartOverhead = kFrameHeaderSize + kSparePartHeader;

std::size_t padded(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

std::size_t piece_for(std::size_t volumes) {
  return std::min<std::size_t>(kSpareCellSize, kMemory / volumes / kAlignment * kAlignment);
}

// Fills out from `offset`; what lies behind the end is zeros.
void read_padded(const VolumeBytes& volume, std::uint64_t offset, MutableByteView out) {
  std::size_t filled = 0;
  if (offset < volume.size) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), volume.size - offset));
    while (filled < wanted) {
      const std::size_t n = volume.read_at(offset + filled, out.subspan(filled, wanted - filled));
      if (n == 0) {
        throw Error(ErrorCode::damaged, "volume", "ends before its last byte")
            .with_loss("nothing was lost");
      }
      filled += n;
    }
  }
  std::ranges::fill(out.subspan(filled), std::uint8_t{0});
}

// Pieces of several streams at the same offset, ready for a combination.
class Pieces {
 public:
  explicit Pieces(std::size_t count)
      : size_(piece_for(count)), bytes_(count * size_), views_(count) {
    for (std::size_t i = 0; i < count; ++i) views_[i] = &bytes_[i * size_];
  }
  std::size_t size() const { return size_; }
  MutableByteView piece(std::size_t i, std::size_t size) { return {views_[i], size}; }
  std::vector<const std::uint8_t*> sources() const { return {views_.begin(), views_.end()}; }
  const std::vector<std::uint8_t*>& results() const { return views_; }

 private:
  std::size_t size_;
  Bytes bytes_;
  std::vector<std::uint8_t*> views_;
};

class SpareFrames {
 public:
  SpareFrames(std::vector<VolumeBytes> volumes, unsigned row)
      : volumes_(std::move(volumes)),
        row_(row_combination(volumes_.size(), row)),
        pieces_(volumes_.size()),
        results_(1) {
    for (const VolumeBytes& volume : volumes_) parity_ = std::max(parity_, volume.size);
    checksums_.resize((parity_ + kSpareCellSize - 1) / kSpareCellSize);
  }

  std::uint64_t size() const { return spare_frames_size(parity_); }

  std::size_t read_at(std::uint64_t offset, MutableByteView out) {
    const std::lock_guard lock(mutex_);
    std::size_t filled = 0;
    while (filled < out.size() && offset < size()) {
      const std::uint64_t cell = offset / (kPartOverhead + kSpareCellSize);
      const auto within = static_cast<std::size_t>(offset % (kPartOverhead + kSpareCellSize));
      const MutableByteView rest = out.subspan(filled);
      std::size_t n = 0;
      if (within < kPartOverhead) {
        const auto header = header_of(cell);
        n = std::min(rest.size(), kPartOverhead - within);
        std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(within), n, rest.begin());
      } else {
        const std::size_t at = within - kPartOverhead;
        n = std::min(rest.size(), cell_size(cell) - at);
        parity(cell * kSpareCellSize + at, rest.first(n));
      }
      filled += n;
      offset += n;
    }
    return filled;
  }

 private:
  std::size_t cell_size(std::uint64_t cell) const {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(kSpareCellSize, parity_ - cell * kSpareCellSize));
  }

  // The bytes of parity from `offset`.
  void parity(std::uint64_t offset, MutableByteView out) {
    if (offset >= cached_at_ && offset + out.size() <= cached_at_ + cached_.size()) {
      std::copy_n(cached_.begin() + static_cast<std::ptrdiff_t>(offset - cached_at_), out.size(),
                  out.begin());
      return;
    }
    while (!out.empty()) {
      const std::size_t n = std::min(out.size(), pieces_.size());
      for (std::size_t i = 0; i < volumes_.size(); ++i) {
        read_padded(volumes_[i], offset, pieces_.piece(i, padded(n)));
      }
      const MutableByteView result = results_.piece(0, padded(n));
      row_.run(pieces_.sources(), results_.results(), padded(n));
      std::copy_n(result.begin(), n, out.begin());
      out = out.subspan(n);
      offset += n;
    }
  }

  // A frame's checksum comes before its payload: the cell is computed once for both, where they are
  // read one after the other.
  std::array<std::uint8_t, kPartOverhead> header_of(std::uint64_t cell) {
    const std::uint64_t offset = cell * kSpareCellSize;
    if (!checksums_[cell]) {
      Bytes bytes(kSparePartHeader + cell_size(cell));
      std::ranges::copy(encode_spare_part(offset), bytes.begin());
      parity(offset, MutableByteView(bytes).subspan(kSparePartHeader));
      checksums_[cell] = encode_frame_header(FrameKind::spare, 0, bytes);
      bytes.erase(bytes.begin(), bytes.begin() + kSparePartHeader);
      cached_ = std::move(bytes);
      cached_at_ = offset;
    }
    std::array<std::uint8_t, kPartOverhead> header{};
    std::ranges::copy(*checksums_[cell], header.begin());
    std::ranges::copy(encode_spare_part(offset), header.begin() + kFrameHeaderSize);
    return header;
  }

  const std::vector<VolumeBytes> volumes_;
  const CellCombination row_;
  std::mutex mutex_;  // recovery data is made by another thread than the one that writes
  Pieces pieces_, results_;
  std::uint64_t parity_ = 0;
  std::vector<std::optional<std::array<std::uint8_t, kFrameHeaderSize>>> checksums_;
  Bytes cached_;  // parity from cached_at_
  std::uint64_t cached_at_ = 0;
};

// The parity in a spare volume as a stream of its own.
VolumeBytes parity_of(const VolumeAtHand& spare) {
  VolumeBytes parity;
  parity.size = spare.table.longest();
  parity.read_at = [bytes = spare.bytes, begin = spare.table.parity_offset, size = parity.size](
                       std::uint64_t offset, MutableByteView out) -> std::size_t {
    if (offset >= size) return 0;
    const std::uint64_t cell = offset / kSpareCellSize, within = offset % kSpareCellSize;
    const auto n = static_cast<std::size_t>(
        std::min<std::uint64_t>({out.size(), kSpareCellSize - within, size - offset}));
    return bytes.read_at(begin + cell * (kPartOverhead + kSpareCellSize) + kPartOverhead + within,
                         out.first(n));
  };
  return parity;
}

// Looks at the frames of a volume, one after the other.
class WholeVolumeReader {
 public:
  WholeVolumeReader(const ByteSource& source, std::uint64_t max_size, const ByteSink& sink,
                    const std::string& subject)
      : source_(source), sink_(sink), subject_(subject), max_size_(max_size) {}

  WholeVolume read() {
    for (bool is_first = true;; is_first = false) {
      const std::uint64_t at = volume_.size;
      const FrameHeader frame = next();
      if (is_first) {
        if (frame.kind != static_cast<std::uint8_t>(FrameKind::volume_header)) fail(at);
        volume_.header = parse_volume_header(payload(), subject_);
      } else if (frame.kind == static_cast<std::uint8_t>(FrameKind::spare)) {
        see_spare(at);
      } else if (frame.kind == static_cast<std::uint8_t>(FrameKind::end)) {
        break;
      }
    }
    if (volume_.table && volume_.table->is_of_spare() && parity_ != volume_.table->longest()) {
      fail_as_spare();
    }
    return volume_;
  }

 private:
  FrameHeader next() {
    const std::uint64_t at = volume_.size;
    frame_.resize(kFrameHeaderSize);
    take(frame_);
    const ParsedFrame parsed = parse_frame_header(frame_);
    if (parsed.fault != FrameFault::none) fail(at);
    if (parsed.header.payload_size > max_size_ - volume_.size) fail(at);
    frame_.resize(kFrameHeaderSize + parsed.header.payload_size);
    take(MutableByteView(frame_).subspan(kFrameHeaderSize));
    if (frame_checksum(payload()) != parsed.header.checksum) fail(at);
    sink_(frame_);
    return parsed.header;
  }

  void take(MutableByteView out) {
    if (out.size() > max_size_ - volume_.size) fail(volume_.size);
    while (!out.empty()) {
      const std::size_t n = source_(out);
      if (n == 0) fail(volume_.size);
      volume_.size += n;
      out = out.subspan(n);
    }
  }

  ByteView payload() const { return ByteView(frame_).subspan(kFrameHeaderSize); }

  void see_spare(std::uint64_t at) {
    if (at == kSpareTableOffset) {
      volume_.table = parse_spare_table(payload());
      return;
    }
    const auto offset = parse_spare_part(payload());
    if (!offset || !volume_.table || !volume_.table->is_of_spare()) return;
    const std::size_t bytes = payload().size() - kSparePartHeader;
    const std::uint64_t rest = volume_.table->longest() - parity_;
    if (*offset != parity_ || bytes != std::min<std::uint64_t>(kSpareCellSize, rest) ||
        at != volume_.table->parity_offset + spare_frames_size(parity_)) {
      fail_as_spare();
    }
    parity_ += bytes;
  }

  [[noreturn]] void fail(std::uint64_t at) const {
    throw Error(ErrorCode::damaged, subject_,
                fmt::format("is damaged or ends early, at byte {}", at));
  }
  [[noreturn]] void fail_as_spare() const {
    throw Error(ErrorCode::damaged, subject_, "is a spare volume that is not as its table says");
  }

  const ByteSource& source_;
  const ByteSink& sink_;
  const std::string& subject_;
  const std::uint64_t max_size_;
  Bytes frame_;
  WholeVolume volume_;
  std::uint64_t parity_ = 0;  // bytes of it so far
};

}  // namespace

VolumeBytes spare_frames(std::vector<VolumeBytes> volumes, unsigned row) {
  const auto frames = std::make_shared<SpareFrames>(std::move(volumes), row);
  return {frames->size(), [frames](std::uint64_t offset, MutableByteView out) {
            return frames->read_at(offset, out);
          }};
}

WholeVolume copy_whole_volume(const ByteSource& source, std::uint64_t max_size,
                              const ByteSink& sink, const std::string& subject) {
  return WholeVolumeReader(source, max_size, sink, subject).read();
}

void solve_volumes(const SpareTable& table, const std::vector<VolumeAtHand>& volumes,
                   const std::function<void(std::uint32_t index, ByteView bytes)>& write) {
  std::vector<const VolumeBytes*> data(table.volumes, nullptr);
  std::map<unsigned, VolumeBytes> rows;
  for (const VolumeAtHand& volume : volumes) {
    if (volume.table.is_of_spare()) {
      rows.emplace(volume.table.row, parity_of(volume));
    } else if (volume.index < data.size()) {
      data[volume.index] = &volume.bytes;
    }
  }
  std::vector<std::size_t> erased, used;
  std::vector<VolumeBytes> sources;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == nullptr) {
      erased.push_back(i);
    } else {
      sources.push_back(*data[i]);
    }
  }
  for (const auto& [row, parity] : rows) {
    if (used.size() == erased.size()) break;
    used.push_back(row);
    sources.push_back(parity);
  }
  if (erased.empty() || used.size() != erased.size()) bug("too few volumes to solve the others");
  const CellCombination solving = solving_combination(table.volumes, erased, used);
  Pieces from(sources.size()), to(erased.size());
  const std::size_t step = std::min(from.size(), to.size());
  for (std::uint64_t offset = 0; offset < table.longest(); offset += step) {
    const auto n =
        static_cast<std::size_t>(std::min<std::uint64_t>(step, table.longest() - offset));
    for (std::size_t i = 0; i < sources.size(); ++i) {
      read_padded(sources[i], offset, from.piece(i, padded(n)));
    }
    solving.run(from.sources(), to.results(), padded(n));
    for (std::size_t i = 0; i < erased.size(); ++i) {
      const std::uint64_t size = table.sizes[erased[i]];
      if (offset >= size) continue;
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(n, size - offset));
      write(static_cast<std::uint32_t>(erased[i]), to.piece(i, bytes));
    }
  }
}

}  // namespace courier
