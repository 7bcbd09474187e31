// Share: one folder of a distribution point, opened and known to be the right one.
//
// Everything is reached beneath the descriptors opened here, so that a drive that is swapped in the
// middle of the work is noticed by its errors and never written into. Layout: dp_mark.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/entropy.h"
#include "base/file_system.h"
#include "distribution/dp_mark.h"

namespace courier {

inline constexpr std::string_view kCourierFolder = ".courier";

// The mark at `path`, or nullopt when there is none. Errors: not_found (no such folder), damaged.
std::optional<DpMark> read_mark(FileSystem& fs, const std::string& path);

// Leaves the mark of `site` and `dp` on the folder at `path`, which must exist, and finds out how
// versions can be swapped there. `id`: of the DP's other drives; empty: a new one. The same mark
// again is kept as it is.
// Errors: not_allowed, when another DP of this site, or another site and not take_over, has its
// mark there (names it); device, no_space. Ensures: after a failure the old mark stands.
DpMark claim_share(FileSystem& fs, Entropy& entropy, const std::string& path, const SiteCode& site,
                   const std::string& dp, const std::string& id, Time now, bool take_over);

// Takes the mark of `site` and `dp` away, so that the folder is free; what else lies there stays.
// Another mark, or none, is left alone.
void release_share(FileSystem& fs, const std::string& path, const SiteCode& site,
                   const std::string& dp);

class Share {
 public:
  // Errors: device, "not reachable: …", when the folder is not there, has no mark, or has a mark
  // that is not the one expected (site, dp and, unless empty, id).
  static Share open(FileSystem& fs, const std::string& path, const SiteCode& site,
                    const std::string& dp, const std::string& id);

  const DpMark& mark() const { return mark_; }
  const std::string& path() const { return path_; }
  const Fd& dir() const { return dir_; }
  const Fd& staging() const { return staging_; }
  FileSystem& fs() const { return *fs_; }

  // Tries whether files can be made and removed. Errors: device, no_space.
  void prove_writable() const;
  SpaceInfo space() const { return fs_->space(dir_); }

  // What the share says about itself. Errors: device, naming a record that cannot be read.
  std::optional<ServedRecord> served(const PackageId& package) const;
  std::vector<ServedRecord> all_served() const;
  void write_served(const ServedRecord& record) const;  // durable
  void forget_served(const PackageId& package) const;   // durable

  // A name for something new in staging that nothing there has.
  std::string new_staging_name(Entropy& entropy, const std::string& what) const;
  // Removes from staging all that no swap under way names. Returns how many. Under the home's lock.
  std::size_t sweep() const;

  // The record file's name: "PUN00020.json".
  static std::string record_name(const PackageId& package);

 private:
  Share() = default;
  FileSystem* fs_ = nullptr;
  std::string path_;
  Fd dir_, staging_, served_;
  DpMark mark_;
};

}  // namespace courier
