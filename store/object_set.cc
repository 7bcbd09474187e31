#include "store/object_set.h"

#include "store/sqlite.h"

namespace courier {

struct ObjectSet::Impl {
  // Spills to a private file beyond its cache; lost with the process, so nothing is synced.
  struct Opened : Database {
    Opened() : Database("") {
      run("PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
          "CREATE TABLE object (digest BLOB PRIMARY KEY, kind INTEGER NOT NULL, "
          "size INTEGER NOT NULL) STRICT, WITHOUT ROWID; BEGIN");
    }
  } db;
  Statement add{db, "INSERT OR IGNORE INTO object VALUES (?, ?, ?)"};
  Statement find{db, "SELECT size FROM object WHERE digest = ?"};
  Statement remove{db, "DELETE FROM object WHERE digest = ?"};
  std::uint64_t count = 0, bytes = 0;
};

ObjectSet::ObjectSet() : impl_(std::make_unique<Impl>()) {}
ObjectSet::~ObjectSet() = default;
ObjectSet::ObjectSet(ObjectSet&&) noexcept = default;
ObjectSet& ObjectSet::operator=(ObjectSet&&) noexcept = default;

bool ObjectSet::insert(const BlockObject& object) {
  impl_->add.start().bind(object.digest).bind(static_cast<std::uint64_t>(object.kind));
  impl_->add.bind(object.size).run();
  if (impl_->db.changes() == 0) return false;
  ++impl_->count;
  impl_->bytes += object.size;
  return true;
}

bool ObjectSet::contains(const Digest& digest) const {
  const bool found = impl_->find.start().bind(digest).step();
  impl_->find.reset();
  return found;
}

void ObjectSet::erase(const Digest& digest) {
  if (!impl_->find.start().bind(digest).step()) return;
  impl_->bytes -= impl_->find.number(0);
  impl_->find.reset();
  impl_->remove.start().bind(digest).run();
  --impl_->count;
}

std::uint64_t ObjectSet::count() const { return impl_->count; }
std::uint64_t ObjectSet::bytes() const { return impl_->bytes; }

void ObjectSet::for_each(const std::function<void(const BlockObject&)>& each) const {
  Statement all(impl_->db, "SELECT digest, kind, size FROM object ORDER BY digest");
  while (all.step()) {
    each({static_cast<DigestKind>(all.number(1)), all.digest(0),
          static_cast<std::uint32_t>(all.number(2))});
  }
}

}  // namespace courier
