// Chunk index: which object lies in which block of which pack. A cache in SQLite: the packs alone
// can make it again, so nothing else is kept in it.
//
// An object may lie in several blocks; the one in the oldest block is used first, and when that
// turns out damaged, the next. Pages are cached up to 64 MiB whatever the size of the store, and
// what was entered last is in memory (object_tiers.h). Rollback journal, not WAL: another courier
// may read while one writes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file_system.h"
#include "store/pack.h"
#include "store/reports.h"

namespace courier {

struct BlockPlace {
  BlockRef ref;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  Digest digest;
  std::uint64_t id = 0;       // of the row; grows with time
  std::uint32_t objects = 0;  // in the block
  bool nodes = false;
  bool damaged = false;
};

// Thread-safe.
class ChunkIndex {
 public:
  // path: DIR/index.sqlite, made when it is missing. Errors: device, no_space; damaged, when it is
  // no index of ours.
  explicit ChunkIndex(const std::string& path);
  ~ChunkIndex();

  // While one lives, lookups share the database's lock instead of taking it each time, which is
  // most of what a lookup costs. It is let go every few thousand lookups, for other couriers.
  class Burst {
   public:
    explicit Burst(ChunkIndex& index);
    ~Burst();
    Burst(const Burst&) = delete;

   private:
    ChunkIndex& index_;
  };

  bool has(const Digest& object);
  std::optional<BlockPlace> locate(const Digest& object);
  // The id alone of the block that locate would name, and the place of a block by its id.
  std::optional<std::uint64_t> block_of(const Digest& object);
  std::optional<BlockPlace> block(std::uint64_t id);
  // The one object whose digest begins with the first `size` bytes of this, at least 8; none when
  // there are several.
  std::optional<Digest> find_name(const Digest& begin, std::size_t size);
  std::optional<BlockPlace> place(const BlockRef& ref);

  // Whether all of a root's closure was here once, and nothing was taken out of the index since.
  bool is_noted_whole(const Digest& root);
  // Changes when another process changes the index, or this one takes something out.
  std::uint64_t version();
  // version: from before it was looked whether it is whole. Nothing is noted when that is
  // past, or nothing can be written now.
  void note_whole(const Digest& root, std::uint64_t version);

  // In one transaction, durable when it returns. A pack known already was written anew: what the
  // index said of it, damage included, is past.
  // sound: which blocks count (empty: all); the others are entered as damaged, without objects.
  void add_pack(const Digest& name, std::uint64_t size, const PackIndex& index,
                const std::vector<bool>& sound = {});
  // All of them in one transaction.
  void add_packs(const std::vector<FinishedPack>& packs);
  void remove_packs(const std::vector<Digest>& packs);
  // The block's objects count as missing, unless they lie elsewhere as well.
  void drop_block(const BlockRef& ref);
  std::vector<Digest> packs();  // sorted
  std::vector<BlockPlace> blocks_of(const Digest& pack);
  StoreStats stats();

 private:
  struct Impl;
  struct Prepared;
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<Prepared> prepared_;  // goes before the database it belongs to
};

}  // namespace courier
