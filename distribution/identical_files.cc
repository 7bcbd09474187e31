#include "distribution/identical_files.h"

#include <fcntl.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "store/store.h"

namespace courier {

struct IdenticalFiles::Impl {
  Impl(Store& s, const Share& sh) : store(s), share(sh) {}

  struct Place {
    std::uint32_t folder;  // index into folders
    std::string path;      // beneath it
  };

  void add(const ServedRecord& record) {
    if (record.version == 0 || record.root.is_zero() || places.size() >= kMaxKnownFiles) return;
    folders.push_back(record.folder);
    const auto folder = static_cast<std::uint32_t>(folders.size() - 1);
    try {
      store.walk(record.root, [&](const SafePath& path, const TreeEntry& entry) {
        if (entry.type != EntryType::file || entry.form == ContentForm::none) return;
        if (places.size() < kMaxKnownFiles) {
          places.try_emplace(entry.content, Place{folder, path.str()});
        }
      });
    } catch (const Error&) {
      // Its tree is no longer whole in the store: its files are not known, and copied.
    }
  }

  // The open file that should hold the entry's content; none when it cannot.
  Fd found(const TreeEntry& entry, std::string& path) {
    auto place = places.find(entry.content);
    if (place == places.end()) return {};
    path = folders[place->second.folder] + "/" + place->second.path;
    try {
      Fd file = share.fs().open_at(share.dir(), path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
      const struct stat status = share.fs().stat(file);
      const bool fits =
          S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == entry.size;
      return fits ? std::move(file) : Fd{};
    } catch (const Error&) {
      return {};  // what cannot be opened is copied
    }
  }

  bool same_metadata(const TreeEntry& entry, const Fd& file, const TreeWriteOptions& as) {
    const struct stat found = share.fs().stat(file);
    const uid_t uid = as.owner ? *as.owner : geteuid();
    const gid_t gid = as.group ? *as.group : getegid();
    if ((found.st_mode & 07777) != written_mode(entry, as) || found.st_uid != uid ||
        found.st_gid != gid || found.st_mtim.tv_sec != entry.mtime ||
        static_cast<std::uint32_t>(found.st_mtim.tv_nsec) != entry.mtime_ns) {
      return false;
    }
    return !as.xattrs || share.fs().xattrs(file) == entry.xattrs;
  }

  // Links by name, then makes sure that the name still was the file that was looked at.
  bool link(const Fd& file, const std::string& path, const Fd& dir, const std::string& name) {
    try {
      share.fs().link_at(share.dir(), path, dir, name);
    } catch (const Error&) {
      return false;  // no hard links here, or too many of them
    }
    const struct stat looked_at = share.fs().stat(file);
    auto linked = share.fs().stat_at(dir, name);
    if (linked && linked->st_ino == looked_at.st_ino && linked->st_dev == looked_at.st_dev)
      return true;
    share.fs().unlink_at(dir, name);
    return false;
  }

  bool reflink(const Fd& file, const Fd& dir, const std::string& name) {
    Fd copy = share.fs().open_at(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    bool shared = false;
    try {
      shared = share.fs().reflink(file, copy);
    } catch (const Error&) {
    }
    if (!shared) {
      copy.close();
      share.fs().unlink_at(dir, name);
    }
    return shared;
  }

  Store& store;
  const Share& share;
  std::vector<std::string> folders;
  std::unordered_map<Digest, Place> places;
  bool can_reflink = true;
};

IdenticalFiles::IdenticalFiles(Store& store, const Share& share, const PackageId& package)
    : impl_(std::make_unique<Impl>(store, share)) {
  std::vector<ServedRecord> records = share.all_served();
  std::stable_partition(records.begin(), records.end(),
                        [&](const ServedRecord& record) { return record.package == package; });
  for (const ServedRecord& record : records) impl_->add(record);
}

IdenticalFiles::~IdenticalFiles() = default;

bool IdenticalFiles::knows(const TreeEntry& entry) const {
  return entry.type == EntryType::file && impl_->places.contains(entry.content);
}

TreeWriteOptions::Taken IdenticalFiles::take(const TreeEntry& entry, const Fd& dir,
                                             const std::string& name, const TreeWriteOptions& as) {
  std::string path;
  const Fd file = impl_->found(entry, path);
  if (!file) return TreeWriteOptions::Taken::no;
  if (impl_->same_metadata(entry, file, as) && impl_->link(file, path, dir, name)) {
    return TreeWriteOptions::Taken::shared;
  }
  if (impl_->can_reflink) {
    impl_->can_reflink = impl_->reflink(file, dir, name);
    if (impl_->can_reflink) return TreeWriteOptions::Taken::copied;
  }
  return TreeWriteOptions::Taken::no;
}

}  // namespace courier
