#include "store/base_map.h"

#include "store/sqlite.h"

namespace courier {

struct BaseMap::Impl {
  // Lost with the process, so nothing is synced.
  struct Opened : Database {
    Opened() : Database("") {
      run("PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
          "CREATE TABLE base (digest BLOB PRIMARY KEY, object BLOB NOT NULL,"
          " form INTEGER NOT NULL, floor INTEGER NOT NULL, ceiling INTEGER NOT NULL,"
          " first INTEGER NOT NULL, last INTEGER NOT NULL, slack INTEGER NOT NULL)"
          " STRICT, WITHOUT ROWID; BEGIN");
    }
  } db;
  Statement insert{db, "INSERT OR IGNORE INTO base VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement find{
      db, "SELECT object, form, floor, ceiling, first, last, slack FROM base WHERE digest = ?"};
  std::uint64_t count = 0;
};

BaseMap::BaseMap() : impl_(std::make_unique<Impl>()) {}
BaseMap::~BaseMap() = default;
BaseMap::BaseMap(BaseMap&&) noexcept = default;
BaseMap& BaseMap::operator=(BaseMap&&) noexcept = default;

void BaseMap::add(const Digest& object, const BasePlace& place) {
  impl_->insert.start().bind(object).bind(place.object);
  impl_->insert.bind(static_cast<std::uint64_t>(place.form)).bind(place.floor);
  impl_->insert.bind(place.ceiling);
  impl_->insert.bind(place.first).bind(place.end).bind(place.slack).run();
  impl_->count += impl_->db.changes();
}

std::optional<BasePlace> BaseMap::find(const Digest& object) const {
  Statement& row = impl_->find;
  std::optional<BasePlace> out;
  if (row.start().bind(object).step()) {
    out = BasePlace{static_cast<BaseForm>(row.number(1)),
                    row.digest(0),
                    row.number(2),
                    row.number(3),
                    row.number(4),
                    row.number(5),
                    row.number(6)};
  }
  row.reset();
  return out;
}

std::uint64_t BaseMap::count() const { return impl_->count; }

}  // namespace courier
