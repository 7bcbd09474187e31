// parcel: outgoing parcels from pending jobs to Confirmed, and a look at any parcel.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/incoming_parcel.h"
#include "courier/outgoing.h"
#include "courier/parcel_check.h"
#include "courier/parcel_making.h"
#include "courier/receipts.h"
#include "courier/received.h"
#include "courier/shown.h"
#include "courier/table.h"
#include "courier/volume_repair.h"
#include "importer/identify.h"
#include "importer/receive.h"
#include "ledger/site_book.h"
#include "media/medium_errors.h"
#include "sender/outbox.h"
#include "sender/parcel_life.h"

namespace courier {
namespace {

struct ParcelOptions {
  MakingOptions making;
  std::string parcel, state, site, receipt;
  bool incoming = false, outgoing = false;
};

// Files in the outbox that look like parcels and are none.
void add_unfinished(Home& home, Report& report) {
  Json list = Json::array();
  for (const ParcelId& id : unfinished_parcels(home.ledger(), home.fs(), home.path())) {
    list.push_back(id.str());
    report.text += fmt::format(
        "{}.pcl in the outbox is unfinished and must not be sent: a crash left it, and the next "
        "command that writes removes it\n",
        id.str());
  }
  report.json["unfinished"] = std::move(list);
}

Report list(Context& context, const ParcelOptions& options) {
  Home& home = context.home();
  Report report;
  if (!options.incoming) {
    Table table({"parcel", "state", "made", ">size", ">content", "name", "carrier", "tracking"});
    Json list = Json::array();
    for (const ParcelRow& parcel : ParcelBook(home.ledger()).list()) {
      table.add({addressees_text(parcel) + (parcel.is_return ? " (return)" : ""),
                 outgoing_state(parcel), shown_time(parcel.created), human_size(parcel.file_bytes),
                 human_size(parcel.content_bytes), parcel.name, parcel.carrier, parcel.tracking});
      list.push_back(outgoing_json(parcel));
    }
    report.json["outgoing"] = std::move(list);
    report.text += table.str("no outgoing parcels");
    add_unfinished(home, report);
  }
  if (!options.outgoing) {
    Table table({"parcel", "state", "arrived", ">items", ">content", "name", "reason"});
    Json list = Json::array();
    for (const IncomingParcel& parcel : IncomingBook(home.ledger()).list()) {
      table.add({parcel.id.str() + (parcel.is_return ? " (return)" : ""),
                 incoming_state(home, parcel), shown_time(parcel.arrived),
                 std::to_string(parcel.item_count), human_size(parcel.content_bytes), parcel.name,
                 parcel.reason});
      list.push_back(incoming_json(home, parcel));
    }
    report.json["incoming"] = std::move(list);
    if (!report.text.empty()) report.text += "\n";
    report.text += table.str("no incoming parcels");
  }
  return report;
}

Error no_such_parcel(const std::string& text) {
  return Error(ErrorCode::not_found, "parcel " + text, "is not known here, and is no file")
      .with_hint("'courier parcel list' shows the parcels of this site");
}

// A parcel file that was named instead of an ID.
Report show_file(Context& context, const std::string& path) {
  if (context.opened_home != nullptr && context.home().keys().has_passphrase())
    context.unlock(context.home());
  std::optional<IdentifyHome> known;
  if (context.opened_home != nullptr) {
    Home& home = context.home();
    known.emplace(IdentifyHome{home.keys(), home.trust(), home.ledger()});
  }
  const IdentifyReport found = identify(context.fs, path, known);
  if (found.offers.empty()) throw no_such_parcel(path);
  const Offer& offer = found.offers.front();
  if (offer.standing == Standing::unreadable && offer.error) throw *offer.error;
  Report report;
  report.json = offer_json(offer);
  report.text = offer_text(offer);
  if (offer.standing == Standing::refused) report.problem = offer.error;
  return report;
}

Report show(Context& context, const ParcelOptions& options, bool contents) {
  const std::optional<ParcelId> id = ParcelId::try_parse(options.parcel);
  if (!id) return show_file(context, options.parcel);
  if (context.opened_home == nullptr) {
    throw no_such_parcel(options.parcel)
        .with_hint("name the home of its site with --home DIR, or a parcel file");
  }
  Home& home = context.home();
  Report report;
  if (const std::optional<ParcelRow> parcel = ParcelBook(home.ledger()).find(*id)) {
    if (!contents) return show_outgoing(home, *parcel);
    report.json = {{"id", id->str()}, {"items", outgoing_items_json(home, *parcel)}};
    report.text = outgoing_items_table(home, *parcel);
    return report;
  }
  if (const std::optional<IncomingParcel> parcel = IncomingBook(home.ledger()).find(*id)) {
    if (!contents) return show_incoming(home, *parcel);
    report.json = {{"id", id->str()}, {"items", incoming_items_json(home, *parcel)}};
    report.text = incoming_items_table(home, *parcel);
    return report;
  }
  throw no_such_parcel(options.parcel);
}

Report verify(Context& context, const ParcelOptions& options) {
  std::optional<KnownSigners> known;
  if (context.opened_home != nullptr) {
    known.emplace(KnownSigners{context.home().keys(), context.home().trust()});
  }
  const auto file =
      std::make_shared<const Fd>(context.fs.open(options.parcel, O_RDONLY | O_CLOEXEC));
  const auto advising = [&](Error problem) -> Error {
    if (problem.code() != ErrorCode::damaged) return problem;
    const VolumeBytes bytes = bytes_of_file(context.fs, file);
    const std::string image = image_hint(options.parcel, bytes);
    if (!image.empty()) return problem.with_hint(image);
    return advising_repair(context.fs, std::move(problem), bytes,
                           "courier parcel repair " + escaped(options.parcel) + " --to OTHER");
  };
  try {
    const ParcelCheck check =
        check_parcel(context.fs, *file, options.parcel, known, context.progress);
    Report report;
    report.json = check_json(check, options.parcel);
    report.text = check_text(check, options.parcel);
    if (check.problem) report.problem = advising(*check.problem);
    return report;
  } catch (const Error& error) {
    throw advising(error);
  }
}

// site: the one addressee that was meant; none: all of them.
Report changed(Context& context, const ParcelId& id, const std::string& what,
               const SiteCode& site = {}) {
  const ParcelRow parcel = ParcelBook(context.home().ledger()).get(id);
  Report report;
  report.json = outgoing_json(parcel);
  const ParcelAddressee* one = site.empty() ? nullptr : parcel.addressee(site);
  report.text = fmt::format("parcel {} {}: {}\n", one ? one->id.str() : addressees_text(parcel),
                            what, one ? addressee_state(*one) : outgoing_state(parcel));
  return report;
}

SiteCode chosen_site(const ParcelOptions& options) {
  return options.site.empty() ? SiteCode() : SiteCode::parse(options.site);
}

Report mark(Context& context, const ParcelOptions& options) {
  const ParcelId id = ParcelId::parse(options.parcel);
  const ParcelRow parcel = ParcelBook(context.home().ledger()).get(id);
  const bool has_receipt = !options.receipt.empty();
  if (options.state == "created" || (options.state == "confirmed" && !has_receipt)) {
    throw Error(ErrorCode::not_allowed, "parcel " + id.str(),
                fmt::format("is {}; it cannot be marked {}", outgoing_state(parcel), options.state))
        .with_hint(options.state == "created"
                       ? "states go forwards only: Created, Sent, Confirmed"
                       : "only a verified return parcel makes it Confirmed, or a receipt of its "
                         "site: --receipt 'CODE'");
  }
  if (options.state == "confirmed" && options.site.empty()) {
    return marked_by_receipt(context, id, options.receipt);
  }
  if (options.state != "sent" || has_receipt) {
    throw Error(ErrorCode::usage, "state " + options.state,
                has_receipt ? "is not what a receipt says, which is for one site by its parcel's ID"
                            : "is none that a parcel is marked with: sent or confirmed")
        .with_loss("nothing was changed")
        .with_hint(has_receipt ? "courier parcel mark " + id.str() + " confirmed --receipt 'CODE'"
                               : "courier parcel mark " + id.str() + " sent");
  }
  SenderParts sender = context.home().sender();
  ParcelLife(sender).mark_sent(id, chosen_site(options));
  return changed(context, id, "marked", chosen_site(options));
}

Report set(Context& context, const ParcelOptions& options) {
  const ParcelId id = ParcelId::parse(options.parcel);
  ParcelBook(context.home().ledger())
      .set_carriage(id, options.making.comment, options.making.carrier, options.making.tracking,
                    std::nullopt);
  return changed(context, id, "changed");
}

Report lost(Context& context, const ParcelOptions& options) {
  const ParcelId id = ParcelId::parse(options.parcel);
  SenderParts sender = context.home().sender();
  ParcelLife(sender).declare_lost(id, chosen_site(options));
  Report report = changed(context, id, "declared lost", chosen_site(options));
  const SiteCode to = options.site.empty() ? id.to : chosen_site(options);
  report.text +=
      "its jobs go with the next parcel: " + advised("courier parcel create --to " + to.str()) +
      "\n";
  return report;
}

Report discard(Context& context, const ParcelOptions& options) {
  Home& home = context.home();
  const ParcelId id = ParcelId::parse(options.parcel);
  if (!ParcelBook(home.ledger()).find(id) && IncomingBook(home.ledger()).find(id)) {
    DistributionManager manager(home.distribution());
    discard_incoming(home.importer(manager), id);
    Report report;
    report.json = {{"id", id.str()}, {"discarded", true}};
    report.text = fmt::format("parcel {} discarded\n", id.str());
    return report;
  }
  std::vector<std::string> targets;
  for (const ParcelCopy& copy : ParcelBook(home.ledger()).copies(id)) {
    if (std::ranges::find(targets, copy.target) == targets.end()) targets.push_back(copy.target);
  }
  SenderParts sender = home.sender();
  ParcelLife(sender).discard(id);
  const ParcelRow parcel = ParcelBook(home.ledger()).get(id);
  Report report;
  report.json = outgoing_json(parcel);
  report.text =
      fmt::format("parcel {} discarded; its jobs are pending again\n", addressees_text(parcel));
  Json written_to = Json::array();
  std::string list;
  for (const std::string& target : targets) {
    written_to.push_back(json_text(target));
    list += (list.empty() ? "" : ", ") + printable(target);
  }
  report.json["written_to"] = std::move(written_to);
  if (!targets.empty()) {
    report.text += fmt::format(
        "copies of it were written to: {}: destroy them, for a site that gets one takes it in\n",
        list);
  }
  return report;
}

void add_outgoing(Commands& commands, CLI::App& parcel, ParcelOptions& o) {
  CLI::App& pending_verb = commands.verb(
      parcel, "pending", "what a parcel would carry now, and why anything is not in it",
      "courier parcel pending --to PSE",
      [&o](Context& context) { return pending_jobs(context, o.making); });
  pending_verb.add_option("--to", o.making.to, "one site (else all)")
      ->delimiter(',')
      ->type_name("SITE");
  CLI::Option* wait =
      pending_verb.add_option("--wait", o.making.wait, "wait so long for a job to appear")
          ->type_name("SECONDS");
  pending_verb
      .add_flag("--groups", o.making.groups,
                "the parcels it could go in: sites that can share one, and its size")
      ->excludes(wait);

  CLI::App& create_verb = commands.verb(
      parcel, "create", "build the outgoing parcel in the outbox, and a proved copy elsewhere",
      "courier parcel create --to PSE --out /media/usb --carrier DHL --tracking JD01",
      [&o](Context& context) { return create_parcel(context, o.making); });
  create_verb.add_option("--to", o.making.to, "the addressees; several get one payload")
      ->required()
      ->delimiter(',')
      ->type_name("SITE,...");
  create_verb.add_option("--out", o.making.out, "write a copy to this folder and read it back")
      ->type_name("DIR");
  create_verb
      .add_option("--level", o.making.level,
                  "how hard to compress what is not in the store as it goes; small: also what is")
      ->type_name("fast|default|small");
  create_verb.add_option("--max-bytes", o.making.max_bytes, "not larger than: 4G")->type_name("N");
  create_verb.add_option("--name", o.making.name, "a name, readable by anyone")->type_name("TEXT");
  create_verb.add_flag("--plan", o.making.plan,
                       "only say what it would carry, and how large it gets");

  CLI::App& set_verb = commands.verb(parcel, "set", "change what is noted about a parcel",
                                     "courier parcel set PUN-PSE-000001 --tracking JD02",
                                     [&o](Context& context) { return set(context, o); });
  for (CLI::App* verb : {&create_verb, &set_verb}) {
    verb->add_option("--comment", o.making.comment, "a remark")->type_name("TEXT");
    verb->add_option("--carrier", o.making.carrier, "who carries it")->type_name("TEXT");
    verb->add_option("--tracking", o.making.tracking, "the carrier's number for it")
        ->type_name("TEXT");
  }
  CLI::App& mark_verb = commands.verb(
      parcel, "mark", "note that a parcel was handed over, or that a receipt says it is in",
      "courier parcel mark PUN-PSE-000001 sent",
      [&o](Context& context) { return mark(context, o); });
  CLI::App& lost_verb = commands.verb(parcel, "lost", "a sent parcel will not arrive: send again",
                                      "courier parcel lost PUN-PSE-000001",
                                      [&o](Context& context) { return lost(context, o); });
  CLI::App& discard_verb =
      commands.verb(parcel, "discard", "give up a parcel not sent, in quarantine or incomplete",
                    "courier parcel discard PUN-PSE-000001",
                    [&o](Context& context) { return discard(context, o); });
  for (CLI::App* verb : {&set_verb, &mark_verb, &lost_verb, &discard_verb}) {
    verb->add_option("ID", o.parcel, "the parcel, such as PUN-PSE-000001")->required();
  }
  mark_verb
      .add_option("sent|confirmed", o.state,
                  "the state: handed to the carrier; or all in, by the receipt of its site")
      ->required();
  mark_verb
      .add_option("--receipt", o.receipt,
                  "eight words, the text of a QR code, or @FILE with either or with its picture")
      ->type_name("CODE");
  for (CLI::App* verb : {&mark_verb, &lost_verb}) {
    verb->add_option("--site", o.site, "of several addressees this one (else all)")
        ->type_name("CODE");
  }
}

}  // namespace

void add_parcel_commands(Commands& commands) {
  CLI::App& parcel = commands.noun("parcel", "parcels: what travels");
  ParcelOptions& o = commands.options<ParcelOptions>();
  add_outgoing(commands, parcel, o);

  CLI::App& list_verb =
      commands.verb(parcel, "list", "outgoing and incoming parcels", "courier parcel list",
                    [&o](Context& context) { return list(context, o); });
  CLI::Option* incoming = list_verb.add_flag("--incoming", o.incoming, "only incoming ones");
  list_verb.add_flag("--outgoing", o.outgoing, "only outgoing ones")->excludes(incoming);

  CLI::App& show_verb = commands.verb(parcel, "show", "one parcel, by ID or by file",
                                      "courier parcel show PUN-PSE-000001",
                                      [&o](Context& context) { return show(context, o, false); });
  CLI::App& contents_verb =
      commands.verb(parcel, "contents", "its packing list, item by item",
                    "courier parcel contents PUN-PSE-000001",
                    [&o](Context& context) { return show(context, o, true); });
  for (CLI::App* verb : {&show_verb, &contents_verb}) {
    verb->add_option("ID|FILE", o.parcel, "a parcel of this site, or a parcel file")->required();
  }
  CLI::App& verify_verb =
      commands.verb(parcel, "verify", "check a parcel file: signature, and every record",
                    "courier parcel verify /media/usb/PUN-PSE-000001.pcl",
                    [&o](Context& context) { return verify(context, o); });
  verify_verb.add_option("FILE", o.parcel, "a parcel file")->required();
  add_repair_verb(commands, parcel);
  add_slip_verb(commands, parcel);
}

}  // namespace courier
