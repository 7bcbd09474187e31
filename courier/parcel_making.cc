#include "courier/parcel_making.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "courier/media_write.h"
#include "courier/option_values.h"
#include "courier/outgoing.h"
#include "courier/shown.h"
#include "courier/table.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "sender/fleet_plan.h"
#include "sender/parcel_builder.h"
#include "sender/parcel_life.h"
#include "sender/plan_memory.h"
#include "sender/scheduler.h"

namespace courier {
namespace {

constexpr unsigned kPhasesOfMaking = 2;  // sealing, flushing

std::vector<SiteCode> sites_from(const std::vector<std::string>& texts) {
  std::vector<SiteCode> sites;
  for (const std::string& text : texts) {
    const SiteCode site = SiteCode::parse(text);
    if (std::find(sites.begin(), sites.end(), site) == sites.end()) sites.push_back(site);
  }
  return sites;
}

std::vector<PendingJob> jobs_of(Context& context, const std::vector<SiteCode>& sites) {
  SenderParts sender = context.home().sender();
  Scheduler scheduler(sender);
  PlanMemory memory;
  std::vector<PendingJob> jobs;
  for (const SiteCode& site : sites) {
    for (PendingJob& job : scheduler.pending(site)) {
      const std::string lacking = job.ready ? memory.lacks(sender, job.job) : "";
      if (!lacking.empty()) {
        job.ready = false;
        job.reason = lacking;
      }
      jobs.push_back(std::move(job));
    }
  }
  return jobs;
}

Json codes_json(const std::vector<SiteCode>& sites) {
  Json list = Json::array();
  for (const SiteCode& site : sites) list.push_back(site.str());
  return list;
}

Json plan_json(const ParcelPlan& plan) {
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
  return {{"addressees", codes_json(plan.addressees)},
          {"items", std::move(items)},
          {"left", std::move(left)},
          {"content_bytes", plan.content_bytes},
          {"parcel_bytes", plan.parcel_bytes},
          {"at_most", plan.at_most},
          {"records", plan.records},
          {"volumes", 1},
          {"minutes", plan.minutes}};
}

// is_made: its size is known, and what was at most in it is not told any more.
std::string plan_text(const ParcelPlan& plan, bool is_made) {
  Table table({"kind", "job", "package", ">version", ">content",
               plan.at_most ? ">at most" : ">carried", "builds on"});
  for (const PlannedItem& item : plan.items) {
    table.add(
        {std::string(word(item.row.kind)), fmt::format("{}", fmt::join(item.row.jobs, ", ")),
         item.row.package.str(), item.row.version == 0 ? "-" : std::to_string(item.row.version),
         human_size(item.row.bytes), is_made && plan.at_most ? "" : human_size(item.carried_bytes),
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

void require_size(const ParcelRow& made, std::uint64_t max_bytes) {
  if (max_bytes == 0 || made.file_bytes <= max_bytes) return;
  const std::string id = made.addressees.front().id.str();
  throw Error(ErrorCode::not_allowed, "parcel " + id,
              fmt::format("is made already and on no medium yet, and its {} bytes are more than {}",
                          made.file_bytes, max_bytes))
      .with_loss("nothing was written")
      .with_hint(fmt::format("`courier parcel discard {}`, then run this again; or "
                             "`courier media write {} DIR --volume-size {}` cuts it",
                             id, id, max_bytes));
}

Report pending_groups(Context& context, const std::vector<SiteCode>& sites) {
  SenderParts sender = context.home().sender();
  const FleetPlan fleet = FleetPlanner(sender).plan(sites);
  Table table({">sites", ">items", ">left", ">content", ">parcel", "to"});
  Json groups = Json::array(), problems = Json::array();
  std::uint64_t bytes = 0, served = 0;
  for (const FleetGroup& group : fleet.groups) {
    table.add({std::to_string(group.sites.size()), std::to_string(group.plan.items.size()),
               std::to_string(group.plan.left.size()), human_size(group.plan.content_bytes),
               human_size(group.parcel_bytes), some_of(group.sites)});
    Json one = plan_json(group.plan);
    one["addressees"] = codes_json(group.sites);
    one["parcel_bytes"] = group.parcel_bytes;
    groups.push_back(std::move(one));
    bytes += group.parcel_bytes;
    served += group.sites.size();
  }
  Report report;
  report.text = table.str("nothing is pending");
  for (const FleetPlan::Problem& problem : fleet.problems) {
    report.text += printable(fmt::format("to {}: {}", problem.site.str(), problem.reason)) + "\n";
    problems.push_back({{"site", problem.site.str()}, {"reason", json_text(problem.reason)}});
  }
  if (!fleet.groups.empty()) {
    report.text +=
        fmt::format("{} to {}, {} in all; of each: courier parcel create --to SITE,...\n",
                    counted(fleet.groups.size(), "parcel", "parcels"),
                    counted(served, "site", "sites"), human_size(bytes));
  }
  report.json = {{"groups", std::move(groups)},
                 {"problems", std::move(problems)},
                 {"sites", served},
                 {"without_jobs", fleet.without_jobs},
                 {"parcel_bytes", bytes}};
  return report;
}

// One of two pieces of work, which are told as one: each has as many phases.
ProgressSink half_of(const ProgressSink& sink, bool is_second) {
  if (!sink) return sink;
  return [sink, is_second](ProgressEvent event) {
    const double before = event.part_before(), part = event.part_in_phase();
    event.before = before / 2 + (is_second ? 0.5 : 0);
    event.part = part / 2;
    if (is_second) event.phase_index += kPhasesOfMaking;
    event.phase_count += kPhasesOfMaking;
    report(sink, event);
  };
}

}  // namespace

Report pending_jobs(Context& context, const MakingOptions& options) {
  Home& home = context.home();
  std::vector<SiteCode> sites = sites_from(options.to);
  if (sites.empty()) {
    for (const SiteRow& site : SiteBook(home.ledger()).list()) {
      if (site.role != SiteRole::self && site.joined_now) sites.push_back(site.code);
    }
  }
  if (options.groups) return pending_groups(context, sites);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait);
  std::vector<PendingJob> jobs = jobs_of(context, sites);
  while (jobs.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    jobs = jobs_of(context, sites);
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

Report create_parcel(Context& context, const MakingOptions& options) {
  Home& home = context.home();
  SenderParts sender = home.sender();
  CreateRequest request;
  request.plan.addressees = sites_from(options.to);
  if (!options.max_bytes.empty()) request.plan.max_bytes = parse_size(options.max_bytes);
  request.name = options.name;
  request.comment = options.comment.value_or("");
  request.carrier = options.carrier.value_or("");
  request.tracking = options.tracking.value_or("");
  request.level = level_from(options.level);
  const bool is_copied = !options.out.empty();
  request.progress = is_copied ? half_of(context.progress, false) : context.progress;

  Report report;
  if (options.plan) {
    const ParcelPlan plan = ParcelPlanner(sender).plan(request.plan);
    report.json = plan_json(plan);
    report.text = plan_text(plan, false) +
                  fmt::format("the parcel: {} {}, {}, 1 volume, {:.1f} minutes\n",
                              plan.at_most ? "at most" : "about", human_size(plan.parcel_bytes),
                              counted(plan.records, "record", "records"), plan.minutes);
    return report;
  }
  if (is_copied) {
    const std::optional<ParcelRow> made = on_no_medium(home, request.plan.addressees);
    if (made && ParcelPlanner(sender).plan(request.plan).empty()) {
      require_size(*made, request.plan.max_bytes);
      report.json = outgoing_json(*made);
      report.json["path"] = json_text(ParcelLife(sender).path_of(*made));
      report.json["items"] = outgoing_items_json(home, *made);
      report.text = fmt::format("nothing new is pending; parcel {} is on no medium yet\n",
                                addressees_text(*made));
      copy_to_media(context, *made, {options.out, {}}, {}, report);
      return report;
    }
    require_target(context, options.out);
  }
  request.begins = [&](const std::string& path) {
    context.talk(fmt::format("writing {}{}\n", printable(path),
                             is_copied ? ", then a copy of it to " + printable(options.out) : ""));
  };
  const CreatedParcel created = ParcelBuilder(sender).create(request);
  report.json = outgoing_json(created.parcel);
  report.json["path"] = json_text(created.path);
  report.json["plan"] = plan_json(created.plan);
  report.json["items"] = outgoing_items_json(home, created.parcel);
  report.text = fmt::format("parcel {}: {}, {}\n{}", addressees_text(created.parcel),
                            outgoing_state(created.parcel), human_size(created.parcel.file_bytes),
                            plan_text(created.plan, true));
  report.text += fmt::format("{}: {}\n", is_copied ? "kept here, in the outbox" : "in the outbox",
                             printable(created.path));
  if (is_copied) {
    Context copying = context;
    copying.progress = half_of(context.progress, true);
    copy_to_media(copying, created.parcel, {options.out, {}}, {}, report);
  }
  return report;
}

}  // namespace courier
