// fleet: how planning grows with the number of sites. Makes the home of an origin (content.h says
// what is real in it, rows.h what the sites hold and wait for) and runs the program itself on it.
//
//   bench/fleet COURIER DIR [MILLIONS [SITES,...]]     chunks, else 20; else 100,1000,10000
//
// Takes 100 bytes of disk a chunk. Sites are of 50 to 500 sorts that hold and wait for the same;
// one of 500 lacks something of what it holds. Times are of whole commands: median and worst of
// those run (one site: nine different ones), with the peak of resident memory.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/entropy.h"
#include "bench/fleet/rows.h"
#include "courier/home.h"

namespace courier::bench {
namespace {

struct Run {
  double seconds = 0;
  long peak_kib = 0;
};

Run run(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDOUT_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (status != 0) std::printf("FAILED (%d): %s\n", WEXITSTATUS(status), words.back().c_str());
  return {seconds, usage.ru_maxrss};
}

void show(std::uint32_t sites, const char* what, std::vector<Run> runs) {
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.seconds < b.seconds; });
  long peak = 0;
  for (const Run& one : runs) peak = std::max(peak, one.peak_kib);
  std::printf("| %u | %s | %.2f s | %.2f s | %ld MiB |\n", sites, what,
              runs[runs.size() / 2].seconds, runs.back().seconds, peak / 1024);
  std::fflush(stdout);
}

void measure(const std::string& courier, const std::string& home, std::uint32_t count,
             const std::vector<GeneratedPackage>& content) {
  const FleetSize size{count, count < 500 ? 50 : count < 5000 ? 200u : 500u};
  const GeneratedFleet fleet = generate_rows(home + "/ledger.sqlite", content, size);
  std::fprintf(
      stderr, "%u sites of %u sorts: %lu holdings, %lu states, %lu jobs ended, %lu pending\n",
      count, size.patterns, fleet.holdings, fleet.states, fleet.jobs_ended, fleet.jobs_pending);
  const std::vector<std::string> on_home = {courier, "--home", home};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.begin(), on_home.begin(), on_home.end());
    return words;
  };
  std::vector<Run> runs;
  for (std::size_t i = 0; i < 9; ++i)
    runs.push_back(run(with({"parcel", "create", "--to", fleet.sites[i * 11], "--plan"})));
  show(count, "`parcel create --to SITE --plan`", runs);
  runs.assign(1, run(with({"parcel", "pending", "--groups", "--json"})));
  show(count, "`parcel pending --groups`: all sites", runs);
  runs.clear();
  for (int i = 0; i < 3; ++i) runs.push_back(run(with({"status", "--summary"})));
  show(count, "`status --summary`", runs);
  runs.clear();
  for (int i = 0; i < 3; ++i) runs.push_back(run(with({"status", "--site", fleet.sites[7]})));
  show(count, "`status --site SITE`", runs);
}

void measure_all(const std::string& courier, const std::string& dir, double millions,
                 const std::vector<std::uint32_t>& counts) {
  const std::string home = dir + "/home";
  std::filesystem::remove_all(home);
  PosixFileSystem fs;
  SystemClock clock;
  SystemEntropy entropy;
  Home::init(fs, clock, entropy, home, SiteCode::parse("PUN"), "Pune", nullptr);
  std::filesystem::copy_file(home + "/ledger.sqlite", dir + "/ledger.empty",
                             std::filesystem::copy_options::overwrite_existing);
  ContentSize size;
  size.chunks = static_cast<std::uint64_t>(millions * 1e6);
  const auto begin = std::chrono::steady_clock::now();
  const auto content = generate_content(home + "/store", size);
  std::fprintf(stderr, "content in %.0f s\n",
               std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  std::printf("| sites | command | median | worst | peak memory |\n|---|---|---|---|---|\n");
  for (const std::uint32_t count : counts) {
    std::filesystem::copy_file(dir + "/ledger.empty", home + "/ledger.sqlite",
                               std::filesystem::copy_options::overwrite_existing);
    measure(courier, home, count, content);
  }
}

}  // namespace
}  // namespace courier::bench

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "fleet COURIER DIR [MILLIONS [SITES,...]]\n");
    return 1;
  }
  std::vector<std::uint32_t> counts;
  const std::string text = argc == 5 ? argv[4] : "100,1000,10000";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    counts.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(at, comma - at))));
    at = comma + 1;
  }
  courier::bench::measure_all(argv[1], argv[2], argc > 3 ? std::stod(argv[3]) : 20, counts);
  return 0;
}
