#include "base/secret.h"

#include <gtest/gtest.h>

#include <set>
#include <type_traits>

#include "base/entropy.h"

namespace courier {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST(Secret, HoldsItsBytesAndHandsThemOver) {
  Secret first = Secret::copy_of(as_bytes("a key"));
  EXPECT_EQ(as_text(first.view()), "a key");
  Secret second = std::move(first);
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(as_text(second.view()), "a key");
  Secret third(3);
  EXPECT_EQ(to_bytes(third.view()), Bytes(3, 0));
  third = std::move(second);
  EXPECT_EQ(as_text(third.view()), "a key");
}

TEST(Secret, MayBeEmpty) {
  const Secret none;
  EXPECT_TRUE(none.view().empty());
  EXPECT_TRUE(Secret::copy_of({}).empty());
}

TEST(SystemEntropy, DoesNotRepeatItself) {
  SystemEntropy entropy;
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) {
    Bytes bytes(16);
    entropy.fill(bytes);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
}

}  // namespace
}  // namespace courier
