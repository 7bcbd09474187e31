#include "base/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

class JournalTest : public testing::Test {
 protected:
  std::vector<JournalLine> lines(std::optional<Component> component = {},
                                 std::optional<Time> since = {}) {
    std::vector<JournalLine> out;
    Journal::read(folder_.path(), component, since,
                  [&](const JournalLine& l) { out.push_back(l); });
    return out;
  }

  test::TempFolder folder_;
  test::FakeClock clock_{1'900'000'000};
};

TEST_F(JournalTest, KeepsComponentSeverityMessageAndFields) {
  Journal journal(folder_.path(), clock_, 1 << 20);
  clock_.tick(std::chrono::microseconds(1234));
  journal.write(Component::despooler, Severity::warning, "parcel \"PUN-PSE-000001\"\nis damaged",
                {{"records", "3-7"}, {"name", "bad \xff byte"}});
  const auto all = lines();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].time, from_seconds(1'900'000'000) + std::chrono::microseconds(1234));
  EXPECT_EQ(all[0].component, Component::despooler);
  EXPECT_EQ(all[0].severity, Severity::warning);
  EXPECT_EQ(all[0].message, "parcel \"PUN-PSE-000001\"\nis damaged");
  EXPECT_EQ(all[0].fields, (Fields{{"records", "3-7"}, {"name", "bad \xef\xbf\xbd byte"}}));
  EXPECT_EQ(all[0].pid, ::getpid());
  EXPECT_GT(all[0].thread, 0);
}

TEST_F(JournalTest, LeavesNoTraceUntilTheFirstLine) {
  { const Journal journal(folder_.path(), clock_, 1 << 20); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_TRUE(lines().empty());
}

TEST_F(JournalTest, NeverStopsWorkThatCannotBeLogged) {
  Journal nowhere, no_home(folder_ / "none", clock_, 1 << 20);
  nowhere.write(Component::store, Severity::info, "x");
  no_home.write(Component::store, Severity::info, "x");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
  test::write_text(folder_ / "log", "a file in the way");
  Journal in_the_way(folder_.path(), clock_, 1 << 20);
  in_the_way.write(Component::store, Severity::info, "x");
  EXPECT_TRUE(lines().empty());
}

TEST_F(JournalTest, FiltersByComponentAndTime) {
  Journal journal(folder_.path(), clock_, 1 << 20);
  journal.write(Component::signer, Severity::info, "1");
  clock_.tick(std::chrono::seconds(10));
  journal.write(Component::store, Severity::info, "2");
  journal.write(Component::signer, Severity::info, "3");
  ASSERT_EQ(lines(Component::signer).size(), 2u);
  ASSERT_EQ(lines({}, clock_.now()).size(), 2u);
  ASSERT_EQ(lines(Component::signer, clock_.now()).size(), 1u);
  EXPECT_EQ(lines(Component::signer, clock_.now())[0].message, "3");
}

TEST_F(JournalTest, RollsOverAndKeepsTheLastFour) {
  constexpr std::uint64_t kMax = 10'240;
  Journal journal(folder_.path(), clock_, kMax);
  for (int i = 0; i < 1000; ++i) {
    journal.write(Component::store, Severity::info, std::to_string(i) + std::string(200, '.'));
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "log")) {
    EXPECT_LE(entry.file_size(), kMax) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 5u);
  // What is kept is the end, in order, without a gap.
  const auto all = lines();
  ASSERT_GT(all.size(), 100u);
  int number = 1000 - static_cast<int>(all.size());
  for (const auto& line : all) {
    EXPECT_EQ(line.message.substr(0, line.message.find('.')), std::to_string(number++));
  }
}

TEST_F(JournalTest, TakesLinesFromSeveralWritersWhileItRolls) {
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&] {
      Journal journal(folder_.path(), clock_, 64 << 10);
      for (int i = 0; i < 200; ++i) journal.write(Component::store, Severity::info, "line");
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(lines().size(), 800u);
}

TEST_F(JournalTest, PassesOverWhatIsNoLine) {
  Journal journal(folder_.path(), clock_, 1 << 20);
  journal.write(Component::site, Severity::error, "good");
  const std::string good = test::read_text(folder_ / "log/journal.jsonl");
  test::write_text(folder_ / "log/journal.jsonl",
                   "no json\n[1,2]\n{\"time\":5}\n{\"time\":\"x\",\"component\":\"Store\","
                   "\"severity\":\"I\",\"message\":\"m\"}\n" +
                       good + good.substr(0, good.size() / 2));
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_EQ(lines()[0].severity, Severity::error);
}

TEST_F(JournalTest, LosesNoLineToOneThatWasCutOff) {
  Journal(folder_.path(), clock_, 1 << 20).write(Component::site, Severity::info, "whole");
  const std::string good = test::read_text(folder_ / "log/journal.jsonl");
  test::write_text(folder_ / "log/journal.jsonl", good + good.substr(0, 20));
  Journal(folder_.path(), clock_, 1 << 20).write(Component::site, Severity::info, "after");
  ASSERT_EQ(lines().size(), 2u);
  EXPECT_EQ(lines()[1].message, "after");
}

TEST(Component, HasAWordEach) {
  for (int i = 0; i <= static_cast<int>(Component::site); ++i) {
    EXPECT_EQ(parse_component(word(static_cast<Component>(i))), static_cast<Component>(i));
  }
  EXPECT_FALSE(parse_component("Nobody"));
}

}  // namespace
}  // namespace courier
