#include "sender/parcel_builder.h"

#include <fmt/format.h>

#include "base/durable.h"
#include "base/error.h"
#include "ledger/job_book.h"
#include "ledger/site_book.h"
#include "media/medium.h"
#include "parcel/parcel_writer.h"
#include "sender/base_plan.h"
#include "sender/outbox.h"
#include "sender/parcel_life.h"
#include "sender/plan_content.h"
#include "sender/record_map.h"
#include "sender/record_writer.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"
#include "store/store.h"

namespace courier {
namespace {

Error no_key_left(const SiteCode& site) {
  return Error(ErrorCode::revoked, "site " + site.str(), "all its keys are revoked")
      .with_loss("nothing was written")
      .with_hint("ask it for a new identity file and run `courier site join` with its fingerprint");
}

ParcelDraft draft_of(SenderParts& context, const CreateRequest& request, const ParcelPlan& plan,
                     const std::vector<ParcelId>& ids, Time created) {
  SiteBook sites(context.ledger);
  ParcelDraft draft;
  for (const ParcelId& id : ids) {
    const SiteRow site = sites.get(id.to);
    const TrustedKey* key = context.trust.require(id.to).current_key();
    if (!key) throw no_key_left(id.to);
    draft.addressees.push_back(
        {id.to, id.number, site.incarnation.ordinal, key->keys.sealing, site.last_return});
  }
  draft.name = request.name;
  draft.comment = request.comment;
  draft.created = created;
  draft.packing_list = plan.content->list;
  for (const PlannedItem& item : plan.items) {
    if (item.row.kind != ItemKind::announcement) draft.content_bytes += item.row.bytes;
  }
  draft.record_count = plan.records;
  return draft;
}

void require_readers(SenderParts& context, const std::vector<SiteCode>& addressees) {
  SiteBook sites(context.ledger);
  for (const SiteCode& code : addressees) {
    const SiteRow site = sites.get(code);
    if (!context.trust.require(code).current_key()) throw no_key_left(code);
    if (site.format_version < kFormatVersion) {
      throw Error(ErrorCode::unsupported, "site " + code.str(),
                  fmt::format("its program reads parcels up to version {}, this one writes version "
                              "{}",
                              site.format_version, kFormatVersion))
          .with_loss("nothing was written")
          .with_hint("update courier there, and take in a return from it");
    }
  }
}

// The parcel to these sites that is made and not handed over yet, if there is one.
std::optional<ParcelId> waiting_parcel(Ledger& ledger, const std::vector<SiteCode>& addressees) {
  for (const ParcelRow& parcel : ParcelBook(ledger).list()) {
    const ParcelAddressee* first = parcel.addressee(addressees.front());
    if (!parcel.is_return && first && first->state == ParcelState::created) return first->id;
  }
  return std::nullopt;
}

Error nothing_pending(const ParcelPlan& plan, const std::optional<ParcelId>& waiting) {
  std::string sites, reasons, one_by_one;
  bool apart = plan.addressees.size() > 1 && !plan.left.empty();
  for (const SiteCode& site : plan.addressees) {
    sites += (sites.empty() ? "" : ", ") + site.str();
    one_by_one +=
        (one_by_one.empty() ? "courier parcel create --to " : ", then --to ") + site.str();
  }
  for (const LeftBehind& left : plan.left) {
    reasons += fmt::format("{}job {} ({}): {}", reasons.empty() ? "" : "; ", left.job,
                           left.package.str(), left.reason);
    apart = apart && left.reason.starts_with(kNotWanted);
  }
  Error error(ErrorCode::not_allowed, "parcel to " + sites,
              reasons.empty() ? "nothing is pending" : "nothing can go now: " + reasons);
  return error.with_loss("nothing was written")
      .with_hint(
          apart ? "these sites wait for nothing in common: " + one_by_one
          : reasons.empty() && waiting
              ? "parcel " + waiting->str() + " is made and not marked sent: `courier media write " +
                    waiting->str() + " DIR` writes it to a medium"
          : reasons.empty() ? "run `courier distribute` first, then this again"
                            : "see `courier parcel pending --to " + plan.addressees.front().str() +
                                  "`, and run this again when that has changed");
}

Error nothing_fits(const ParcelPlan& plan, std::uint64_t max_bytes) {
  std::string sites;
  for (const SiteCode& site : plan.addressees) sites += (sites.empty() ? "" : ", ") + site.str();
  return Error(ErrorCode::usage, "parcel to " + sites,
               fmt::format("nothing that waits fits into {} bytes", max_bytes))
      .with_loss("nothing was made")
      .with_hint(fmt::format("the smallest job needs --max-bytes {}; or make a parcel of any size, "
                             "and `courier media write --volume-size` cuts it for small media",
                             plan.least_bytes));
}

}  // namespace

CreatedParcel ParcelBuilder::create(const CreateRequest& request) {
  context_.keys.require_unlocked();
  sweep_outbox(context_.ledger, context_.fs, context_.journal, context_.home);
  CreatedParcel created;
  created.plan = ParcelPlanner(context_).plan(request.plan);
  const ParcelPlan& plan = created.plan;
  if (plan.only_announces()) throw nothing_fits(plan, request.plan.max_bytes);
  if (plan.empty()) throw nothing_pending(plan, waiting_parcel(context_.ledger, plan.addressees));
  require_readers(context_, plan.addressees);

  const Fd outbox = make_dirs(context_.fs, outbox_of(context_.home));
  ParcelBook book(context_.ledger);
  const std::string name = parcel_file_name(book.peek(plan.addressees).front());
  if (context_.fs.stat_at(outbox, name)) {
    throw Error(ErrorCode::not_allowed, "file " + outbox_of(context_.home) + "/" + name,
                "it is there already, and a parcel never overwrites a file")
        .with_hint("move it away and run the same command again");
  }
  const std::uint64_t free = context_.fs.space(outbox).free_bytes;
  if (plan.parcel_bytes > free) {
    throw Error(ErrorCode::no_space, "folder " + outbox_of(context_.home),
                fmt::format("the parcel needs {}, {} are free", human_size(plan.parcel_bytes),
                            human_size(free)));
  }

  const std::vector<ParcelId> ids = book.reserve(plan.addressees);
  if (parcel_file_name(ids.front()) != name) {
    throw Error(ErrorCode::not_allowed, "parcel " + ids.front().str(),
                "another parcel to the same site was begun meanwhile")
        .with_hint("run the same command again");
  }
  const std::string subject = "parcel " + ids.front().str();
  ParcelRow row;
  for (const ParcelId& id : ids) {
    row.addressees.push_back({});
    row.addressees.back().id = id;
    row.addressees.back().last_return_seen = SiteBook(context_.ledger).get(id.to).last_return;
  }
  row.name = request.name;
  row.comment = request.comment;
  row.carrier = request.carrier;
  row.tracking = request.tracking;
  row.expected = request.expected;
  row.file = name;
  row.created = context_.clock.now();
  if (request.begins) request.begins(outbox_of(context_.home) + "/" + name);
  try {
    DurableFile file(context_.fs, outbox, name);
    ParcelWriter writer([&](ByteView data) { file.write(data); });
    const BaseMap bases = bases_of(context_, plan);
    ParcelDraft draft = draft_of(context_, request, plan, ids, row.created);
    if (bases.count() > 0) draft.critical_features |= kFeatureBases;
    if (plan.records > 0 && all_read(context_, plan.addressees, kFeatureLean)) {
      draft.critical_features |= kFeatureLean;
    }
    writer.begin(draft, context_.keys, context_.entropy);
    RecordMapWriter map(context_.fs, outbox, writer.label_digest(), plan.records);
    write_records(context_.store, plan.content->needed, bases, request.level, writer, map, [&] {
      report(request.progress,
             {"sealing", subject, writer.bytes_written(), plan.parcel_bytes, 0, 2, 0, 1});
    });
    const ParcelSummary summary = writer.finish();
    row.label = summary.label_digest;
    row.file_bytes = summary.bytes;
    row.content_bytes = draft.content_bytes;
    row.records = summary.record_count;
    report(request.progress, {"flushing", subject, summary.bytes, summary.bytes, 1, 2, 1, 0});
    map.commit();
    file.commit(Replace::never);
    std::vector<ParcelItemRow> items;
    for (const PlannedItem& item : plan.items) items.push_back(item.row);
    Transaction transaction(context_.ledger);
    book.create(row, items);
    note_sizes(plan);
    transaction.commit();
  } catch (Error& error) {
    try {
      sweep_outbox(context_.ledger, context_.fs, context_.journal, context_.home);
    } catch (const Error&) {
      // What stays is removed by the next command that holds the lock.
    }
    throw error.in("cannot create " + subject);
  }
  created.parcel = book.get(ids.front());
  created.path = outbox_of(context_.home) + "/" + name;
  context_.journal.write(Component::courier_sender, Severity::info, "parcel created",
                         {{"parcel", ids.front().str()},
                          {"items", std::to_string(plan.items.size())},
                          {"records", std::to_string(row.records)},
                          {"bytes", std::to_string(row.file_bytes)}});
  return created;
}

void ParcelBuilder::note_sizes(const ParcelPlan& plan) {
  JobBook jobs(context_.ledger);
  for (const PlannedItem& item : plan.items) {
    if (item.row.kind == ItemKind::announcement) continue;
    for (const std::uint64_t job : item.row.jobs) jobs.set_remaining(job, item.carried_bytes);
  }
  for (const LeftBehind& left : plan.left) {
    if (left.reason == "size limit" && jobs.get(left.job).step == JobStep::routed) {
      jobs.suspend(left.job, left.reason);
    }
  }
}

}  // namespace courier
