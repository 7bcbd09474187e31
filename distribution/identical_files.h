// IdenticalFiles: which files of a share hold content that a new version needs, so that it is
// linked or shared instead of copied (B55).
//
// The trees of the packages on the share, as the store knows them, say where content should be; no
// file is believed: whoever links it reads back the whole new version, past the page cache, before
// it is served. (Read and hashed before it was linked as well, it was read twice: most of the time
// of a small increment.) A hard link only where all metadata are what the new entry asks for; else
// a reflink; else nothing, and the content is written from the store. Bounded: beyond
// kMaxKnownFiles further files of other packages are simply copied.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "distribution/share.h"
#include "store/tree_writer.h"

namespace courier {

class Store;

inline constexpr std::size_t kMaxKnownFiles = 250'000;

class IdenticalFiles {
 public:
  // Lists what `share` should hold, `package` first. Records without a version are passed over.
  IdenticalFiles(Store& store, const Share& share, const PackageId& package);
  ~IdenticalFiles();

  // Whether some file on the share should have this content: for the space that is needed.
  bool knows(const TreeEntry& entry) const;

  // Puts identical content in place as `name` in `dir`: TreeWriteOptions::take. `as`: how the new
  // tree is written (owner, mode).
  TreeWriteOptions::Taken take(const TreeEntry& entry, const Fd& dir, const std::string& name,
                               const TreeWriteOptions& as);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
