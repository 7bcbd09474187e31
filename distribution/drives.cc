#include "distribution/drives.h"

#include <algorithm>
#include <optional>

#include "base/durable.h"
#include "base/error.h"

namespace courier {
namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_excluded(FileSystem& fs, const Fd& dir) {
  for (const DirEntry& entry : fs.list(dir)) {
    const std::string name = lower(entry.name);
    if (name == "no_courier_on_drive" || name == "no_sms_on_drive.sms") return true;
  }
  return false;
}

}  // namespace

DpDrive look_at_drive(FileSystem& fs, const DpRow& row, const std::string& path,
                      const SiteCode& site) {
  DpDrive drive;
  drive.path = path;
  try {
    drive.mark = read_mark(fs, path);
    Fd dir = open_dir(fs, path);
    const SpaceInfo space = fs.space(dir);
    drive.free_bytes = space.free_bytes;
    drive.total_bytes = space.total_bytes;
    drive.excluded = is_excluded(fs, dir);
    if (!drive.mark) {
      drive.why_not = "there is no mark of Courier on it";
    } else if (drive.mark->site != site || drive.mark->dp != row.name ||
               drive.mark->id != row.mark) {
      drive.why_not =
          "it has the mark of " + drive.mark->site.str() + "/" + escaped(drive.mark->dp);
    } else {
      drive.reachable = true;
    }
  } catch (const Error& error) {
    drive.why_not = error.what();
  }
  return drive;
}

Share open_drive(FileSystem& fs, const DpRow& dp, const SiteCode& site, const std::string& drive) {
  if (std::find(dp.paths.begin(), dp.paths.end(), drive) != dp.paths.end()) {
    return Share::open(fs, drive, site, dp.name, dp.mark);
  }
  std::optional<Share> best;
  std::uint64_t best_free = 0;
  std::optional<Error> first_error;
  for (const std::string& path : dp.paths) {
    try {
      Share share = Share::open(fs, path, site, dp.name, dp.mark);
      if (is_excluded(fs, share.dir())) {
        throw Error{ErrorCode::not_allowed, "share " + escaped(path),
                    "a marker file excludes it from content"};
      }
      const std::uint64_t free = share.space().free_bytes;
      if (!best || free > best_free) {
        best.emplace(std::move(share));
        best_free = free;
      }
    } catch (const Error& error) {
      if (!first_error) first_error = error;
    }
  }
  if (best) return std::move(*best);
  if (!first_error) bug("a distribution point without a path");
  throw *first_error;
}

std::vector<Share> open_reachable_drives(FileSystem& fs, const DpRow& dp, const SiteCode& site) {
  std::vector<Share> shares;
  for (const std::string& path : dp.paths) {
    try {
      shares.push_back(Share::open(fs, path, site, dp.name, dp.mark));
    } catch (const Error&) {
      // Its transfers will say so.
    }
  }
  return shares;
}

}  // namespace courier
