#include "courier/sha256.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

Bytes sum_of(std::string_view text) {
  Sha256 sum;
  sum.add(as_bytes(text.substr(0, text.size() / 2)));
  sum.add(as_bytes(text.substr(text.size() / 2)));
  return sum.finish();
}

TEST(Sha256, IsThatOfFips180) {
  EXPECT_EQ(to_hex(sum_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sum_of("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, LinesAreThoseOfCoreutils) {
  const Bytes sum = {0xab, 0x01};
  EXPECT_EQ(sha256sum_line(sum, "setup/readme.txt"), "ab01  setup/readme.txt\n");
  EXPECT_EQ(sha256sum_line(sum, "a\\b"), "\\ab01  a\\\\b\n");
  EXPECT_EQ(sha256sum_line(sum, "a\nb\rc"), "\\ab01  a\\nb\\rc\n");
  EXPECT_EQ(sha256sum_line(sum, "raw \xff"), "ab01  raw \xff\n");
  EXPECT_EQ(sha256sum_line(sum, "-"), "ab01  ./-\n");
}

}  // namespace
}  // namespace courier
