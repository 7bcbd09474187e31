#include "courier/report.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

TEST(ErrorText, HasThreeLines) {
  const Error error =
      Error(ErrorCode::incomplete, "parcel PUN-PSE-000012", "volume 2 of 3 is missing")
          .with_loss("nothing was lost: volumes 1 and 3 are stored")
          .with_hint("insert volume 2 and run the same command");
  EXPECT_EQ(error_text(error),
            "parcel PUN-PSE-000012: volume 2 of 3 is missing\n"
            "nothing was lost: volumes 1 and 3 are stored\n"
            "insert volume 2 and run the same command\n");
}

TEST(ErrorText, OfEveryCodeHasItsThreeParts) {
  for (const ErrorCodeRow& row : error_code_table()) {
    const Error error(row.code, "file a", "is not as it should be");
    const std::string expected = "file a: is not as it should be\n" +
                                 std::string(row.default_loss) + "\n" +
                                 std::string(row.default_hint) + "\n";
    EXPECT_EQ(error_text(error), expected);
    const Json json = error_json(error);
    EXPECT_EQ(json.at("code"), row.name);
    EXPECT_EQ(json.at("exit_status"), row.exit_status);
    for (const char* part : {"subject", "happened", "loss", "hint"}) {
      EXPECT_NE(json.at(part), "") << row.name << " " << part;
    }
  }
}

TEST(ErrorText, KeepsControlCharactersOffTheTerminal) {
  const Error error(ErrorCode::damaged, "file \x1b[31m", "is\nbad");
  EXPECT_EQ(error_text(error).find('\x1b'), std::string::npos);
  EXPECT_EQ(error_text(error).find("is\nbad"), std::string::npos);
}

TEST(ErrorJson, SaysTheSameAsTheText) {
  const Json json = error_json(Error(ErrorCode::busy, "home /h", "is in use by process 12"));
  EXPECT_EQ(json["code"], "busy");
  EXPECT_EQ(json["exit_status"], 8);
  EXPECT_EQ(json["message"], "home /h: is in use by process 12");
  EXPECT_FALSE(json["loss"].get<std::string>().empty());
  EXPECT_FALSE(json["hint"].get<std::string>().empty());
}

TEST(JsonText, EscapesWhatIsNoUtf8AndKeepsTheRest) {
  EXPECT_EQ(json_text("Återställning"), "Återställning");
  EXPECT_EQ(json_text("a\xff"
                      "b"),
            "a\\xffb");
}

TEST(Printable, KeepsBackslashesAsTheyAre) { EXPECT_EQ(printable("a\\b\tc"), "a\\b\\x09c"); }

}  // namespace
}  // namespace courier
