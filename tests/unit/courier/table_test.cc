#include "courier/table.h"

#include <gtest/gtest.h>

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

TEST(Listing, LeavesOutEmptyValuesAndPadsLabels) {
  EXPECT_EQ(listing({{"from", "PUN"}, {"comment", ""}, {"to", "PSE"}}), "from  PUN\nto    PSE\n");
}

}  // namespace
}  // namespace courier
