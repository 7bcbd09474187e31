// Every step of the loop, with every call to the file system and the databases made to fail in
// turn: the command says so, nothing is lost, and the same command again ends well.
//
//   COURIER_FAULT_STRIDE=N   every Nth call (default 37; 1: all, as scripts/fault-sweep does)
//   COURIER_FAULT_ONLY=KIND:N   one fault, to look at it
//   COURIER_FAULT_REPORT=FILE   adds a line of JSON for each step and kind
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "base/error.h"
#include "tests/fault/loop.h"

namespace courier::test {
namespace {

constexpr std::uint64_t kGoOnEvery = 10;

const std::set<std::string> kNeedRoom = {
    "create",      "write",      "pwrite",  "truncate",  "sync",      "sync_file_system",
    "make_dir_at", "symlink_at", "link_at", "rename_at", "set_xattr",
};

struct Kind {
  std::string name;
  int errno_value;
  bool stays = false;               // and all later calls fail, too
  std::set<std::string> only = {};  // these calls alone count and fail; none: all calls
  std::uint64_t denser = 1;         // such calls are few: the stride is that much smaller
  std::optional<Cut> cut = {};      // then the power is cut
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = {
      {"EIO, once", EIO},
      {"EIO, from there on", EIO, true},
      {"ENOSPC, once", ENOSPC, false, kNeedRoom},
      {"ENOSPC, from there on", ENOSPC, true, kNeedRoom},
      {"fsync fails, once", EIO, false, {"sync", "sync_file_system"}, 6},
      {"rename fails, once", EIO, false, {"rename_at"}, 36},
      {"power cut, all unsynced lost", EIO, true, {}, 1, Cut::forgets},
      {"power cut, names kept", EIO, true, {}, 1, Cut::empties},
      {"power cut, writes torn", EIO, true, {}, 1, Cut::tears},
  };
  return kKinds;
}

std::string from_environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

struct Tally {
  std::uint64_t calls = 0, injected = 0;
  std::map<std::string, std::uint64_t> at;  // by the call that failed
  std::map<int, std::uint64_t> statuses;    // of the command that met the fault
};

void report(const std::string& step, const std::string& kind, const Tally& tally) {
  Json line = {{"step", step},         {"kind", kind},
               {"calls", tally.calls}, {"injected", tally.injected},
               {"at", tally.at},       {"statuses", Json::object()}};
  for (const auto& [status, count] : tally.statuses) {
    line["statuses"][std::to_string(status)] = count;
  }
  const std::string path = from_environment("COURIER_FAULT_REPORT", "");
  if (!path.empty()) std::ofstream(path, std::ios::app) << line.dump() << "\n";
  std::cout << line.dump() << "\n";
}

class Sweep : public ::testing::TestWithParam<std::size_t> {
 protected:
  // The loop once without a fault: what each step must end in.
  void SetUp() override {
    loop_.begin();
    versions_.push_back({});
    for (std::size_t i = 0; i < steps().size(); ++i) {
      loop_.keep(i);
      const Ran ran = loop_.run(steps()[i]);
      ASSERT_EQ(ran.status, 0) << steps()[i].name << "\n" << ran.err;
      facts_.push_back(loop_.facts(steps()[i].home));
      if (versions_.back() != loop_.served()) versions_.push_back(loop_.served());
    }
    ASSERT_EQ(versions_.size(), 3u);
    ASSERT_EQ(versions_[1], listing_of(loop_.path("src")));
    ASSERT_EQ(versions_[2], listing_of(loop_.path("src2")));
  }

  bool serves_a_whole_version() {
    const Listing served = loop_.served();
    return std::ranges::find(versions_, served) != versions_.end();
  }

  // The same command again, until it has nothing left to do.
  void again(std::size_t index) {
    const Step& step = steps()[index];
    // What is tried again later is due by then.
    loop_.clock().tick(std::chrono::hours(2));
    const Ran ran = loop_.run(step);
    EXPECT_TRUE(ran.status == 0 || (step.refused_again && ran.status == 9)) << ran.err;
  }

  // Whether the fault was met at all.
  bool meet(std::size_t index, const Kind& kind, std::uint64_t at, Tally& tally) {
    loop_.back_to(index);
    loop_.calls().fail_only(kind.only);
    loop_.calls().fail_at(at, kind.errno_value, kind.stays);
    const Ran ran = loop_.run(steps()[index]);
    loop_.calls().heal();
    loop_.calls().fail_only({});
    if (loop_.calls().failed_call().empty()) return false;
    ++tally.injected;
    ++tally.at[loop_.calls().failed_call()];
    ++tally.statuses[ran.status];
    SCOPED_TRACE(steps()[index].name + ": " + kind.name + ", call " + std::to_string(at) + ": " +
                 loop_.calls().failed_call() + "\n" + ran.err);
    check_message(kind, ran);
    if (kind.cut) loop_.disk().power_cut(*kind.cut, static_cast<unsigned>(at));
    EXPECT_TRUE(serves_a_whole_version()) << Json(loop_.served()).dump(2);
    EXPECT_TRUE(loop_.store_is_clean(steps()[index].home));
    again(index);
    check_after(index);
    // Now and then all the rest of the way: nothing that is left of the fault shows later.
    const std::size_t end = tally.injected % kGoOnEvery == 1 ? steps().size() : index + 1;
    const int before = failures();
    for (std::size_t i = index + 1; i < end && failures() == before; ++i) {
      go_on(i);
      check_after(i);
    }
    return true;
  }

  static int failures() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
  }

  void check_after(std::size_t index) {
    const std::string& home = steps()[index].home;
    EXPECT_EQ(loop_.facts(home), facts_[index]) << "after " << steps()[index].name;
    EXPECT_TRUE(loop_.store_is_clean(home)) << "after " << steps()[index].name;
  }

  void go_on(std::size_t index) {
    const Ran ran = loop_.run(steps()[index]);
    EXPECT_EQ(ran.status, 0) << steps()[index].name << "\n" << ran.err;
  }

  static void check_message(const Kind& kind, const Ran& ran) {
    if (ran.status == 0) return;
    const Json error = ran.json.is_object() ? ran.json.value("error", Json()) : Json();
    ASSERT_TRUE(error.is_object()) << ran.json.dump(2);
    // No space or a device failure, or part of the work done in spite of it.
    std::set<int> expected = {kind.errno_value == ENOSPC ? 6 : 11, 10};
    // That all is in and the return could not be written is 11, whatever the reason.
    if (error.value("subject", "").starts_with("return ")) expected.insert(11);
    // A medium that cannot be read to its end: what came is kept.
    if (error.value("happened", "").starts_with("reading at byte")) expected.insert(5);
    EXPECT_TRUE(expected.contains(ran.status)) << ran.status;
    for (const char* part : {"subject", "happened", "loss", "hint"}) {
      EXPECT_NE(error.value(part, ""), "") << part;
    }
  }

  Loop loop_;
  std::vector<Json> facts_;        // after each step
  std::vector<Listing> versions_;  // that the share may serve; the first is none
};

TEST_P(Sweep, AnyCallMayFailAndTheSameCommandEndsWell) {
  const std::string only = from_environment("COURIER_FAULT_ONLY", "");
  const std::uint64_t stride = std::stoull(from_environment("COURIER_FAULT_STRIDE", "37"));
  int seen = 0, faults_that_fail = 0;
  for (std::size_t k = 0; k < kinds().size(); ++k) {
    const Kind& kind = kinds()[k];
    Tally tally;
    if (!only.empty()) {
      if (only.starts_with(kind.name + ":")) {
        meet(GetParam(), kind, std::stoull(only.substr(kind.name.size() + 1)), tally);
      }
      continue;
    }
    // Each kind begins elsewhere, so that together they meet more of the calls.
    const std::uint64_t step = std::max<std::uint64_t>(1, stride / kind.denser);
    std::uint64_t at = 1 + k * 5 % step;
    while (meet(GetParam(), kind, at, tally)) {
      tally.calls = at;
      at += step;
      if (failures() == seen) continue;
      seen = failures();
      if (++faults_that_fail >= 5) return;
    }
    report(steps()[GetParam()].name, kind.name, tally);
  }
}

INSTANTIATE_TEST_SUITE_P(Steps, Sweep, ::testing::Range<std::size_t>(0, steps().size()),
                         [](const auto& step) {
                           std::string name;
                           for (const char c : steps()[step.param].name) {
                             if (std::isalnum(static_cast<unsigned char>(c))) name += c;
                           }
                           return name;
                         });

}  // namespace
}  // namespace courier::test
