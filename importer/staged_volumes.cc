#include "importer/staged_volumes.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "base/durable.h"
#include "importer/space.h"
#include "importer/volume_set.h"
#include "ledger/incoming_book.h"
#include "media/scratch.h"
#include "media/spare_volume.h"

namespace courier {
namespace {

using Cut = std::array<std::uint8_t, 16>;

constexpr std::size_t kMostCuts = 4;  // of one parcel

std::string all_folder(const ImporterParts& parts) { return parts.home + "/staged"; }

std::string name_of(const VolumeHeader& header) {
  return fmt::format("{}-{}.pcl", to_hex(header.cut), header.number);
}

ByteSource source_of(VolumeBytes bytes) {
  return [bytes = std::move(bytes), offset = std::uint64_t{0}](MutableByteView out) mutable {
    const std::size_t n = bytes.read_at(offset, out);
    offset += n;
    return n;
  };
}

const VolumeHeader* header_of(const OpenOffer& volume) {
  if (volume.offer.standing != Standing::unreadable) return &volume.offer.volume;
  return volume.stated_volume ? &*volume.stated_volume : nullptr;
}

bool is_of_one_volume(const Error& error) {
  return error.code() == ErrorCode::device || error.code() == ErrorCode::damaged ||
         error.code() == ErrorCode::unsupported || error.code() == ErrorCode::not_found;
}

// Whether two spare volumes are of the same set: what they say of it is not signed.
bool is_same_set(const SpareTable& a, const SpareTable& b) {
  return a.cut == b.cut && a.spares == b.spares && a.sizes == b.sizes;
}

}  // namespace

StagedVolumes::StagedVolumes(const ImporterParts& parts, ParcelId id, const Digest& label)
    : parts_(parts), id_(std::move(id)), label_(label) {
  // No folder is made for a parcel that has no spare volumes.
  const std::string path = all_folder(parts_) + "/" + label_.hex();
  const Fd home = open_dir(parts_.fs, parts_.home);
  if (parts_.fs.stat_at(home, "staged/" + label_.hex())) folder_ = open_dir(parts_.fs, path);
}

VolumeBytes StagedVolumes::bytes_of(const Kept& kept) const {
  return bytes_of_file(parts_.fs, parts_.fs.open_at(*folder_, kept.name, O_RDONLY));
}

std::vector<StagedVolumes::Kept> StagedVolumes::list() {
  std::vector<Kept> all;
  if (!folder_) return all;
  for (const DirEntry& entry : parts_.fs.list(*folder_)) {
    if (!entry.name.ends_with(".pcl")) continue;
    Kept kept;
    kept.name = entry.name;
    const VolumeBytes bytes = bytes_of(kept);
    kept.size = bytes.size;
    Bytes beginning(kSpareTableOffset + spare_table_size(kMostVolumesAndSpares));
    beginning.resize(bytes.read_at(0, beginning));
    try {
      if (beginning.size() < kSpareTableOffset) throw Error(ErrorCode::damaged, kept.name, "ends");
      kept.header =
          parse_volume_header(ByteView(beginning).subspan(kFrameHeaderSize, kVolumeHeaderSize));
    } catch (const Error&) {
      // It went bad in the home: the volume comes again, or counts as missing.
      parts_.fs.unlink_at(*folder_, kept.name);
      continue;
    }
    kept.table = find_spare_table(beginning);
    all.push_back(std::move(kept));
  }
  std::ranges::sort(all, {}, [](const Kept& kept) {
    return std::pair{kept.header.cut, kept.header.number};
  });
  return all;
}

// True: it is here, every frame of it whole.
bool StagedVolumes::keep_from(const ByteSource& source, std::uint64_t size,
                              const VolumeHeader& header) {
  if (!folder_) folder_ = make_dirs(parts_.fs, all_folder(parts_) + "/" + label_.hex());
  DurableFile file(parts_.fs, *folder_, name_of(header));
  bool is_home = false;  // which of the two failed
  const ByteSink sink = [&](ByteView bytes) {
    is_home = true;
    file.write(bytes);
    is_home = false;
  };
  try {
    const WholeVolume whole = copy_whole_volume(source, size, sink, "volume");
    const auto& table = whole.table;
    if (whole.header != header || whole.header.label_digest != label_ ||
        (table && table->cut != header.cut) ||
        (table && table->is_of_spare() && table->number() != header.number)) {
      return false;
    }
  } catch (const Error& error) {
    if (is_home || !is_of_one_volume(error)) throw;
    return false;
  }
  file.commit(Replace::always);
  return true;
}

void StagedVolumes::keep(OpenOffer& volume, const VolumeHeader& header) {
  if (folder_ && parts_.fs.stat_at(*folder_, name_of(header))) return;
  const std::uint64_t size = volume.offer.file_bytes;
  try {
    require_space(parts_, size, fmt::format("volume {} of parcel {}", header.number, id_.str()));
  } catch (Error& error) {
    error.in("keeping it for its spare volumes");
    throw;
  }
  std::optional<OfferedVolume> again;
  if (!volume.bytes.read_at) again = offered_again(parts_.fs, volume);
  const VolumeBytes bytes = again ? again->bytes : volume.bytes;
  const ByteSource source = again ? again->source : source_of(bytes);
  if (!source || keep_from(source, size, header) || !bytes.read_at) return;
  if (!volume.repaired) {
    volume.repaired = RepairedVolume::open(parts_.fs, bytes, scratch_folder());
  }
  if (volume.repaired) keep_from(repaired_source(*volume.repaired), size, header);
}

void StagedVolumes::drop_cut(const std::vector<Kept>& kept, const Cut& cut) {
  for (const Kept& volume : kept) {
    if (volume.header.cut == cut) parts_.fs.unlink_at(*folder_, volume.name);
  }
  parts_.fs.sync(*folder_);
}

// Makes the missing volumes of the set of this spare volume, when enough of the others are here.
void StagedVolumes::solve(const Kept& spare, const std::vector<Kept>& kept, SpareHelp& help) {
  const SpareTable& table = *spare.table;
  std::vector<VolumeAtHand> at_hand;
  std::vector<bool> is_here(table.volumes, false);
  for (const Kept& volume : kept) {
    if (volume.header.cut != table.cut) continue;
    VolumeAtHand one;
    if (volume.is_spare()) {
      if (!is_same_set(*volume.table, table)) continue;
      one.table = *volume.table;
    } else {
      one.index = volume.header.number - 1;
      if (one.index >= table.volumes || volume.size != table.sizes[one.index]) continue;
      is_here[one.index] = true;
    }
    one.bytes = bytes_of(volume);
    at_hand.push_back(std::move(one));
  }
  if (at_hand.size() < table.volumes || std::ranges::count(is_here, false) == 0) return;

  std::uint64_t needed = 0;
  std::map<std::uint32_t, std::unique_ptr<DurableFile>> files;
  for (std::uint32_t i = 0; i < table.volumes; ++i) {
    if (is_here[i]) continue;
    VolumeHeader header;
    header.cut = table.cut;
    header.number = i + 1;
    files[i] = std::make_unique<DurableFile>(parts_.fs, *folder_, name_of(header));
    needed += table.sizes[i];
  }
  require_space(parts_, needed, "parcel " + id_.str());
  solve_volumes(table, at_hand,
                [&](std::uint32_t index, ByteView bytes) { files.at(index)->write(bytes); });
  // All or none: where one is not whole, something they were made of is not what it seems.
  for (const auto& [index, file] : files) {
    const VolumeBytes made{table.sizes[index], [&fs = parts_.fs, &fd = file->fd()](
                                                   std::uint64_t offset, MutableByteView out) {
                             return fs.pread(fd, out, offset);
                           }};
    bool is_whole = false;
    try {
      const WholeVolume whole = copy_whole_volume(
          source_of(made), made.size, [](ByteView) {}, "volume");
      is_whole = whole.size == made.size && whole.header.cut == table.cut &&
                 whole.header.number == index + 1 && whole.header.label_digest == label_;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) throw;
    }
    if (is_whole) continue;
    drop_cut(kept, table.cut);
    throw Error(ErrorCode::damaged, "parcel " + id_.str(),
                fmt::format("volume {} cannot be made of the others: one of the volumes and spare "
                            "volumes that were kept for it is not what was written",
                            index + 1))
        .with_loss("nothing was lost: nothing of it was taken in, what was kept for it is dropped")
        .with_hint("insert volume " + std::to_string(index + 1) +
                   " itself, or all volumes again with another spare volume");
  }
  for (const auto& [index, file] : files) {
    file->commit(Replace::always);
    help.solved.push_back(index + 1);
  }
}

SpareHelp StagedVolumes::keep_and_solve(const std::vector<OpenOffer*>& volumes) {
  SpareHelp help;
  std::vector<Kept> kept = list();
  std::vector<Cut> cuts;  // that have spare volumes
  for (const Kept& one : kept) cuts.push_back(one.header.cut);
  for (const OpenOffer* volume : volumes) {
    if (volume->offer.spare_table) cuts.push_back(volume->offer.spare_table->cut);
  }
  std::ranges::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  if (cuts.empty()) return help;
  if (cuts.size() > kMostCuts) {
    // What is on a medium is not signed: it does not fill the home with cuts that nobody made.
    const auto is_kept = [&](const Cut& cut) {
      return std::ranges::any_of(kept, [&](const Kept& one) { return one.header.cut == cut; });
    };
    std::stable_partition(cuts.begin(), cuts.end(), is_kept);
    cuts.resize(kMostCuts);
  }
  std::map<Cut, std::uint32_t> spares;  // that a volume of the cut tells of
  for (OpenOffer* volume : volumes) {
    const VolumeHeader* const header = header_of(*volume);
    if (header == nullptr || volume->is_head_only || !std::ranges::count(cuts, header->cut)) {
      continue;
    }
    if (const auto& table = volume->offer.spare_table) spares[header->cut] = table->spares;
    try {
      keep(*volume, *header);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::no_space && !is_of_one_volume(error)) throw;
      if (!help.problem) help.problem = error;
    }
  }
  kept = list();
  for (const Kept& spare : kept) {
    if (!spare.is_spare()) continue;
    try {
      solve(spare, kept, help);
      if (!help.solved.empty()) break;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::no_space && error.code() != ErrorCode::damaged) throw;
      help.problem = error;
      break;
    }
  }
  if (!help.solved.empty() || help.problem) kept = list();
  for (const Kept& one : kept) {
    if (one.table) spares[one.header.cut] = one.table->spares;
  }
  std::uint32_t fewest = UINT32_MAX;
  for (const auto& [cut, count] : spares) {
    SpareHelp of_cut;
    of_cut.is_known = true;
    of_cut.spares = count;
    std::vector<bool> is_here(count, false);
    std::uint32_t stated = 0;
    for (const Kept& one : kept) {
      if (one.header.cut != cut) continue;
      ++of_cut.here;
      if (one.is_spare()) {
        of_cut.volumes = one.table->volumes;
        if (one.table->row < count) is_here[one.table->row] = true;
      } else {
        ++of_cut.data_here;
        stated = std::max(stated, one.header.of);
      }
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!is_here[i]) of_cut.left.push_back(i + 1);
    }
    if (of_cut.volumes == 0) of_cut.volumes = stated;
    const std::uint32_t more = of_cut.volumes - std::min(of_cut.volumes, of_cut.here);
    if (more >= fewest) continue;
    fewest = more;
    of_cut.solved = help.solved;
    of_cut.problem = help.problem;
    help = std::move(of_cut);
  }
  return help;
}

std::vector<OfferedVolume> StagedVolumes::with_more_than(const RecordRanges& received) {
  std::vector<OfferedVolume> volumes;
  for (const Kept& kept : list()) {
    if (kept.is_spare()) continue;
    RecordRanges stated;
    stated.add(RecordRange{kept.header.first_record, kept.header.end_record});
    if (without(stated, received).empty()) continue;
    OfferedVolume volume;
    volume.path = path_of(*folder_, kept.name);
    volume.bytes = bytes_of(kept);
    volume.size = kept.size;
    volume.source = source_of(volume.bytes);
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

void drop_staged(const ImporterParts& parts, const Digest& label) {
  const Fd home = open_dir(parts.fs, parts.home);
  if (!parts.fs.stat_at(home, "staged/" + label.hex())) return;
  const Fd folder = open_dir(parts.fs, all_folder(parts));
  remove_tree(parts.fs, folder, label.hex());
  parts.fs.sync(folder);
}

void sweep_staged(const ImporterParts& parts) {
  const Fd home = open_dir(parts.fs, parts.home);
  if (!parts.fs.stat_at(home, "staged")) return;
  const Fd folder = open_dir(parts.fs, all_folder(parts));
  IncomingBook incoming{parts.ledger};
  for (const DirEntry& entry : parts.fs.list(folder)) {
    std::optional<Digest> label;
    try {
      label = Digest::from_hex(entry.name);
    } catch (const Error&) {
      // Nothing that this room made.
    }
    const auto row = label ? incoming.find(*label) : std::nullopt;
    if (row && row->state == IncomingState::incomplete) {
      sweep_temporary(parts.fs, open_dir(parts.fs, all_folder(parts) + "/" + entry.name));
    } else {
      remove_tree(parts.fs, folder, entry.name);
    }
  }
}

}  // namespace courier
