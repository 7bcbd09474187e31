#include "base/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/durable.h"
#include "base/error.h"

namespace courier {

namespace {

using Json = nlohmann::json;

constexpr int kKept = 4;
constexpr std::string_view kCurrent = "journal.jsonl";

constexpr std::array<std::string_view, 8> kComponents = {
    "CourierSender",          "Scheduler", "Despooler", "DistributionManager",
    "PackageTransferManager", "Signer",    "Store",     "Site",
};
static_assert(kComponents.size() == static_cast<std::size_t>(Component::site) + 1);
constexpr std::array<std::string_view, 3> kSeverities = {"I", "W", "E"};

// The current file is number 0, the oldest kept one number 4.
std::string file_name(int number) {
  return number == 0 ? std::string(kCurrent) : fmt::format("journal.{}.jsonl", number);
}

std::string stamp(Time time) {
  const auto sub = time - std::chrono::floor<std::chrono::seconds>(time);
  std::string text = iso8601(time);
  text.pop_back();
  return fmt::format("{}.{:06}Z", text,
                     std::chrono::duration_cast<std::chrono::microseconds>(sub).count());
}

std::optional<Time> parse_stamp(const std::string& text) {
  std::tm tm{};
  int microseconds = 0, end = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ%n", &tm.tm_year, &tm.tm_mon,
                  &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &microseconds, &end) != 7 ||
      static_cast<std::size_t>(end) != text.size()) {
    return std::nullopt;
  }
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return from_seconds(::timegm(&tm)) + std::chrono::microseconds(microseconds);
}

std::optional<JournalLine> parse_line(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    const auto time = parse_stamp(json.at("time").get<std::string>());
    const auto component = parse_component(json.at("component").get<std::string>());
    const auto severity = json.at("severity").get<std::string>();
    if (!time || !component) return std::nullopt;
    JournalLine line{*time, *component, Severity::info, json.at("message").get<std::string>(), {}};
    if (severity == "W") line.severity = Severity::warning;
    if (severity == "E") line.severity = Severity::error;
    line.pid = json.value("pid", std::int64_t{0});
    line.thread = json.value("thread", std::int64_t{0});
    for (const auto& field : json.value("fields", Json::array())) {
      line.fields.emplace_back(field.at(0).get<std::string>(), field.at(1).get<std::string>());
    }
    return line;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string_view word(Component c) { return kComponents.at(static_cast<std::size_t>(c)); }
std::string_view word(Severity s) { return kSeverities.at(static_cast<std::size_t>(s)); }

std::optional<Component> parse_component(std::string_view text) {
  for (std::size_t i = 0; i < kComponents.size(); ++i) {
    if (kComponents[i] == text) return static_cast<Component>(i);
  }
  return std::nullopt;
}

// The folder and file are made at the first line, so that what only looks leaves no trace.
struct Journal::Impl {
  Impl(std::string home_folder, const Clock& the_clock, std::uint64_t max)
      : home(std::move(home_folder)), clock(the_clock), max_size(max) {}

  // Another process may have rolled the file over: then its name means another file now.
  bool is_current() {
    const auto named = fs.stat_at(dir, kCurrent);
    const struct stat open = fs.stat(fd);
    return named && named->st_ino == open.st_ino && named->st_dev == open.st_dev;
  }

  void open_current() {
    if (!dir) {
      const Fd home_dir = open_dir(fs, home);
      if (!fs.stat_at(home_dir, "log")) {
        try {
          fs.make_dir_at(home_dir, "log", 0700);
        } catch (const Error& error) {
          if (error.code() != ErrorCode::not_allowed) throw;  // another process was first
        }
      }
      dir = fs.open_at(home_dir, "log", O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd && is_current()) return;
    fd = fs.open_at(dir, kCurrent, O_RDWR | O_CREAT | O_APPEND, 0600);
    // A line that was cut off (a full disk, a power cut) must not spoil the next one.
    Bytes last(1);
    const auto size = static_cast<std::uint64_t>(fs.stat(fd).st_size);
    if (size > 0 && fs.pread(fd, last, size - 1) == 1 && last[0] != '\n') {
      fs.write(fd, as_bytes("\n"));
    }
  }

  void roll_over() {
    // Of several processes that find it full, the first one rolls.
    while (::flock(fd.get(), LOCK_EX) < 0 && errno == EINTR) {
    }
    if (is_current()) {
      for (int number = kKept; number-- > 0;) {
        if (fs.stat_at(dir, file_name(number))) {
          fs.rename_at(dir, file_name(number), dir, file_name(number + 1), 0);
        }
      }
    }
    fd.close();
    open_current();
  }

  void append(const std::string& line) {
    const std::lock_guard lock(mutex);
    open_current();
    const auto size = static_cast<std::uint64_t>(fs.stat(fd).st_size);
    if (size > 0 && size + line.size() > max_size) roll_over();
    try {
      fs.write(fd, as_bytes(line));
    } catch (const Error&) {
      fd.close();  // opened again, the end of the file is looked at
      throw;
    }
  }

  PosixFileSystem fs;
  const std::string home;
  const Clock& clock;
  const std::uint64_t max_size;
  std::mutex mutex;
  Fd dir, fd;
};

Journal::Journal() = default;
Journal::Journal(const std::string& home, const Clock& clock, std::uint64_t max_size)
    : impl_(std::make_unique<Impl>(home, clock, max_size)) {}
Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;

void Journal::write(Component component, Severity severity, std::string_view message,
                    const Fields& fields) {
  if (!impl_) return;
  Json json = {{"time", stamp(impl_->clock.now())},
               {"component", word(component)},
               {"severity", word(severity)},
               {"pid", ::getpid()},
               {"thread", ::gettid()},
               {"message", message}};
  for (const auto& [name, value] : fields) json["fields"].push_back(Json::array({name, value}));
  try {
    // Names from a disk may be no UTF-8.
    impl_->append(json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
  } catch (const Error&) {
    // Work never stops because its journal cannot be written: state lives in the ledger.
  }
}

void Journal::read(const std::string& home, std::optional<Component> component,
                   std::optional<Time> since, const std::function<void(const JournalLine&)>& each) {
  for (int number = kKept; number >= 0; --number) {
    std::ifstream in(home + "/log/" + file_name(number), std::ios::binary);
    for (std::string text; std::getline(in, text);) {
      const auto line = parse_line(text);
      if (!line || (component && line->component != *component)) continue;
      if (since && line->time < *since) continue;
      each(*line);
    }
  }
}

}  // namespace courier
