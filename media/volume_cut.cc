#include "media/volume_cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/codec.h"
#include "base/error.h"
#include "base/frame.h"
#include "media/chained_bytes.h"
#include "media/spare_volume.h"

namespace courier {
namespace {

constexpr std::size_t kSignatureSize = 64;
constexpr std::uint32_t kEndSize = 8 + kSignatureSize;

bool is(const FrameHeader& header, FrameKind kind) {
  return header.kind == static_cast<std::uint8_t>(kind);
}

struct Place {
  FrameHeader header;
  std::uint64_t offset = 0;  // of the header
  std::uint64_t end() const { return offset + kFrameHeaderSize + header.payload_size; }
};

// Goes from frame to frame by their headers.
class Walk {
 public:
  Walk(const VolumeBytes& parcel, const std::string& subject)
      : parcel_(parcel), subject_(subject) {}

  // nullopt at the end of the file, and only where a frame may end.
  std::optional<Place> next() {
    std::array<std::uint8_t, kFrameHeaderSize> bytes{};
    const std::size_t n = parcel_.read_at(at_, bytes);
    if (n == 0) return std::nullopt;
    if (n < bytes.size()) fail(fmt::format("ends in the middle of a frame, at byte {}", at_ + n));
    const ParsedFrame parsed = parse_frame_header(bytes);
    if (parsed.fault != FrameFault::none) {
      fail(fmt::format("is damaged at byte {}: no frame begins where one should", at_));
    }
    const Place place{parsed.header, at_};
    if (place.end() > parcel_.size) {
      fail(
          fmt::format("ends at byte {}, within a frame that begins at byte {}", parcel_.size, at_));
    }
    at_ = place.end();
    return place;
  }

  // The next frame of this kind; what readers skip is passed over. Its checksum is looked at.
  Bytes part(FrameKind kind, std::string_view name, std::uint64_t& offset) {
    auto place = next();
    while (place && is_skipped(place->header)) place = next();
    if (!place || !is(place->header, kind)) {
      fail(
          fmt::format("has no {} where it belongs, at byte {}", name, place ? place->offset : at_));
    }
    offset = place->offset;
    return payload_of(*place, name);
  }

  Bytes payload_of(const Place& place, std::string_view name) {
    Bytes payload(place.header.payload_size);
    const std::size_t n = parcel_.read_at(place.offset + kFrameHeaderSize, payload);
    if (n != payload.size() || frame_checksum(payload) != place.header.checksum) {
      fail(fmt::format("is damaged in its {}, at byte {}", name, place.offset));
    }
    return payload;
  }

  static bool is_skipped(const FrameHeader& header) {
    return header.kind == 0 || header.kind > static_cast<std::uint8_t>(FrameKind::end);
  }
  std::uint64_t at() const { return at_; }

  [[noreturn]] void fail(std::string what) const {
    throw Error(ErrorCode::damaged, subject_, std::move(what))
        .with_loss("nothing was written")
        .with_hint("write from an intact copy of the parcel");
  }

 private:
  const VolumeBytes& parcel_;
  const std::string& subject_;
  std::uint64_t at_ = 0;
};

std::uint32_t span_of(std::uint64_t begin, std::uint64_t end, const Walk& walk) {
  if (end - begin > UINT32_MAX) {
    walk.fail(fmt::format("has more than 4 GiB between two records, from byte {}", begin));
  }
  return static_cast<std::uint32_t>(end - begin);
}

}  // namespace

VolumeCut::VolumeCut(VolumeBytes parcel, std::string subject) : parcel_(std::move(parcel)) {
  Walk walk(parcel_, subject);
  std::uint64_t at = 0;
  header_ = parse_volume_header(walk.part(FrameKind::volume_header, "volume header", at),
                                "volume header of " + subject);
  Bytes beginning(kSpareTableOffset + spare_table_size(kMostVolumesAndSpares));
  beginning.resize(parcel_.read_at(0, beginning));
  spare_table_ = find_spare_table(beginning);
  const Bytes label = walk.part(FrameKind::label, "label", head_offset_);
  if (label.size() <= kSignatureSize ||
      digest_of(DigestKind::label, ByteView(label).first(label.size() - kSignatureSize)) !=
          header_.label_digest) {
    walk.fail("has a volume header that belongs to another label");
  }
  walk.part(FrameKind::key_slots, "key slots", at);
  walk.part(FrameKind::packing_list, "packing list", at);
  records_offset_ = head_end_ = walk.at();

  std::uint64_t begin = records_offset_;  // of what belongs to the record before
  for (;;) {
    const auto place = walk.next();
    if (!place) walk.fail(fmt::format("has no end: it stops at byte {}", walk.at()));
    if (is(place->header, FrameKind::record)) {
      if (sizes_.empty()) {
        first_ = place->header.number;
        records_offset_ = begin = place->offset;
      } else {
        sizes_.back() = span_of(begin, place->offset, walk);
        begin = place->offset;
        if (place->header.number != end_record()) {
          walk.fail(fmt::format("has record {} at byte {}, where record {} belongs",
                                place->header.number, place->offset, end_record()));
        }
      }
      sizes_.push_back(span_of(place->offset, place->end(), walk));
    } else if (is(place->header, FrameKind::end)) {
      if (place->header.payload_size != kEndSize) walk.fail("has an end of another size");
      const Bytes end = walk.payload_of(*place, "end");
      record_count_ = Decoder(end, subject).u64();
      end_offset_ = place->offset;
      end_bytes_ = place->end() - place->offset;
      if (!sizes_.empty()) sizes_.back() = span_of(begin, end_offset_, walk);
      break;
    }
  }
  if (!sizes_.empty()) largest_ = *std::ranges::max_element(sizes_);
  // What it says it carries is what must be here.
  const std::uint64_t stated_end = std::min(header_.end_record, record_count_);
  if (sizes_.empty()) first_ = std::min(header_.first_record, stated_end);
  if (first_ != std::min(header_.first_record, stated_end) || end_record() != stated_end) {
    walk.fail(fmt::format("has records {} to {} (exclusive), it should have {} to {}", first_,
                          end_record(), header_.first_record, stated_end));
  }
}

std::uint64_t VolumeCut::overhead() const {
  return kFrameHeaderSize + kVolumeHeaderSize + (head_end_ - head_offset_) + end_bytes_;
}

std::uint64_t VolumeCut::offset_of(std::uint64_t record) const {
  std::uint64_t offset = records_offset_;
  for (std::size_t i = 0; i < record - first_; ++i) offset += sizes_[i];
  return offset;
}

std::vector<RecordRun> VolumeCut::plan(std::uint64_t first, std::uint64_t limit) const {
  if (limit < least_size()) bug("a volume's limit is below the least size");
  std::vector<RecordRun> runs;
  RecordRun run{first, first, offset_of(first), 0};
  for (std::uint64_t record = first; record < end_record(); ++record) {
    const std::uint32_t size = sizes_[record - first_];
    if (size_of(run) + size > limit) {
      runs.push_back(run);
      run = {record, record, run.offset + run.bytes, 0};
    }
    run.bytes += size;
    run.end = record + 1;
  }
  if (run.end > run.first || runs.empty()) runs.push_back(run);
  return runs;
}

RecordRun VolumeCut::run_of(std::uint64_t first, std::uint64_t end) const {
  if (first < first_ || end < first || end > end_record()) bug("records are cut that are not here");
  const std::uint64_t offset = offset_of(first);
  return {first, end, offset, offset_of(end) - offset};
}

namespace {

// The frame of the header, and that of the table where there is one.
Bytes beginning_of(const VolumeHeader& header, const std::optional<SpareTable>& table) {
  const Bytes payload = encode_volume_header(header);
  const auto frame = encode_frame_header(FrameKind::volume_header, 0, payload);
  Bytes beginning(frame.size() + payload.size());
  std::copy(payload.begin(), payload.end(),
            std::copy(frame.begin(), frame.end(), beginning.begin()));
  if (table) {
    const Bytes told = spare_table_frame(*table);
    beginning.insert(beginning.end(), told.begin(), told.end());
  }
  return beginning;
}

}  // namespace

std::uint64_t VolumeCut::spare_size(std::size_t volumes, std::uint64_t longest) const {
  return overhead() + spare_table_size(static_cast<unsigned>(volumes)) + spare_frames_size(longest);
}

VolumeBytes VolumeCut::spare(const std::array<std::uint8_t, 16>& cut,
                             const std::vector<CutVolume>& cut_volumes, std::uint8_t spares,
                             std::uint8_t row) const {
  const auto count = static_cast<std::uint32_t>(cut_volumes.size());
  SpareTable table;
  table.spares = spares;
  table.volumes = static_cast<std::uint8_t>(count);
  table.row = row;
  table.cut = cut;
  table.parity_offset = overhead() - end_bytes_ + spare_table_size(count);
  std::vector<VolumeBytes> volumes;
  for (const CutVolume& one : cut_volumes) {
    const auto number = static_cast<std::uint32_t>(volumes.size() + 1);
    volumes.push_back(volume(cut, number, one.of, one.run, spares));
    table.sizes.push_back(volumes.back().size);
  }
  VolumeHeader header;
  header.cut = cut;
  header.number = table.number();
  header.of = count + spares;
  header.first_record = header.end_record = end_record();
  header.label_digest = header_.label_digest;
  return chained({bytes_in_memory(beginning_of(header, table)), head(),
                  spare_frames(std::move(volumes), row), end()});
}

VolumeBytes VolumeCut::volume(const std::array<std::uint8_t, 16>& cut, std::uint32_t number,
                              std::uint32_t of, const RecordRun& run, std::uint8_t spares) const {
  VolumeHeader header;
  header.cut = cut;
  header.number = number;
  header.of = of;
  header.first_record = run.first;
  header.end_record = run.end;
  header.label_digest = header_.label_digest;
  std::optional<SpareTable> table;
  if (spares > 0) {
    table.emplace();
    table->spares = spares;
    table->cut = cut;
  }
  return chained({bytes_in_memory(beginning_of(header, table)), head(), records(run), end()});
}

VolumeBytes VolumeCut::whole() const { return part_of(parcel_, 0, end_offset_ + end_bytes_); }

VolumeBytes VolumeCut::whole_header() const {
  VolumeHeader header;
  header.cut = cut_id(header_.label_digest, 0);
  header.label_digest = header_.label_digest;
  return bytes_in_memory(beginning_of(header, std::nullopt));
}

VolumeBytes VolumeCut::head() const {
  return part_of(parcel_, head_offset_, head_end_ - head_offset_);
}

VolumeBytes VolumeCut::records(const RecordRun& run) const {
  return part_of(parcel_, run.offset, run.bytes);
}

VolumeBytes VolumeCut::end() const { return part_of(parcel_, end_offset_, end_bytes_); }

std::array<std::uint8_t, 16> cut_id(const Digest& label, std::uint64_t volume_size,
                                    std::uint8_t spares) {
  Encoder what;
  what.digest(label).u64(volume_size);
  if (spares > 0) what.u8(spares);
  const Digest digest = digest_of(DigestKind::file, what.view());
  std::array<std::uint8_t, 16> id{};
  std::copy_n(digest.bytes.begin(), id.size(), id.begin());
  return id;
}

}  // namespace courier
