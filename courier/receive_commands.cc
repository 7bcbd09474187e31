// identify, receive, return: what comes in, and what is answered.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/received.h"
#include "courier/shown.h"
#include "courier/terminal.h"
#include "distribution/distribution_manager.h"
#include "importer/identify.h"
#include "importer/receive.h"
#include "importer/return_parcel.h"

namespace courier {
namespace {

struct ReceiveCommandOptions {
  std::string source, return_to, to, out;
  bool yes = false;
};

// What identify says when nothing here can be received.
std::optional<Error> identify_problem(const IdentifyReport& found, const std::string& source) {
  if (found.exit_status == 0) return std::nullopt;
  if (found.offers.empty()) {
    return Error(ErrorCode::not_found, "medium " + source, "there is no parcel on it")
        .with_hint("check that it is the right medium and that it is mounted");
  }
  for (const Offer& offer : found.offers) {
    if (!offer.error || offer.error->exit_status() != found.exit_status) continue;
    return Error(*offer.error).with_loss("nothing was changed: identify only looks");
  }
  std::string others;
  for (const Offer& offer : found.offers) {
    if (offer.standing != Standing::for_others) continue;
    others += (others.empty() ? "" : ", ") + for_whom(offer);
  }
  return Error(ErrorCode::not_addressed, "medium " + source,
               "nothing on it is for this site: " + others);
}

Report identify_source(Context& context, const ReceiveCommandOptions& options) {
  std::optional<IdentifyHome> home;
  if (context.opened_home != nullptr) {
    Home& opened = context.home();
    home.emplace(IdentifyHome{opened.keys(), opened.trust(), opened.ledger()});
  }
  const IdentifyReport found = identify(context.fs, options.source, home);
  Report report;
  Json offers = Json::array();
  for (const Offer& offer : found.offers) {
    offers.push_back(offer_json(offer));
    report.text += (report.text.empty() ? "" : "\n") + offer_text(offer);
  }
  Json incomplete = Json::array();
  for (const PartOfParcel& part : found.parts) {
    incomplete.push_back({{"id", part.id.str()}, {"missing", part.missing}});
    report.text += fmt::format("parcel {}: {}\n", part.id.str(), part.missing);
  }
  report.json = {{"source", json_text(options.source)},
                 {"parcels", std::move(offers)},
                 {"incomplete", std::move(incomplete)}};
  report.problem = identify_problem(found, options.source);
  return report;
}

Report receive_source(Context& context, const ReceiveCommandOptions& options) {
  if (!options.yes && !can_ask()) {
    throw Error(ErrorCode::usage, "receive", "there is no terminal to ask whether to take it in")
        .with_hint("look at it with 'courier identify " + options.source +
                   "' and give --yes to take it in");
  }
  Home& home = context.home();
  DistributionManager manager(home.distribution());
  ReceiveOptions receive_options;
  receive_options.progress = context.progress;
  receive_options.return_to = options.return_to;
  if (!options.yes) {
    receive_options.accept = [&](const Offer& offer) {
      context.talk("");
      return ask_yes(offer_text(offer), "take this parcel in?");
    };
  }
  const ReceiveReport received = receive(home.importer(manager), options.source, receive_options);
  Report report;
  report.json["source"] = json_text(options.source);
  add_received(received, options.source, report);
  SenderParts sender = home.sender();
  add_applied(ReturnApplier(sender).apply_pending(), report);
  report.json["medium_may_be_removed"] = true;
  report.text += "the medium may be taken out now\n";
  return report;
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
      [&o](Context& context) { return identify_source(context, o); });
  CLI::App& receive_verb =
      commands.verb("receive", "take in the parcels on a medium that are for this site",
                    "courier receive /media/usb --return-to /media/usb",
                    [&o](Context& context) { return receive_source(context, o); });
  for (CLI::App* verb : {&identify_verb, &receive_verb}) {
    verb->add_option(
            "SOURCE", o.source,
            "a mounted folder, one parcel file, iso:FILE, /dev/sr0, raw:PATH, tape:FILE or "
            "/dev/nst0")
        ->required();
  }
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
