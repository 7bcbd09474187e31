#include "importer/item_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/safe_path.h"
#include "signer/rights.h"

namespace courier {
namespace {

ItemDecision refused(std::string reason) {
  return {VerdictKind::refused, std::move(reason), false};
}
ItemDecision superseded(std::string reason) {
  return {VerdictKind::superseded, std::move(reason), false};
}

bool is_of_a_package(ItemKind kind) {
  return kind == ItemKind::package || kind == ItemKind::announcement ||
         kind == ItemKind::redistribute || kind == ItemKind::remove;
}

// A version that comes again, or is behind what is here, without a newer job behind it.
ItemDecision judge_version(const Item& item, ItemKind kind, PackageBook& packages) {
  auto package = packages.find(item.package);
  if (!package) return {};
  if (kind == ItemKind::announcement) {
    if (item.version < package->source_version) {
      return superseded(fmt::format("version {} is announced, version {} is known", item.version,
                                    package->source_version));
    }
    return {};
  }
  if (kind == ItemKind::remove) return {};
  if (item.version < package->stored_version) {
    return superseded(fmt::format("version {} came, version {} is stored", item.version,
                                  package->stored_version));
  }
  if (item.version == package->stored_version) {
    auto stored = packages.version(item.package, item.version);
    if (stored && stored->root != item.root) {
      return superseded(fmt::format("version {} is stored with other content", item.version));
    }
  }
  return {};
}

}  // namespace

ItemDecision judge_item(const SiteCode& self, const TrustedSite& sender,
                        const IncomingParcel& parcel, const Item& item, std::uint64_t job,
                        IncomingBook& incoming, PackageBook& packages) {
  auto kind = item.kind();
  if (!kind) {
    return refused(fmt::format("item kind {} is not known to this program", item.kind_code));
  }
  if (*kind == ItemKind::request) return refused("requests are not answered by this site");
  if (*kind == ItemKind::trust || *kind == ItemKind::verdicts) return {};  // judged by their body

  if (item.package.empty()) return refused("the item names no package");
  if (item.package.origin() == self) {
    return refused(fmt::format("not authorised: {} is a package of this site", item.package.str()));
  }
  if (!may_send(sender, *kind, item.package)) {
    return refused(fmt::format("not authorised: {} is joined as {} and has no grant for {}",
                               sender.code.str(), word(sender.role), item.package.str()));
  }
  if (!is_of_a_package(*kind)) return refused("not authorised");

  ItemDecision decision;
  auto last = incoming.last_executed(sender.code, item.package);
  if (last && last->incarnation == parcel.sender_incarnation) {
    if (job != 0 && job < last->job) {
      return superseded(fmt::format("job {} came, job {} was executed", job, last->job));
    }
    if (job != 0 && job == last->job) {
      if (const auto later = incoming.executed_with_later(parcel, item.package, job)) {
        return superseded(fmt::format("job {} came with parcel {} before", job, later->str()));
      }
    }
    decision.newer_job = job > last->job;
  } else {
    // Nothing of this incarnation yet. Older incarnations are refused with their parcels, so what
    // an earlier one did is behind this one's first job.
    decision.newer_job = last.has_value() && job != 0;
  }
  if (decision.newer_job) return decision;
  return judge_version(item, *kind, packages);
}

bool may_be_judged_again(const IncomingItem& row) {
  return row.state == ItemState::done &&
         (row.verdict == VerdictKind::damaged || row.verdict == VerdictKind::incomplete ||
          row.verdict == VerdictKind::refused);
}

bool lacks_something(const std::vector<IncomingItem>& items) {
  return std::ranges::any_of(items, may_be_judged_again);
}

bool needs_content(const Item& item) {
  auto kind = item.kind();
  return (kind == ItemKind::package || kind == ItemKind::redistribute) && !item.no_files;
}

std::string folder_name(const Item& item) {
  const std::size_t slash = item.share_name.rfind('/');
  return slash == std::string::npos ? item.share_name : item.share_name.substr(slash + 1);
}

std::string why_malformed(const Item& item) {
  if (item.version == 0) return "the item names no version";
  if (needs_content(item) && item.root.is_zero()) return "the item names no content";
  const std::string folder = folder_name(item);
  if (!folder.empty() && (!SafeName::is_safe(folder) || folder.front() == '.')) {
    return "the share name '" + escaped(item.share_name) + "' cannot be used";
  }
  return "";
}

}  // namespace courier
