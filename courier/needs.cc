#include "courier/needs.h"

#include <string>

#include "base/error.h"

namespace courier {
namespace {

constexpr bool kLock = true, kNoLock = false, kKeys = true, kNoKeys = false;

// `set`, `mark` and `cancel` are short ledger transactions and never wait for the lock.
constexpr Needs kTable[] = {
    {"site init", NeedsHome::made, kNoLock, kNoKeys},
    {"site show", NeedsHome::yes, kNoLock, kNoKeys},
    {"site list", NeedsHome::yes, kNoLock, kNoKeys},
    {"site export", NeedsHome::yes, kNoLock, kKeys},
    {"site join", NeedsHome::yes, kNoLock, kNoKeys},
    {"site set", NeedsHome::yes, kNoLock, kNoKeys},
    {"site grant", NeedsHome::yes, kNoLock, kNoKeys},
    {"site rotate-key", NeedsHome::yes, kLock, kNoKeys},  // with --lost they may be out of reach
    {"site revoke", NeedsHome::yes, kNoLock, kNoKeys},
    {"site backup", NeedsHome::yes, kLock, kNoKeys},
    {"site restore", NeedsHome::made, kNoLock, kNoKeys},
    {"package add", NeedsHome::yes, kLock, kNoKeys},
    {"package update", NeedsHome::yes, kLock, kNoKeys},
    {"package list", NeedsHome::yes, kNoLock, kNoKeys},
    {"package show", NeedsHome::yes, kNoLock, kNoKeys},
    {"package files", NeedsHome::yes, kNoLock, kNoKeys},
    {"package export", NeedsHome::yes, kLock, kNoKeys},
    {"package set", NeedsHome::yes, kNoLock, kNoKeys},
    {"package remove", NeedsHome::yes, kLock, kNoKeys},
    {"dp add", NeedsHome::yes, kLock, kNoKeys},
    {"dp list", NeedsHome::yes, kNoLock, kNoKeys},
    {"dp show", NeedsHome::yes, kNoLock, kNoKeys},
    {"dp set", NeedsHome::yes, kNoLock, kNoKeys},
    {"dp remove", NeedsHome::yes, kLock, kNoKeys},
    {"address add", NeedsHome::yes, kNoLock, kNoKeys},
    {"address list", NeedsHome::yes, kNoLock, kNoKeys},
    {"address set", NeedsHome::yes, kNoLock, kNoKeys},
    {"address remove", NeedsHome::yes, kNoLock, kNoKeys},
    {"distribute", NeedsHome::yes, kLock, kNoKeys},
    {"redistribute", NeedsHome::yes, kLock, kNoKeys},
    {"retract", NeedsHome::yes, kLock, kNoKeys},
    {"validate", NeedsHome::yes, kLock, kNoKeys},
    {"status", NeedsHome::yes, kNoLock, kNoKeys},
    {"job list", NeedsHome::yes, kNoLock, kNoKeys},
    {"job show", NeedsHome::yes, kNoLock, kNoKeys},
    {"job cancel", NeedsHome::yes, kNoLock, kNoKeys},
    {"job run", NeedsHome::yes, kLock, kKeys},
    {"parcel pending", NeedsHome::yes, kNoLock, kNoKeys},
    {"parcel create", NeedsHome::yes, kLock, kKeys},
    {"parcel list", NeedsHome::yes, kNoLock, kNoKeys},
    {"parcel show", NeedsHome::optional, kNoLock, kNoKeys},
    {"parcel contents", NeedsHome::optional, kNoLock, kNoKeys},
    {"parcel verify", NeedsHome::optional, kNoLock, kNoKeys},
    {"parcel repair", NeedsHome::none, kNoLock, kNoKeys},
    {"parcel mark", NeedsHome::yes, kNoLock, kNoKeys},
    {"parcel set", NeedsHome::yes, kNoLock, kNoKeys},
    {"parcel slip", NeedsHome::yes, kNoLock, kNoKeys},
    {"parcel lost", NeedsHome::yes, kNoLock, kNoKeys},
    {"parcel discard", NeedsHome::yes, kLock, kNoKeys},
    {"media list", NeedsHome::optional, kNoLock, kNoKeys},
    {"media tidy", NeedsHome::yes, kNoLock, kNoKeys},
    {"media eject", NeedsHome::none, kNoLock, kNoKeys},
    {"media write", NeedsHome::optional, kNoLock, kNoKeys},
    {"media verify", NeedsHome::optional, kNoLock, kNoKeys},
    {"identify", NeedsHome::optional, kNoLock, kNoKeys},
    {"receive", NeedsHome::yes, kLock, kKeys},
    {"receive --watch", NeedsHome::yes, kNoLock, kKeys},  // it is locked for each drive
    {"return create", NeedsHome::yes, kLock, kKeys},
    {"return create --receipt", NeedsHome::yes, kNoLock, kKeys},
    {"console", NeedsHome::made, kNoLock, kNoKeys},  // its children open it
    {"store stats", NeedsHome::yes, kNoLock, kNoKeys},
    {"store check", NeedsHome::yes, kLock, kNoKeys},
    {"store gc", NeedsHome::yes, kLock, kNoKeys},
    {"store rebuild-index", NeedsHome::yes, kLock, kNoKeys},
    {"log", NeedsHome::yes, kNoLock, kNoKeys},
    {"completion", NeedsHome::none, kNoLock, kNoKeys},
    {"manual", NeedsHome::none, kNoLock, kNoKeys},
};

}  // namespace

std::span<const Needs> needs_table() { return kTable; }

const Needs& needs_of(std::string_view command) {
  for (const Needs& row : kTable) {
    if (row.command == command) return row;
  }
  bug("no row in the table of needs for " + std::string(command));
}

}  // namespace courier
