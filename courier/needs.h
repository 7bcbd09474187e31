// What each command needs before it starts: a home, the home's lock, unlocked keys. One table.
#pragma once

#include <span>
#include <string_view>

namespace courier {

enum class NeedsHome {
  none,      // never opened, nor asked for
  made,      // by the command itself
  optional,  // opened when there is one
  yes,       // not_found when there is none
};

struct Needs {
  std::string_view command;  // "parcel create"
  NeedsHome home;
  bool lock;  // writes the store or a share: one courier at a time
  bool keys;  // signs or opens: the passphrase is asked for before any work starts
};

std::span<const Needs> needs_table();
// Precondition: the command is in the table.
const Needs& needs_of(std::string_view command);

}  // namespace courier
