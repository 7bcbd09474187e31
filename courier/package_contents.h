// What is in a package version, and writing it out of the store.
#pragma once

#include <string>
#include <vector>

#include "courier/commands.h"
#include "store/reports.h"

namespace courier {

Json named_json(const std::vector<Named>& list);

// version 0: the stored one. Errors: not_found; incomplete, when none is stored; not_allowed, when
// the package has no files.
Report package_files(Context& context, const std::string& id, std::uint32_t version);
// Besides: what export_tree throws. Names the folder cannot hold are the report's problem (10).
Report export_package(Context& context, const std::string& id, std::uint32_t version,
                      const std::string& directory);

}  // namespace courier
