// Package source: where a version's content comes from, how the command line names it, how the
// ledger remembers it, and taking it into the store.
#pragma once

#include <string>

#include "courier/commands.h"
#include "ledger/package_book.h"
#include "store/reports.h"

namespace courier {

// What `package add` and `package update` are told of a source.
struct SourceOptions {
  std::string source;  // a folder, a file, "-" for standard input; empty: none given
  std::string as;      // what standard input is called as a file
  std::string level = "default";
  bool skip_unreadable = false;
  bool unpack = false;       // the source is an archive
  std::string max_unpacked;  // a size; empty: default_unpack_limit
};

struct PackageSource {
  SourceKind kind = SourceKind::files;
  std::string path;  // absolute; of a stream: the name of its file
};

// remembered: the package's last source; null for a new package.
// Errors: usage, when there is none, when it cannot be read again, or when it lacks a name.
PackageSource source_of(const SourceOptions& options, const PackageRow* remembered);
// Errors: as Store::snapshot and unpack; usage, when standard input is a terminal.
SnapshotResult take_in(Context& context, const PackageSource& source, const SourceOptions& options);
// For people: "/srv/tools", "standard input, as disc.img"; empty when there is none.
std::string source_text(const PackageRow& package);
// Adds "source" and "source_kind" to a package's facts.
void put_source(Json& one, const PackageRow& package);

}  // namespace courier
