// The vectors of tests/golden/differences.json, which the second reader is held to as well.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "store/difference.h"

namespace courier {
namespace {

TEST(DifferenceVectors, OpenToWhatTheySayOrAreRefused) {
  std::ifstream file(COURIER_TESTS_DIR "/golden/differences.json");
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_GE(vectors.size(), 25u);
  for (const auto& vector : vectors) {
    const std::string name = vector.at("name");
    const Bytes coded = from_hex(vector.at("coded").get<std::string>());
    const Bytes base = from_hex(vector.at("base").get<std::string>());
    const std::uint32_t size = vector.at("raw_size");
    const auto decode = vector.at("codec") == 2 ? decode_difference : decode_prefix;
    try {
      const std::string raw = to_hex(decode(coded, base, size));
      ASSERT_FALSE(vector.at("raw").is_null()) << name;
      EXPECT_EQ(raw, vector.at("raw").get<std::string>()) << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::damaged) << name;
      EXPECT_TRUE(vector.at("raw").is_null()) << name << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace courier
