#include "distribution/transfer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/durable.h"
#include "base/error.h"
#include "distribution/identical_files.h"
#include "distribution/share_swap.h"
#include "store/store.h"
#include "store/tree_verify.h"

namespace courier {
namespace {

constexpr std::uint64_t kEntryOverhead = 4096;  // a block for each entry, as most file systems take

std::uint64_t needed_bytes(Store& store, const TransferOrder& order, const IdenticalFiles* known) {
  std::uint64_t bytes = kEntryOverhead;
  store.walk(order.root, [&](const SafePath&, const TreeEntry& entry) {
    bytes += kEntryOverhead;
    if (entry.type == EntryType::file && !(known && known->knows(entry))) bytes += entry.size;
  });
  return bytes;
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

void check_space(Store& store, const Share& share, const TransferOrder& order,
                 const IdenticalFiles* known) {
  const std::uint64_t needed = needed_bytes(store, order, known);
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

void read_back(Store& store, const Share& share, const TransferOrder& order,
               const std::string& staged) {
  Fd dir = share.fs().open_at(share.staging(), staged, O_RDONLY | O_DIRECTORY);
  TreeVerifyOptions options;
  options.as = order.as;
  options.progress = order.progress;
  const TreeVerifyReport report = verify_tree(store, share.fs(), order.root, dir, options);
  if (report.same()) return;
  std::string what = "read back differs from what was written";
  std::string file = "content";
  if (!report.differences.empty()) {
    file = "file " + escaped(report.differences.front().path);
    what = "read back from the share: " + report.differences.front().what;
  }
  const std::uint64_t count = report.difference_count + report.extra_count;
  if (count > 1) what += fmt::format(" (and {} more)", count - 1);
  throw Error{ErrorCode::device, file, what}
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

}  // namespace

TransferResult transfer(Store& store, const Share& share, Entropy& entropy,
                        const TransferOrder& order) {
  auto checkpoint = [&] {
    if (order.checkpoint) order.checkpoint();
  };
  auto phase = [&](const char* name) {
    if (order.phase) order.phase(name);
  };
  std::optional<IdenticalFiles> known;
  if (!order.every_file) known.emplace(store, share, order.package);
  check_space(store, share, order, known ? &*known : nullptr);

  phase("copying");
  TransferResult result;
  Staged staged{
      share, order.package,
      share.new_staging_name(entropy, fmt::format("{}-v{}", order.package.str(), order.version))};
  Fd dir = share.fs().open_at(share.staging(), staged.name(), O_RDONLY | O_DIRECTORY);
  TreeWriteOptions options = order.as;
  options.progress = order.progress;
  options.take = [&](const SafePath&, const TreeEntry& entry, const Fd& into,
                     const std::string& name) {
    checkpoint();
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
  checkpoint();

  phase("verifying");
  read_back(store, share, order, staged.name());

  phase("publishing");
  ServedRecord record;
  record.package = order.package;
  record.folder = order.folder;
  record.version = order.version;
  record.root = order.root;
  serve_staged(share, entropy, record, staged.name());
  return result;
}

}  // namespace courier
