#include "tests/fault/loop.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "courier/commands.h"

namespace courier::test {
namespace {

namespace stdfs = std::filesystem;

// Text that does not compress, the same for the same seed.
std::string noise(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  SeededEntropy(seed).fill(bytes);
  return to_string(bytes);
}

void make_source(const std::string& at) {
  stdfs::create_directories(at + "/setup");
  stdfs::create_directories(at + "/data/empty folder");
  write_text(at + "/readme.txt", "read me first\n");
  write_text(at + "/setup/run.sh", "#!/bin/sh\n");
  stdfs::permissions(at + "/setup/run.sh", stdfs::perms(0755));
  write_text(at + "/setup/nothing", "");
  write_text(at + "/data/large.bin", noise(300'000, 1));
  write_text(at + "/data/text.log", std::string(100'000, 'x') + noise(1000, 2));
  stdfs::create_symlink("../readme.txt", at + "/setup/link");
  stdfs::create_hard_link(at + "/data/text.log", at + "/setup/same.log");
  write_text(at + "/data/sparse", "");
  stdfs::resize_file(at + "/data/sparse", 1'000'000);
}

std::string content_of(const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) return "link " + stdfs::read_symlink(path).string();
  if (!S_ISREG(status.st_mode)) return "folder";
  return digest_of(DigestKind::file, as_bytes(read_text(path))).hex();
}

// Sends std::cout and std::cerr into strings while it lives.
class Captured {
 public:
  Captured() : out_(std::cout.rdbuf(own_out_.rdbuf())), err_(std::cerr.rdbuf(own_err_.rdbuf())) {}
  ~Captured() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  std::string out() const { return own_out_.str(); }
  std::string err() const { return own_err_.str(); }

 private:
  std::ostringstream own_out_, own_err_;
  std::streambuf *out_, *err_;
};

// Of each element of a list these members, in a list that is sorted.
Json chosen(const Json& list, const std::vector<std::string>& members) {
  std::vector<Json> out;
  for (const Json& one : list) {
    Json some = Json::array();
    for (const std::string& member : members) some.push_back(one.at(member));
    out.push_back(std::move(some));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

Listing listing_of(const std::string& folder) {
  Listing listing;
  if (!stdfs::exists(folder)) return listing;
  for (const auto& entry : stdfs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("cannot look at " + path);
    listing[stdfs::path(path).lexically_relative(folder).string()] =
        std::to_string(status.st_mode) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
        std::to_string(status.st_mtim.tv_nsec) + " " + content_of(path, status);
  }
  return listing;
}

const std::vector<Step>& steps() {
  static const std::vector<Step> kSteps = {
      {"package add", "A", {"package", "add", "src", "--id", "PUN00020"}, true},
      {"distribute", "A", {"distribute", "PUN00020", "--to", "PSE"}},
      {"parcel create", "A", {"parcel", "create", "--to", "PSE", "--out", "drive"}, true},
      {"receive, publish, return", "B", {"receive", "drive", "--yes", "--return-to", "drive"}},
      {"apply the return", "A", {"receive", "drive", "--yes"}},
      {"package update", "A", {"package", "update", "PUN00020", "src2"}},
      {"parcel create (update)", "A", {"parcel", "create", "--to", "PSE", "--out", "drive"}, true},
      {"receive (update)", "B", {"receive", "drive", "--yes", "--return-to", "drive"}},
      {"apply the return (update)", "A", {"receive", "drive", "--yes"}},
  };
  return kSteps;
}

Loop::Loop()
    : disk_(real_, now_, [this] {
        stdfs::create_directories(folder_ / "attic");
        stdfs::create_directories(folder_ / "kept");
        stdfs::create_directories(now_);
        return folder_ / "attic";
      }()) {}

void Loop::shell(const std::string& command) const {
  if (std::system(("cd '" + folder_.path() + "' && " + command).c_str()) != 0) {
    throw std::runtime_error("cannot " + command);
  }
}

Ran Loop::run(const std::string& home, std::vector<std::string> arguments) {
  for (std::string& argument : arguments) {
    if (stdfs::exists(now_ + "/" + argument)) argument = now_ + "/" + argument;
  }
  const std::string home_path = now_ + "/" + home;
  std::vector<const char*> argv = {"courier", "--home", home_path.c_str(), "--json",
                                   "--no-progress"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  Ran ran;
  {
    const Captured captured;
    ran.status =
        run_command_line(static_cast<int>(argv.size()), argv.data(), {calls_, clock_, entropy_});
    ran.json = Json::parse(captured.out(), nullptr, false);
    ran.err = captured.err();
  }
  clock_.tick(std::chrono::seconds(1));
  return ran;
}

void Loop::begin() {
  for (const char* folder : {"share", "drive"}) stdfs::create_directory(path(folder));
  make_source(path("src"));
  shell("cp -a now/src now/src2");
  write_text(path("src2/data/large.bin"), noise(200'000, 1) + noise(150'000, 3));
  write_text(path("src2/new.txt"), "added in version 2\n");
  stdfs::remove(path("src2/setup/link"));
  const std::string pun = path("PUN.site"), pse = path("PSE.site");
  const std::vector<std::pair<std::string, std::vector<std::string>>> commands = {
      {"A", {"site", "init", "PUN", "--name", "Pune"}},
      {"B", {"site", "init", "PSE", "--name", "Branch"}},
      {"A", {"site", "export", pun}},
      {"B", {"site", "export", pse}},
      {"A", {"site", "join", pse, "--as", "child", "--trust"}},
      {"B", {"site", "join", pun, "--as", "parent", "--trust"}},
      {"B", {"dp", "add", "files", "share"}},
      {"B", {"dp", "set", "files", "--reserve", "0"}},
  };
  for (const auto& [home, arguments] : commands) {
    const Ran ran = run(home, arguments);
    if (ran.status != 0) throw std::runtime_error(arguments[1] + ": " + ran.err);
  }
  disk_.settle();
}

void Loop::keep(std::size_t index) {
  shell("cp -a now kept/" + std::to_string(index));
  disk_.settle();
}

void Loop::back_to(std::size_t index) {
  disk_.settle();
  shell("rm -rf now && cp -a kept/" + std::to_string(index) + " now");
}

Json Loop::facts(const std::string& home) {
  Json facts;
  facts["packages"] = chosen(run(home, {"package", "list"}).json.at("packages"),
                             {"package", "source_version", "stored_version", "files", "bytes"});
  facts["states"] = chosen(run(home, {"status"}).json.at("states"),
                           {"package", "site", "dp", "version", "served_version", "state"});
  facts["jobs"] = chosen(run(home, {"job", "list"}).json.at("jobs"),
                         {"job", "package", "version", "destination", "state", "step"});
  const Json parcels = run(home, {"parcel", "list"}).json;
  for (const char* list : {"outgoing", "incoming"}) {
    Json some = chosen(parcels.at(list), {"is_return", "state"});
    // A return may be written again, and each is taken in.
    some.erase(std::unique(some.begin(), some.end()), some.end());
    facts[list] = std::move(some);
  }
  facts["served"] = served();
  return facts;
}

bool Loop::store_is_clean(const std::string& home) {
  return run(home, {"store", "check"}).json.value("clean", false);
}

}  // namespace courier::test
