#include "store/object_set.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <vector>

#include "store/sqlite.h"

namespace courier {
namespace {

// Digests are as good as random: their own bits are the hash.
std::uint64_t word_of(const Digest& digest, std::size_t which) {
  std::uint64_t word;
  std::memcpy(&word, digest.bytes.data() + 8 * which, sizeof word);
  return word;
}

class Table {
 public:
  bool insert(const BlockObject& object) {
    if (2 * (objects_.size() + 1) > slots_.size()) grow();
    std::uint32_t& slot = slots_[find(object.digest)];
    if (slot != 0) return false;
    objects_.push_back(object);
    slot = static_cast<std::uint32_t>(objects_.size());
    return true;
  }
  bool contains(const Digest& digest) const { return !slots_.empty() && slots_[find(digest)] != 0; }
  std::size_t size() const { return objects_.size(); }

  void for_each(const std::function<void(const BlockObject&)>& each) const {
    std::vector<std::uint32_t> order(objects_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return objects_[a].digest < objects_[b].digest;
    });
    for (const std::uint32_t at : order) each(objects_[at]);
  }

 private:
  // The slot of the digest, or the empty one where it belongs.
  std::size_t find(const Digest& digest) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = word_of(digest, 0) & mask;
    while (slots_[at] != 0 && objects_[slots_[at] - 1].digest != digest) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    slots_.assign(std::max<std::size_t>(64, 2 * slots_.size()), 0);
    for (std::size_t i = 0; i < objects_.size(); ++i)
      slots_[find(objects_[i].digest)] = static_cast<std::uint32_t>(i + 1);
  }

  std::vector<BlockObject> objects_;
  std::vector<std::uint32_t> slots_;  // position in objects_ and one; 0: empty
};

// Says for certain what is not in the file.
class Filter {
 public:
  void add(const Digest& digest) {
    for (std::size_t i = 0; i < 3; ++i) word(digest, i) |= bit(digest, i);
  }
  bool may_contain(const Digest& digest) const {
    for (std::size_t i = 0; i < 3; ++i)
      if ((bits_[place(digest, i)] & bit(digest, i)) == 0) return false;
    return true;
  }

 private:
  static constexpr std::size_t kWords = 512 * 1024;  // 4 MiB
  static std::size_t place(const Digest& digest, std::size_t i) {
    return (word_of(digest, i + 1) >> 6) % kWords;
  }
  static std::uint64_t bit(const Digest& digest, std::size_t i) {
    return std::uint64_t{1} << (word_of(digest, i + 1) & 63);
  }
  std::uint64_t& word(const Digest& digest, std::size_t i) { return bits_[place(digest, i)]; }

  std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(kWords);
};

class File {
 public:
  File() : db_("") {
    // Lost with the process, so nothing is synced.
    db_.run(
        "PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "CREATE TABLE object (digest BLOB PRIMARY KEY, kind INTEGER NOT NULL, "
        "size INTEGER NOT NULL) STRICT, WITHOUT ROWID; BEGIN");
    add_.emplace(db_, "INSERT OR IGNORE INTO object VALUES (?, ?, ?)");
    find_.emplace(db_, "SELECT 1 FROM object WHERE digest = ?");
  }
  bool insert(const BlockObject& object) {
    filter_.add(object.digest);
    add_->start().bind(object.digest).bind(static_cast<std::uint64_t>(object.kind));
    add_->bind(object.size).run();
    return db_.changes() != 0;
  }
  bool contains(const Digest& digest) {
    if (!filter_.may_contain(digest)) return false;
    const bool found = find_->start().bind(digest).step();
    find_->reset();
    return found;
  }
  void for_each(const std::function<void(const BlockObject&)>& each) {
    Statement all(db_, "SELECT digest, kind, size FROM object ORDER BY digest");
    while (all.step()) {
      each({static_cast<DigestKind>(all.number(1)), all.digest(0),
            static_cast<std::uint32_t>(all.number(2))});
    }
  }

 private:
  Database db_;
  Filter filter_;
  std::optional<Statement> add_, find_;
};

}  // namespace

struct ObjectSet::Impl {
  explicit Impl(std::size_t limit) : in_memory(limit) {}

  const std::size_t in_memory;
  Table table;                 // while there is no file
  std::unique_ptr<File> file;  // of all objects
  std::uint64_t count = 0, bytes = 0;

  bool insert(const BlockObject& object) {
    if (file) return file->insert(object);
    if (table.size() < in_memory) return table.insert(object);
    if (table.contains(object.digest)) return false;
    file = std::make_unique<File>();
    // In order, which is many times as fast.
    table.for_each([&](const BlockObject& one) { file->insert(one); });
    table = {};
    return file->insert(object);
  }
};

ObjectSet::ObjectSet(std::size_t in_memory) : impl_(std::make_unique<Impl>(in_memory)) {}
ObjectSet::~ObjectSet() = default;
ObjectSet::ObjectSet(ObjectSet&&) noexcept = default;
ObjectSet& ObjectSet::operator=(ObjectSet&&) noexcept = default;

bool ObjectSet::insert(const BlockObject& object) {
  if (!impl_->insert(object)) return false;
  ++impl_->count;
  impl_->bytes += object.size;
  return true;
}

bool ObjectSet::contains(const Digest& digest) const {
  return impl_->file ? impl_->file->contains(digest) : impl_->table.contains(digest);
}

std::uint64_t ObjectSet::count() const { return impl_->count; }
std::uint64_t ObjectSet::bytes() const { return impl_->bytes; }

void ObjectSet::for_each(const std::function<void(const BlockObject&)>& each) const {
  impl_->file ? impl_->file->for_each(each) : impl_->table.for_each(each);
}

}  // namespace courier
