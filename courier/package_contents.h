// What is in a package version, and writing it, or one file of it, out of the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "courier/commands.h"
#include "store/reports.h"

namespace courier {

struct ContentsOptions {
  std::string id;
  std::uint32_t version = 0;  // 0: the stored one
  bool sha256 = false;        // files: as `sha256sum -c` reads them
  std::string directory;      // export: a folder, "-" for standard output
  std::string file;           // export: a path in the package; empty: all of it
};

Json named_json(const std::vector<Named>& list);

// Errors: not_found; incomplete, when no version is stored; not_allowed, when the package has no
// files.
Report package_files(Context& context, const ContentsOptions& options);
// Besides: what export_tree throws; not_found, no such file in it; usage, standard output without a
// file where there are several, or with --json. Names the folder cannot hold are the report's
// problem (10).
Report export_package(Context& context, const ContentsOptions& options);

}  // namespace courier
