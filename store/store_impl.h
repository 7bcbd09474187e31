// What the parts of the store share. Not for other rooms.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/block_cache.h"
#include "store/chunk_index.h"
#include "store/read_ahead.h"
#include "store/store.h"

namespace courier {

struct Store::Impl {
  FileSystem& fs;
  std::string dir;
  std::unique_ptr<PackStorage> packs;
  ChunkIndex index;
  BlockCache cache;

  Impl(FileSystem& file_system, std::string store_dir, std::unique_ptr<PackStorage> storage)
      : fs(file_system),
        dir(std::move(store_dir)),
        packs(std::move(storage)),
        index(dir + "/index.sqlite") {}

  // Makes the index agree with the packs that are there, by their own indexes.
  void reconcile();
  // The block at a place, authenticated; opened and verified. Errors: damaged (and then the block
  // counts as missing).
  Block read_block(const BlockPlace& place);
  std::shared_ptr<const OpenBlock> open_block(const BlockPlace& place);
  std::shared_ptr<const OpenBlock> open_now(const BlockPlace& place);  // past cache and read-ahead
  // The open block that holds an object, and the object's position in it.
  struct Found {
    std::shared_ptr<const OpenBlock> block;
    std::size_t position = 0;
  };
  // Errors: incomplete; damaged, when every copy that is here is.
  Found find(const Digest& object);
  // Where readers are: what follows in a tree mostly follows in the block that one of them is in.
  // Several, as what was stored before (a file that is there twice) is read between. Only the
  // cache keeps the blocks.
  struct Line {
    std::weak_ptr<const OpenBlock> block;
    std::size_t position = 0;
  };
  std::mutex lines_mutex;
  std::array<Line, 8> lines;  // used last first; under lines_mutex
  std::optional<Found> next_in_line(const Digest& object);
  Bytes read(const Digest& object, DigestKind kind);
  Node read_node(const Digest& digest);

  // Visits the closure of a root. enter: of the root and of each node met, whether to read it;
  // object: of each object (nodes after they were read, their size being known then), chunks once
  // for each node that names them; absent: instead of it for a node or root that cannot be read,
  // with the error.
  struct ClosureVisitor {
    std::function<bool(const Digest& digest)> enter;
    std::function<void(const BlockObject& object)> object;
    std::function<void(const Digest& digest, DigestKind kind, const Error& error)> absent;
    // Called before absent for one that is here as it was sent, but is none: whoever made it made
    // it wrong, and no other copy will do. May be empty.
    std::function<void(const Error& error)> malformed;
  };
  void visit_closure(const Digest& root, const ClosureVisitor& visitor);

  // Adds a durable pack to the index.
  void commit(const FinishedPack& pack) { index.add_pack(pack.name, pack.size, pack.index); }

  // Last: its threads end before what they use.
  ReadAhead ahead{[this](const BlockPlace& place) { return open_now(place); },
                  [this](const BlockRef& ref) { return index.place(ref); }};
};

}  // namespace courier
