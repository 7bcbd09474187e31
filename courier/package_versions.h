// Making package versions: package add and package update.
#pragma once

#include <string>

#include "courier/commands.h"
#include "courier/package_source.h"

namespace courier {

struct VersionOptions {
  std::string id, name, comment;
  bool no_source = false;
  SourceOptions source;
};

// Errors: usage; not_allowed, the package is there already; as source_of and take_in.
// Ensures: after an error there is no new package.
Report add_package(Context& context, const VersionOptions& options);
// Errors: not_found; not_allowed, the package of another site; as source_of and take_in.
// Ensures: after an error there is no new version. Content as before makes none either.
Report update_package(Context& context, const VersionOptions& options);

}  // namespace courier
