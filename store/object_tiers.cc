#include "store/object_tiers.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "base/error.h"

namespace courier {
namespace {

constexpr std::size_t kEntrySize = 40;
constexpr std::uint64_t kShare = 16;  // recent is kept below one of so many of object

}  // namespace

const char* ObjectTiers::object_schema() {
  return R"sql(
  -- No index by block: what asks by block (damage, gc) is rare and reads the table once.
  CREATE TABLE object (
    digest BLOB NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (digest, block)
  ) STRICT, WITHOUT ROWID;
)sql";
}

const char* ObjectTiers::schema() {
  return R"sql(
  CREATE TABLE recent (
    digest BLOB NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (digest, block)
  ) STRICT, WITHOUT ROWID;
  -- Objects of one pack: digest and block (64 bits) of each.
  CREATE TABLE fresh (pack INTEGER PRIMARY KEY, objects BLOB NOT NULL) STRICT;
  -- Rows of each, and up to where recent was taken in last.
  CREATE TABLE tier (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    recent INTEGER NOT NULL,
    object INTEGER NOT NULL,
    cursor BLOB NOT NULL CHECK (length(cursor) = 32)
  ) STRICT;
  INSERT INTO tier SELECT 1, 0, (SELECT count(*) FROM object), zeroblob(32);
)sql";
}

ObjectTiers::ObjectTiers(Database& db, std::uint64_t full)
    : db_(db),
      full_(full),
      version_(db, "PRAGMA data_version"),
      in_recent_(db, "SELECT block FROM recent WHERE digest = ? ORDER BY block LIMIT 1"),
      in_object_(db, "SELECT block FROM object WHERE digest = ? ORDER BY block LIMIT 1"),
      named_recent_(db, "SELECT DISTINCT digest FROM recent WHERE digest BETWEEN ? AND ? LIMIT 2"),
      named_object_(db, "SELECT DISTINCT digest FROM object WHERE digest BETWEEN ? AND ? LIMIT 2") {
}

void ObjectTiers::Memory::clear() {
  entries_.clear();
  slots_.clear();
}

std::size_t ObjectTiers::Memory::slot_of(const Digest& object) const {
  std::uint64_t word;
  std::memcpy(&word, object.bytes.data(), sizeof word);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = word & mask;
  while (slots_[at] != 0 && entries_[slots_[at] - 1].object != object) at = (at + 1) & mask;
  return at;
}

void ObjectTiers::Memory::add(const Entry& entry) {
  if (2 * (entries_.size() + 1) > slots_.size()) {
    slots_.assign(std::max<std::size_t>(1024, 2 * slots_.size()), 0);
    // In their order: of several blocks with one object the first one stays found.
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      std::uint32_t& slot = slots_[slot_of(entries_[i].object)];
      if (slot == 0) slot = static_cast<std::uint32_t>(i + 1);
    }
  }
  entries_.push_back(entry);
  std::uint32_t& slot = slots_[slot_of(entry.object)];
  if (slot == 0) slot = static_cast<std::uint32_t>(entries_.size());
}

std::optional<std::uint64_t> ObjectTiers::Memory::find(const Digest& object) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t slot = slots_[slot_of(object)];
  if (slot == 0) return std::nullopt;
  return entries_[slot - 1].block;
}

void ObjectTiers::Memory::find_names(const Digest& begin, std::size_t size,
                                     std::vector<Digest>& found) const {
  if (slots_.empty()) return;
  std::uint64_t word;
  std::memcpy(&word, begin.bytes.data(), sizeof word);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = word & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const Digest& object = entries_[slots_[at] - 1].object;
    if (std::ranges::equal(object.view().first(size), begin.view().first(size)) &&
        std::ranges::find(found, object) == found.end()) {
      found.push_back(object);
    }
  }
}

std::vector<ObjectTiers::Entry> ObjectTiers::Memory::sorted() const {
  std::vector<Entry> out = entries_;
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) {
    return a.object != b.object ? a.object < b.object : a.block < b.block;
  });
  return out;
}

std::uint64_t ObjectTiers::number(const char* sql) {
  Statement statement(db_, sql);
  return statement.step() ? statement.number(0) : 0;
}

void ObjectTiers::refresh() {
  version_.start().step();
  const std::uint64_t version = version_.number(0);
  version_.reset();
  if (data_version_ == version) return;
  load();
  data_version_ = version;
}

void ObjectTiers::load() {
  memory_.clear();
  found_.clear();
  // Blocks are numbered as packs are: the oldest first.
  Statement all(db_, "SELECT objects FROM fresh ORDER BY pack");
  while (all.step()) {
    const ByteView objects = all.bytes(0);
    if (objects.size() % kEntrySize != 0) {
      throw Error(ErrorCode::damaged, "chunk index", "a list of objects is cut off")
          .with_loss("nothing was lost: the packs can make the index again")
          .with_hint("run courier store rebuild-index");
    }
    Decoder in(objects, "chunk index");
    while (!in.at_end()) {
      const Digest object = in.digest();
      memory_.add({object, in.u64()});
    }
  }
}

bool ObjectTiers::has(const Digest& object) {
  return memory_.find(object).has_value() || block_of(object).has_value();
}

std::optional<std::uint64_t> ObjectTiers::block_of(const Digest& object) {
  if (const auto known = found_.find(object)) return known;
  // What is older has gone further.
  for (Statement* tier : {&in_object_, &in_recent_}) {
    std::optional<std::uint64_t> found;
    if (tier->start().bind(object).step()) found = tier->number(0);
    tier->reset();
    if (!found) continue;
    if (found_.size() >= full_) found_.clear();
    found_.add({object, *found});
    return found;
  }
  return memory_.find(object);
}

std::optional<Digest> ObjectTiers::find_name(const Digest& begin, std::size_t size) {
  Digest first = begin, last = begin;
  std::fill(first.bytes.begin() + static_cast<std::ptrdiff_t>(size), first.bytes.end(), 0);
  std::fill(last.bytes.begin() + static_cast<std::ptrdiff_t>(size), last.bytes.end(), 0xff);
  std::vector<Digest> found;
  memory_.find_names(begin, size, found);
  for (Statement* tier : {&named_object_, &named_recent_}) {
    tier->start().bind(first).bind(last);
    while (tier->step()) {
      const Digest object = tier->digest(0);
      if (std::ranges::find(found, object) == found.end()) found.push_back(object);
    }
    tier->reset();
  }
  if (found.size() != 1) return std::nullopt;
  return found.front();
}

void ObjectTiers::add(std::uint64_t pack, const std::vector<Entry>& entries) {
  refresh();
  Encoder blob;
  for (const Entry& entry : entries) {
    blob.digest(entry.object).u64(entry.block);
    memory_.add(entry);
  }
  Statement(db_, "INSERT INTO fresh VALUES (?, ?)").start().bind(pack).bind(blob.view()).run();
  if (memory_.size() < full_) return;
  flush();
  merge();
}

void ObjectTiers::flush() {
  std::uint64_t added = 0;
  {
    Statement add(db_, "INSERT OR IGNORE INTO recent VALUES (?, ?)");
    for (const Entry& entry : memory_.sorted()) {
      add.start().bind(entry.object).bind(entry.block).run();
      added += db_.changes();
    }
  }
  db_.run("DELETE FROM fresh");
  Statement(db_, "UPDATE tier SET recent = recent + ?").start().bind(added).run();
  memory_.clear();
}

void ObjectTiers::merge() {
  for (;;) {
    const std::uint64_t recent = number("SELECT recent FROM tier");
    if (recent <= std::max(4 * full_, number("SELECT object FROM tier") / kShare)) return;
    // One range of digests that has as many rows as fresh.
    Digest begin, end;
    {
      Statement cursor(db_, "SELECT cursor FROM tier");
      cursor.step();
      begin = cursor.digest(0);
    }
    bool is_last = true;
    {
      Statement last(db_,
                     "SELECT digest FROM recent WHERE digest > ? ORDER BY digest LIMIT 1 OFFSET ?");
      if (last.start().bind(begin).bind(full_).step()) {
        is_last = false;
        end = last.digest(0);
      }
    }
    if (is_last) end.bytes.fill(0xff);
    Statement move(db_,
                   "INSERT OR IGNORE INTO object SELECT digest, block FROM recent"
                   " WHERE digest BETWEEN ? AND ? ORDER BY digest, block");
    move.start().bind(begin).bind(end).run();
    const std::uint64_t added = db_.changes();
    Statement clear(db_, "DELETE FROM recent WHERE digest BETWEEN ? AND ?");
    clear.start().bind(begin).bind(end).run();
    const std::uint64_t cleared = db_.changes();
    Statement note(db_, "UPDATE tier SET recent = recent - ?, object = object + ?, cursor = ?");
    note.start().bind(cleared).bind(added).bind(is_last ? Digest{} : end).run();
  }
}

void ObjectTiers::remove_doomed() {
  refresh();
  flush();
  found_.clear();
  const char* blocks = "(SELECT id FROM block WHERE pack IN (SELECT id FROM temp.doomed))";
  for (const std::string tier : {"recent", "object"}) {
    db_.run(("DELETE FROM " + tier + " WHERE block IN " + blocks).c_str());
    const std::uint64_t gone = db_.changes();
    Statement(db_, ("UPDATE tier SET " + tier + " = " + tier + " - ?").c_str())
        .start()
        .bind(gone)
        .run();
  }
}

void ObjectTiers::remove_block(std::uint64_t block) {
  refresh();
  flush();
  found_.clear();
  for (const std::string tier : {"recent", "object"}) {
    Statement(db_, ("DELETE FROM " + tier + " WHERE block = ?").c_str()).start().bind(block).run();
    const std::uint64_t gone = db_.changes();
    Statement(db_, ("UPDATE tier SET " + tier + " = " + tier + " - ?").c_str())
        .start()
        .bind(gone)
        .run();
  }
}

}  // namespace courier
