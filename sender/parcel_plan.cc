#include "sender/parcel_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <set>

#include "base/error.h"
#include "base/frame.h"
#include "ledger/package_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "parcel/label.h"
#include "parcel/record.h"
#include "sender/base_plan.h"
#include "sender/plan_content.h"
#include "sender/plan_memory.h"
#include "sender/proofs.h"
#include "sender/shared_content.h"
#include "signer/key_ring.h"
#include "store/store.h"

namespace courier {
namespace {

constexpr std::uint64_t kHeadBytes = 1024;  // label and frames without what is counted below
constexpr std::uint64_t kSlotBytes = 147 + 96;
constexpr std::uint64_t kItemBytes = 256;
constexpr double kBytesPerMinute = 60.0 * 60e6;  // sealed and written, on a modest machine

// One job for each addressee, in their order, that ask for the same.
struct Candidate {
  std::vector<JobRow> jobs;
  const JobRow& first() const { return jobs.front(); }
};

bool same_wish(const JobRow& a, const JobRow& b) {
  return a.kind == b.kind && a.package == b.package && a.version == b.version && a.dps == b.dps &&
         a.whole == b.whole;
}

LeftBehind left_behind(const JobRow& job, std::string reason) {
  return {job.number, job.package, job.version, job.site, std::move(reason)};
}

std::vector<SiteCode> checked_addressees(Ledger& ledger, std::vector<SiteCode> sites) {
  SiteBook book(ledger);
  std::sort(sites.begin(), sites.end());
  sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
  if (sites.empty()) throw Error(ErrorCode::usage, "parcel", "no addressee is named");
  for (const SiteCode& site : sites) {
    if (book.get(site).role == SiteRole::self) {
      throw Error(ErrorCode::usage, "site " + site.str(), "it is this site itself");
    }
  }
  return sites;
}

// The jobs that one parcel for all these sites can carry, in sending order.
std::vector<Candidate> candidates(SenderParts& context, const std::vector<SiteCode>& sites,
                                  std::vector<LeftBehind>& left) {
  Scheduler scheduler(context);
  std::vector<std::vector<JobRow>> ready;
  for (const SiteCode& site : sites) {
    ready.emplace_back();
    for (PendingJob& pending : scheduler.pending(site)) {
      if (pending.ready) {
        ready.back().push_back(std::move(pending.job));
      } else {
        left.push_back(left_behind(pending.job, pending.reason));
      }
    }
  }
  std::vector<Candidate> out;
  for (const JobRow& job : ready.front()) {
    Candidate candidate{{job}};
    std::string lacking;
    for (std::size_t i = 1; i < sites.size(); ++i) {
      const auto same = std::find_if(ready[i].begin(), ready[i].end(),
                                     [&](const JobRow& other) { return same_wish(job, other); });
      if (same == ready[i].end()) {
        lacking += (lacking.empty() ? "" : ", ") + sites[i].str();
        continue;
      }
      candidate.jobs.push_back(*same);
      ready[i].erase(same);
    }
    if (lacking.empty()) {
      out.push_back(std::move(candidate));
      continue;
    }
    for (const JobRow& part : candidate.jobs) {
      left.push_back(
          left_behind(part, fmt::format("{}{}: goes in a parcel without", kNotWanted, lacking)));
    }
  }
  for (std::size_t i = 1; i < sites.size(); ++i) {
    for (const JobRow& job : ready[i]) {
      left.push_back(left_behind(
          job, fmt::format("{}{}: goes in a parcel without", kNotWanted, sites.front().str())));
    }
  }
  return out;
}

ItemKind item_kind(JobKind kind) {
  switch (kind) {
    case JobKind::distribute:
      return ItemKind::package;
    case JobKind::redistribute:
      return ItemKind::redistribute;
    case JobKind::remove:
      return ItemKind::remove;
  }
  bug("a kind of job without an item");
}

// One that is to become an item.
struct Wish {
  Candidate candidate;
  Item item;
  PlannedItem planned;
  std::string lacks;  // why this store cannot give it
  bool has_content() const { return lacks.empty() && !item.root.is_zero(); }
};

class Planning {
 public:
  Planning(SenderParts& context, const PlanRequest& request, PlanMemory& memory)
      : context_(context),
        memory_(memory),
        packages_(context.ledger),
        limit_(request.max_bytes),
        no_deltas_(Settings(context.ledger).number("delta.bases") == 0) {
    plan_.addressees = checked_addressees(context.ledger, request.addressees);
    content_ = std::make_shared<ParcelPlan::Content>();
  }

  ParcelPlan run() {
    std::vector<Wish> wishes;
    for (Candidate& candidate : candidates(context_, plan_.addressees, plan_.left)) {
      PlannedItem planned;
      Item item = describe(candidate, planned);
      std::string lacks = memory_.lacks(context_, candidate.first());
      wishes.push_back({std::move(candidate), std::move(item), std::move(planned), lacks});
    }
    look_for_proofs(wishes);
    bytes_ = kHeadBytes + kSlotBytes * plan_.addressees.size();
    for (Wish& wish : wishes) add(wish);
    count_records();
    plan_.minutes = static_cast<double>(plan_.parcel_bytes) / kBytesPerMinute;
    plan_.content = content_;
    return std::move(plan_);
  }

 private:
  // Of all items at once, for what the addressees hold is walked once for it.
  void look_for_proofs(const std::vector<Wish>& wishes) {
    std::vector<WantedContent> wanted;
    for (const Wish& wish : wishes) {
      if (wish.has_content() && !wish.item.whole)
        wanted.push_back({wish.item.package, wish.item.root});
    }
    if (wanted.empty()) return;
    if (memory_.shared && plan_.addressees.size() == 1) look_into_memory(wishes);
    if (!held_) proofs_.emplace(context_, plan_.addressees, wanted);
  }

  // What each item needs is then looked up alone, and without what other packages hold of it: that
  // is known by number. What is missing at a site may hide what it is not known to have, and the
  // content of two items of one package has more in common than is known by number.
  void look_into_memory(const std::vector<Wish>& wishes) {
    Proof proof = Proof::of(context_.ledger, plan_.addressees.front());
    if (!proof.missing.empty() || !proof.receipts.empty()) return;
    std::set<PackageId> packages;
    for (const Wish& wish : wishes)
      if (wish.has_content() && !packages.insert(wish.item.package).second) return;
    for (const Holding& holding : proof.versions)
      for (const std::uint32_t number : memory_.shared->of(holding.root))
        mark(held_numbers_, number);
    held_ = std::move(proof.versions);
  }

  static void mark(std::vector<bool>& numbers, std::uint32_t number) {
    if (number >= numbers.size()) numbers.resize(number + 1);
    numbers[number] = true;
  }
  static bool is_in(const std::vector<bool>& numbers, std::uint32_t number) {
    return number < numbers.size() && numbers[number];
  }

  void add(Wish& wish) {
    const JobRow& job = wish.candidate.first();
    auto& [candidate, item, planned, lacks] = wish;
    Carried fresh;
    if (!lacks.empty()) {
      for (const JobRow& part : candidate.jobs) plan_.left.push_back(left_behind(part, lacks));
      return;
    }
    if (!item.root.is_zero()) collect(item, planned, fresh);
    const std::uint64_t carried =
        parcel_bytes(fresh.part.content ? PlacedContent::totals({fresh.part}) : RecordTotals());
    planned.carried_bytes = carried;
    if (limit_ > 0 && bytes_ + kItemBytes + carried > limit_) {
      for (const JobRow& part : candidate.jobs)
        plan_.left.push_back(left_behind(part, "size limit"));
      const std::uint64_t alone =
          kHeadBytes + kSlotBytes * plan_.addressees.size() + kItemBytes + carried;
      plan_.least_bytes = plan_.least_bytes == 0 ? alone : std::min(plan_.least_bytes, alone);
      if (job.kind == JobKind::remove) return;
      announce(std::move(item), std::move(planned));
      return;
    }
    bytes_ += kItemBytes + carried;
    keep(std::move(fresh));
    push(std::move(item), std::move(planned));
  }

  Item describe(const Candidate& candidate, PlannedItem& planned) {
    const JobRow& job = candidate.first();
    // Removed here, it still has to be removed there.
    const PackageRow package = packages_.find(job.package).value_or(PackageRow{});
    Item item;
    item.set_kind(item_kind(job.kind));
    for (const JobRow& part : candidate.jobs) item.jobs.push_back(part.number);
    item.package = job.package;
    item.package_name = package.name;
    item.share_name = package.share_name;
    item.comment = package.comment;
    item.dps = job.dps;
    if (job.kind != JobKind::remove) {
      const VersionRow version = packages_.get_version(job.package, job.version);
      item.version = job.version;
      item.root = version.root;
      item.content_bytes = version.bytes;
      item.files = version.files;
      item.no_files = package.no_source;
      item.whole = job.whole || job.kind == JobKind::redistribute || !package.delta || no_deltas_;
    }
    planned.package_name = package.name;
    return item;
  }

  // What an item adds to the parcel.
  struct Carried {
    PlacedContent::Part part;
    ObjectSet objects;    // of no plan out of memory
    PlacedContent found;  // not out of memory
  };

  // Finds what the item needs and neither the addressees nor this parcel have. Precondition: the
  // content is whole.
  void collect(Item& item, PlannedItem& planned, Carried& fresh) {
    const bool is_left_out = held_ ? recall(item, fresh) : find(item, fresh);
    if (item.whole) return;
    const bool is_coded = codes_against_bases(item);
    plan_.at_most = plan_.at_most || is_coded;
    if (is_left_out || is_coded) name_bases(item, planned);
  }

  bool find(const Item& item, Carried& fresh) {
    const auto add = [&](const BlockObject& object) {
      if (!content_->needed.contains(object.digest)) add_wanted(fresh.objects, object);
    };
    bool is_left_out = false;
    if (item.whole) {
      context_.store.for_each_object(item.root, add);
    } else {
      is_left_out = proofs_->lacking(context_.store, item.root, add);
    }
    if (fresh.objects.count() == 0) return is_left_out;
    fresh.found = PlacedContent(context_.store, fresh.objects);
    fresh.part.content = &fresh.found;
    return is_left_out;
  }

  bool recall(const Item& item, Carried& fresh) {
    std::vector<Holding> held;
    for (const Holding& holding : *held_)
      if (!item.whole && holding.package == item.package) held.push_back(holding);
    const PlanMemory::Lacked& lacked = memory_.lacked(context_, {item.package, item.root}, held);
    bool is_left_out = lacked.is_less;
    fresh.part.content = &lacked.content;
    for (const std::uint32_t number : lacked.content.numbered()) {
      const bool is_held = !item.whole && is_in(held_numbers_, number);
      is_left_out = is_left_out || is_held;
      fresh.part.is_left_out.push_back(is_held || is_in(carried_numbers_, number));
    }
    return is_left_out;
  }

  void keep(Carried fresh) {
    if (!fresh.part.content) return;
    if (held_) {
      for (const std::uint32_t number : fresh.part.content->numbered())
        mark(carried_numbers_, number);
    } else {
      fresh.part.content = &found_.emplace_back(std::move(fresh.found));
      if (content_->needed.count() == 0) {
        content_->needed = std::move(fresh.objects);
      } else {
        fresh.objects.for_each([&](const BlockObject& object) { content_->needed.insert(object); });
      }
    }
    parts_.push_back(std::move(fresh.part));
  }

  const std::vector<Holding>& held_versions() const { return held_ ? *held_ : proofs_->versions(); }

  // Then old versions are needed there even when no object of them is left out.
  bool codes_against_bases(const Item& item) {
    const auto& held = held_versions();
    const auto is_older = [&](const Holding& h) { return h.package == item.package; };
    return all_read(context_, plan_.addressees, kFeatureBases) &&
           std::any_of(held.begin(), held.end(), is_older);
  }

  // The same package's versions first; without any, whatever else they hold.
  void name_bases(Item& item, PlannedItem& planned) {
    std::vector<const Holding*> bases;
    for (const Holding& held : held_versions()) {
      if (held.package == item.package) bases.push_back(&held);
    }
    if (bases.empty()) {
      for (const Holding& held : held_versions()) bases.push_back(&held);
    }
    if (bases.size() > kMaxBases) bases.resize(kMaxBases);
    for (const Holding* base : bases) {
      item.bases.push_back({base->package, base->version, base->root});
      planned.bases.push_back(fmt::format("{} version {}", base->package.str(), base->version));
    }
  }

  void announce(Item item, PlannedItem planned) {
    item.set_kind(ItemKind::announcement);
    item.bases.clear();
    item.whole = false;
    planned.bases.clear();
    planned.carried_bytes = 0;
    push(std::move(item), std::move(planned));
  }

  void push(Item item, PlannedItem planned) {
    ParcelItemRow& row = planned.row;
    row.index = static_cast<std::uint32_t>(plan_.items.size());
    row.kind = *item.kind();
    row.package = item.package;
    row.version = item.version;
    row.root = item.root;
    row.bytes = item.content_bytes;
    row.jobs = item.jobs;
    row.dps = item.dps;
    row.base = fmt::format("{}", fmt::join(planned.bases, ", "));
    content_->list.items.push_back(std::move(item));
    plan_.items.push_back(std::move(planned));
  }

  static std::uint64_t parcel_bytes(const RecordTotals& records) {
    return records.stored_bytes + records.count * (kFrameHeaderSize + kRecordOverhead);
  }

  // What two items share of a block is one record.
  void count_records() {
    const RecordTotals all = PlacedContent::totals(parts_);
    plan_.objects = all.objects;
    plan_.records = all.count;
    plan_.content_bytes = all.stored_bytes;
    plan_.parcel_bytes = kHeadBytes + kSlotBytes * plan_.addressees.size() +
                         kItemBytes * plan_.items.size() + parcel_bytes(all);
  }

  SenderParts& context_;
  PlanMemory& memory_;
  PackageBook packages_;
  const std::uint64_t limit_;
  const bool no_deltas_;  // delta.bases is 0: always whole
  ParcelPlan plan_;
  std::shared_ptr<ParcelPlan::Content> content_;  // becomes the plan's
  std::optional<Proofs> proofs_;                  // only when something may be left out
  std::optional<std::vector<Holding>> held_;      // instead, when memory tells the rest
  // Shared objects that the addressee holds, and that earlier items carry.
  std::vector<bool> held_numbers_, carried_numbers_;
  std::list<PlacedContent> found_;
  std::vector<PlacedContent::Part> parts_;  // of the parcel
  std::uint64_t bytes_ = 0;
};

}  // namespace

bool ParcelPlan::only_announces() const {
  return least_bytes > 0 && std::ranges::all_of(items, [](const PlannedItem& item) {
           return item.row.kind == ItemKind::announcement;
         });
}

std::uint64_t bytes_for(const ParcelPlan& plan, std::size_t addressees) {
  return plan.parcel_bytes - kSlotBytes * plan.addressees.size() + kSlotBytes * addressees;
}

ParcelPlan ParcelPlanner::plan(const PlanRequest& request) {
  PlanMemory memory;
  return plan(request, memory);
}

ParcelPlan ParcelPlanner::plan(const PlanRequest& request, PlanMemory& memory) {
  memory.begin_plan();
  return Planning(context_, request, memory).run();
}

}  // namespace courier
