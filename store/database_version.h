// The version of the database library that runs, for people who report a fault.
#pragma once

#include <string>

namespace courier {

std::string database_version();

}  // namespace courier
