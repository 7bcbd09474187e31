#include "ledger/package_book.h"

#include "ledger/site_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::vector<PackageRow> read(Ledger::Impl& db, const std::string& where, const std::string& value) {
  const sql::Moment moment(db);
  std::vector<PackageRow> out;
  for (auto& [id, name, comment, path, source, stored, no_source, share] :
       sql::rows<S, S, S, S, L, L, L, S>(
           db,
           "SELECT id, name, comment, source_path, source_version, stored_version, no_source,"
           " share_name FROM package WHERE " +
               where + " ORDER BY id",
           value)) {
    PackageRow r;
    r.id = sql::package_of(id);
    r.name = name;
    r.comment = comment;
    r.source_path = path;
    r.source_version = static_cast<std::uint32_t>(source);
    r.stored_version = static_cast<std::uint32_t>(stored);
    r.no_source = no_source != 0;
    r.share_name = share;
    const auto rest = sql::row<L, L, S, L, L, L, L>(
        db,
        "SELECT delta, ignore_schedule, sender, priority, created, removed, source_kind"
        " FROM package WHERE id = :i",
        id);
    const auto& [delta, ignore, sender, priority, created, removed, kind] = *rest;
    r.source_kind = static_cast<SourceKind>(kind);
    r.delta = delta != 0;
    r.ignore_schedule = ignore != 0;
    r.sender = sender;
    r.priority = static_cast<Priority>(priority);
    r.created = sql::time_of(created);
    r.removed = removed != 0;
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<VersionRow> read_versions(Ledger::Impl& db, const std::string& where,
                                      const std::string& value, L number) {
  std::vector<VersionRow> out;
  for (auto& [package, version, root, files, dirs, links, bytes, stored, created] :
       sql::rows<S, L, S, L, L, L, L, L, L>(
           db,
           "SELECT package, version, root, files, dirs, links, bytes, stored, created FROM version"
           " WHERE " +
               where,
           value, number)) {
    VersionRow r;
    r.package = sql::package_of(package);
    r.version = static_cast<std::uint32_t>(version);
    r.root = sql::digest_of_hex(root);
    r.files = static_cast<std::uint64_t>(files);
    r.dirs = static_cast<std::uint64_t>(dirs);
    r.links = static_cast<std::uint64_t>(links);
    r.bytes = static_cast<std::uint64_t>(bytes);
    r.stored = stored != 0;
    r.created = sql::time_of(created);
    out.push_back(r);
  }
  return out;
}

void insert_version(Ledger::Impl& db, const VersionRow& v) {
  sql::run(db, "INSERT INTO version VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i)", v.package,
           v.version, v.root, v.files, v.dirs, v.links, v.bytes, v.stored, v.created);
}

void insert_package(Ledger::Impl& db, const PackageRow& p) {
  sql::run(
      db, "INSERT INTO package VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, 0, :n)",
      p.id, p.name, p.comment, p.source_path, p.source_version, p.stored_version, p.no_source,
      p.share_name, p.delta, p.ignore_schedule, p.sender, p.priority, p.created, p.source_kind);
}

void check_share_name(Ledger::Impl& db, const PackageRow& p) {
  if (p.share_name.empty()) return;
  if (auto taken = sql::row<S>(db,
                               "SELECT id FROM package WHERE share_name = :s AND id <> :i"
                               " AND removed = 0",
                               p.share_name, p.id))
    throw Error(ErrorCode::not_allowed, "package " + p.id.str(),
                "share name " + p.share_name + " is in use by " + std::get<0>(*taken));
  // A package's own ID is its default name on a share: no other package may take it.
  if (auto id = PackageId::try_parse(p.share_name); id && *id != p.id)
    throw Error(ErrorCode::not_allowed, "package " + p.id.str(),
                "share name " + p.share_name + " is the ID of another package");
}

}  // namespace

PackageId PackageBook::next_id() {
  auto& db = ledger_.impl();
  const SiteCode self = SiteBook(ledger_).self().code;
  const auto last = sql::row<S>(
      db, "SELECT id FROM package WHERE substr(id, 1, 3) = :c ORDER BY id DESC LIMIT 1", self);
  const std::uint32_t number = last ? PackageId::parse(std::get<0>(*last)).number() + 1 : 1;
  if (number >= (1u << 20))
    throw Error(ErrorCode::not_allowed, "site " + self.str(), "it has no package ID left");
  return PackageId::make(self, number);
}

void PackageBook::add(const PackageRow& p, const VersionRow& v) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const SiteCode self = SiteBook(ledger_).self().code;
  const std::string subject = "package " + p.id.str();
  if (p.id.origin() != self)
    throw Error(ErrorCode::usage, subject, "its ID does not begin with " + self.str());
  if (auto known = find(p.id))
    throw Error(ErrorCode::not_allowed, subject,
                known->removed ? "this ID was used before" : "it exists already")
        .with_hint(known->removed ? "choose another ID"
                                  : "courier package update " + p.id.str() + " SOURCE");
  check_share_name(db, p);
  PackageRow row = p;
  row.source_version = row.stored_version = v.version;
  if (row.created == Time{}) row.created = db.clock.now();
  VersionRow version = v;
  version.package = p.id;
  version.stored = true;
  if (version.created == Time{}) version.created = db.clock.now();
  insert_package(db, row);
  insert_version(db, version);
  transaction.commit();
}

void PackageBook::add_version(const VersionRow& v, const std::string& source_path,
                              SourceKind source_kind) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const PackageRow p = get(v.package);
  if (v.version != p.source_version + 1)
    throw Error(ErrorCode::not_allowed, "package " + p.id.str(),
                "version " + std::to_string(v.version) + " does not follow version " +
                    std::to_string(p.source_version));
  VersionRow version = v;
  version.stored = true;
  if (version.created == Time{}) version.created = db.clock.now();
  insert_version(db, version);
  sql::run(db,
           "UPDATE package SET source_version = :v, stored_version = :w, source_path = :s,"
           " source_kind = :k WHERE id = :i",
           v.version, v.version, source_path, source_kind, p.id);
  transaction.commit();
}

bool PackageBook::announce(const PackageRow& p, const VersionRow& v, bool force) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  auto known = find(p.id);
  if (known && !known->removed && v.version < known->source_version && !force) return false;
  if (!known) {
    PackageRow row = p;
    row.source_version = v.version;
    row.stored_version = 0;
    if (row.created == Time{}) row.created = db.clock.now();
    // Two packages of different origins may wish the same share name: the second keeps its ID.
    if (!row.share_name.empty() &&
        sql::number(db, "SELECT count(*) FROM package WHERE share_name = :s AND removed = 0",
                    row.share_name) > 0)
      row.share_name.clear();
    insert_package(db, row);
  } else {
    sql::run(db,
             "UPDATE package SET name = :n, comment = :c, source_version = :v, no_source = :f,"
             " removed = 0 WHERE id = :i",
             p.name, p.comment, v.version, p.no_source, p.id);
    if (p.share_name.empty() ||
        sql::number(db,
                    "SELECT count(*) FROM package WHERE share_name = :s AND removed = 0"
                    " AND id <> :i",
                    p.share_name, p.id) == 0)
      sql::run(db, "UPDATE package SET share_name = :s WHERE id = :i", p.share_name, p.id);
  }
  VersionRow version = v;
  version.package = p.id;
  version.stored = false;
  if (version.created == Time{}) version.created = db.clock.now();
  auto before = this->version(p.id, v.version);
  if (!before) {
    insert_version(db, version);
  } else if (before->root != v.root) {
    // The same number with other content: only a newer job of the origin (a site rebuilt) says so.
    sql::run(db,
             "UPDATE version SET root = :r, files = :f, dirs = :d, links = :l, bytes = :b,"
             " stored = 0 WHERE package = :p AND version = :v",
             v.root, v.files, v.dirs, v.links, v.bytes, p.id, v.version);
    sql::run(db, "UPDATE package SET stored_version = 0 WHERE id = :p AND stored_version = :v",
             p.id, v.version);
  }
  transaction.commit();
  return true;
}

void PackageBook::mark_stored(const PackageId& id, std::uint32_t version, bool current) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (sql::run(db, "UPDATE version SET stored = 1 WHERE package = :p AND version = :v", id,
               version) == 0)
    get_version(id, version);
  if (current)
    sql::run(db, "UPDATE package SET stored_version = :v, removed = 0 WHERE id = :p", version, id);
  transaction.commit();
}

void PackageBook::mark_not_stored(const PackageId& id, std::uint32_t version) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db, "UPDATE version SET stored = 0 WHERE package = :p AND version = :v", id, version);
  sql::run(db, "UPDATE package SET stored_version = 0 WHERE id = :p AND stored_version = :v", id,
           version);
  transaction.commit();
}

void PackageBook::set(const PackageRow& p) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  get(p.id);
  check_share_name(db, p);
  sql::run(db,
           "UPDATE package SET name = :a, comment = :b, source_path = :c, share_name = :d,"
           " delta = :e, ignore_schedule = :f, sender = :g, priority = :h WHERE id = :i",
           p.name, p.comment, p.source_path, p.share_name, p.delta, p.ignore_schedule, p.sender,
           p.priority, p.id);
  transaction.commit();
}

void PackageBook::remove(const PackageId& id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  get(id);
  if (auto job =
          sql::row<L, S>(db,
                         "SELECT number, step FROM job WHERE package = :p AND kind <> 2 AND step IN"
                         " ('accepted', 'routed', 'suspended', 'in parcel', 'sent', 'error',"
                         " 'local') LIMIT 1",
                         id))
    throw Error(ErrorCode::not_allowed, "package " + id.str(),
                "job " + std::to_string(std::get<0>(*job)) + " still uses it")
        .with_hint(std::get<1>(*job) == "sent"
                       ? "its parcel is under way: take in the return that answers it first"
                       : "courier job cancel " + std::to_string(std::get<0>(*job)));
  sql::run(db, "UPDATE package SET removed = 1, stored_version = 0 WHERE id = :p", id);
  sql::run(db, "UPDATE version SET stored = 0 WHERE package = :p", id);
  transaction.commit();
}

std::optional<PackageRow> PackageBook::find(const PackageId& id) {
  auto found = read(ledger_.impl(), "id = :i", id.str());
  if (found.empty()) return std::nullopt;
  return found.front();
}

PackageRow PackageBook::get(const PackageId& id) {
  auto p = find(id);
  if (!p || p->removed)
    throw Error(ErrorCode::not_found, "package " + id.str(),
                p ? "it was removed" : "it is not known here")
        .with_hint("courier package list");
  return *p;
}

std::vector<PackageRow> PackageBook::list() {
  return read(ledger_.impl(), "removed = 0 AND '' = :v", "");
}

std::optional<VersionRow> PackageBook::version(const PackageId& id, std::uint32_t version) {
  auto found = read_versions(ledger_.impl(), "package = :p AND version = :v", id.str(), version);
  if (found.empty()) return std::nullopt;
  return found.front();
}

VersionRow PackageBook::get_version(const PackageId& id, std::uint32_t version) {
  if (auto v = this->version(id, version)) return *v;
  throw Error(ErrorCode::not_found, "package " + id.str() + " version " + std::to_string(version),
              "it is not known here");
}

std::vector<VersionRow> PackageBook::versions(const PackageId& id) {
  return read_versions(ledger_.impl(), "package = :p AND 0 = :z ORDER BY version DESC", id.str(),
                       0);
}

std::optional<VersionRow> PackageBook::by_root(const Digest& root) {
  if (root.is_zero()) return std::nullopt;
  auto found = read_versions(ledger_.impl(), "root = :r AND 0 = :z ORDER BY stored DESC, package",
                             root.hex(), 0);
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace courier
