#include "courier/needs.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace courier {
namespace {

TEST(Needs, HasEachCommandOnce) {
  std::set<std::string_view> seen;
  for (const Needs& row : needs_table())
    EXPECT_TRUE(seen.insert(row.command).second) << row.command;
}

TEST(Needs, NeverLocksWhatMustNotWait) {
  for (const char* command : {"parcel mark", "parcel set", "job cancel", "package set", "site set",
                              "dp set", "address set", "identify", "status", "parcel list"}) {
    EXPECT_FALSE(needs_of(command).lock) << command;
  }
}

TEST(Needs, LocksWhatWritesStoreOrShares) {
  for (const char* command : {"package add", "package update", "parcel create", "receive",
                              "job run", "store gc", "distribute", "parcel discard"}) {
    EXPECT_TRUE(needs_of(command).lock) << command;
  }
}

TEST(Needs, LooksAtMediaWithoutAHome) {
  for (const char* command : {"identify", "parcel show", "parcel verify"}) {
    EXPECT_EQ(needs_of(command).home, NeedsHome::optional) << command;
    EXPECT_FALSE(needs_of(command).keys) << command;
  }
}

}  // namespace
}  // namespace courier
