// console: the local web page.
#include <unistd.h>

#include <filesystem>

#include "console/console.h"
#include "console/operator_passphrase.h"
#include "courier/commands.h"
#include "courier/stop_signals.h"
#include "courier/terminal.h"
#include "signer/passphrase.h"

namespace courier {
namespace {

// For the page of the site; not the passphrase of its keys.
Report set_passphrase(Context& context) {
  if (!Home::exists(context.fs, context.home_path)) {
    throw Error(ErrorCode::not_found, "home " + context.home_path, "there is no site here")
        .with_hint("name the home with --home DIR");
  }
  Secret passphrase;
  if (!context.options.passphrase_file.empty()) {
    passphrase = read_passphrase_from_file(context.fs, context.options.passphrase_file);
  } else if (context.options.passphrase_fd >= 0) {
    passphrase = read_passphrase_from_descriptor(context.options.passphrase_fd);
  } else if (can_ask()) {
    passphrase = read_new_passphrase_from_terminal(STDIN_FILENO);
  } else {
    throw Error(ErrorCode::usage, "console --set-passphrase", "there is no terminal to ask at")
        .with_hint("give --passphrase-file FILE or --passphrase-fd N");
  }
  OperatorPassphrase(context.fs, context.home_path).set(passphrase);
  Report report;
  report.json = {{"passphrase_set", true}};
  report.text = "the site's page of the console asks for this passphrase from now on\n";
  return report;
}

struct ConsoleCommandOptions {
  std::string listen = "127.0.0.1:8080";
  std::vector<std::string> folders;
  bool set_passphrase = false;
};

Report serve(Context& context, const ConsoleCommandOptions& given) {
  if (given.set_passphrase) return set_passphrase(context);
  if (context.options.passphrase_fd >= 0) {
    throw Error(ErrorCode::usage, "console",
                "gives its work no descriptor to read a passphrase from")
        .with_hint("give --passphrase-file FILE");
  }
  ConsoleOptions options;
  options.listen = ListenAddress::parse(given.listen);
  options.home = std::filesystem::absolute(context.home_path);
  options.version = COURIER_VERSION;
  options.passphrase_file = context.options.passphrase_file;
  for (const std::string& folder : given.folders) {
    options.folders.push_back(std::filesystem::absolute(folder));
    if (!std::filesystem::is_directory(folder)) {
      context.talk("folder " + printable(folder) +
                   " is not there: it is shown when it is, and has something in it\n");
    }
  }
  const StopSignals stop;
  run_console(context.fs, context.clock, options, stop.fd(), [&](const std::string& url) {
    Report report;
    report.json = {{"url", url}};
    report.text = "the console is at " + url + "; Ctrl-C ends it\n";
    context.show(report);
  });
  Report report;
  report.text = "the console has ended\n";
  return report;
}

}  // namespace

void add_console_command(Commands& commands) {
  ConsoleCommandOptions& o = commands.options<ConsoleCommandOptions>();
  CLI::App& verb = commands.verb(
      "console", "the local web page: drives that come are taken in by a press, with live progress",
      "courier console --listen 127.0.0.1:8080",
      [&o](Context& context) { return serve(context, o); });
  verb.add_option("--listen", o.listen,
                  "the address and port to listen at; port 0: any that is free (else "
                  "127.0.0.1:8080)")
      ->type_name("ADDR:PORT");
  verb.add_option("--folder", o.folders,
                  "show this folder as a drive, whenever there is something in it")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb.add_flag("--set-passphrase", o.set_passphrase,
                "set the passphrase that the site's own page asks for, and end; where there is no "
                "terminal to ask at, give --passphrase-file FILE or --passphrase-fd N");
}

}  // namespace courier
