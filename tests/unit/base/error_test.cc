#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace courier {
namespace {

TEST(ErrorTable, HasARowForEveryCodeWithAllItsParts) {
  std::set<std::string_view> names;
  for (const ErrorCodeRow& row : error_code_table()) {
    EXPECT_EQ(&row_of(row.code), &row);
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.default_loss.empty()) << row.name;
    EXPECT_FALSE(row.default_hint.empty()) << row.name;
    EXPECT_FALSE(row.default_hint.ends_with('.')) << row.name;
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::newer_ledger) + 1);
}

TEST(ErrorTable, GivesTheExitStatusOfTheContract) {
  const auto status = [](ErrorCode code) { return row_of(code).exit_status; };
  EXPECT_EQ(status(ErrorCode::internal), 1);
  EXPECT_EQ(status(ErrorCode::usage), 2);
  EXPECT_EQ(status(ErrorCode::keys_locked), 2);
  EXPECT_EQ(status(ErrorCode::not_found), 7);
  EXPECT_EQ(status(ErrorCode::not_allowed), 9);
  EXPECT_EQ(status(ErrorCode::busy), 8);
  EXPECT_EQ(status(ErrorCode::not_trusted), 3);
  EXPECT_EQ(status(ErrorCode::bad_signature), 3);
  EXPECT_EQ(status(ErrorCode::not_addressed), 3);
  EXPECT_EQ(status(ErrorCode::revoked), 3);
  EXPECT_EQ(status(ErrorCode::replayed), 3);
  EXPECT_EQ(status(ErrorCode::unsupported), 3);
  EXPECT_EQ(status(ErrorCode::damaged), 4);
  EXPECT_EQ(status(ErrorCode::incomplete), 5);
  EXPECT_EQ(status(ErrorCode::no_key), 5);
  EXPECT_EQ(status(ErrorCode::partly_done), 10);
  EXPECT_EQ(status(ErrorCode::no_space), 6);
  EXPECT_EQ(status(ErrorCode::device), 11);
  EXPECT_EQ(status(ErrorCode::newer_ledger), 9);
}

TEST(Error, SaysWhatHappenedWhatWasLostAndWhatToDo) {
  Error error(ErrorCode::incomplete, "parcel PUN-PSE-000012", "volume 2 of 3 is missing");
  EXPECT_STREQ(error.what(), "parcel PUN-PSE-000012: volume 2 of 3 is missing");
  EXPECT_EQ(error.loss(), row_of(ErrorCode::incomplete).default_loss);
  EXPECT_EQ(error.hint(), row_of(ErrorCode::incomplete).default_hint);
  error.with_loss("nothing was lost: volumes 1 and 3 are stored").with_hint("insert volume 2");
  EXPECT_EQ(error.loss(), "nothing was lost: volumes 1 and 3 are stored");
  EXPECT_EQ(error.hint(), "insert volume 2");
  EXPECT_EQ(error.exit_status(), 5);
}

TEST(Error, GathersContextOutermostFirst) {
  Error error(ErrorCode::device, "/media/stick", "is gone");
  error.in("reading volume 2");
  error.in("receiving PUN-PSE-000012");
  EXPECT_STREQ(error.what(), "receiving PUN-PSE-000012: reading volume 2: /media/stick: is gone");
}

TEST(Error, KeepsItsTextWhenCopied) {
  Error copy = [] {
    Error original(ErrorCode::damaged, "label", "ends early");
    return Error(original.in("identifying"));
  }();
  EXPECT_STREQ(copy.what(), "identifying: label: ends early");
}

TEST(SystemError, IsMappedByWhoCanAct) {
  const auto code = [](int value) {
    return system_error(value, "file x", "cannot write it").code();
  };
  EXPECT_EQ(code(ENOSPC), ErrorCode::no_space);
  EXPECT_EQ(code(EDQUOT), ErrorCode::no_space);
  EXPECT_EQ(code(EFBIG), ErrorCode::no_space);
  EXPECT_EQ(code(ENOENT), ErrorCode::not_found);
  EXPECT_EQ(code(ENOTDIR), ErrorCode::not_found);
  EXPECT_EQ(code(EEXIST), ErrorCode::not_allowed);
  EXPECT_EQ(code(ELOOP), ErrorCode::not_allowed);
  EXPECT_EQ(code(EIO), ErrorCode::device);
  EXPECT_EQ(code(ENODEV), ErrorCode::device);
  EXPECT_EQ(code(EROFS), ErrorCode::device);
}

TEST(SystemError, EndsWithTheSystemsOwnText) {
  EXPECT_STREQ(system_error(ENOSPC, "file x", "cannot write it").what(),
               "file x: cannot write it: no space left on device");
  EXPECT_EQ(system_error(EROFS, "file x", "cannot write it").hint(),
            "it is read-only: mount it writable, or name another place");
}

TEST(Bug, IsAnInternalError) {
  try {
    bug("a promise was broken");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), 1);
    EXPECT_STREQ(error.what(), "courier: a promise was broken");
  }
}

}  // namespace
}  // namespace courier
