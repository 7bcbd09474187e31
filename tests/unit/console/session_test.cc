#include "console/session.h"

#include <gtest/gtest.h>

#include "console/operator_passphrase.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;
using test::FakeClock;
using test::TempFolder;

TEST(Sessions, KnowTheirOwnTokensAndNoOthers) {
  FakeClock clock;
  const Sessions sessions(clock), others(clock);
  const std::string token = sessions.make();
  EXPECT_TRUE(sessions.is_genuine(token));
  EXPECT_FALSE(others.is_genuine(token));
  EXPECT_NE(token, sessions.make());
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(sessions.is_genuine(changed)) << i;
  }
  EXPECT_FALSE(sessions.is_genuine(""));
  EXPECT_FALSE(sessions.is_genuine(token + "0"));
}

TEST(Sessions, FindTheirTokenAmongOtherCookies) {
  FakeClock clock;
  const Sessions sessions(clock);
  const std::string token = sessions.make();
  EXPECT_EQ(sessions.token_in("a=b; courier-session=" + token + "; c=d"), token);
  EXPECT_EQ(sessions.token_in("courier-session=stale; courier-session=" + token), token);
  for (const std::string& field : {std::string(), std::string(";;;"), "courier-sessionx=" + token,
                                   "xcourier-session=" + token, std::string("courier-session")}) {
    EXPECT_EQ(sessions.token_in(field), "") << field;
  }
}

TEST(Sessions, OfAnOperatorEndWhenIdleOrLoggedOut) {
  FakeClock clock;
  Sessions sessions(clock);
  const std::string token = sessions.make();
  EXPECT_FALSE(sessions.is_operator(token));
  sessions.log_in(token);
  clock.tick(std::chrono::minutes(29));
  EXPECT_TRUE(sessions.is_operator(token));
  clock.tick(std::chrono::minutes(31));
  EXPECT_FALSE(sessions.is_operator(token));
  sessions.log_in(token);
  sessions.log_out(token);
  EXPECT_FALSE(sessions.is_operator(token));
}

TEST(Sessions, AreNotKeptAliveByWhatIsSentUnasked) {
  FakeClock clock;
  Sessions sessions(clock);
  const std::string token = sessions.make();
  sessions.log_in(token);
  clock.tick(std::chrono::minutes(20));
  EXPECT_TRUE(sessions.is_still_operator(token));
  clock.tick(std::chrono::minutes(11));
  EXPECT_FALSE(sessions.is_still_operator(token));
  sessions.log_in(token);
  EXPECT_TRUE(sessions.is_still_operator(token));
  sessions.log_out(token);
  EXPECT_FALSE(sessions.is_still_operator(token));
  sessions.log_in(token);
  sessions.log_out_all();
  EXPECT_FALSE(sessions.is_operator(token));
}

TEST(Sessions, OfOperatorsAreFew) {
  FakeClock clock;
  Sessions sessions(clock);
  const std::string first = sessions.make();
  sessions.log_in(first);
  for (std::size_t i = 0; i < Sessions::kMostOperators; ++i) {
    clock.tick(std::chrono::seconds(1));
    sessions.log_in(sessions.make());
  }
  EXPECT_FALSE(sessions.is_operator(first));
}

Secret secret(std::string_view text) { return Secret::copy_of(as_bytes(text)); }

TEST(OperatorPassphrase, IsKnownByItsHashAlone) {
  TempFolder folder;
  PosixFileSystem fs;
  OperatorPassphrase passphrase(fs, folder.path());
  EXPECT_FALSE(passphrase.is_set());
  EXPECT_FALSE(passphrase.matches(""));
  passphrase.set(secret("correct horse"));
  EXPECT_TRUE(passphrase.is_set());
  EXPECT_TRUE(passphrase.matches("correct horse"));
  const std::string hash = passphrase.hash();
  passphrase.set(secret("correct horse"));
  EXPECT_NE(passphrase.hash(), hash);
  EXPECT_FALSE(passphrase.matches("correct horsE"));
  EXPECT_FALSE(passphrase.matches(std::string(5000, 'x')));
  EXPECT_EQ(error_of([&] { passphrase.set(secret("short")); }).code(), ErrorCode::usage);
  EXPECT_TRUE(passphrase.matches("correct horse"));
}

TEST(LoginDelay, GrowsWithEachFailureAndEndsWithASuccess) {
  FakeClock clock;
  LoginDelay delay(clock);
  for (int i = 0; i < 4; ++i) delay.failed();
  EXPECT_EQ(delay.left().count(), 0);
  delay.failed();
  EXPECT_EQ(delay.left().count(), 1);
  delay.failed();
  EXPECT_EQ(delay.left().count(), 2);
  for (int i = 0; i < 100; ++i) delay.failed();
  EXPECT_EQ(delay.left().count(), 300);
  clock.tick(std::chrono::seconds(299));
  EXPECT_EQ(delay.left().count(), 1);
  clock.tick(std::chrono::seconds(2));
  EXPECT_EQ(delay.left().count(), 0);
  delay.succeeded();
  EXPECT_EQ(delay.left().count(), 0);
}

}  // namespace
}  // namespace courier
