// Loop: two sites and what goes round between them, run by the program's own command line within
// this process, through file systems that fail or forget and a clock that the test sets.
//
//   folder/now/A  /B  /share  /drive  /src  /src2      folder/kept/N, the same before step N
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tests/support/crash_file_system.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/seam_vfs.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"

namespace courier::test {

using Json = nlohmann::json;

struct Ran {
  int status = 0;
  Json json;        // --json's document
  std::string err;  // what went to stderr
};

// Everything beneath a folder but its own .courier: path -> type, mode, time and content.
using Listing = std::map<std::string, std::string>;
Listing listing_of(const std::string& folder);

struct Step {
  std::string name;  // "parcel create (update)"
  std::string home;  // "A" or "B"
  std::vector<std::string> arguments;
  bool refused_again = false;  // exit status 9 when it was done already
};

// The whole way of two versions of a package, from the source to the confirming return.
const std::vector<Step>& steps();

class Loop {
 public:
  Loop();

  // One command. A path beneath `now` is written as the folder's name: "drive". Writes --json.
  Ran run(const std::string& home, std::vector<std::string> arguments);
  Ran run(const Step& step) { return run(step.home, step.arguments); }
  // Both sites, joined, with a share at B and two sources. Ends with steps() to come.
  void begin();
  // Puts the state away before step `index`, and brings it back.
  void keep(std::size_t index);
  void back_to(std::size_t index);

  // What a site knows and what is served, without times, numbers of parcels and returns written
  // again.
  Json facts(const std::string& home);
  bool store_is_clean(const std::string& home);
  Listing served() const { return listing_of(now_ + "/share/PUN00020"); }
  std::string path(const std::string& name) const { return now_ + "/" + name; }

  FakeClock& clock() { return clock_; }
  void set_clock(std::int64_t seconds) { clock_.tick(from_seconds(seconds) - clock_.now()); }
  CrashFileSystem& disk() { return disk_; }
  FaultyFileSystem& calls() { return calls_; }

 private:
  void shell(const std::string& command) const;

  TempFolder folder_{memory_folder()};
  const std::string now_ = folder_ / "now";
  PosixFileSystem real_;
  CrashFileSystem disk_;
  FaultyFileSystem calls_{disk_};
  SeamVfs databases_{calls_};
  FakeClock clock_;
  SeededEntropy entropy_;
};

}  // namespace courier::test
