// identify, receive, return: what comes in, and what is answered.
#include <fcntl.h>
#include <fmt/format.h>

#include <functional>

#include "courier/commands.h"
#include "courier/drive_source.h"
#include "courier/drive_watch.h"
#include "courier/receipts.h"
#include "courier/receive_run.h"
#include "courier/received.h"
#include "courier/terminal.h"
#include "distribution/distribution_manager.h"
#include "importer/return_parcel.h"

namespace courier {
namespace {

// As --return-to has it: on the medium that the parcels come on.
constexpr std::string_view kOnSameMedium = "same-medium";

struct ReceiveCommandOptions {
  std::string source, return_to, to, out, parcel, qr;
  bool yes = false, watch = false, receipt = false;
};

// Does `work` with the drive that "drive:NODE" names, opened, or with null for another source.
Report with_source(Context& context, const std::string& source,
                   const std::function<Report(DriveSource*)>& work) {
  const std::optional<std::string> node = DriveSource::node_of(source);
  if (!node) return work(nullptr);
  DriveSource drive(context.fs, context.home_path,
                    DriveSource::find(context.fs, context.home_path, *node), context.gate());
  drive.open();
  Report report = work(&drive);
  drive.close(report);
  return report;
}

// Errors: not_found, when there is nothing by the name of the source.
void require_source(Context& context, const std::string& source) {
  if (const std::optional<std::string> node = DriveSource::node_of(source)) {
    DriveSource::find(context.fs, context.home_path, *node);
    return;
  }
  std::string path = source;
  for (const std::string_view kind : {"iso:", "raw:", "tape:"}) {
    if (source.starts_with(kind)) path = source.substr(kind.size());
  }
  context.fs.open(path, O_PATH | O_CLOEXEC);
}

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
    require_source(context, options.source);
    throw Error(ErrorCode::usage, "receive", "there is no terminal to ask whether to take it in")
        .with_hint("look at it with 'courier identify " + options.source +
                   "' and give --yes to take it in");
  }
  ReceiveOptions receive_options;
  receive_options.progress = context.progress;
  if (!options.yes) receive_options.accept = asking(context);
  // A drive that is not mounted is, for as long as this takes.
  const auto taken = [&](DriveSource* drive) {
    const std::string source = drive == nullptr ? options.source : drive->source();
    receive_options.return_to = options.return_to;
    if (options.return_to == kOnSameMedium) {
      receive_options.return_to = drive == nullptr ? source : drive->return_to();
      if (drive != nullptr) receive_options.before_return = [drive] { drive->make_writable(); };
    }
    return received(context.home(), source, receive_options);
  };
  return with_source(context, options.source, taken);
}

Report identify_source(Context& context, const std::string& source) {
  return with_source(context, source, [&](DriveSource* drive) {
    return identified(context.fs, drive == nullptr ? source : drive->source(),
                      identify_home(context));
  });
}

Report create_return(Context& context, const ReceiveCommandOptions& options) {
  std::optional<SiteCode> to;
  if (!options.to.empty()) to = SiteCode::parse(options.to);
  if (options.receipt)
    return receipt_of(context, {.parcel = options.parcel, .to = to, .qr = options.qr});
  if (options.out.empty()) {
    throw Error(ErrorCode::usage, "courier return create", "--out TARGET is required")
        .with_loss("nothing was done")
        .with_hint("name the medium that goes back, or give --receipt when none does");
  }
  Home& home = context.home();
  DistributionManager manager(home.distribution());
  return with_source(context, options.out, [&](DriveSource* drive) {
    if (drive != nullptr) drive->make_writable();
    const std::vector<WrittenReturn> returns =
        create_returns(home.importer(manager), to, drive == nullptr ? options.out : drive->source(),
                       context.progress);
    Report report;
    add_returns(returns, report);
    for (const WrittenReturn& written : returns) {
      if (written.error) report.problem = written.error;
    }
    return report;
  });
}

}  // namespace

void add_receive_commands(Commands& commands) {
  ReceiveCommandOptions& o = commands.options<ReceiveCommandOptions>();
  CLI::App& identify_verb = commands.verb(
      "identify", "what is on a medium: from, to, date, items, signer, verdict; changes nothing",
      "courier identify /media/usb",
      [&o](Context& context) { return identify_source(context, o.source); });
  CLI::App& receive_verb =
      commands.verb("receive", "take in the parcels on a medium that are for this site",
                    "courier receive /media/usb --return-to /media/usb",
                    [&o](Context& context) { return receive_source(context, o); });
  commands.has_variant("--watch");
  constexpr const char* kSource =
      "a mounted folder, one parcel file, drive:/dev/sdb1 (mounted for as long as it is read), "
      "iso:FILE, "
      "/dev/sr0, raw:PATH, tape:FILE or /dev/nst0";
  identify_verb.add_option("SOURCE", o.source, kSource)->required();
  CLI::Option* source = receive_verb.add_option("SOURCE", o.source, kSource);
  receive_verb
      .add_flag("--watch", o.watch,
                "look at every drive that is plugged in, until Ctrl-C; takes in with --yes, or "
                "when the setting kiosk.auto-receive is on")
      ->excludes(source);
  receive_verb.add_flag("--yes", o.yes, "take in without asking");
  receive_verb
      .add_option("--return-to", o.return_to,
                  "where the return parcel is written too; same-medium: where the parcels are")
      ->type_name("TARGET");

  CLI::App& noun = commands.noun("return", "return parcels: the proof of what arrived");
  CLI::App& create_verb =
      commands.verb(noun, "create", "write the return parcel again, or print a short receipt",
                    "courier return create --out /media/usb",
                    [&o](Context& context) { return create_return(context, o); });
  commands.has_variant("--receipt");
  create_verb.add_option("--to", o.to, "one site (else every site that has something to be told)")
      ->type_name("SITE");
  CLI::Option* out =
      create_verb
          .add_option(
              "--out", o.out,
              "where to: a mounted folder, drive:/dev/sdb1, iso:FILE, raw:PATH or tape:FILE")
          ->type_name("TARGET");
  CLI::Option* receipt =
      create_verb
          .add_flag("--receipt", o.receipt,
                    "no medium goes back: print a receipt of one parcel, as words to be read over "
                    "the telephone and as a code")
          ->excludes(out);
  create_verb.add_option("--parcel", o.parcel, "the receipt's parcel (else the last that arrived)")
      ->needs(receipt)
      ->type_name("ID");
  create_verb
      .add_option("--qr", o.qr, "write the receipt's code as a picture: FILE.svg or FILE.png")
      ->needs(receipt)
      ->type_name("FILE");
}

}  // namespace courier
