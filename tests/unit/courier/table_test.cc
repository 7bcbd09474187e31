#include "courier/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>

namespace courier {
namespace {

TEST(Table, AlignsColumnsByWhatIsInThem) {
  Table table({"job", ">size", "reason"});
  table.add({"1", "12 bytes", ""});
  table.add({"1000", "4.2 GB", "size limit"});
  EXPECT_EQ(table.str("nothing"),
            "job       size  reason\n"
            "1     12 bytes\n"
            "1000    4.2 GB  size limit\n");
}

TEST(Table, SaysSoWhenThereIsNothing) { EXPECT_EQ(Table({"job"}).str("no jobs"), "no jobs\n"); }

TEST(Table, CountsColumnsAndNotBytes) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  Table table({"name", "x"});
  table.add({"Åre", "1"});
  table.add({"Oslo", "2"});
  EXPECT_EQ(table.str(""), "name  x\nÅre   1\nOslo  2\n");
}

TEST(Table, NeverSendsControlCharactersToTheTerminal) {
  Table table({"name"});
  table.add({"a\x1b[2Jb\nc"});
  EXPECT_EQ(table.str(""), "name\na\\x1b[2Jb\\x0ac\n");
}

// The widest line of a table.
std::size_t width_of(const std::string& table) {
  std::size_t widest = 0;
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    widest = std::max(widest, display_width(std::string_view(table).substr(at, end - at)));
    at = end + 1;
  }
  return widest;
}

TEST(Table, LeavesOutColumnsWithoutContent) {
  Table table({"job", "reason", ">size"});
  table.add({"1", "", "12 bytes"});
  EXPECT_EQ(table.str(""), "job      size\n1    12 bytes\n");
}

TEST(Table, WrapsWhatIsWiderThanALine) {
  Table table({">job", "reason", "path"});
  table.add({"1",
             "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
             "/srv/shares/files/of/this/branch/that/lie/deep/down/in/the/tree/PUN00020"});
  EXPECT_EQ(table.str(""),
            "job  reason                                           path\n"
            "  1  one two three four five six seven eight nine     "
            "/srv/shares/files/of/this/branch/that/lie/\n"
            "     ten eleven twelve thirteen fourteen              "
            "deep/down/in/the/tree/PUN00020\n");
}

TEST(Table, IsNeverWiderThanALineOfTextColumnsAndLosesNothing) {
  for (std::size_t length : {1u, 13u, 14u, 15u, 90u, 100u, 101u, 350u}) {
    Table table({"a", ">n", "b", "c"});
    table.add({std::string(length, 'x'), "123456", std::string(length, 'y'), "z z"});
    const std::string text = table.str("");
    EXPECT_LE(width_of(text), kTableWidth);
    EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), 'x')), length);
    EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), 'y')), length);
  }
}

TEST(Table, NeverBreaksWithinALetter) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::string name;
  for (int i = 0; i < 150; ++i) name += "å";
  Table table({"name"});
  table.add({name});
  std::string joined = table.str("").substr(5);
  std::erase(joined, '\n');
  EXPECT_EQ(joined, name);
}

TEST(Listing, LeavesOutEmptyValuesAndPadsLabels) {
  EXPECT_EQ(listing({{"from", "PUN"}, {"comment", ""}, {"to", "PSE"}}), "from  PUN\nto    PSE\n");
}

TEST(Listing, WrapsAtSpacesAndLeavesWhatHasNoneWhole) {
  const std::string path = "/" + std::string(150, 'p');
  std::string words;
  for (int i = 0; i < 30; ++i) words += (i == 0 ? "" : " ") + std::string("word");
  const std::string text = listing({{"file", path}, {"name", words}});
  EXPECT_EQ(text.substr(0, text.find('\n')), "file  " + path);
  const std::string rest = text.substr(text.find('\n') + 1);
  EXPECT_LE(width_of(rest), kTableWidth);
  EXPECT_EQ(std::count(rest.begin(), rest.end(), '\n'), 2);
}

}  // namespace
}  // namespace courier
