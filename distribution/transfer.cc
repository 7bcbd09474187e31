#include "distribution/transfer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/durable.h"
#include "base/error.h"
#include "base/phases.h"
#include "distribution/identical_files.h"
#include "distribution/share_swap.h"
#include "store/store.h"
#include "store/tree_verify.h"

namespace courier {
namespace {

constexpr std::uint64_t kEntryOverhead = 4096;  // a block for each entry, as most file systems take

struct Sizes {
  std::uint64_t to_write = kEntryOverhead, whole = kEntryOverhead;
};

Sizes sizes_of(Store& store, const TransferOrder& order, const IdenticalFiles* known) {
  Sizes sizes;
  store.walk(order.root, [&](const SafePath&, const TreeEntry& entry) {
    const std::uint64_t size = kEntryOverhead + (entry.type == EntryType::file ? entry.size : 0);
    const bool is_linked = entry.type == EntryType::file && known && known->knows(entry);
    sizes.whole += size;
    sizes.to_write += is_linked ? kEntryOverhead : size;
  });
  return sizes;
}

// Removes what was staged, unless a record on the share says what is to become of it.
class Staged {
 public:
  Staged(const Share& share, const PackageId& package, std::string name)
      : share_(share), package_(package), name_(std::move(name)) {
    share_.fs().make_dir_at(share_.staging(), name_, 0700);
  }
  ~Staged() {
    try {
      auto record = share_.served(package_);
      if (record && record->swap && record->swap->staged == name_) return;
      remove_tree(share_.fs(), share_.staging(), name_);
    } catch (const Error&) {
      // The next run finishes or sweeps it.
    }
  }
  Staged(const Staged&) = delete;
  const std::string& name() const { return name_; }

 private:
  const Share& share_;
  PackageId package_;
  std::string name_;
};

void check_space(const Share& share, const TransferOrder& order, std::uint64_t needed) {
  const SpaceInfo space = share.space();
  if (needed <= space.free_bytes && order.reserve_bytes <= space.free_bytes - needed) return;
  std::string hint = "make room on " + escaped(share.path());
  if (order.reserve_bytes > 0) {
    hint += ", or keep less of it free: courier dp set " + share.mark().dp + " --reserve SIZE";
  }
  throw Error{ErrorCode::no_space, "distribution point " + share.mark().dp,
              fmt::format("{} ({} bytes) needed, {} ({} bytes) free, {} to be kept in reserve",
                          human_size(needed), needed, human_size(space.free_bytes),
                          space.free_bytes, human_size(order.reserve_bytes))}
      .with_loss("nothing was lost: the share serves what it served before")
      .with_hint(std::move(hint));
}

TreeVerifyReport read_back(Store& store, const Share& share, const TransferOrder& order,
                           const std::string& staged, ProgressSink progress) {
  Fd dir = share.fs().open_at(share.staging(), staged, O_RDONLY | O_DIRECTORY);
  TreeVerifyOptions options;
  options.as = order.as;
  options.progress = std::move(progress);
  return verify_tree(store, share.fs(), order.root, dir, options);
}

Error differs(const Share& share, const TreeVerifyReport& report) {
  std::string what = "read back differs from what was written";
  std::string file = "content";
  if (!report.differences.empty()) {
    file = "file " + escaped(report.differences.front().path);
    what = "read back from the share: " + report.differences.front().what;
  }
  const std::uint64_t count = report.difference_count + report.extra_count;
  if (count > 1) what += fmt::format(" (and {} more)", count - 1);
  return Error{ErrorCode::device, file, what}
      .with_loss("nothing was lost: the share serves what it served before")
      .with_hint("check the drive of " + escaped(share.path()));
}

[[noreturn]] void cannot_hold(const Share& share, const TreeWriteReport& report) {
  const Named& first = report.problems.front();
  std::string what = first.what;
  const std::uint64_t names = report.problem_count - report.attribute_problems;
  if (names > 1) what += fmt::format(" (and {} more)", names - 1);
  throw Error{ErrorCode::device, "file " + escaped(first.path), what}
      .with_loss("nothing was lost: the share serves what it served before")
      .with_hint("put " + escaped(share.path()) +
                 " on a file system that can hold it, or rename it in the source");
}

// Writes the version to staging, synced. known: what is linked; null: every file is copied.
TransferResult write_staged(Store& store, const Share& share, const TransferOrder& order,
                            IdenticalFiles* known, const std::string& staged,
                            ProgressSink progress) {
  TransferResult result;
  Fd dir = share.fs().open_at(share.staging(), staged, O_RDONLY | O_DIRECTORY);
  TreeWriteOptions options = order.as;
  options.progress = std::move(progress);
  options.take = [&](const SafePath&, const TreeEntry& entry, const Fd& into,
                     const std::string& name) {
    if (order.checkpoint) order.checkpoint();
    auto taken = TreeWriteOptions::Taken::no;
    if (known) taken = known->take(entry, into, name, order.as);
    if (taken != TreeWriteOptions::Taken::no) ++result.files_present;
    return taken;
  };
  const TreeWriteReport written = write_tree(store, share.fs(), order.root, dir, options);
  if (written.problem_count > written.attribute_problems) cannot_hold(share, written);
  result.attributes_lost = written.attribute_problems;
  result.files_copied = written.written.files - result.files_present;
  result.bytes_copied = written.written.bytes - written.bytes_taken;
  share.fs().sync_file_system(dir);
  return result;
}

// Stages the version, reads it back and serves it. Nothing when what was linked is not what it
// should be: then the share is as it was.
std::optional<TransferResult> bring(Store& store, const Share& share, Entropy& entropy,
                                    const TransferOrder& order, bool again) {
  const auto phase = [&](const char* name) {
    if (order.phase) order.phase(name);
  };
  std::optional<IdenticalFiles> known;
  if (!order.every_file && !again) known.emplace(store, share, order.package);
  const Sizes sizes = sizes_of(store, order, known ? &*known : nullptr);
  check_space(share, order, sizes.to_write);
  Phases phases(order.progress);
  const std::size_t writing = phases.add("writing", sizes.to_write);
  const std::size_t verifying = phases.add("verifying", sizes.whole);

  phase(again ? kCopyingAgain : "copying");
  const Staged staged{
      share, order.package,
      share.new_staging_name(entropy, fmt::format("{}-v{}", order.package.str(), order.version))};
  const TransferResult result = write_staged(store, share, order, known ? &*known : nullptr,
                                             staged.name(), phases.next(writing, sizes.to_write));
  if (order.checkpoint) order.checkpoint();

  phase("verifying");
  try {
    const TreeVerifyReport report =
        read_back(store, share, order, staged.name(), phases.next(verifying, sizes.whole));
    if (!report.same()) throw differs(share, report);
  } catch (const Error& error) {
    // Also one that the drive no longer reads.
    if (error.code() != ErrorCode::device || result.files_present == 0) throw;
    if (order.linked_differs) order.linked_differs(error);
    return std::nullopt;
  }

  phase("publishing");
  ServedRecord record;
  record.package = order.package;
  record.folder = order.folder;
  record.version = order.version;
  record.root = order.root;
  serve_staged(share, entropy, record, staged.name());
  return result;
}

}  // namespace

TransferResult transfer(Store& store, const Share& share, Entropy& entropy,
                        const TransferOrder& order) {
  std::optional<TransferResult> result = bring(store, share, entropy, order, false);
  // A file that was linked was damaged on the share. With nothing linked there is an answer.
  if (!result) result = bring(store, share, entropy, order, true);
  if (!result) bug("a version of which nothing was linked, and what was linked differs");
  return *result;
}

}  // namespace courier
