// A courier that a test writes: a script that reports what it was told to for each command, so that
// what starts children can be tested without a home.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_folder.h"

namespace courier::test {

class FakeCourier {
 public:
  // `hold` as a word of the command: it runs until it is ended. `long`: its report has 9 MB.
  FakeCourier() {
    std::ofstream(program()) << R"sh(#!/bin/sh
here=$(dirname "$0")
case " $* " in
  *" hold "*) exec sleep 600 ;;
  *" long "*) head -c 9000000 /dev/zero | tr '\0' x; echo; exit 0 ;;
  *" site show "*) name=settings ;;
  *" identify "*) name=identify ;;
  *" receive "*) name=receive ;;
  *" return create "*) name=return ;;
  *" media eject "*) name=eject ;;
esac
eval "source=\${$#}"
of=$name-${source##*/}
[ -e "$here/$of" ] && name=$of
cat "$here/$name"
exit "$(cat "$here/$name.status")"
)sh";
    ::chmod(program().c_str(), 0700);
    for (const char* name : {"settings", "identify", "receive", "return", "eject"})
      says(name, "{}");
  }

  std::string program() const { return folder_ / "courier"; }
  // What it reports from here on, as JSON in one line. name: the command, or with "-" and the last
  // part of a source what it says of that one alone.
  void says(const std::string& name, const std::string& report, int status = 0) const {
    const std::string path = folder_ / name;
    const bool is_held = std::filesystem::is_fifo(path);
    std::ofstream(path + ".status") << status << "\n";
    tell(path, report);
    if (!is_held) return;
    std::filesystem::remove(path);
    tell(path, report);
  }
  // From here on it waits, until it is told what it says; one command at most.
  void holds(const std::string& name) const {
    const std::string path = folder_ / name;
    std::filesystem::remove(path);
    ::mkfifo(path.c_str(), 0600);
  }

 private:
  static void tell(const std::string& path, const std::string& report) {
    std::ofstream(path) << R"({"event":"report","report":)" << report << "}\n";
  }

  TempFolder folder_;
};

}  // namespace courier::test
