// PackageBook: packages and their versions. Every site keeps two versions per package: the source
// version (announced by the origin) and the stored version (proved whole here). Source: behaviours
// B44, B72, B73, B79, B80.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

// How a source was read, so that the next version is read likewise.
enum class SourceKind : int {
  files = 0,    // a folder or a file, as it is
  archive = 1,  // an archive, unpacked
  stream = 2,   // standard input: gone once read
};

struct PackageRow {
  PackageId id;
  std::string name;
  std::string comment;
  // At the origin: where it was snapshot from, raw bytes; of a stream: the file's name.
  std::string source_path;
  SourceKind source_kind = SourceKind::files;
  std::uint32_t source_version = 0;  // announced by its origin
  std::uint32_t stored_version = 0;  // the version that is current and whole here; 0: none
  bool no_source = false;            // a package without files
  std::string share_name;            // empty: the package ID
  bool delta = true;
  bool ignore_schedule = false;
  std::string sender = "any";  // preferred sender: any, courier, folder
  Priority priority = Priority::medium;
  Time created;
  bool removed = false;  // package remove: kept for history, its number is not re-used
};

struct VersionRow {
  PackageId package;
  std::uint32_t version = 0;
  Digest root;  // zero: a package without files
  std::uint64_t files = 0, dirs = 0, links = 0, bytes = 0;
  bool stored = false;  // whole in this store (when it was last proved)
  Time created;
};

class PackageBook {
 public:
  explicit PackageBook(Ledger& ledger) : ledger_(ledger) {}

  // The next free ID of this site.
  PackageId next_id();
  // package add: the row and version 1 in one. Errors: not_allowed when the ID is or was in use;
  // usage when it is of another site.
  void add(const PackageRow& package, const VersionRow& version);
  // package update: version must be source_version + 1; it becomes source and stored version.
  void add_version(const VersionRow& version, const std::string& source_path,
                   SourceKind source_kind = SourceKind::files);
  // At a receiver: what an item says of a package, announced or carried. Makes the row when there
  // is none; raises source_version, never lowers it, unless `force` (the origin's newer job says
  // so). Returns false when what is known is newer (B46).
  bool announce(const PackageRow& package, const VersionRow& version, bool force = false);
  // The version is whole in this store; it becomes the current one when `current`.
  void mark_stored(const PackageId& id, std::uint32_t version, bool current);
  // Its content was found damaged or missing; stored_version goes to 0 when it was the current one.
  void mark_not_stored(const PackageId& id, std::uint32_t version);
  // package set, name and source path included. Errors: not_found; not_allowed, a share name in
  // use.
  void set(const PackageRow& package);
  // package remove, or a remove item: no version is stored any more. Errors: not_found;
  // not_allowed while a job that is not ended uses it.
  void remove(const PackageId& id);

  std::optional<PackageRow> find(const PackageId& id);
  PackageRow get(const PackageId& id);  // Errors: not_found
  std::vector<PackageRow> list();       // without removed ones
  std::optional<VersionRow> version(const PackageId& id, std::uint32_t version);
  VersionRow get_version(const PackageId& id, std::uint32_t version);  // Errors: not_found
  std::vector<VersionRow> versions(const PackageId& id);               // newest first
  std::optional<VersionRow> by_root(const Digest& root);               // stored ones first

 private:
  Ledger& ledger_;
};

}  // namespace courier
