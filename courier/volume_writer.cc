#include "courier/volume_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/frame.h"
#include "courier/shown.h"
#include "media/frame_check.h"
#include "media/recovery.h"

namespace courier {
namespace {

constexpr std::size_t kMostVolumes = 99;  // that are made without being asked for a size
constexpr std::string_view kAgain = "written again";

std::string hex_of(const CutId& cut) { return to_hex(cut); }

CutId cut_of(const std::string& hex) {
  CutId cut{};
  const Bytes bytes = from_hex(hex);
  std::copy_n(bytes.begin(), std::min(bytes.size(), cut.size()), cut.begin());
  return cut;
}

// The header of a volume that lies on a medium; none when it cannot be read as one.
std::optional<VolumeHeader> header_of(const OfferedVolume& volume) {
  std::array<std::uint8_t, kFrameHeaderSize + kVolumeHeaderSize> bytes{};
  try {
    std::size_t filled = 0;
    while (filled < bytes.size()) {
      const std::size_t n = volume.source(MutableByteView(bytes).subspan(filled));
      if (n == 0) return std::nullopt;
      filled += n;
    }
    const ByteView payload = ByteView(bytes).subspan(kFrameHeaderSize);
    const ParsedFrame frame = parse_frame_header(ByteView(bytes).first(kFrameHeaderSize));
    if (frame.fault != FrameFault::none || frame.header.payload_size != kVolumeHeaderSize ||
        frame.header.checksum != frame_checksum(payload)) {
      return std::nullopt;
    }
    return parse_volume_header(payload);
  } catch (const Error&) {
    return std::nullopt;  // whatever it is, it is none that is proved again
  }
}

Error no_room(const std::string& target, const std::string& what, std::uint64_t needed,
              std::uint64_t room) {
  return Error(ErrorCode::no_space, "medium " + target,
               fmt::format("has no room for {}: {} ({} bytes) needed, {} ({} bytes) free for it",
                           what, human_size(needed), needed, human_size(room), room))
      .with_hint("make room on it or insert another one, then run the same command");
}

}  // namespace

VolumeProgress progress_of(const std::vector<ParcelCopy>& copies, std::uint64_t records) {
  VolumeProgress state;
  for (const ParcelCopy& copy : copies) {
    if (!copy.verified) continue;
    if (copy.cut.empty()) {
      state = {};
      continue;
    }
    if (copy.number == 1 && copy.note.empty()) state = {cut_of(copy.cut), 1, 0, {}};
    if (!state.cut || hex_of(*state.cut) != copy.cut || copy.number != state.number ||
        copy.first_record != state.next_record) {
      continue;  // one that was written again, or of a set that was given up
    }
    state.written.push_back(copy);
    state.next_record = copy.end_record;
    ++state.number;
    if (state.next_record == records) state = {};
  }
  return state;
}

VolumeWriter::VolumeWriter(const VolumeCut& cut, ParcelId id, const std::vector<ParcelCopy>& copies,
                           const VolumeRequest& request, const Clock& clock, Record record)
    : cut_(cut),
      id_(std::move(id)),
      copies_(copies),
      request_(request),
      clock_(clock),
      record_(std::move(record)) {
  const std::uint64_t size = request_.volume_size;
  if (size != 0 && size < cut_.least_size() && cut_.whole().size > size) throw too_small();
  if (!request_.anew && cut_.is_whole()) state_ = progress_of(copies, cut_.record_count());
  if (state_.number == 1) state_.next_record = cut_.first_record();
  if (!state_.written.empty()) volumes_ = state_.written.back().volumes;
}

Error VolumeWriter::too_small() const {
  const std::uint64_t least = needed_for(cut_.least_size());
  return Error(ErrorCode::usage, fmt::format("--volume-size {}", request_.volume_size),
               fmt::format("is too small: the largest record of parcel {} needs a volume of {} "
                           "bytes{}",
                           id_.str(), least, recovery_ > 0 ? " with its recovery data" : ""))
      .with_hint(fmt::format("give --volume-size {} or more", least));
}

void VolumeWriter::choose_recovery(Medium& medium) {
  recovery_ = 0;
  if (!request_.protect) return;
  const std::string kind = medium.identity().kind;
  is_stream_ = kind == "disc" || kind == "tape";
  recovery_ = request_.recovery.value_or(kind == "disc" || kind == "image" ? kDiscRecovery : 0);
}

std::uint64_t VolumeWriter::needed_for(std::uint64_t volume_size) const {
  return volume_size + recovery_size(volume_size, recovery_);
}

VolumeWriter::Runs VolumeWriter::runs_within(std::uint64_t first, std::uint64_t limit) const {
  Runs runs{{}, volume_within(limit, recovery_)};
  while (runs.volume_size >= cut_.least_size()) {
    runs.runs = cut_.plan(first, runs.volume_size);
    // Smaller cells have more digests: a volume that is a little smaller can need a little more.
    std::uint64_t excess = 0;
    for (const RecordRun& run : runs.runs) {
      const std::uint64_t needed = needed_for(cut_.size_of(run));
      excess = std::max(excess, needed - std::min(needed, limit));
    }
    if (excess == 0) return runs;
    runs.volume_size -= std::min(excess, runs.volume_size);
  }
  runs.runs.clear();
  return runs;
}

void VolumeWriter::choose_only() {
  const std::uint32_t number = request_.only;
  const auto known = std::find_if(copies_.rbegin(), copies_.rend(), [&](const ParcelCopy& copy) {
    return !copy.cut.empty() && copy.number == number && copy.end_record <= cut_.end_record();
  });
  if (request_.volume_size == 0 && known != copies_.rend() && cut_.is_whole()) {
    only_ = {cut_of(known->cut), number, known->volumes,
             cut_.run_of(known->first_record, known->end_record), false};
    return;
  }
  if (request_.volume_size == 0) {
    throw Error(ErrorCode::usage, fmt::format("--volume {}", number),
                "there is no record of such a volume: how large are the volumes?")
        .with_hint("give --volume-size, as when the others were written");
  }
  const auto [runs, most] = runs_within(cut_.first_record(), request_.volume_size);
  if (runs.empty()) throw too_small();
  if (number > runs.size()) {
    throw Error(ErrorCode::usage, fmt::format("--volume {}", number),
                fmt::format("there are {} volumes of that size", runs.size()));
  }
  only_ = {cut_id(cut_.header().label_digest, most), number,
           static_cast<std::uint32_t>(runs.size()), runs[number - 1], false};
}

std::string VolumeWriter::next_name() const {
  const std::uint32_t number = only_ ? only_->number : state_.number;
  const std::uint32_t of = only_ ? only_->of : volumes_;
  return of >= number ? fmt::format("volume {} of {}", number, of)
                      : fmt::format("volume {}", number);
}

std::string VolumeWriter::name_of(const Volume& volume) const {
  if (!volume.is_whole) return parcel_file_name(id_, volume.number);
  return parcel_file_name(id_, cut_.is_whole() ? 0 : cut_.header().number);
}

std::vector<VolumeHeader> VolumeWriter::lying_on(Medium& medium) const {
  std::vector<VolumeHeader> headers;
  const auto look = [&](OfferedVolume&& offered) {
    const auto header = header_of(offered);
    if (!header || header->label_digest != cut_.header().label_digest) return;
    const bool is_whole = *header == cut_.header();
    const std::size_t before = offered.path.find_last_of("/:");
    const std::string name =
        before == std::string::npos ? offered.path : offered.path.substr(before + 1);
    if (name == name_of({{}, header->number, header->of, {}, is_whole})) {
      headers.push_back(*header);
    }
  };
  try {
    medium.scan(look);
  } catch (const Error& error) {
    // An image that is not made yet, a blank disc; a file that is no parcel is no medium either.
    if (error.code() != ErrorCode::not_found && error.code() != ErrorCode::damaged) throw;
  }
  return headers;
}

// What comes next, when it lies on the medium already.
std::optional<VolumeWriter::Volume> VolumeWriter::adopted(
    const std::vector<VolumeHeader>& lying) const {
  const std::uint64_t limit = request_.volume_size == 0 ? UINT64_MAX : request_.volume_size;
  for (const VolumeHeader& header : lying) {
    if (header == cut_.header()) {
      if (is_at_start() && needed_for(cut_.whole().size) <= limit) {
        return Volume{{}, 1, 1, {}, true};
      }
      continue;
    }
    const bool is_next = state_.cut ? header.cut == *state_.cut && header.number == state_.number
                                    : header.number == 1;
    if (!is_next || header.first_record != state_.next_record ||
        header.end_record > cut_.end_record()) {
      continue;
    }
    const RecordRun run = cut_.run_of(header.first_record, header.end_record);
    if (request_.volume_size != 0) {
      const Runs runs = runs_within(run.first, limit);
      if (runs.runs.empty() || runs.runs.front() != run) continue;
    }
    return Volume{header.cut, header.number, header.of, run, false};
  }
  return std::nullopt;
}

// What comes next, for a medium with so much room; none when it is for another medium.
std::optional<VolumeWriter::Volume> VolumeWriter::planned(std::uint64_t room, bool is_first) {
  const std::uint64_t limit = request_.volume_size == 0 ? room : request_.volume_size;
  const std::uint64_t whole = needed_for(cut_.whole().size);
  Volume volume;
  std::uint64_t needed = whole;
  if (is_at_start() && whole <= limit) {
    volume.is_whole = true;
  } else {
    const Runs within = runs_within(state_.next_record, limit);
    const std::vector<RecordRun>& runs = within.runs;
    if (runs.empty() && request_.volume_size != 0) throw too_small();
    if (runs.empty() && !is_first) return std::nullopt;
    if (runs.empty()) {
      throw no_room(target_, fmt::format("{} of parcel {}", next_name(), id_.str()),
                    needed_for(cut_.least_size()), room);
    }
    volume.number = state_.number;
    volume.of = state_.number - 1 + static_cast<std::uint32_t>(runs.size());
    volume.run = runs.front();
    volume.cut = state_.cut ? *state_.cut : cut_id(cut_.header().label_digest, within.volume_size);
    needed = needed_for(cut_.size_of(volume.run));
    if (request_.volume_size == 0) {
      // What is left of a medium behind a volume is not worth one of its own.
      if (!is_first && runs.size() > 1 && needed < last_size_ / 8) return std::nullopt;
      if (is_at_start() && runs.size() > kMostVolumes) {
        throw no_room(target_, "parcel " + id_.str(), whole, room)
            .with_hint(fmt::format("insert a larger one, or give --volume-size to have {} volumes "
                                   "made",
                                   runs.size()));
      }
    }
  }
  if (needed > room) {
    if (!is_first) return std::nullopt;
    throw no_room(target_,
                  volume.is_whole ? "parcel " + id_.str()
                                  : fmt::format("volume {} of {} of parcel {}", volume.number,
                                                volume.of, id_.str()),
                  needed, room);
  }
  if (limit_ == 0) limit_ = limit;
  return volume;
}

void VolumeWriter::fill(Medium& medium, const std::string& target, const ProgressSink& progress) {
  target_ = target;
  choose_recovery(medium);
  if (request_.only != 0) {
    if (!only_) choose_only();
    write(medium, *only_, progress);
    is_done_ = true;
    return;
  }
  const auto lying = request_.anew ? std::vector<VolumeHeader>{} : lying_on(medium);
  for (bool is_first = true; !is_done_; is_first = false) {
    auto volume = adopted(lying);
    if (!volume) volume = planned(medium.room(), is_first);
    if (!volume) return;
    write(medium, *volume, progress);
    // A disc, and its image, is written once and never added to.
    const std::string& kind = now_.back().proved.medium.kind;
    if (kind == "disc" || kind == "image") return;
  }
}

void VolumeWriter::write(Medium& medium, const Volume& volume, const ProgressSink& progress) {
  VolumeBytes bytes = volume.is_whole
                          ? cut_.whole()
                          : cut_.volume(volume.cut, volume.number, volume.of, volume.run);
  if (recovery_ > 0) bytes = request_.protect(std::move(bytes), recovery_, is_stream_, progress);
  bytes = with_checked_frames(std::move(bytes), "parcel " + id_.str());
  ParcelCopy copy;
  copy.target = target_;
  copy.bytes = bytes.size;
  if (volume.is_whole) {
    copy.end_record = cut_.end_record();
  } else {
    copy.cut = hex_of(volume.cut);
    copy.number = volume.number;
    copy.volumes = volume.of;
    copy.first_record = volume.run.first;
    copy.end_record = volume.run.end;
    if (only_ && volume.number == 1) copy.note = kAgain;
  }
  WrittenVolume written;
  try {
    written.proved = medium.write_proved(bytes, name_of(volume), progress);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::device) {
      copy.note = error.happened();
      copy.time = clock_.now();
      record_(copy);
    }
    throw;
  }
  const MediumIdentity& identity = written.proved.medium;
  copy.target = identity.kind == "folder" ? absolute_path(written.proved.path) : target_;
  copy.medium_label = identity.label;
  copy.medium_serial = identity.drive();
  copy.medium = identity.describe();
  copy.verified = true;
  copy.time = clock_.now();
  record_(copy);
  last_size_ = bytes.size;
  advance(volume, copy);
  written.copy = std::move(copy);
  written.is_whole = volume.is_whole;
  written.recovery = recovery_;
  now_.push_back(std::move(written));
}

void VolumeWriter::advance(const Volume& volume, const ParcelCopy& copy) {
  if (only_) return;
  state_.written.push_back(copy);
  volumes_ = volume.of;
  state_.cut = volume.cut;
  state_.number = volume.number + 1;
  state_.next_record = volume.is_whole ? cut_.end_record() : volume.run.end;
  is_done_ = state_.next_record == cut_.end_record();
}

}  // namespace courier
