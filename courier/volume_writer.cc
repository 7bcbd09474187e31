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

// Of a volume that lies on a medium: its header, and what it says of spare volumes.
Bytes beginning_of(const OfferedVolume& volume) {
  Bytes bytes(kSpareTableOffset + spare_table_size(kMostVolumesAndSpares));
  std::size_t filled = 0;
  try {
    while (filled < bytes.size()) {
      const std::size_t n = volume.source(MutableByteView(bytes).subspan(filled));
      if (n == 0) break;
      filled += n;
    }
  } catch (const Error&) {
    // Whatever it is, it is none that is proved again.
  }
  bytes.resize(filled);
  return bytes;
}

// None when it cannot be read as one.
std::optional<VolumeHeader> header_in(ByteView bytes) {
  if (bytes.size() < kSpareTableOffset) return std::nullopt;
  try {
    const ByteView payload = bytes.subspan(kFrameHeaderSize, kVolumeHeaderSize);
    const ParsedFrame frame = parse_frame_header(bytes.first(kFrameHeaderSize));
    if (frame.fault != FrameFault::none || frame.header.payload_size != kVolumeHeaderSize ||
        frame.header.checksum != frame_checksum(payload)) {
      return std::nullopt;
    }
    return parse_volume_header(payload);
  } catch (const Error&) {
    return std::nullopt;
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
    if (copy.number == 1 && copy.note.empty()) {
      state = {cut_of(copy.cut), 1, 0, {}, copy.spares};
    }
    if (!state.cut || hex_of(*state.cut) != copy.cut || copy.number != state.number ||
        copy.first_record != state.next_record) {
      continue;  // one that was written again, or of a set that was given up
    }
    state.written.push_back(copy);
    state.next_record = copy.end_record;
    ++state.number;
    const auto spares = std::ranges::count_if(state.written, &ParcelCopy::is_spare);
    if (state.next_record == records && std::cmp_equal(spares, state.spares)) state = {};
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
  if (!request_.anew && cut_.is_whole()) state_ = progress_of(copies, cut_.record_count());
  if (state_.number == 1) state_.next_record = cut_.first_record();
  if (!state_.written.empty()) volumes_ = state_.written.back().volumes;
  const bool goes_on = request_.only == 0 && !state_.written.empty();
  spares_ = goes_on ? state_.spares : request_.spares.value_or(0);
  if (request_.spares.value_or(spares_) != spares_) {
    throw Error(
        ErrorCode::usage, fmt::format("--spare-volumes {}", *request_.spares),
        fmt::format("the set of volumes that is begun has {}: its first volumes say so", spares_))
        .with_hint("leave it out to go on with that set, or give --anew to begin another");
  }
  const bool has_no_way = spares_ > 0 || cut_.whole().size > size;
  if (size != 0 && size < cut_.least_size() && has_no_way) throw too_small();
}

void VolumeWriter::choose_recovery(Medium& medium) {
  recovery_ = 0;
  if (!request_.protect) return;
  const std::string kind = medium.identity().kind;
  is_stream_ = kind == "disc" || kind == "tape";
  recovery_ = request_.recovery.value_or(kind == "disc" || kind == "image" ? kDiscRecovery : 0);
}

void VolumeWriter::choose_only() {
  const std::uint32_t number = request_.only;
  const auto known = std::find_if(copies_.rbegin(), copies_.rend(), [&](const ParcelCopy& copy) {
    return !copy.cut.empty() && copy.number == number && copy.end_record <= cut_.end_record();
  });
  if (request_.volume_size == 0 && known != copies_.rend() && cut_.is_whole()) {
    spares_ = known->spares;
    volumes_ = known->volumes;
    if (known->is_spare()) {
      std::vector<ParcelCopy> written;
      for (const ParcelCopy& copy : copies_) {
        if (copy.cut == known->cut && copy.verified && copy.number == written.size() + 1 &&
            written.size() < known->volumes) {
          written.push_back(copy);
        }
      }
      only_ = spare_of(cut_of(known->cut), number, written);
      return;
    }
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
  const CutId cut = cut_id(cut_.header().label_digest, most, static_cast<std::uint8_t>(spares_));
  const auto of = static_cast<std::uint32_t>(runs.size());
  volumes_ = of;
  if (number > of && number - of <= spares_) {
    require_few(of);
    only_ = {cut, number, of, cut_.run_of(cut_.end_record(), cut_.end_record()), false};
    for (const RecordRun& run : runs) only_->protects.push_back({of, run});
    return;
  }
  if (number > runs.size()) {
    throw Error(ErrorCode::usage, fmt::format("--volume {}", number),
                fmt::format("there are {} volumes of that size{}", runs.size(),
                            spares_ > 0 ? fmt::format(" and {} spare ones", spares_) : ""));
  }
  only_ = {cut, number, of, runs[number - 1], false};
}

bool VolumeWriter::is_about() const {
  return request_.volume_size == 0 && request_.only == 0 && state_.number <= volumes_;
}

bool VolumeWriter::begins_another() const {
  if (request_.anew || request_.only != 0 || now_.empty() || now_.front().proved.was_there) {
    return false;
  }
  const bool is_first = now_.front().is_whole || now_.front().copy.number == 1;
  return is_first && cut_.is_whole() && std::ranges::any_of(copies_, [&](const ParcelCopy& copy) {
           return copy.verified && (copy.cut.empty() || copy.end_record == cut_.end_record());
         });
}

std::string VolumeWriter::next_name() const {
  const std::uint32_t number = only_ ? only_->number : state_.number;
  const std::uint32_t of = only_ ? only_->of : volumes_;
  if (only_ ? only_->is_spare() : is_at_spares()) {
    return fmt::format("spare volume {} of {}", number - of, spares_);
  }
  return of >= number ? fmt::format("volume {} of {}{}", number, is_about() ? "about " : "", of)
                      : fmt::format("volume {}", number);
}

std::string VolumeWriter::name_of(const Volume& volume) const {
  if (volume.is_spare()) return spare_file_name(id_, volume.number - volume.of);
  if (!volume.is_whole) return parcel_file_name(id_, volume.number);
  const auto& table = cut_.spare_table();
  if (table && table->is_of_spare()) return spare_file_name(id_, table->row + 1u);
  return parcel_file_name(id_, cut_.is_whole() ? 0 : cut_.header().number);
}

std::vector<VolumeWriter::Lying> VolumeWriter::lying_on(Medium& medium) const {
  std::vector<Lying> all;
  const auto look = [&](OfferedVolume&& offered) {
    const Bytes beginning = beginning_of(offered);
    const auto header = header_in(beginning);
    if (!header || header->label_digest != cut_.header().label_digest) return;
    const bool is_whole = *header == cut_.header();
    const auto table = find_spare_table(beginning);
    Volume volume{{}, header->number, header->of, {}, is_whole};
    if (table && table->is_of_spare()) {
      volume.of = table->volumes;
      volume.protects.resize(table->volumes);
    }
    const std::size_t before = offered.path.find_last_of("/:");
    const std::string name =
        before == std::string::npos ? offered.path : offered.path.substr(before + 1);
    if (name == name_of(volume)) all.push_back({*header, table ? table->spares : 0u});
  };
  try {
    medium.scan(look);
  } catch (const Error& error) {
    // An image that is not made yet, a blank disc; a file that is no parcel is no medium either.
    if (error.code() != ErrorCode::not_found && error.code() != ErrorCode::damaged) throw;
  }
  return all;
}

// What comes next, when it lies on the medium already.
std::optional<VolumeWriter::Volume> VolumeWriter::adopted(const std::vector<Lying>& lying) const {
  const std::uint64_t limit = request_.volume_size == 0 ? UINT64_MAX : request_.volume_size;
  for (const auto& [header, spares] : lying) {
    if (is_at_spares()) {
      if (header.cut == *state_.cut && header.number == state_.number) return next_spare();
      continue;
    }
    if (header == cut_.header()) {
      if (spares_ == 0 && is_at_start() && needed_for(cut_.whole().size) <= limit) {
        return Volume{{}, 1, 1, {}, true};
      }
      continue;
    }
    const bool is_next = state_.cut ? header.cut == *state_.cut && header.number == state_.number
                                    : header.number == 1;
    if (!is_next || spares != spares_ || header.first_record != state_.next_record ||
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
  if (is_at_spares()) return planned_spare(room, is_first);
  const std::uint64_t limit = request_.volume_size == 0 ? room : request_.volume_size;
  const std::uint64_t whole = needed_for(cut_.whole().size);
  Volume volume;
  std::uint64_t needed = whole;
  if (spares_ == 0 && is_at_start() && whole <= limit) {
    volume.is_whole = true;
  } else {
    if (cut_.spare_table() && cut_.spare_table()->is_of_spare()) {
      throw Error(ErrorCode::usage, "parcel " + id_.str(),
                  "this file is a spare volume: it is written as it is or not at all")
          .with_hint(fmt::format("insert a medium with room for {} bytes", whole));
    }
    const Runs within = runs_within(state_.next_record, limit);
    const std::vector<RecordRun>& runs = within.runs;
    if (runs.empty() && request_.volume_size != 0) throw too_small();
    if (runs.empty() && !is_first) return std::nullopt;
    if (runs.empty()) {
      throw no_room(target_, fmt::format("{} of parcel {}", next_name(), id_.str()), least_needed(),
                    room);
    }
    volume.number = state_.number;
    volume.of = state_.number - 1 + static_cast<std::uint32_t>(runs.size());
    volume.run = runs.front();
    require_few(volume.of);
    volume.cut = state_.cut ? *state_.cut
                            : cut_id(cut_.header().label_digest, within.volume_size,
                                     static_cast<std::uint8_t>(spares_));
    needed = needed_for(size_of(volume.run));
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

std::optional<VolumeWriter::Volume> VolumeWriter::planned_spare(std::uint64_t room,
                                                                bool is_first) const {
  // With another volume on one medium it would be lost with that.
  if (!is_first && request_.volume_size == 0) return std::nullopt;
  Volume volume = next_spare();
  const std::uint64_t needed = needed_for(size_of(volume));
  if (request_.volume_size != 0 && needed > request_.volume_size) {
    throw Error(ErrorCode::usage, fmt::format("--volume-size {}", request_.volume_size),
                fmt::format("is too small for {}: as long as the longest volume of its set, it "
                            "needs {} bytes",
                            next_name(), needed))
        .with_hint(fmt::format("give --volume-size {} or more", needed));
  }
  if (needed > room) {
    if (!is_first) return std::nullopt;
    throw no_room(target_, fmt::format("{} of parcel {}", next_name(), id_.str()), needed, room)
        .with_hint(
            "it is as long as the longest volume of its set: insert a medium as large as "
            "that one's, then run the same command");
  }
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
  const auto lying = request_.anew ? std::vector<Lying>{} : lying_on(medium);
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
  VolumeBytes bytes = bytes_of(volume);
  // For a stream recovery data is made before what it protects is written and read back, in about
  // as much time as either; else meanwhile.
  const unsigned before = recovery_ > 0 && is_stream_ ? 1 : 0;
  const auto in_phases = [&progress, count = before + 2](unsigned from) {
    return [&progress, count, from](ProgressEvent event) {
      event.phase_index += from;
      event.phase_count = count;
      report(progress, event);
    };
  };
  if (recovery_ > 0) {
    bytes = request_.protect(std::move(bytes), recovery_, is_stream_, in_phases(0));
  }
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
    copy.spares = spares_;
    copy.first_record = volume.run.first;
    copy.end_record = volume.run.end;
    if (only_ && volume.number == 1) copy.note = kAgain;
  }
  WrittenVolume written;
  try {
    written.proved = medium.write_proved(bytes, name_of(volume), in_phases(before));
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
  written.is_of_about = is_about();
  now_.push_back(std::move(written));
}

void VolumeWriter::advance(const Volume& volume, const ParcelCopy& copy) {
  if (only_) return;
  state_.written.push_back(copy);
  volumes_ = volume.of;
  state_.cut = volume.cut;
  state_.number = volume.number + 1;
  state_.next_record = volume.is_whole ? cut_.end_record() : volume.run.end;
  const std::uint32_t last =
      spares_ == 0 || volume.is_whole ? state_.number - 1 : volume.of + spares_;
  is_done_ = state_.next_record == cut_.end_record() && state_.number > last;
}

}  // namespace courier
