// Object tiers: which objects lie in which blocks, in three tiers, so that entering an object costs
// about the same however many there are. Digests are random: entered one by one into a large
// b-tree each would change a page of its own.
//
//   fresh    one row a pack, as a blob, and all of it in memory: what was entered last
//   recent   a b-tree of a sixteenth of all: takes fresh in when that is full, in order
//   object   a b-tree of the rest: takes recent in when that is too large, a range of digests at a
//            time, so that rows meet on pages and no step is long
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "store/sqlite.h"

namespace courier {

// Not thread-safe: its owner locks.
class ObjectTiers {
 public:
  struct Entry {
    Digest object;
    std::uint64_t block = 0;
  };
  // full: how many objects fresh takes. About 50 bytes of memory each.
  static constexpr std::uint64_t kFull = 256 * 1024;

  // Statements that make the tables; object's are those of version 2 of the index.
  static const char* object_schema();
  static const char* schema();

  explicit ObjectTiers(Database& db, std::uint64_t full = kFull);

  // Before lookups: takes up what another process has changed.
  void refresh();
  bool has(const Digest& object);
  // The oldest block that holds it.
  std::optional<std::uint64_t> block_of(const Digest& object);
  // The one object whose digest begins as this; none when there are several. size: in bytes, at
  // least 8.
  std::optional<Digest> find_name(const Digest& begin, std::size_t size);

  // The rest is called within a transaction of the caller; after a failure call forget_memory().
  void add(std::uint64_t pack, const std::vector<Entry>& entries);
  // Takes out the objects of blocks whose packs (by their row's number) are in temp.doomed. Reads
  // all of it.
  void remove_doomed();
  void remove_block(std::uint64_t block);  // likewise
  void forget_memory() { data_version_.reset(); }

 private:
  class Memory {
   public:
    void clear();
    void add(const Entry& entry);
    std::optional<std::uint64_t> find(const Digest& object) const;  // its oldest block
    std::vector<Entry> sorted() const;
    // Adds those that begin so and are not there yet.
    void find_names(const Digest& begin, std::size_t size, std::vector<Digest>& found) const;
    std::size_t size() const { return entries_.size(); }

   private:
    std::size_t slot_of(const Digest& object) const;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> slots_;  // position in entries_ and one; 0: empty
  };

  std::uint64_t number(const char* sql);
  void load();
  void flush();
  void merge();

  Database& db_;
  const std::uint64_t full_;
  Memory memory_;
  Memory found_;  // in the other two, last; emptied when it is full, and when anything goes
  std::optional<std::uint64_t> data_version_;  // of memory_
  Statement version_, in_recent_, in_object_, named_recent_, named_object_;
};

}  // namespace courier
