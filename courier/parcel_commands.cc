// parcel: outgoing parcels from pending jobs to Confirmed, and a look at any parcel.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "courier/commands.h"
#include "courier/media_write.h"
#include "courier/option_values.h"
#include "courier/outgoing.h"
#include "courier/parcel_check.h"
#include "courier/received.h"
#include "courier/shown.h"
#include "courier/table.h"
#include "distribution/distribution_manager.h"
#include "importer/identify.h"
#include "importer/receive.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "sender/outbox.h"
#include "sender/parcel_builder.h"
#include "sender/parcel_life.h"

namespace courier {
namespace {

struct ParcelOptions {
  std::vector<std::string> to;
  std::string out, level = "default", max_bytes, name, parcel, state, site;
  std::optional<std::string> comment, carrier, tracking;
  unsigned wait = 0;
  bool plan = false, incoming = false, outgoing = false;
};

std::vector<SiteCode> sites_from(const std::vector<std::string>& texts) {
  std::vector<SiteCode> sites;
  for (const std::string& text : texts) {
    const SiteCode site = SiteCode::parse(text);
    if (std::find(sites.begin(), sites.end(), site) == sites.end()) sites.push_back(site);
  }
  return sites;
}

std::vector<PendingJob> pending_jobs(Context& context, const std::vector<SiteCode>& sites) {
  SenderContext sender = context.home().sender();
  std::vector<PendingJob> jobs;
  for (const SiteCode& site : sites) {
    for (PendingJob& job : Scheduler(sender).pending(site)) {
      const std::string lacking = job.ready ? lacks_content(sender, job.job) : "";
      if (!lacking.empty()) {
        job.ready = false;
        job.reason = lacking;
      }
      jobs.push_back(std::move(job));
    }
  }
  return jobs;
}

Report pending(Context& context, const ParcelOptions& options) {
  Home& home = context.home();
  std::vector<SiteCode> sites = sites_from(options.to);
  if (sites.empty()) {
    for (const SiteRow& site : SiteBook(home.ledger()).list()) {
      if (site.role != SiteRole::self && site.joined_now) sites.push_back(site.code);
    }
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait);
  std::vector<PendingJob> jobs = pending_jobs(context, sites);
  while (jobs.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    jobs = pending_jobs(context, sites);
  }
  Table table({">job", "package", ">version", "to", "priority", ">size", "ready", "reason"});
  Json list = Json::array();
  for (const PendingJob& pending_job : jobs) {
    const JobRow& job = pending_job.job;
    table.add({std::to_string(job.number), job.package.str(), std::to_string(job.version),
               target_text(job.site, job.dps), std::string(word(job.priority)),
               human_size(job.total_bytes), pending_job.ready ? "yes" : "no", pending_job.reason});
    Json one = job_json(job);
    one["ready"] = pending_job.ready;
    one["reason"] = json_text(pending_job.reason);
    list.push_back(std::move(one));
  }
  Report report;
  report.json = {{"jobs", std::move(list)}};
  report.text = table.str("nothing is pending");
  return report;
}

Json plan_json(const ParcelPlan& plan) {
  Json addressees = Json::array();
  for (const SiteCode& site : plan.addressees) addressees.push_back(site.str());
  Json items = Json::array();
  for (const PlannedItem& item : plan.items) {
    items.push_back({{"kind", word(item.row.kind)},
                     {"jobs", item.row.jobs},
                     {"package", item.row.package.str()},
                     {"version", item.row.version},
                     {"name", json_text(item.package_name)},
                     {"bytes", item.row.bytes},
                     {"carried_bytes", item.carried_bytes},
                     {"bases", item.bases}});
  }
  Json left = Json::array();
  for (const LeftBehind& one : plan.left) {
    left.push_back({{"job", one.job},
                    {"package", one.package.str()},
                    {"version", one.version},
                    {"site", one.site.str()},
                    {"reason", json_text(one.reason)}});
  }
  return {{"addressees", std::move(addressees)},
          {"items", std::move(items)},
          {"left", std::move(left)},
          {"content_bytes", plan.content_bytes},
          {"parcel_bytes", plan.parcel_bytes},
          {"records", plan.records},
          {"volumes", 1},
          {"minutes", plan.minutes}};
}

std::string plan_text(const ParcelPlan& plan) {
  Table table({"kind", "job", "package", ">version", ">content", ">carried", "builds on"});
  for (const PlannedItem& item : plan.items) {
    table.add({std::string(word(item.row.kind)), fmt::format("{}", fmt::join(item.row.jobs, ", ")),
               item.row.package.str(), std::to_string(item.row.version), human_size(item.row.bytes),
               human_size(item.carried_bytes),
               item.bases.empty() ? "-" : fmt::format("{}", fmt::join(item.bases, ", "))});
  }
  std::string text = table.str("nothing would be carried");
  for (const LeftBehind& left : plan.left) {
    text += printable(fmt::format("stays behind: job {}, {} version {} to {}: {}", left.job,
                                  left.package.str(), left.version, left.site.str(), left.reason)) +
            "\n";
  }
  return text;
}

// Made for just these sites and on no medium yet: what a `create --out` that failed half way left.
std::optional<ParcelRow> on_no_medium(Home& home, std::vector<SiteCode> sites) {
  std::sort(sites.begin(), sites.end());
  ParcelBook book(home.ledger());
  for (ParcelRow& parcel : book.list()) {
    std::vector<SiteCode> to;
    bool is_created = !parcel.is_return;
    for (const ParcelAddressee& addressee : parcel.addressees) {
      to.push_back(addressee.id.to);
      is_created = is_created && addressee.state == ParcelState::created && !addressee.lost;
    }
    std::sort(to.begin(), to.end());
    if (!is_created || to != sites) continue;
    const std::vector<ParcelCopy> copies = book.copies(parcel.addressees.front().id);
    const bool copied = std::any_of(copies.begin(), copies.end(),
                                    [](const ParcelCopy& copy) { return copy.verified; });
    if (!copied) return std::move(parcel);
  }
  return std::nullopt;
}

Report create(Context& context, const ParcelOptions& options) {
  Home& home = context.home();
  SenderContext sender = home.sender();
  CreateRequest request;
  request.plan.addressees = sites_from(options.to);
  if (!options.max_bytes.empty()) request.plan.max_bytes = parse_size(options.max_bytes);
  request.name = options.name;
  request.comment = options.comment.value_or("");
  request.carrier = options.carrier.value_or("");
  request.tracking = options.tracking.value_or("");
  request.level = level_from(options.level);
  request.progress = context.progress;

  Report report;
  if (options.plan) {
    const ParcelPlan plan = ParcelPlanner(sender).plan(request.plan);
    report.json = plan_json(plan);
    report.text =
        plan_text(plan) + fmt::format("the parcel: about {}, {}, 1 volume, {:.1f} minutes\n",
                                      human_size(plan.parcel_bytes),
                                      counted(plan.records, "record", "records"), plan.minutes);
    return report;
  }
  if (!options.out.empty()) {
    const std::optional<ParcelRow> made = on_no_medium(home, request.plan.addressees);
    if (made && ParcelPlanner(sender).plan(request.plan).empty()) {
      report.json = outgoing_json(*made);
      report.json["path"] = json_text(ParcelLife(sender).path_of(*made));
      report.json["items"] = outgoing_items_json(home, *made);
      report.text = fmt::format("nothing new is pending; parcel {} is on no medium yet\n",
                                addressees_text(*made));
      copy_to_media(context, *made, {options.out, {}}, {}, report);
      return report;
    }
  }
  ParcelBuilder builder(sender);
  context.talk(fmt::format("writing {}\n", printable(builder.next_path(request.plan.addressees))));
  const CreatedParcel created = builder.create(request);
  report.json = outgoing_json(created.parcel);
  report.json["path"] = json_text(created.path);
  report.json["plan"] = plan_json(created.plan);
  report.json["items"] = outgoing_items_json(home, created.parcel);
  report.text = fmt::format("parcel {}: {}, {}\n{}", addressees_text(created.parcel),
                            outgoing_state(created.parcel), human_size(created.parcel.file_bytes),
                            plan_text(created.plan));
  report.text += fmt::format("in the outbox: {}\n", printable(created.path));
  if (!options.out.empty()) copy_to_media(context, created.parcel, {options.out, {}}, {}, report);
  return report;
}

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
                 std::string(word(parcel.state)), shown_time(parcel.arrived),
                 std::to_string(parcel.item_count), human_size(parcel.content_bytes), parcel.name,
                 parcel.reason});
      list.push_back(incoming_json(parcel));
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
  if (context.opened_home != nullptr && context.home().keys().has_passphrase()) context.unlock();
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
  const Fd file = context.fs.open(options.parcel, O_RDONLY | O_CLOEXEC);
  const ParcelCheck check = check_parcel(context.fs, file, options.parcel, known, context.progress);
  Report report;
  report.json = check_json(check, options.parcel);
  report.text = check_text(check, options.parcel);
  report.problem = check.problem;
  return report;
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
  if (options.state == "created" || options.state == "confirmed") {
    throw Error(ErrorCode::not_allowed, "parcel " + id.str(),
                fmt::format("is {}; it cannot be marked {}", outgoing_state(parcel), options.state))
        .with_hint(options.state == "created" ? "states go forwards only: Created, Sent, Confirmed"
                                              : "only a verified return parcel makes it Confirmed");
  }
  if (options.state != "sent") {
    throw Error(ErrorCode::usage, "state " + options.state, "is none that a parcel is marked with")
        .with_hint("courier parcel mark " + id.str() + " sent");
  }
  SenderContext sender = context.home().sender();
  ParcelLife(sender).mark_sent(id, chosen_site(options));
  return changed(context, id, "marked", chosen_site(options));
}

Report set(Context& context, const ParcelOptions& options) {
  const ParcelId id = ParcelId::parse(options.parcel);
  ParcelBook(context.home().ledger())
      .set_carriage(id, options.comment, options.carrier, options.tracking, std::nullopt);
  return changed(context, id, "changed");
}

Report lost(Context& context, const ParcelOptions& options) {
  const ParcelId id = ParcelId::parse(options.parcel);
  SenderContext sender = context.home().sender();
  ParcelLife(sender).declare_lost(id, chosen_site(options));
  Report report = changed(context, id, "declared lost", chosen_site(options));
  const SiteCode to = options.site.empty() ? id.to : chosen_site(options);
  report.text += "its jobs go with the next parcel: courier parcel create --to " + to.str() + "\n";
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
  SenderContext sender = home.sender();
  ParcelLife(sender).discard(id);
  return changed(context, id, "discarded; its jobs are pending again");
}

void add_outgoing(Commands& commands, CLI::App& parcel, ParcelOptions& o) {
  CLI::App& pending_verb = commands.verb(
      parcel, "pending", "what a parcel would carry now, and why anything is not in it",
      "courier parcel pending --to PSE", [&o](Context& context) { return pending(context, o); });
  pending_verb.add_option("--to", o.to, "one site (else all)")->delimiter(',')->type_name("SITE");
  pending_verb.add_option("--wait", o.wait, "wait so long for a job to appear")
      ->type_name("SECONDS");

  CLI::App& create_verb = commands.verb(
      parcel, "create", "build the outgoing parcel in the outbox, and a proved copy elsewhere",
      "courier parcel create --to PSE --out /media/usb --carrier DHL --tracking JD01",
      [&o](Context& context) { return create(context, o); });
  create_verb.add_option("--to", o.to, "the addressees; several get one payload")
      ->required()
      ->delimiter(',')
      ->type_name("SITE,...");
  create_verb.add_option("--out", o.out, "write a copy to this folder and read it back")
      ->type_name("DIR");
  create_verb.add_option("--level", o.level, "how hard to compress")
      ->type_name("fast|default|small");
  create_verb.add_option("--max-bytes", o.max_bytes, "not larger than: 4G")->type_name("N");
  create_verb.add_option("--name", o.name, "a name, readable by anyone")->type_name("TEXT");
  create_verb.add_flag("--plan", o.plan, "only say what it would carry, and how large it gets");

  CLI::App& set_verb = commands.verb(parcel, "set", "change what is noted about a parcel",
                                     "courier parcel set PUN-PSE-000001 --tracking JD02",
                                     [&o](Context& context) { return set(context, o); });
  for (CLI::App* verb : {&create_verb, &set_verb}) {
    verb->add_option("--comment", o.comment, "a remark")->type_name("TEXT");
    verb->add_option("--carrier", o.carrier, "who carries it")->type_name("TEXT");
    verb->add_option("--tracking", o.tracking, "the carrier's number for it")->type_name("TEXT");
  }
  CLI::App& mark_verb = commands.verb(parcel, "mark", "note that a parcel was handed over",
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
  mark_verb.add_option("sent", o.state, "the state: handed to the carrier")->required();
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
}

}  // namespace courier
