// Store: the content store of one home. Objects (chunks, nodes, roots) named by digest, gathered
// into blocks, in packs; a chunk index that the packs can make again; snapshot, reading, closure,
// check and gc.
//
// Crash rule: a pack is durable before the index knows it, and the index is committed before the
// caller commits its ledger. A complete pack that the index does not know is indexed when the store
// is opened for writing; only temporary names are swept.
//
// One process at a time opens a store for writing, under the home's lock. Reading calls are
// thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "base/safe_path.h"
#include "store/blob_reader.h"
#include "store/block.h"
#include "store/object_set.h"
#include "store/pack_storage.h"
#include "store/reports.h"
#include "store/tree.h"

namespace courier {

struct BaseRange;

class Store {
 public:
  struct Impl;  // shared by the store's own files
  enum class Access { read, write };

  // Opens HOME/store, making it if it is missing. packs: null for the folder dir/packs.
  // Access::write sweeps temporary files and brings the index up to the packs that are there.
  // Errors: device, no_space; damaged, when the index is no index (hint: rebuild-index).
  static Store open(FileSystem& fs, const std::string& dir, Access access,
                    std::unique_ptr<PackStorage> packs = nullptr);
  // Makes the index again from the packs alone, reading every block; works without opening first.
  // Blocks that are damaged are left out and reported.
  static CheckReport rebuild_index(FileSystem& fs, const std::string& dir,
                                   std::unique_ptr<PackStorage> packs = nullptr,
                                   const ProgressSink& progress = {});
  Store(Store&&) noexcept;
  ~Store();

  // Takes a folder or a single file (which becomes a folder of one file) into the store.
  // Errors: not_found, the source; not_allowed, a file that changes while it is read (by name,
  // twice tried); device, entries that cannot be read, unless skipped; no_space.
  // Ensures: when it returns, packs and index are durable. After a failure the packs finished are
  // found by the next snapshot (at the latest once the store is opened again), or left to gc.
  SnapshotResult snapshot(const std::string& source, const SnapshotOptions& options = {});

  // The same of a stream, read to its end: a folder of one file. Errors: damaged, a name that no
  // file can have; device; no_space.
  SnapshotResult snapshot(const Fd& stream, const StreamName& named,
                          const SnapshotOptions& options = {});

  bool has(const Digest& object);
  // One object, verified. Errors: incomplete, when it is not here; damaged, naming pack and block,
  // when the block is broken: it counts as missing from then on.
  Bytes read(const Digest& object, DigestKind kind);
  Node read_node(const Digest& node);
  RootObject read_root(const Digest& root);
  std::unique_ptr<BlobReader> open_file(const TreeEntry& file);
  // The ranges that a block is coded against (block_against.h), one after the other; verified.
  // Errors: damaged, before anything is read, when they are more than a block may have; incomplete,
  // naming the object, when one is not here or not as large as the range; damaged, as read.
  Bytes read_base(const std::vector<BaseRange>& ranges);
  // Puts the whole digest in the place of each one's first kShortName bytes (lean_block.h).
  // Errors: incomplete, when not just one object here is named so.
  std::vector<BaseRange> complete_names(std::vector<BaseRange> ranges);
  // Writes the tree into dir, a folder that is empty or does not exist yet, and syncs it.
  // Returns the names the target could not hold. Errors: not_allowed, when dir is not empty; as
  // write_tree.
  std::vector<Named> export_tree(const Digest& root, const std::string& dir,
                                 const ProgressSink& progress = {});
  // The entry at path, nullopt when there is none. Errors: incomplete, damaged.
  std::optional<TreeEntry> find(const Digest& root, const SafePath& path);
  // Calls entry for everything below the root folder, parents first, sorted by name within each
  // folder; leave after the last entry of each folder below the root. Errors: incomplete, damaged.
  using Visit = std::function<void(const SafePath& path, const TreeEntry& entry)>;
  void walk(const Digest& root, const Visit& entry, const Visit& leave = {});

  // What of the root's closure is not here. Damaged nodes count as missing. limit: of the list.
  ClosureResult missing(const Digest& root, std::size_t limit = 10'000);
  // Every object of the closure, each node once, a chunk once for each node that names it. Nodes
  // that are not here are named and not entered.
  // skip: what it says yes to is passed over, with what hangs only on it. Of several roots each
  // node comes once.
  void for_each_object(const std::vector<Digest>& roots,
                       const std::function<void(const BlockObject&)>& each,
                       const std::function<bool(const Digest&)>& skip = {});
  void for_each_object(const Digest& root, const std::function<void(const BlockObject&)>& each,
                       const std::function<bool(const Digest&)>& skip = {});
  // Adds the closure of root to `into`, without the objects that `except` holds. Nodes that are in
  // `except` are entered all the same: a site may hold a node and lack a chunk below it.
  // Errors: incomplete, when a node that has to be entered is not here; damaged.
  void add_closure(const Digest& root, ObjectSet& into, const ObjectSet* except = nullptr);

  // Where an object lies, nullopt when it is not here.
  std::optional<BlockRef> locate(const Digest& object);
  // The block as it is stored, checked against its pack's digest of it, not yet opened.
  // Errors: not_found; damaged, as read.
  Block read_block(const BlockRef& ref);
  // Several, whose digests are made side by side, several times as fast as one after the other.
  std::vector<Block> read_blocks(const std::vector<BlockRef>& refs);
  // The same, opened and verified: the bytes of its objects one after the other. Kept in a bounded
  // cache, so that several readers of one block open it once.
  struct OpenBlock {
    std::vector<BlockObject> objects;
    std::vector<std::uint32_t> offsets;
    Bytes raw;
    ByteView object(std::size_t i) const {
      return ByteView(raw).subspan(offsets[i], objects[i].size);
    }
  };
  // Shared by the cache and whoever reads.
  std::shared_ptr<const OpenBlock> open_block(const BlockRef& ref);
  // Groups a set of objects by the blocks they lie in, node blocks first, then in the order of
  // packs and blocks; wanted: the objects of the set that are taken from this block, in order. Each
  // object comes once. Objects that are not here are passed over.
  void for_each_block(const ObjectSet& set,
                      const std::function<void(const StoredBlock& block,
                                               const std::vector<BlockObject>& wanted)>& each);

  // Takes verified blocks into packs as they are. One at a time per store.
  class Appender {
   public:
    ~Appender();  // what is not finished is dropped with its temporary pack
    Appender(Appender&&) noexcept;
    // Adds a block whose raw bytes were checked with verify_and_decompress. A block of which every
    // object is here already is passed over. Errors: no_space, device.
    void add(const Block& verified);
    // Objects of blocks added and not yet committed count as here.
    bool has(const Digest& object) const;
    // Closes the pack under way and commits it. Ensures: everything added is durable and indexed.
    // Returns all packs that hold it, those that held it before included.
    std::vector<Digest> finish();

   private:
    friend class Store;
    struct Impl;
    explicit Appender(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  // on_pack: called after each pack is durable and indexed.
  Appender append(std::function<void(const Digest& pack)> on_pack = {});

  // Reads every pack, every block and every object, and compares the index with them.
  // Ensures: damaged blocks count as missing from then on.
  CheckReport check(const ProgressSink& progress = {});
  // Finds what the roots do not reach; with `del` frees it. Live blocks of a pack with much dead
  // space are durable in a new pack before the old one goes.
  // While a node below one of roots.roots that is here is missing or damaged nothing is deleted:
  // what hangs on it is not known to be unused (GcReport::missing_nodes, and deleted is false).
  GcReport gc(const GcRoots& roots, bool del, const ProgressSink& progress = {});
  StoreStats stats();

 private:
  friend class BlobReader;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
