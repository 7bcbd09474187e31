// job: one package version to one site; and what is due now.
#include <fmt/format.h>

#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/local_work.h"
#include "courier/received.h"
#include "courier/shown.h"
#include "courier/table.h"
#include "distribution/distribution_manager.h"
#include "importer/receive.h"
#include "ledger/job_book.h"
#include "ledger/transfer_book.h"
#include "sender/parcel_life.h"
#include "sender/return_apply.h"
#include "sender/scheduler.h"

namespace courier {
namespace {

struct JobOptions {
  std::string number;
};

// "4" or "4/D1".
struct JobName {
  std::uint64_t number = 0;
  std::string dp;
};

JobName job_name(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string digits = text.substr(0, slash);
  if (digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    throw Error(ErrorCode::usage, "job " + text, "is no job number")
        .with_hint("'courier job list' shows the numbers; N/DP names a transfer job");
  }
  return {std::stoull(digits), slash == std::string::npos ? "" : text.substr(slash + 1)};
}

Report list(Context& context) {
  Table table({">job", "package", ">version", "kind", "to", "priority", "step", "state", "parcel",
               "reason"});
  Json jobs = Json::array();
  for (const JobRow& job : JobBook(context.home().ledger()).list()) {
    table.add({std::to_string(job.number), job.package.str(), std::to_string(job.version),
               std::string(word(job.kind)), target_text(job.site, job.dps),
               std::string(word(job.priority)), std::string(word(job.step)), job_state(job),
               job.parcel.empty() ? "-" : job.parcel, job.reason});
    jobs.push_back(job_json(job));
  }
  Report report;
  report.json = {{"jobs", std::move(jobs)}};
  report.text = table.str("no jobs");
  return report;
}

Json transfer_json(const TransferRow& transfer) {
  return {{"transfer_job", fmt::format("{}/{}", transfer.job, transfer.dp)},
          {"job", transfer.job},
          {"dp", json_text(transfer.dp)},
          {"package", transfer.package.str()},
          {"version", transfer.version},
          {"state", word(transfer.state)},
          {"state_code", static_cast<int>(transfer.state)},
          {"reason", json_text(transfer.reason)},
          {"attempts", transfer.attempts},
          {"retries_left", transfer.retries_left},
          {"retry_at", json_time(transfer.retry_at)},
          {"files_present", transfer.files_present},
          {"files_linked", transfer.files_linked},
          {"files_copied", transfer.files_copied},
          {"bytes_copied", transfer.bytes_copied},
          {"bytes_total", transfer.bytes_total},
          {"created", json_time(transfer.created)},
          {"started", json_time(transfer.started)},
          {"finished", json_time(transfer.finished)}};
}

Report show_transfer(Home& home, const JobName& name) {
  const TransferRow transfer = TransferBook(home.ledger()).get(name.number, name.dp);
  Report report;
  report.json = transfer_json(transfer);
  const std::vector<HistoryRow> history =
      home.ledger().history("transfer", fmt::format("{}/{}", name.number, name.dp));
  report.json["history"] = history_json(history);
  report.text =
      listing({{"transfer job", fmt::format("{}/{}", transfer.job, transfer.dp)},
               {"package", fmt::format("{} version {}", transfer.package.str(), transfer.version)},
               {"state", std::string(word(transfer.state))},
               {"reason", transfer.reason},
               {"tried again", transfer.retry_at
                                   ? fmt::format("{}, {} left", shown_time(transfer.retry_at),
                                                 counted(transfer.retries_left, "retry", "retries"))
                                   : ""},
               {"files", fmt::format("{} copied ({}), {} present, {} linked", transfer.files_copied,
                                     human_size(transfer.bytes_copied), transfer.files_present,
                                     transfer.files_linked)},
               {"started", shown_time(transfer.started)},
               {"finished", shown_time(transfer.finished)}});
  report.text += "\n" + history_table(history);
  return report;
}

Report show(Context& context, const JobOptions& options) {
  Home& home = context.home();
  const JobName name = job_name(options.number);
  if (!name.dp.empty()) return show_transfer(home, name);
  const JobRow job = JobBook(home.ledger()).get(name.number);
  Report report;
  report.json = job_json(job);
  Json transfers = Json::array();
  Table table({"transfer job", "state", ">copied", "reason"});
  for (const TransferRow& transfer : TransferBook(home.ledger()).of_job(job.number)) {
    transfers.push_back(transfer_json(transfer));
    table.add({fmt::format("{}/{}", transfer.job, transfer.dp), std::string(word(transfer.state)),
               human_size(transfer.bytes_copied), transfer.reason});
  }
  report.json["transfer_jobs"] = std::move(transfers);
  const std::vector<HistoryRow> history = home.ledger().history("job", std::to_string(job.number));
  report.json["history"] = history_json(history);
  report.text = listing(
      {{"job", fmt::format("{} ({})", job.number, word(job.kind))},
       {"package", fmt::format("{} version {}", job.package.str(), job.version)},
       {"to", target_text(job.site, job.dps)},
       {"priority", std::string(word(job.priority))},
       {"step", std::string(word(job.step)) + (job.sender.empty() ? "" : ", via " + job.sender)},
       {"state", job_state(job)},
       {"as of", job.as_of ? fmt::format("{} ({})", shown_time(job.as_of), job.as_of_return) : ""},
       {"reason", job.reason},
       {"parcel", job.parcel},
       {"bytes", fmt::format("{}, {} remaining", human_size(job.total_bytes),
                             human_size(job.remaining_bytes))},
       {"note", job.note},
       {"superseded by", job.superseded_by == 0 ? "" : fmt::format("job {}", job.superseded_by)},
       {"made", shown_time(job.created)},
       {"started", shown_time(job.started)},
       {"finished", shown_time(job.finished)},
       {"tried again", job.retry_at ? shown_time(job.retry_at) : ""}});
  if (!table.empty()) report.text += "\n" + table.str("");
  report.text += "\n" + history_table(history);
  return report;
}

Report cancel(Context& context, const JobOptions& options) {
  Home& home = context.home();
  const JobName name = job_name(options.number);
  Report report;
  if (!name.dp.empty()) {
    DistributionManager(home.distribution()).cancel(name.number, name.dp, home.ledger().who());
    report.json = {{"transfer_job", options.number}, {"cancelled", true}};
    report.text = fmt::format("transfer job {} cancelled\n", printable(options.number));
    return report;
  }
  SenderParts sender = home.sender();
  const CancelOutcome outcome = ParcelLife(sender).cancel(name.number);
  report.json = {{"job", outcome.job},
                 {"cancelled", true},
                 {"discarded_parcel",
                  outcome.discarded_parcel.empty() ? Json() : Json(outcome.discarded_parcel)},
                 {"pending_again", outcome.pending_again}};
  report.text = fmt::format("job {} cancelled\n", outcome.job);
  if (!outcome.discarded_parcel.empty()) {
    report.text +=
        fmt::format("parcel {} discarded; {} of it pending again\n", outcome.discarded_parcel,
                    counted(outcome.pending_again.size(), "job", "jobs"));
  }
  return report;
}

// When what failed on a distribution point is tried again, and how to try it now.
std::string next_tries(Home& home) {
  std::string text;
  for (const TransferRow& transfer : TransferBook(home.ledger()).list()) {
    if (transfer.state != TransferState::pending_restart || !transfer.retry_at) continue;
    const bool removes = transfer.action == TransferAction::remove;
    text += printable(fmt::format(
                "transfer job {0}/{1} is tried again at {2}; to try it now: "
                "{3}",
                transfer.job, transfer.dp, shown_time(transfer.retry_at),
                advised(fmt::format("courier {} {} {} {}", removes ? "retract" : "distribute",
                                    transfer.package.str(), removes ? "--from" : "--to",
                                    transfer.dp)))) +
            "\n";
  }
  return text;
}

// Everything that is due: parcels whose key came, items that waited, returns not applied, copies to
// distribution points, routing, payloads whose grace time is over.
Report run(Context& context) {
  Home& home = context.home();
  DistributionManager manager(home.distribution());
  SenderParts sender = home.sender();
  Report report;

  const ReceiveReport waiting = run_waiting(home.importer(manager), context.progress);
  add_received(waiting, "in quarantine", report);
  add_applied(ReturnApplier(sender).apply_pending(), report);
  Scheduler(sender).run();
  PublishReport published = waiting.published;
  for (DpOutcome& outcome : manager.run_due(context.progress).outcomes) {
    published.outcomes.push_back(std::move(outcome));
  }
  add_outcomes(home, published, report);

  ParcelLife life(sender);
  Json removed = Json::array();
  for (const ParcelId& id : life.remove_payloads()) {
    removed.push_back(id.str());
    report.text += fmt::format("parcel {}: Confirmed, its payload was removed\n", id.str());
  }
  Json overdue = Json::array();
  for (const ParcelRow& parcel : life.report_overdue()) {
    overdue.push_back(parcel.addressees.front().id.str());
    report.text += fmt::format("parcel {}: overdue since {}\n", parcel.addressees.front().id.str(),
                               shown_time(parcel.expected));
  }
  report.json["payloads_removed"] = std::move(removed);
  report.json["overdue"] = std::move(overdue);
  if (report.text.empty()) report.text = "nothing is due\n" + next_tries(home);
  return report;
}

}  // namespace

void add_job_commands(Commands& commands) {
  CLI::App& job = commands.noun("job", "jobs: one package version to one site");
  JobOptions& o = commands.options<JobOptions>();
  commands.verb(job, "list", "all jobs", "courier job list",
                [](Context& context) { return list(context); });
  CLI::App& show_verb =
      commands.verb(job, "show", "one job, or one transfer job N/DP", "courier job show 4/files",
                    [&o](Context& context) { return show(context, o); });
  show_verb.add_option("N", o.number, "its number")->required();
  CLI::App& cancel_verb =
      commands.verb(job, "cancel", "cancel a job that is not under way yet", "courier job cancel 4",
                    [&o](Context& context) { return cancel(context, o); });
  cancel_verb.add_option("N", o.number, "its number")->required();
  commands.verb(job, "run", "do what is due now, and end", "courier job run",
                [](Context& context) { return run(context); });
}

}  // namespace courier
