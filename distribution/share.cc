#include "distribution/share.h"

#include <fcntl.h>

#include <algorithm>

#include "base/durable.h"
#include "base/error.h"
#include "base/safe_path.h"

namespace courier {
namespace {

constexpr std::string_view kMarkName = "dp.json";

std::string hex_of_random(Entropy& entropy, std::size_t bytes) {
  Bytes random(bytes);
  entropy.fill(random);
  return to_hex(random);
}

std::optional<DpMark> read_mark_at(FileSystem& fs, const Fd& share) {
  const std::string path = std::string(kCourierFolder) + "/" + std::string(kMarkName);
  auto folder = fs.stat_at(share, kCourierFolder);
  if (!folder) return std::nullopt;
  if (!S_ISDIR(folder->st_mode)) {
    throw Error{ErrorCode::damaged, "mark .courier/dp.json", ".courier is not a folder"};
  }
  auto file = fs.stat_at(share, path);
  if (!file) return std::nullopt;
  return DpMark::parse(read_file(fs, share, path, kMaxMarkSize));
}

// Makes a folder beneath `parent` unless it is there, and opens it.
Fd need_dir(FileSystem& fs, const Fd& parent, std::string_view name, mode_t mode) {
  if (!fs.stat_at(parent, name)) {
    fs.make_dir_at(parent, name, mode);
    fs.sync(parent);
  }
  return fs.open_at(parent, name, O_RDONLY | O_DIRECTORY);
}

// Exchanges two folders made for it; removes them.
SwapMeans probe_swap(FileSystem& fs, const Fd& courier_dir) {
  const std::string first = new_temporary_name();
  const std::string second = new_temporary_name();
  fs.make_dir_at(courier_dir, first, 0700);
  fs.make_dir_at(courier_dir, second, 0700);
  bool exchanged = false;
  try {
    exchanged = fs.rename_at(courier_dir, first, courier_dir, second, RENAME_EXCHANGE);
  } catch (const Error&) {
    // Some network file systems refuse it with their own error: the same answer.
  }
  fs.unlink_at(courier_dir, first, true);
  fs.unlink_at(courier_dir, second, true);
  return exchanged ? SwapMeans::exchange : SwapMeans::two_renames;
}

}  // namespace

std::optional<DpMark> read_mark(FileSystem& fs, const std::string& path) {
  Fd dir = open_dir(fs, path);
  return read_mark_at(fs, dir);
}

DpMark claim_share(FileSystem& fs, Entropy& entropy, const std::string& path, const SiteCode& site,
                   const std::string& dp, const std::string& id, Time now, bool take_over) {
  Fd dir = open_dir(fs, path);
  auto old = read_mark_at(fs, dir);
  if (old && old->site == site && old->dp == dp) return *old;
  if (old && !take_over) {
    const std::string owner =
        "is distribution point " + escaped(old->dp) + " of site " + old->site.str();
    throw Error{ErrorCode::not_allowed, "share " + escaped(path), owner}.with_hint(
        old->site == site ? "remove that distribution point first, or use --take-over"
                          : "use another folder, or --take-over when that site has "
                            "given it up");
  }
  Fd courier_dir = need_dir(fs, dir, kCourierFolder, 0755);
  DpMark mark;
  mark.site = site;
  mark.dp = dp;
  mark.id = id.empty() ? hex_of_random(entropy, 16) : id;
  mark.made = from_seconds(to_seconds(now));
  mark.swap = probe_swap(fs, courier_dir);
  need_dir(fs, courier_dir, "staging", 0700);
  need_dir(fs, courier_dir, "served", 0755);
  write_durably(fs, courier_dir, std::string(kMarkName), as_bytes(mark.encode()), Replace::always,
                0644);
  return mark;
}

void release_share(FileSystem& fs, const std::string& path, const SiteCode& site,
                   const std::string& dp) {
  Fd dir = open_dir(fs, path);
  auto mark = read_mark_at(fs, dir);
  if (!mark || mark->site != site || mark->dp != dp) return;
  Fd courier_dir = fs.open_at(dir, kCourierFolder, O_RDONLY | O_DIRECTORY);
  fs.unlink_at(courier_dir, kMarkName);
  fs.sync(courier_dir);
}

Share Share::open(FileSystem& fs, const std::string& path, const SiteCode& site,
                  const std::string& dp, const std::string& id) {
  const std::string subject = "distribution point " + dp;
  auto unreachable = [&](const std::string& why) {
    return Error{ErrorCode::device, subject, "not reachable: " + why}.with_hint(
        "mount the drive of " + escaped(path) + ", or correct the path with `courier dp set`");
  };
  Share share;
  share.fs_ = &fs;
  share.path_ = path;
  std::optional<DpMark> mark;
  try {
    share.dir_ = open_dir(fs, path);
    mark = read_mark_at(fs, share.dir_);
  } catch (const Error& error) {
    throw unreachable(error.what());
  }
  if (!mark) throw unreachable("there is no mark of Courier on " + escaped(path));
  if (mark->site != site || mark->dp != dp) {
    throw unreachable(escaped(path) + " has the mark of " + mark->site.str() + "/" +
                      escaped(mark->dp));
  }
  if (!id.empty() && mark->id != id) {
    throw unreachable(escaped(path) + " has the mark of another share with the same name");
  }
  share.mark_ = *mark;
  Fd courier_dir = fs.open_at(share.dir_, kCourierFolder, O_RDONLY | O_DIRECTORY);
  share.staging_ = need_dir(fs, courier_dir, "staging", 0700);
  share.served_ = need_dir(fs, courier_dir, "served", 0755);
  return share;
}

void Share::prove_writable() const {
  const std::string name = new_temporary_name();
  fs_->make_dir_at(staging_, name, 0700);
  fs_->unlink_at(staging_, name, true);
}

std::string Share::record_name(const PackageId& package) { return package.str() + ".json"; }

std::optional<ServedRecord> Share::served(const PackageId& package) const {
  const std::string name = record_name(package);
  if (!fs_->stat_at(served_, name)) return std::nullopt;
  // A fault of the share, whatever is wrong with the bytes: nothing of the store is damaged.
  try {
    ServedRecord record = ServedRecord::parse(read_file(*fs_, served_, name, kMaxMarkSize));
    if (record.package == package) return record;
  } catch (const Error& error) {
    throw Error{ErrorCode::device, "share " + escaped(path_),
                "its record .courier/served/" + name + " cannot be read: " + error.what()}
        .with_hint("move that record and the package's folder away, then redistribute");
  }
  throw Error{ErrorCode::device, "share " + escaped(path_),
              "its record .courier/served/" + name + " names another package"}
      .with_hint("move that record and the package's folder away, then redistribute");
}

std::vector<ServedRecord> Share::all_served() const {
  std::vector<ServedRecord> records;
  for (const DirEntry& entry : fs_->list(served_)) {
    if (is_temporary_name(entry.name) || !entry.name.ends_with(".json")) continue;
    auto package = PackageId::try_parse(entry.name.substr(0, entry.name.size() - 5));
    if (!package) continue;
    if (auto record = served(*package)) records.push_back(*record);
  }
  return records;
}

void Share::write_served(const ServedRecord& record) const {
  write_durably(*fs_, served_, record_name(record.package), as_bytes(record.encode()),
                Replace::always, 0644);
}

void Share::forget_served(const PackageId& package) const {
  const std::string name = record_name(package);
  if (!fs_->stat_at(served_, name)) return;
  fs_->unlink_at(served_, name);
  fs_->sync(served_);
}

std::string Share::new_staging_name(Entropy& entropy, const std::string& what) const {
  for (;;) {
    std::string name = what + "-" + hex_of_random(entropy, 6);
    if (!fs_->stat_at(staging_, name)) return name;
  }
}

std::size_t Share::sweep() const {
  std::vector<std::string> kept;
  for (const ServedRecord& record : all_served()) {
    if (!record.swap) continue;
    kept.push_back(record.swap->staged);
    kept.push_back(record.swap->retired);
  }
  sweep_temporary(*fs_, served_);
  std::size_t removed = 0;
  for (const DirEntry& entry : fs_->list(staging_)) {
    if (std::find(kept.begin(), kept.end(), entry.name) != kept.end()) continue;
    remove_tree(*fs_, staging_, entry.name);
    ++removed;
  }
  return removed;
}

}  // namespace courier
