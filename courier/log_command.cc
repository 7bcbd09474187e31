// log: the journal of this home.
#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "base/journal.h"
#include "courier/commands.h"

namespace courier {
namespace {

struct LogOptions {
  std::string component, since;
};

// "2026-11-22", "2026-11-22T10:15:30Z", or "90m", "12h", "7d" ago.
Time since_from(const std::string& text, Time now) {
  const Error wrong = Error(ErrorCode::usage, "time " + text, "is not understood")
                          .with_hint("write 2026-11-22, 2026-11-22T10:15:30Z, 90m, 12h or 7d");
  if (text.size() >= 2 && text.find('-') == std::string::npos) {
    std::int64_t count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
    if (failure != std::errc() || end != text.data() + text.size() - 1 || count < 0 ||
        count > 1'000'000) {
      throw wrong;
    }
    switch (text.back()) {
      case 'm':
        return now - std::chrono::minutes(count);
      case 'h':
        return now - std::chrono::hours(count);
      case 'd':
        return now - std::chrono::hours(24 * count);
      default:
        throw wrong;
    }
  }
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') return from_seconds(timegm(&parts));
  }
  throw wrong;
}

// Local time with zone, to the second.
std::string shown_second(Time time) {
  const std::time_t seconds = to_seconds(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &parts)};
}

Report show(Context& context, const LogOptions& options) {
  std::optional<Component> component;
  if (!options.component.empty()) {
    component = parse_component(options.component);
    if (!component) {
      throw Error(ErrorCode::usage, "component " + options.component, "is not known")
          .with_hint(
              "CourierSender, Scheduler, Despooler, DistributionManager, "
              "PackageTransferManager, Signer, Store or Site");
    }
  }
  std::optional<Time> since;
  if (!options.since.empty()) since = since_from(options.since, context.clock.now());
  Report report;
  Json lines = Json::array();
  Journal::read(context.home().path(), component, since, [&](const JournalLine& line) {
    Json fields = Json::object();
    std::string text = fmt::format("{} {} {} {}", shown_second(line.time), word(line.severity),
                                   word(line.component), line.message);
    for (const auto& [name, value] : line.fields) {
      fields[name] = json_text(value);
      text += fmt::format(" {}={}", name, value);
    }
    report.text += printable(text) + "\n";
    lines.push_back({{"time", json_time(line.time)},
                     {"severity", word(line.severity)},
                     {"component", word(line.component)},
                     {"message", json_text(line.message)},
                     {"fields", std::move(fields)},
                     {"pid", line.pid},
                     {"thread", line.thread}});
  });
  report.json = {{"lines", std::move(lines)}};
  if (report.text.empty()) report.text = "nothing was logged\n";
  return report;
}

}  // namespace

void add_log_command(Commands& commands) {
  LogOptions& o = commands.options<LogOptions>();
  CLI::App& verb = commands.verb("log", "the journal of this home",
                                 "courier log --component Despooler --since 12h",
                                 [&o](Context& context) { return show(context, o); });
  verb.add_option("--component", o.component, "one component (else all)")->type_name("NAME");
  verb.add_option("--since", o.since, "from this time on: 2026-11-22, 90m, 12h, 7d")
      ->type_name("T");
}

}  // namespace courier
