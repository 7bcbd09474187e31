#include "store/chunk_index.h"

#include <functional>
#include <mutex>

#include "base/error.h"
#include "store/object_tiers.h"
#include "store/sqlite.h"

namespace courier {

namespace {

constexpr std::uint64_t kSchemaVersion = 4;
constexpr std::uint64_t kLookupsAtOnce = 4096;

constexpr const char* kSchema = R"sql(
  PRAGMA application_id = 0x50434c49;  -- 'PCLI'
  CREATE TABLE pack (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    size INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE block (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pack INTEGER NOT NULL REFERENCES pack (id),
    number INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    raw_size INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    roots INTEGER NOT NULL,
    nodes INTEGER NOT NULL CHECK (nodes IN (0, 1)),
    damaged INTEGER NOT NULL CHECK (damaged IN (0, 1)),
    UNIQUE (pack, number)
  ) STRICT;
)sql";

// Roots of which everything was found here; emptied when anything is taken out.
constexpr const char* kWholeSchema =
    "CREATE TABLE whole (root BLOB PRIMARY KEY CHECK (length(root) = 32)) STRICT, WITHOUT ROWID";

#define COURIER_PLACE \
  "SELECT p.digest, b.number, b.offset, b.size, b.digest, b.id, b.objects, b.nodes, b.damaged "
constexpr const char* kPlaceOfBlock =
    COURIER_PLACE "FROM block b JOIN pack p ON p.id = b.pack WHERE b.id = ?";
constexpr const char* kPlace =
    COURIER_PLACE "FROM block b JOIN pack p ON p.id = b.pack WHERE p.digest = ? AND b.number = ?";
constexpr const char* kBlocksOf =
    COURIER_PLACE "FROM block b JOIN pack p ON p.id = b.pack WHERE p.digest = ? ORDER BY b.number";
#undef COURIER_PLACE

BlockPlace place_from(const Statement& row) {
  BlockPlace place;
  place.ref = {row.digest(0), static_cast<std::uint32_t>(row.number(1))};
  place.offset = row.number(2);
  place.size = static_cast<std::uint32_t>(row.number(3));
  place.digest = row.digest(4);
  place.id = row.number(5);
  place.objects = static_cast<std::uint32_t>(row.number(6));
  place.nodes = row.number(7) != 0;
  place.damaged = row.number(8) != 0;
  return place;
}

}  // namespace

struct ChunkIndex::Impl {
  std::mutex mutex;
  Database db;
  std::optional<ObjectTiers> tiers;
  std::uint64_t bursts = 0, lookups = 0;  // of the transaction that is open
  std::uint64_t removals = 0;             // by this process
  bool is_reading = false;                // such a transaction is open

  // Before a lookup.
  void look() {
    if (is_reading && ++lookups > kLookupsAtOnce) let_go();
    if (is_reading) return;
    if (bursts > 0) {
      db.run("BEGIN");
      is_reading = true;
      lookups = 0;
    }
    tiers->refresh();
  }
  // Before everything else, and at the end.
  void let_go() {
    if (!is_reading) return;
    is_reading = false;
    if (db.in_transaction()) db.run("COMMIT");
  }

  explicit Impl(const std::string& path) : db(path) {
    // Mostly read at random: a cache of bounded size, and nothing trusted from the file's schema.
    db.run(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;"
        "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
    std::uint64_t version = number("PRAGMA user_version");
    if (version == 0 && number("SELECT count(*) FROM sqlite_schema") == 0) {
      IndexTransaction transaction(db);
      // Another courier may have made it meanwhile.
      if (number("PRAGMA user_version") == 0) {
        db.run(kSchema);
        db.run(ObjectTiers::object_schema());
        upgrade(2);
      }
      transaction.commit();
      version = kSchemaVersion;
    }
    if ((version == 2 || version == 3) && number("PRAGMA application_id") == 0x50434c49) {
      IndexTransaction transaction(db);
      upgrade(number("PRAGMA user_version"));
      transaction.commit();
      version = kSchemaVersion;
    }
    if (version != kSchemaVersion || number("PRAGMA application_id") != 0x50434c49) {
      throw Error(ErrorCode::damaged, "file " + escaped(path), "is no chunk index of this courier")
          .with_loss("nothing was lost: the packs can make the index again")
          .with_hint("run courier store rebuild-index");
    }
    tiers.emplace(db);
  }

  void upgrade(std::uint64_t from) {
    // The one tier of an index of version 2 is the last of three.
    if (from <= 2) db.run(ObjectTiers::schema());
    if (from <= 3) db.run(kWholeSchema);
    db.run("PRAGMA user_version = 4");
  }

  // Within a transaction.
  void something_goes() {
    db.run("DELETE FROM whole");
    ++removals;
  }

  // SQLite's number tells of other processes alone.
  std::uint64_t version() { return number("PRAGMA data_version") + (removals << 32); }

  // Everything of it or nothing, durable when it returns.
  void change(const std::function<void()>& steps) {
    let_go();
    IndexTransaction transaction(db);
    try {
      steps();
      transaction.commit();
    } catch (...) {
      tiers->forget_memory();
      throw;
    }
  }

  // Within a transaction. Each call reads the whole index if one of the packs is known.
  void forget(const std::vector<Digest>& packs) {
    db.run(
        "CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY) STRICT;"
        "DELETE FROM doomed");
    {
      Statement doom(db, "INSERT OR IGNORE INTO doomed SELECT id FROM pack WHERE digest = ?");
      for (const auto& pack : packs) doom.start().bind(pack).run();
    }
    if (number("SELECT count(*) FROM doomed") == 0) return;
    tiers->remove_doomed();
    something_goes();
    db.run(
        "DELETE FROM block WHERE pack IN (SELECT id FROM doomed);"
        "DELETE FROM pack WHERE id IN (SELECT id FROM doomed)");
  }

  // Within a transaction.
  void add_pack(const Digest& name, std::uint64_t size, const PackIndex& index,
                const std::vector<bool>& sound) {
    forget({name});
    Statement(db, "INSERT INTO pack (digest, size) VALUES (?, ?)")
        .start()
        .bind(name)
        .bind(size)
        .run();
    const std::uint64_t pack = number("SELECT last_insert_rowid()");
    Statement add_block(db,
                        "INSERT INTO block (pack, number, offset, size, digest, raw_size, objects, "
                        "roots, nodes, damaged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    std::vector<ObjectTiers::Entry> entries;
    for (std::size_t i = 0; i < index.blocks.size(); ++i) {
      const PackedBlock& block = index.blocks[i];
      const bool damaged = !sound.empty() && !sound[i];
      std::uint64_t roots = 0;
      for (const auto& object : block.objects) roots += object.kind == DigestKind::root;
      add_block.start().bind(pack).bind(i).bind(block.offset).bind(block.size).bind(block.digest);
      add_block.bind(block.raw_size).bind(block.objects.size()).bind(roots);
      add_block.bind(block.objects.front().kind != DigestKind::chunk).bind(damaged).run();
      if (damaged) continue;
      const std::uint64_t id = number("SELECT last_insert_rowid()");
      for (const auto& object : block.objects) entries.push_back({object.digest, id});
    }
    tiers->add(pack, entries);
  }

  std::uint64_t number(const char* sql) {
    Statement statement(db, sql);
    return statement.step() ? statement.number(0) : 0;
  }
};

// Statements that are run for every object are prepared once.
struct ChunkIndex::Prepared {
  Statement place_of_block, place;
  explicit Prepared(Database& db) : place_of_block(db, kPlaceOfBlock), place(db, kPlace) {}
};

ChunkIndex::ChunkIndex(const std::string& path)
    : impl_(std::make_unique<Impl>(path)), prepared_(std::make_unique<Prepared>(impl_->db)) {}

ChunkIndex::~ChunkIndex() = default;

ChunkIndex::Burst::Burst(ChunkIndex& index) : index_(index) {
  const std::lock_guard lock(index_.impl_->mutex);
  ++index_.impl_->bursts;
}

ChunkIndex::Burst::~Burst() {
  const std::lock_guard lock(index_.impl_->mutex);
  if (--index_.impl_->bursts > 0) return;
  try {
    index_.impl_->let_go();
  } catch (const Error&) {
    // Nothing was written in it: the next call that needs the database says what is wrong.
  }
}

bool ChunkIndex::has(const Digest& object) {
  std::lock_guard lock(impl_->mutex);
  impl_->look();
  return impl_->tiers->has(object);
}

bool ChunkIndex::is_noted_whole(const Digest& root) {
  std::lock_guard lock(impl_->mutex);
  impl_->look();
  Statement find(impl_->db, "SELECT 1 FROM whole WHERE root = ?");
  return find.start().bind(root).step();
}

std::uint64_t ChunkIndex::version() {
  std::lock_guard lock(impl_->mutex);
  return impl_->version();
}

void ChunkIndex::note_whole(const Digest& root, std::uint64_t version) {
  std::lock_guard lock(impl_->mutex);
  impl_->db.wait_for_others(false);
  try {
    impl_->change([&] {
      if (impl_->version() != version) return;
      Statement(impl_->db, "INSERT OR IGNORE INTO whole VALUES (?)").start().bind(root).run();
    });
  } catch (const Error&) {
    // It is looked for anew the next time.
  }
  impl_->db.wait_for_others(true);
}

std::optional<BlockPlace> ChunkIndex::locate(const Digest& object) {
  const Burst burst(*this);
  const auto id = block_of(object);
  return id ? block(*id) : std::nullopt;
}

std::optional<std::uint64_t> ChunkIndex::block_of(const Digest& object) {
  std::lock_guard lock(impl_->mutex);
  impl_->look();
  return impl_->tiers->block_of(object);
}

std::optional<Digest> ChunkIndex::find_name(const Digest& begin, std::size_t size) {
  std::lock_guard lock(impl_->mutex);
  impl_->look();
  return impl_->tiers->find_name(begin, size);
}

std::optional<BlockPlace> ChunkIndex::block(std::uint64_t id) {
  std::lock_guard lock(impl_->mutex);
  impl_->look();
  std::optional<BlockPlace> place;
  Statement& find = prepared_->place_of_block;
  if (find.start().bind(id).step()) place = place_from(find);
  find.reset();
  return place;
}

std::optional<BlockPlace> ChunkIndex::place(const BlockRef& ref) {
  std::lock_guard lock(impl_->mutex);
  impl_->look();
  std::optional<BlockPlace> place;
  if (prepared_->place.start().bind(ref.pack).bind(ref.block).step()) {
    place = place_from(prepared_->place);
  }
  prepared_->place.reset();
  return place;
}

void ChunkIndex::add_pack(const Digest& name, std::uint64_t size, const PackIndex& index,
                          const std::vector<bool>& sound) {
  std::lock_guard lock(impl_->mutex);
  impl_->change([&] { impl_->add_pack(name, size, index, sound); });
}

void ChunkIndex::add_packs(const std::vector<FinishedPack>& packs) {
  if (packs.empty()) return;
  std::lock_guard lock(impl_->mutex);
  impl_->change([&] {
    for (const FinishedPack& pack : packs) impl_->add_pack(pack.name, pack.size, pack.index, {});
  });
}

void ChunkIndex::remove_packs(const std::vector<Digest>& packs) {
  if (packs.empty()) return;
  std::lock_guard lock(impl_->mutex);
  impl_->change([&] { impl_->forget(packs); });
}

void ChunkIndex::drop_block(const BlockRef& ref) {
  const auto known = place(ref);
  if (!known) return;
  std::lock_guard lock(impl_->mutex);
  impl_->change([&] {
    impl_->tiers->remove_block(known->id);
    impl_->something_goes();
    Statement(impl_->db, "UPDATE block SET damaged = 1 WHERE id = ?").start().bind(known->id).run();
  });
}

std::vector<Digest> ChunkIndex::packs() {
  std::lock_guard lock(impl_->mutex);
  impl_->let_go();
  std::vector<Digest> packs;
  Statement all(impl_->db, "SELECT digest FROM pack ORDER BY digest");
  while (all.step()) packs.push_back(all.digest(0));
  return packs;
}

std::vector<BlockPlace> ChunkIndex::blocks_of(const Digest& pack) {
  std::lock_guard lock(impl_->mutex);
  impl_->let_go();
  std::vector<BlockPlace> blocks;
  Statement all(impl_->db, kBlocksOf);
  all.start().bind(pack);
  while (all.step()) blocks.push_back(place_from(all));
  return blocks;
}

StoreStats ChunkIndex::stats() {
  std::lock_guard lock(impl_->mutex);
  impl_->let_go();
  StoreStats stats;
  Statement packs(impl_->db, "SELECT count(*), ifnull(sum(size), 0) FROM pack");
  packs.step();
  stats.packs = packs.number(0);
  stats.stored_bytes = packs.number(1);
  packs.reset();
  Statement blocks(impl_->db,
                   "SELECT count(*), ifnull(sum(raw_size), 0), "
                   "ifnull(sum(iif(nodes, 0, objects)), 0), "
                   "ifnull(sum(iif(nodes, objects - roots, 0)), 0), ifnull(sum(roots), 0), "
                   "ifnull(sum(damaged), 0) FROM block");
  blocks.step();
  stats.blocks = blocks.number(0);
  stats.raw_bytes = blocks.number(1);
  stats.chunks = blocks.number(2);
  stats.nodes = blocks.number(3);
  stats.roots = blocks.number(4);
  stats.damaged_blocks = blocks.number(5);
  blocks.reset();
  return stats;
}

}  // namespace courier
