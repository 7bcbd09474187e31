// Transfer: brings one package version onto one share: stage -> read back -> serve.
//
//   staging/ID-v2-xxxx   written by store's write_tree (identical files linked), synced
//   read back            every file past the page cache, chunk by chunk, against the version's
//   tree;
//                        when it differs and files were linked: once more, with every file copied
//   serve_staged         the only step that readers see (share_swap.h)
// Nothing else of this room writes content. It knows no ledger: states are the manager's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/progress.h"
#include "distribution/share.h"
#include "store/tree_writer.h"

namespace courier {

class Error;
class Store;

inline constexpr const char* kCopyingAgain = "a linked file was damaged: copying every file";

struct TransferOrder {
  PackageId package;
  std::uint32_t version = 0;
  Digest root;
  std::string folder;       // the package ID, or its share name
  bool every_file = false;  // redistribute: nothing is linked
  std::uint64_t reserve_bytes = 0;
  TreeWriteOptions as;  // owner, mode, setuid bits
  ProgressSink progress;
  // Asked between files and before the swap; throws to stop the transfer.
  std::function<void()> checkpoint;
  // Told where the transfer stands: "copying", "verifying", "publishing"; between the last two,
  // when what was linked differs, kCopyingAgain and "verifying".
  std::function<void(const std::string& phase)> phase;
  // Told before that of what was linked and differs: by the second "verifying" it is a copy.
  std::function<void(const Error& cause)> linked_differs;
};

struct TransferResult {
  std::uint64_t files_present = 0;  // linked or shared with what was on the share
  std::uint64_t files_copied = 0;
  std::uint64_t bytes_copied = 0;
  std::uint64_t attributes_lost = 0;  // entries whose extended attributes the share cannot hold
};

// Errors: no_space, before anything is written, with the bytes needed and free, or while writing;
// incomplete, damaged, when the store does not hold the content (subject "package …"); device, when
// the share fails, a file read back differs (names it), or a name cannot be held there (names it);
// not_allowed, when a folder made by hand is in the way.
// Ensures: whatever happens the share serves the old version or the new one, whole; what was staged
// is gone, or goes with the next sweep.
TransferResult transfer(Store& store, const Share& share, Entropy& entropy,
                        const TransferOrder& order);

}  // namespace courier
