// The command line as a whole: global options, dispatch, output, exit status.
#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <iostream>

#include "base/journal.h"
#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/event_lines.h"
#include "courier/meant_command.h"
#include "courier/needs.h"
#include "courier/progress_bar.h"
#include "courier/stop_signals.h"
#include "courier/terminal.h"
#include "courier/version.h"
#include "ledger/settings.h"
#include "signer/passphrase.h"

namespace courier {
namespace {

constexpr const char* kDescription =
    "Courier moves software to sites that have no network: sealed, signed parcels go out on a\n"
    "drive, and a signed return parcel proves what arrived.";
constexpr const char* kFooter =
    "Times are UTC and sizes in bytes with --json. Exit status: 0 done, 1 internal error, 2 "
    "usage,\n"
    "3 refused, 4 damaged, 5 incomplete, 6 no space, 7 not found, 8 busy, 9 not allowed in this\n"
    "state, 10 partly done, 11 device or medium failure, 130 and 143 stopped by Ctrl-C and\n"
    "SIGTERM.\n\n"
    "courier NOUN --help lists its verbs; courier NOUN VERB --help has an example.";

void print(const GlobalOptions& options, const Report& report, std::string_view event = "report") {
  if (options.events) {
    std::cout << report_event(event, report) << "\n" << std::flush;
    return;
  }
  if (options.json) {
    Json document = report.json;
    if (report.problem) document["error"] = problem_json(report);
    std::cout << document.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    std::cout << report.text;
  }
  std::cout << std::flush;
  if (report.problem) std::cerr << error_text(*report.problem);
}

Report failed(Error error) {
  Report report;
  report.problem = std::move(error);
  return report;
}

// What the journal got while the command ran, for -v.
void show_journal(const std::string& home, Time since) {
  Journal::read(home, std::nullopt, since, [](const JournalLine& line) {
    std::string text =
        fmt::format("{} {} {}", iso8601(line.time), word(line.component), printable(line.message));
    for (const auto& [name, value] : line.fields) {
      text += fmt::format(" {}={}", name, printable(value));
    }
    std::cerr << text << "\n";
  });
}

// Unlocks the keys, or stops before any work is done. passphrase: read when it is first needed.
void unlock(Home& home, const GlobalOptions& options, std::optional<Secret>& passphrase) {
  if (!home.keys().is_locked()) return;
  if (!passphrase) {
    const PassphraseSource source{options.passphrase_file, options.passphrase_fd,
                                  can_ask() ? STDIN_FILENO : -1};
    passphrase = read_passphrase(home.fs(), source, home.keys().code());
  }
  home.keys().unlock(*passphrase);
}

const Needs& needs_now(const Commands::Verb& verb) {
  const bool is_variant = !verb.variant.empty() && verb.app->count(verb.variant) > 0;
  return needs_of(is_variant ? verb.command + " " + verb.variant : verb.command);
}

// Empty where none is asked for, or none can be named and none is needed.
std::string home_of(const Needs& needs, const GlobalOptions& options) {
  if (needs.home == NeedsHome::none) return {};
  try {
    return find_home(options.home);
  } catch (const Error&) {
    if (needs.home != NeedsHome::optional) throw;
    return {};
  }
}

Report run_verb(const Commands::Verb& verb, const GlobalOptions& options, const Machine& machine) {
  const Needs& needs = needs_now(verb);
  const auto& [fs, clock, entropy] = machine;
  const std::string home_path = home_of(needs, options);
  const Time began = clock.now();

  std::unique_ptr<Home> home;
  std::optional<Secret> passphrase;
  const bool wanted =
      needs.home == NeedsHome::yes ||
      (needs.home == NeedsHome::optional && !home_path.empty() && Home::exists(fs, home_path));
  if (wanted) {
    home = std::make_unique<Home>(fs, clock, entropy, home_path);
    if (needs.lock) home->lock(verb.command);
    if (needs.keys) unlock(*home, options, passphrase);
  }
  ProgressBar bar(clock,
                  !options.no_progress && !options.quiet && !options.json && !options.events);
  EventLines lines(clock);
  const ProgressSink drawn = options.events ? lines.sink() : bar.sink();
  Context context{options, fs, clock, entropy, home_path, home.get(), stoppable(drawn), {}, {}, {}};
  context.shows_progress = static_cast<bool>(drawn);
  context.talk = [&](const std::string& text) {
    bar.clear();
    if (!options.quiet) std::cerr << text << std::flush;
  };
  context.unlock = [&](Home& locked) { unlock(locked, options, passphrase); };
  context.show = [&](const Report& shown) {
    bar.clear();
    print(options, shown, "shown");
  };
  Report report;
  try {
    report = verb.run(context);
  } catch (const Error& error) {
    report = failed(error);
  } catch (const Interrupted& interrupted) {
    report = interrupted.report(verb.command);
  }
  bar.clear();
  if (options.verbose && home) show_journal(home_path, began);
  return report;
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("--home", options.home,
                 "the site's home (else $COURIER_HOME, /var/lib/courier as root, or\n"
                 "$XDG_DATA_HOME/courier)")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "print one JSON document");
  app.add_flag("--events", options.events,
               "print one JSON document a line: progress as it comes, at last the report");
  app.add_flag("--no-progress", options.no_progress, "draw no progress bar");
  app.add_flag("-v,--verbose", options.verbose, "show what was logged while it ran");
  app.add_flag("-q,--quiet", options.quiet, "only results and errors");
  app.add_option("--passphrase-file", options.passphrase_file,
                 "unlock the keys with the first line of FILE")
      ->type_name("FILE");
  app.add_option("--passphrase-fd", options.passphrase_fd,
                 "unlock the keys with the first line of descriptor N")
      ->type_name("N");
  app.add_flag("--version", options.version,
               "what this is made of, and what confines its parsers here");
}

// What was being typed, as far as it was understood: "courier parcel create".
std::string typed_command(const CLI::App& app) {
  std::string command = "courier";
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  return command;
}

Error usage_error(const CLI::App& app, std::string what) {
  while (!what.empty() && what.back() == '\n') what.pop_back();
  if (what.size() > 1 && what[1] >= 'a' && what[1] <= 'z') {
    what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
  }
  const std::string command = typed_command(app);
  if (const auto unknown = unknown_command(app)) {
    return Error(ErrorCode::usage, command, "has no command '" + unknown->word + "'")
        .with_loss("nothing was done")
        .with_hint(unknown->meant.empty() ? "see " + command + " --help"
                                          : "did you mean: " + unknown->meant);
  }
  return Error(ErrorCode::usage, command, std::move(what))
      .with_loss("nothing was done")
      .with_hint("see " + command + " --help");
}

const Commands::Verb& parsed_verb(const CLI::App& app, const Commands& commands) {
  for (const Commands::Verb& verb : commands.verbs()) {
    if (verb.app->parsed()) return verb;
  }
  throw usage_error(app, app.get_subcommands().empty() ? "needs a command" : "needs a verb");
}

}  // namespace

Home& Context::home() const {
  if (opened_home == nullptr) bug("a command without a home asks for it");
  return *opened_home;
}

UsbGate Context::gate() const {
  return opened_home == nullptr ? UsbGate()
                                : UsbGate(Settings(opened_home->ledger()).get("gate.allow"));
}

CLI::App& Commands::noun(const std::string& name, const std::string& what) {
  CLI::App& sub = *app_.add_subcommand(name, what);
  sub.group("Commands");
  sub.footer("courier " + name + " VERB --help has an example.");
  sub.require_subcommand(0, 1);
  sub.fallthrough();
  return sub;
}

CLI::App& Commands::verb(CLI::App& parent, const std::string& name, const std::string& what,
                         const std::string& example, Run run) {
  CLI::App& sub = *parent.add_subcommand(name, what);
  sub.group("Commands");
  sub.fallthrough();
  sub.footer("example:\n  " + example);
  const std::string command = &parent == &app_ ? name : parent.get_name() + " " + name;
  verbs_.push_back({command, &sub, std::move(run)});
  return sub;
}

int run_command_line(int argc, const char* const* argv, const Machine& machine) {
  CLI::App app(kDescription, "courier");
  app.footer(kFooter);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("REQUIRED", "(required)");
  // Behind one command a word is no other: a drive may be mounted on a folder called media.
  app.require_subcommand(0, 1);
  GlobalOptions options;
  add_global_options(app, options);
  Commands commands(app);
  add_site_commands(commands);
  add_package_commands(commands);
  add_dp_commands(commands);
  add_address_commands(commands);
  add_distribute_commands(commands);
  add_status_commands(commands);
  add_job_commands(commands);
  add_parcel_commands(commands);
  add_media_commands(commands);
  add_receive_commands(commands);
  add_console_command(commands);
  add_store_commands(commands);
  add_log_command(commands);
  add_completion_commands(commands);
  // Not a command: a shell asks in the middle of a line, and nothing of that line is an option
  // here.
  if (argc > 1 && argv[1] == std::string_view("complete")) {
    return answer_completion(app, {argv + 2, argv + argc});
  }

  Report report;
  try {
    app.parse(argc, argv);
    advise_for_home(options.home);
    report =
        options.version ? version_report() : run_verb(parsed_verb(app, commands), options, machine);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    report = failed(usage_error(app, error.what()));
  } catch (const Error& error) {
    report = failed(error);
  } catch (const std::exception& error) {
    report = failed(Error(ErrorCode::internal, "courier", error.what()));
  }
  print(options, report);
  // Whoever read it has seen enough, as head does.
  if (!std::cout && !is_heard()) return exit_status(report);
  if (!std::cout) {
    std::cerr << error_text(Error(ErrorCode::device, "standard output", "cannot be written")
                                .with_loss("the command did its work; only its report is cut off")
                                .with_hint("run it again with another place for the output"));
    return row_of(ErrorCode::device).exit_status;
  }
  return exit_status(report);
}

}  // namespace courier
