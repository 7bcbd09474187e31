#include "courier/volume_repair.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/durable.h"
#include "base/pipeline.h"
#include "base/volume_header.h"
#include "courier/table.h"
#include "media/medium_errors.h"
#include "media/repaired_copy.h"
#include "media/scratch.h"
#include "parcel/parcel_reader.h"

namespace courier {
namespace {

constexpr std::size_t kCopyBlock = 4u << 20;
constexpr std::size_t kRangesShown = 16;

// Without its head nothing in it can be received.
bool has_damaged_head(const VolumeBytes& volume, const std::string& path) {
  const ByteSource source = [&volume, offset = std::uint64_t{0}](MutableByteView out) mutable {
    const std::size_t n = volume.read_at(offset, out);
    offset += n;
    return n;
  };
  try {
    ParcelReader(confined_frames(source, path), path).read_head();
    return false;
  } catch (const Error& error) {
    return error.code() == ErrorCode::damaged;
  }
}

Error no_recovery_data(const VolumeBytes& volume, const std::string& path) {
  Bytes beginning(kParcelProbeSize);
  beginning.resize(volume.read_at(0, beginning));
  if (!looks_like_parcel(beginning)) return no_parcel_error(path, volume);
  if (has_damaged_head(volume, path)) {
    return Error(ErrorCode::damaged, "file " + escaped(path),
                 "has no recovery data, and it is damaged where a parcel says what it is")
        .with_loss("nothing was changed")
        .with_hint(
            "nothing of it can be taken in: take another copy, or write it again from the "
            "origin's outbox");
  }
  return Error(ErrorCode::not_allowed, "file " + escaped(path), "has no recovery data")
      .with_loss("nothing was changed")
      .with_hint(
          "`courier receive` takes in what is intact, and the return asks for the rest; or "
          "write it again from the origin's outbox");
}

std::string ranges_text(const std::vector<ByteRange>& ranges) {
  std::string text;
  for (const ByteRange& range : ranges) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{}-{}", range.first, range.end - 1);
  }
  return ranges.size() == kRangesShown ? text + " and more" : text;
}

Error beyond_repair(const VolumeRepair& repair) {
  return Error(ErrorCode::damaged, "file " + escaped(repair.path),
               fmt::format("is damaged beyond repair: {} of {} bytes do not come back (bytes {})",
                           repair.found.lost_bytes, repair.volume_bytes, ranges_text(repair.lost)))
      .with_loss("nothing was changed")
      .with_hint(
          "`courier receive` takes in what is intact, and the return asks for the rest; or "
          "try another copy");
}

// What it is worth, for people: damage in one piece is what a scratch or a bad block is.
std::string recovery_words(const RecoverySet& set) {
  const std::uint64_t most = RecoveryLayout(set).parity_cells() * set.cell_size;
  return fmt::format("{} %: repairs up to {} in one piece",
                     100 * set.parity_layers / set.data_layers, human_size(most));
}

// Splits "folder/name".
std::pair<std::string, std::string> folder_and_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

VolumeRepair repair_volume(FileSystem& fs, const VolumeBytes& volume, const std::string& path,
                           const std::function<void(const VolumeBytes& repaired)>& write,
                           const ProgressSink& progress) {
  const auto repaired = RepairedVolume::open(fs, volume, scratch_folder());
  if (!repaired) throw no_recovery_data(volume, path);
  bool is_written = false;
  try {
    write(repaired_copy(fs, *repaired, volume, scratch_folder(), progress));
    is_written = true;
  } catch (const Error&) {
    if (repaired->report().lost_cells == 0) throw;
    repaired->check_volume(progress);
    repaired->check_recovery_data();
  }
  VolumeRepair repair{
      path, repaired->size(), repaired->set(), repaired->report(), repaired->lost(kRangesShown),
      {}};
  if (!is_written) repair.problem = beyond_repair(repair);
  return repair;
}

VolumeRepair repair_file(FileSystem& fs, const std::string& path, const std::string& to,
                         const ProgressSink& progress) {
  const auto folder_and_file = folder_and_name(to);
  const std::string& name = folder_and_file.second;
  const Fd dir = open_dir(fs, folder_and_file.first);
  if (fs.stat_at(dir, name)) {
    throw Error(ErrorCode::not_allowed, "file " + escaped(to), "exists already")
        .with_hint("nothing is ever overwritten: give --to another name");
  }
  require_may_write(dir);
  const VolumeBytes volume = bytes_of_file(fs, fs.open(path, O_RDONLY));
  const auto write = [&](const VolumeBytes& bytes) {
    DurableFile file(fs, dir, name, 0644);
    // Written while the next block is repaired.
    ThreadPool pool(1);
    OrderedStage<Bytes, Bytes> writing(pool, 1, [&file](Bytes block) {
      file.write(block);
      return block;
    });
    ProgressEvent event{"repairing", to, 0, bytes.size, 0, 1};
    Bytes block(kCopyBlock), other(kCopyBlock);
    for (bool is_first = true; event.done < bytes.size; is_first = false) {
      block.resize(kCopyBlock);
      const std::size_t n = bytes.read_at(event.done, block);
      if (n == 0) bug("a repaired volume ends early");
      block.resize(n);
      if (!is_first) other = *writing.pop();
      writing.push(std::move(block));
      block = std::move(other);
      event.done += n;
      report(progress, event);
    }
    writing.close();
    while (writing.pop()) {
    }
    file.commit(Replace::never);
  };
  return repair_volume(fs, volume, path, write, progress);
}

Error advising_repair(FileSystem& fs, Error problem, const VolumeBytes& volume,
                      const std::string& how) {
  if (problem.code() != ErrorCode::damaged || !volume.read_at) return problem;
  try {
    if (!RepairedVolume::open(fs, volume, scratch_folder())) return problem;
  } catch (const Error&) {
    return problem;  // no place for scratch files: what is wrong is still this
  }
  return std::move(problem).with_hint("it has recovery data: `" + how +
                                      "` makes a whole copy of it, and receive repairs by itself");
}

Json repair_json(const VolumeRepair& repair, const std::string& written) {
  Json lost = Json::array();
  for (const ByteRange& range : repair.lost) {
    lost.push_back({{"first", range.first}, {"last", range.end - 1}});
  }
  const RepairReport& found = repair.found;
  return {{"path", json_text(repair.path)},
          {"volume_bytes", repair.volume_bytes},
          {"cell_bytes", repair.set.cell_size},
          {"data_layers", repair.set.data_layers},
          {"parity_layers", repair.set.parity_layers},
          {"cells", found.cells},
          {"repaired_cells", found.repaired_cells},
          {"repaired_bytes", found.repaired_bytes},
          {"lost_cells", found.lost_cells},
          {"lost_bytes", found.lost_bytes},
          {"lost_ranges", std::move(lost)},
          {"damaged_recovery_cells", found.damaged_parity_cells},
          {"unreadable_cells", found.unreadable_cells},
          {"written", written.empty() ? Json() : json_text(written)}};
}

std::string repair_text(const VolumeRepair& repair, const std::string& written) {
  const RepairReport& found = repair.found;
  const auto of_bytes = [](std::uint64_t bytes) {
    return bytes == 0 ? std::string() : human_size(bytes);
  };
  return listing(
      {{"file", repair.path},
       {"volume", human_size(repair.volume_bytes)},
       {"recovery data", recovery_words(repair.set)},
       {"repaired", of_bytes(found.repaired_bytes)},
       {"beyond repair", of_bytes(found.lost_bytes)},
       {"unreadable", of_bytes(found.unreadable_cells * repair.set.cell_size)},
       {"recovery data damaged", of_bytes(found.damaged_parity_cells * repair.set.cell_size)},
       {"written", written},
       {"result", repair.problem       ? "damaged beyond repair"
                  : found.is_damaged() ? "repaired"
                                       : "nothing was damaged"}});
}

}  // namespace courier
