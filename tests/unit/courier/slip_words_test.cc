#include "courier/slip_words.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

TEST(SlipWords, AreInTheLanguageOfTheEnvironment) {
  EXPECT_EQ(slip_language("", "", ""), "en");
  EXPECT_EQ(slip_language("C.UTF-8", "", "sv_SE.UTF-8"), "en");
  EXPECT_EQ(slip_language("", "", "sv_SE.UTF-8"), "sv");
  EXPECT_EQ(slip_language("", "pt_PT@euro", "sv_SE.UTF-8"), "pt-BR");
  EXPECT_EQ(slip_language("", "", "pt-BR"), "pt-BR");
  EXPECT_EQ(slip_language("", "", "svx"), "en");
  EXPECT_EQ(slip_language("", "", "_"), "en");
  EXPECT_EQ(slip_language("de_DE.UTF-8", "sv", "sv"), "en");
}

TEST(SlipWords, TellSizesAsTheLanguageDoes) {
  EXPECT_EQ(slip_words("en").size(1), "1 byte");
  EXPECT_EQ(slip_words("en").size(4'200'000'000), "4.2 GB");
  EXPECT_EQ(slip_words("sv").size(812), "812 byte");
  EXPECT_EQ(slip_words("pt-BR").size(812), "812 bytes");
  EXPECT_EQ(slip_words("pt-BR").size(4'200'000'000), "4,2 GB");
  EXPECT_EQ(slip_words("sv").size(123'000'000), "123 MB");
}

}  // namespace
}  // namespace courier
