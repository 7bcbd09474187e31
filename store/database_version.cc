#include "store/database_version.h"

#include <sqlite3.h>

namespace courier {

std::string database_version() { return ::sqlite3_libversion(); }

}  // namespace courier
