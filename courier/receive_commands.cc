// identify, receive, return: what comes in, and what is answered.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/drive_watch.h"
#include "courier/receive_run.h"
#include "courier/received.h"
#include "courier/terminal.h"
#include "distribution/distribution_manager.h"
#include "importer/return_parcel.h"

namespace courier {
namespace {

struct ReceiveCommandOptions {
  std::string source, return_to, to, out;
  bool yes = false, watch = false;
};

Report receive_source(Context& context, const ReceiveCommandOptions& options) {
  if (options.watch) {
    return watch_drives(context, {.takes_in = options.yes, .return_to = options.return_to});
  }
  if (options.source.empty()) {
    throw Error(ErrorCode::usage, "courier receive", "SOURCE is required")
        .with_loss("nothing was done")
        .with_hint("name the medium, or wait for drives with --watch");
  }
  if (!options.yes && !can_ask()) {
    throw Error(ErrorCode::usage, "receive", "there is no terminal to ask whether to take it in")
        .with_hint("look at it with 'courier identify " + options.source +
                   "' and give --yes to take it in");
  }
  ReceiveOptions receive_options;
  receive_options.progress = context.progress;
  receive_options.return_to = options.return_to;
  if (!options.yes) receive_options.accept = asking(context);
  return received(context.home(), options.source, receive_options);
}

Report create_return(Context& context, const ReceiveCommandOptions& options) {
  Home& home = context.home();
  DistributionManager manager(home.distribution());
  std::optional<SiteCode> to;
  if (!options.to.empty()) to = SiteCode::parse(options.to);
  const std::vector<WrittenReturn> returns =
      create_returns(home.importer(manager), to, options.out, context.progress);
  Report report;
  add_returns(returns, report);
  for (const WrittenReturn& written : returns) {
    if (written.error) report.problem = written.error;
  }
  return report;
}

}  // namespace

void add_receive_commands(Commands& commands) {
  ReceiveCommandOptions& o = commands.options<ReceiveCommandOptions>();
  CLI::App& identify_verb = commands.verb(
      "identify", "what is on a medium: from, to, date, items, signer, verdict; changes nothing",
      "courier identify /media/usb",
      [&o](Context& context) { return identified(context.fs, o.source, identify_home(context)); });
  CLI::App& receive_verb =
      commands.verb("receive", "take in the parcels on a medium that are for this site",
                    "courier receive /media/usb --return-to /media/usb",
                    [&o](Context& context) { return receive_source(context, o); });
  commands.has_variant("--watch");
  constexpr const char* kSource =
      "a mounted folder, one parcel file, iso:FILE, /dev/sr0, raw:PATH, tape:FILE or /dev/nst0";
  identify_verb.add_option("SOURCE", o.source, kSource)->required();
  CLI::Option* source = receive_verb.add_option("SOURCE", o.source, kSource);
  receive_verb
      .add_flag("--watch", o.watch,
                "look at every drive that is plugged in, until Ctrl-C; takes in with --yes, or "
                "when the setting kiosk.auto-receive is on")
      ->excludes(source);
  receive_verb.add_flag("--yes", o.yes, "take in without asking");
  receive_verb.add_option("--return-to", o.return_to, "where the return parcel is written too")
      ->type_name("TARGET");

  CLI::App& noun = commands.noun("return", "return parcels: the proof of what arrived");
  CLI::App& create_verb = commands.verb(
      noun, "create", "write the return parcel again", "courier return create --out /media/usb",
      [&o](Context& context) { return create_return(context, o); });
  create_verb.add_option("--to", o.to, "one site (else every site that has something to be told)")
      ->type_name("SITE");
  create_verb
      .add_option("--out", o.out, "where to: a mounted folder, iso:FILE, raw:PATH or tape:FILE")
      ->required()
      ->type_name("TARGET");
}

}  // namespace courier
