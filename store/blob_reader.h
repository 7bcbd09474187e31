// BlobReader: a file's content out of the store, streamed in order, each chunk verified.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "store/tree.h"

namespace courier {

class Store;

class BlobReader {
 public:
  // Precondition: entry.type is file. Lives no longer than store.
  BlobReader(Store& store, const TreeEntry& entry);
  ~BlobReader();

  std::uint64_t size() const;
  // The next chunk; empty at the end. Valid until the next call.
  // Errors: incomplete, when a chunk or list node is not here; damaged, when it is but broken (it
  // counts as missing from then on) or when the sizes do not add up to the entry's.
  ByteView next_chunk();
  // Fills out; fewer bytes at the end only. Errors: as next_chunk.
  std::size_t read(MutableByteView out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The chunks of a file in order, without their bytes. Lists are read node by node.
class ChunkLister {
 public:
  ChunkLister(Store& store, const TreeEntry& entry);
  ~ChunkLister();
  // False at the end. Errors: as BlobReader.
  bool next(ChunkRef& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
