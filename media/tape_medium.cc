#include "media/tape_medium.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/pipeline.h"
#include "base/safe_path.h"
#include "base/volume_header.h"
#include "media/medium_errors.h"
#include "media/proved_write.h"
#include "media/tape_ring.h"
#include "media/xorriso.h"

namespace courier {

namespace {

constexpr std::size_t kMaxRecord = 4u << 20;    // that is read
constexpr std::size_t kRingBytes = 128u << 20;  // between reading and the tape
constexpr std::size_t kMostVolumes = 100'000;
constexpr std::uint64_t kAround = 512u << 10;  // marks, filemarks, padding

bool is_zeros(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t b) { return b == 0; });
}

}  // namespace

struct TapeMedium::Shared {
  std::unique_ptr<TapeDrive> drive;
  std::uint64_t reader = 0;  // the stream that has the tape where it wants it; 0: none
  std::uint64_t streams = 0;

  // To the beginning of a file, wherever the tape stands. False: there is no such file.
  bool go_to(std::uint64_t file) {
    reader = 0;
    drive->rewind();
    return drive->space_files(file);
  }
};

struct TapeMedium::Contents {
  std::vector<VolumeMark> volumes;  // a tape file each
  std::vector<bool> are_parcels;    // as their first record says
  std::optional<Error> foreign;     // what is behind them and is not Courier's
  std::vector<Error> unreadable;    // first records
};

// Reads one volume forwards, and again from where it was when another one had the tape meanwhile.
class TapeMedium::Stream {
 public:
  Stream(std::shared_ptr<Shared> shared, VolumeMark mark)
      : shared_(std::move(shared)), mark_(std::move(mark)), id_(++shared_->streams) {}

  std::size_t read(MutableByteView out) {
    try {
      if (record_.empty()) next_record();
    } catch (Error& error) {
      error.in(fmt::format("reading at byte {} of {}", offset_, name()));
      throw;
    }
    const std::size_t n = std::min(out.size(), record_.size());
    std::copy_n(record_.begin(), n, out.begin());
    record_ = record_.subspan(n);
    offset_ += n;
    return n;
  }
  std::string name() const { return escaped(shared_->drive->name()) + "/" + escaped(mark_.name); }

 private:
  void next_record() {
    if (offset_ == mark_.size) return;
    buffer_.resize(std::clamp<std::size_t>(mark_.record_size, kVolumeMarkSize, kMaxRecord));
    if (shared_->reader != id_) {
      if (!shared_->go_to(mark_.position)) return;
      shared_->drive->read_record(MutableByteView(buffer_).first(kVolumeMarkSize));
      for (std::uint64_t i = 0; i < records_; ++i) shared_->drive->read_record(buffer_);
      shared_->reader = id_;
    }
    const TapeRead read = shared_->drive->read_record(buffer_);
    if (read.kind == TapeRead::Kind::torn) {
      shared_->reader = 0;
      throw Error(ErrorCode::device, escaped(shared_->drive->name()),
                  "ends in the middle of a record")
          .with_hint("what is before that is read; take another copy for the rest");
    }
    // A filemark before the volume's end: the rest is not there.
    if (read.kind != TapeRead::Kind::record) {
      shared_->reader = 0;
      return;
    }
    ++records_;
    record_ = ByteView(buffer_).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(read.size, mark_.size - offset_)));
  }

  std::shared_ptr<Shared> shared_;
  const VolumeMark mark_;
  const std::uint64_t id_;
  Bytes buffer_;
  ByteView record_;  // what of the last record was not handed out
  std::uint64_t records_ = 0, offset_ = 0;
};

TapeMedium::TapeMedium(std::unique_ptr<TapeDrive> drive, std::uint32_t record_size)
    : shared_(std::make_shared<Shared>()), record_size_(record_size) {
  shared_->drive = std::move(drive);
}

TapeMedium::~TapeMedium() = default;

TapeMedium::Contents TapeMedium::walk() {
  Contents contents;
  TapeDrive& drive = *shared_->drive;
  shared_->go_to(0);
  Bytes buffer(kMaxRecord);
  // A drive of fixed blocks gives as much as it is asked for.
  const auto wanted = [&](std::size_t size) {
    return MutableByteView(buffer).first(drive.block_size() == 0 ? kMaxRecord : size);
  };
  bool is_at_end = false;
  while (!is_at_end && contents.volumes.size() < kMostVolumes) {
    TapeRead read;
    try {
      read = drive.read_record(wanted(kVolumeMarkSize));
    } catch (const Error& error) {
      contents.foreign = error;
      return contents;
    }
    const ByteView record = ByteView(buffer).first(read.size);
    // The remains of a copy that was killed.
    if (read.kind == TapeRead::Kind::torn &&
        (!contents.volumes.empty() || begins_like_mark(record))) {
      return contents;
    }
    // Some drives give a record of zeros behind the last one.
    const bool is_end =
        read.kind == TapeRead::Kind::end_of_data || read.kind == TapeRead::Kind::filemark;
    if (is_end || is_zeros(record)) return contents;
    const auto mark = parse_volume_mark(record);
    const std::size_t file = contents.volumes.size();
    if (!mark || mark->position != file || mark->kind == VolumeMark::Kind::raw) {
      contents.foreign =
          Error(
              ErrorCode::not_found, "tape in " + escaped(drive.name()),
              fmt::format("has something that is not Courier's: file {} begins with a record of {} "
                          "bytes, '{}'",
                          contents.volumes.size(), read.size,
                          escaped(as_text(record.first(std::min<std::size_t>(16, record.size()))))))
              .with_hint("check that it is the right tape");
      return contents;
    }
    if (mark->kind == VolumeMark::Kind::tape_end) return contents;
    bool is_parcel = false;
    bool is_at_next = false;
    try {
      const TapeRead first = drive.read_record(
          wanted(std::clamp<std::size_t>(mark->record_size, kVolumeMarkSize, kMaxRecord)));
      is_at_next = first.kind == TapeRead::Kind::filemark;
      is_parcel = looks_like_parcel(
          ByteView(buffer).first(std::min<std::size_t>(first.size, kParcelProbeSize)));
    } catch (const Error& error) {
      contents.unreadable.push_back(error);
    }
    bool is_finished = is_at_next;
    try {
      if (!is_at_next) is_finished = drive.space_files(1);
    } catch (const Error& error) {
      if (contents.unreadable.empty()) contents.foreign = error;
      is_finished = true;  // as far as anybody knows
      is_at_end = true;
    }
    if (!is_finished) return contents;
    contents.volumes.push_back(*mark);
    contents.are_parcels.push_back(is_parcel);
  }
  return contents;
}

MediumIdentity TapeMedium::identity() {
  MediumIdentity identity;
  identity.kind = "tape";
  identity.mount_point = shared_->drive->name();
  const Contents contents = walk();
  if (!contents.volumes.empty()) identity.label = disc_label(contents.volumes.back().name);
  return identity;
}

ScanResult TapeMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  Contents contents = walk();
  ScanResult result;
  if (contents.foreign && contents.volumes.empty()) throw *contents.foreign;
  result.unreadable = std::move(contents.unreadable);
  if (contents.foreign) result.unreadable.push_back(*contents.foreign);
  for (std::size_t i = 0; i < contents.volumes.size(); ++i) {
    if (!contents.are_parcels[i]) continue;
    auto stream = std::make_shared<Stream>(shared_, contents.volumes[i]);
    OfferedVolume volume;
    volume.path = stream->name();
    volume.size = contents.volumes[i].size;
    volume.source = [stream](MutableByteView out) { return stream->read(out); };
    ++result.found;
    each(std::move(volume));
  }
  return result;
}

std::uint64_t TapeMedium::room() {
  const std::uint64_t free = shared_->drive->room();
  const std::uint64_t kept = kAround + free / 1024;  // the lengths of records in a tape's file
  return free - std::min(free, kept);
}

void TapeMedium::write_end(std::uint64_t file) {
  shared_->drive->write_record(
      encode_volume_mark({VolumeMark::Kind::tape_end, file, 0, 0, "end", {}}));
  shared_->drive->write_filemark();
}

struct TapeMedium::Streamed {
  Written written;
  std::uint64_t underruns;
};

TapeMedium::Streamed TapeMedium::write_volume(const VolumeBytes& from, const VolumeMark& mark,
                                              const ProgressSink& progress) {
  TapeDrive& drive = *shared_->drive;
  const std::size_t capacity = std::max<std::size_t>(kRingBytes / mark.record_size, 2);
  TapeRing ring(capacity, capacity * 4 / 5);
  Written written;
  std::thread reader = start_thread([&] {
    try {
      written =
          copy_with_checksums(from,
                              [&](ByteView block) {
                                for (std::size_t n = 0; !block.empty(); block = block.subspan(n)) {
                                  n = std::min<std::size_t>(block.size(), mark.record_size);
                                  // All records are of one size: adapters were seen that spoil one
                                  // of an odd size.
                                  Bytes record = to_bytes(block.first(n));
                                  record.resize(mark.record_size);
                                  ring.push(std::move(record));
                                }
                              },
                              {"writing", mark.name, 0, 0, 0, 2}, {});
      ring.close();
    } catch (...) {
      ring.fail(std::current_exception());
    }
  });
  ProgressEvent event{"writing", mark.name, 0, from.size, 0, 2};
  try {
    report(progress, event);
    drive.write_record(encode_volume_mark(mark));
    while (const auto record = ring.pop()) {
      drive.write_record(*record);
      event.done = std::min<std::uint64_t>(event.done + record->size(), event.total);
      report(progress, event);
    }
    event.phase = "flushing";
    report(progress, event);
    drive.write_filemark();
    write_end(mark.position + 1);
  } catch (Error& error) {
    ring.fail(std::current_exception());
    reader.join();
    if (error.code() != ErrorCode::no_space) throw;
    // A little less than what went onto it, for the next tape ends elsewhere.
    const std::uint64_t fits = event.done / 100 * 98;
    throw Error(ErrorCode::no_space, "tape in " + escaped(drive.name()),
                fmt::format("ends after {} of {} of {}: it holds volumes of {} bytes",
                            in_numbers(event.done), in_numbers(from.size), mark.name, fits))
        .with_hint(fmt::format("run the same command with --volume-size {}", fits));
  } catch (...) {
    ring.fail(std::current_exception());
    reader.join();
    throw;
  }
  reader.join();
  return {written, ring.underruns()};
}

ReadBack TapeMedium::prove(const VolumeMark& mark, const Written& written,
                           const ProgressSink& progress) {
  shared_->drive->forget_caches();
  Stream stream(shared_, mark);
  shared_->reader = 0;
  const VolumeBytes back{mark.size, [&stream](std::uint64_t, MutableByteView out) {
                           std::size_t filled = 0;
                           while (filled < out.size()) {
                             const std::size_t n = stream.read(out.subspan(filled));
                             if (n == 0) break;
                             filled += n;
                           }
                           return filled;
                         }};
  const ReadBack proof =
      compare_back(back, written, {"verifying", mark.name, 0, 0, 1, 2}, progress);
  shared_->reader = 0;
  return proof;
}

ProvedCopy TapeMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                    const ProgressSink& progress) {
  const std::string subject = "tape in " + escaped(shared_->drive->name());
  ProvedCopy copy;
  copy.path = escaped(shared_->drive->name()) + "/" + SafeName::parse(name).str();
  copy.size = from.size;
  const Contents contents = walk();
  for (const VolumeMark& mark : contents.volumes) {
    if (mark.name != name) continue;
    const Written written = copy_with_checksums(from, {}, {"writing", name, 0, 0, 0, 2}, progress);
    if (mark.size != from.size) throw taken_error(copy.path);
    const ReadBack proof = prove(mark, written, progress);
    if (!proof.same) throw taken_error(copy.path);
    copy.was_there = true;
    copy.digest = proof.digest;
    copy.medium = identity();
    return copy;
  }
  if (!contents.unreadable.empty()) throw contents.unreadable.front();
  if (contents.foreign && contents.foreign->code() == ErrorCode::device) throw *contents.foreign;
  if (contents.foreign) {
    throw Error(ErrorCode::not_allowed, contents.foreign->subject(), contents.foreign->happened())
        .with_hint(
            "nothing is ever overwritten: take another tape, or erase this one first "
            "('mt erase')");
  }
  const std::uint64_t free = shared_->drive->room();
  if (from.size > room()) throw no_room_error(subject, from.size, free);

  const VolumeMark mark{
      VolumeMark::Kind::tape, contents.volumes.size(), from.size, record_size_, name, {}};
  try {
    shared_->go_to(contents.volumes.size());
    const auto [written, underruns] = write_volume(from, mark, progress);
    copy.underruns = underruns;
    const ReadBack proof = prove(mark, written, progress);
    if (!proof.same) throw spoilt_error(subject, name, proof, written.size);
    copy.digest = proof.digest;
  } catch (const Error&) {
    // The tape ends where it did before.
    try {
      shared_->go_to(contents.volumes.size());
      write_end(contents.volumes.size());
    } catch (const Error&) {
      // Then the volume's own missing end says it.
    }
    throw;
  }
  copy.medium = identity();
  return copy;
}

}  // namespace courier
