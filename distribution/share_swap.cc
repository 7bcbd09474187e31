#include "distribution/share_swap.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/error.h"

namespace courier {
namespace {

bool is_there(const Share& share, const Fd& dir, const std::string& name) {
  return share.fs().stat_at(dir, name).has_value();
}

// Moving a folder to another parent changes the folder itself: whoever is not root needs to be
// allowed to write it. Gives that for the time of the move, and takes it back.
class Movable {
 public:
  Movable(const Share& share, const Fd& dir, const std::string& name) : share_(share) {
    auto status = share.fs().stat_at(dir, name);
    if (geteuid() == 0 || !status || !S_ISDIR(status->st_mode) || (status->st_mode & S_IWUSR)) {
      return;
    }
    folder_ = share.fs().open_at(dir, name, O_RDONLY | O_DIRECTORY);
    mode_ = status->st_mode & 07777;
    share.fs().set_mode(folder_, mode_ | S_IWUSR);
  }
  ~Movable() {
    if (!folder_) return;
    try {
      share_.fs().set_mode(folder_, mode_);
    } catch (const Error&) {
      // One bit too many for the owner; validation names it.
    }
  }
  Movable(const Movable&) = delete;

 private:
  const Share& share_;
  Fd folder_;
  mode_t mode_ = 0;
};

// A rename onto a name that must be free. File systems without NOREPLACE are asked first: the
// home's lock keeps other couriers out, and what a person makes in that instant is a folder in a
// folder.
void rename_to_free(const Share& share, const Fd& from_dir, const std::string& from,
                    const Fd& to_dir, const std::string& to) {
  Movable movable{share, from_dir, from};
  if (share.fs().rename_at(from_dir, from, to_dir, to, RENAME_NOREPLACE)) return;
  if (is_there(share, to_dir, to)) {
    throw Error{ErrorCode::not_allowed, "folder " + escaped(to), "is in the way on the share"};
  }
  share.fs().rename_at(from_dir, from, to_dir, to, 0);
}

void sync_names(const Share& share) {
  share.fs().sync(share.dir());
  share.fs().sync(share.staging());
}

// A failure here leaves only what the next sweep removes, and the version is served already.
void remove_leftover(const Share& share, const std::string& staged) {
  try {
    remove_tree(share.fs(), share.staging(), staged);
  } catch (const Error&) {
  }
}

// False when the file system has no exchange.
bool exchange(const Share& share, const std::string& staged, const ServedRecord& record) {
  Movable staged_movable{share, share.staging(), staged};
  Movable served_movable{share, share.dir(), record.folder};
  return share.fs().rename_at(share.staging(), staged, share.dir(), record.folder, RENAME_EXCHANGE);
}

// Two renames; when the second fails the old version is put back, so that it is served on.
void replace_by_two_renames(const Share& share, const std::string& folder,
                            const ServedRecord::Swap& swap) {
  rename_to_free(share, share.dir(), folder, share.staging(), swap.retired);
  try {
    rename_to_free(share, share.staging(), swap.staged, share.dir(), folder);
  } catch (const Error&) {
    try {
      rename_to_free(share, share.staging(), swap.retired, share.dir(), folder);
    } catch (const Error&) {
      // The record names both: the next run finishes the swap.
    }
    throw;
  }
}

// Steps 3 and 4, and the folder of a former share name. Precondition: record.folder is the new one.
void settle(const Share& share, ServedRecord record) {
  const ServedRecord::Swap swap = *record.swap;
  if (record.former && is_there(share, share.dir(), *record.former) &&
      !is_there(share, share.staging(), swap.retired)) {
    rename_to_free(share, share.dir(), *record.former, share.staging(), swap.retired);
  }
  sync_names(share);
  record.swap.reset();
  record.former.reset();
  share.write_served(record);
  remove_leftover(share, swap.staged);
  remove_leftover(share, swap.retired);
}

// Goes on from what is on the disk. What is served stays served; see the header.
void finish_swap(const Share& share, ServedRecord record) {
  const ServedRecord::Swap swap = *record.swap;
  const bool new_there = is_there(share, share.staging(), swap.staged);
  const bool folder_there = is_there(share, share.dir(), record.folder);
  if (!folder_there && new_there) {
    rename_to_free(share, share.staging(), swap.staged, share.dir(), record.folder);
  } else if (folder_there && new_there) {
    // Before the exchange or after it: nothing here tells the two apart, but each is a whole
    // version. Which one is not known, so that none is claimed; the transfer runs again.
    record.version = 0;
    record.root = Digest{};
  } else if (!folder_there && is_there(share, share.staging(), swap.retired)) {
    rename_to_free(share, share.staging(), swap.retired, share.dir(), record.folder);
    record.version = 0;
    record.root = Digest{};
  }
  settle(share, record);
}

}  // namespace

void serve_staged(const Share& share, Entropy& entropy, ServedRecord record,
                  const std::string& staged) {
  auto old = share.served(record.package);
  if (old && old->swap) {
    finish_swap(share, *old);
    old = share.served(record.package);
  }
  const bool is_ours = old && old->folder == record.folder;
  const bool folder_there = is_there(share, share.dir(), record.folder);
  if (folder_there && !is_ours) {
    std::string owner = "exists and was not put there by courier";
    for (const ServedRecord& other : share.all_served()) {
      if (other.folder == record.folder) owner = "belongs to package " + other.package.str();
    }
    throw Error{ErrorCode::not_allowed, "folder " + escaped(share.path() + "/" + record.folder),
                owner}
        .with_hint("move that folder away, or give the package another share name");
  }
  if (old && !is_ours) record.former = old->folder;
  record.swap =
      ServedRecord::Swap{staged, share.new_staging_name(entropy, "old-" + record.package.str())};
  share.write_served(record);

  if (!folder_there) {
    rename_to_free(share, share.staging(), staged, share.dir(), record.folder);
  } else if (share.mark().swap == SwapMeans::two_renames || !exchange(share, staged, record)) {
    replace_by_two_renames(share, record.folder, *record.swap);
  }
  settle(share, record);
}

void stop_serving(const Share& share, Entropy& entropy, const PackageId& package) {
  auto record = share.served(package);
  if (!record) return;
  if (record->swap) {
    finish_swap(share, *record);
    record = share.served(package);
  }
  if (is_there(share, share.dir(), record->folder)) {
    const std::string gone = share.new_staging_name(entropy, "gone-" + package.str());
    rename_to_free(share, share.dir(), record->folder, share.staging(), gone);
    sync_names(share);
    share.forget_served(package);
    remove_tree(share.fs(), share.staging(), gone);
  } else {
    share.forget_served(package);
  }
}

std::size_t finish_swaps(const Share& share) {
  std::size_t finished = 0;
  for (const ServedRecord& record : share.all_served()) {
    if (!record.swap) continue;
    finish_swap(share, record);
    ++finished;
  }
  share.sweep();
  return finished;
}

}  // namespace courier
