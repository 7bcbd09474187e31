#include "distribution/dp_setup.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <set>

#include "base/counted.h"
#include "base/error.h"
#include "distribution/drives.h"
#include "distribution/local_jobs.h"
#include "distribution/share.h"
#include "ledger/ledger.h"
#include "ledger/package_dp_book.h"

namespace courier {
namespace {

void require_name(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (!name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
      name.find_first_not_of(kAllowed) == std::string::npos) {
    return;
  }
  throw Error{ErrorCode::usage, "distribution point '" + escaped(name) + "'",
              "its name must be 1 to 64 letters, digits, '.', '_' or '-'"}
      .with_hint("give one such as files");
}

std::optional<std::uint32_t> as_number(const std::string& text) {
  if (text.empty() || text.size() > 9 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(std::stoul(text));
}

uid_t user_of(const std::string& text) {
  if (auto number = as_number(text)) return *number;
  struct passwd entry {};
  struct passwd* found = nullptr;
  std::vector<char> buffer(16 * 1024);
  if (getpwnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
    throw Error{ErrorCode::usage, "user '" + escaped(text) + "'", "is not known on this machine"};
  }
  return found->pw_uid;
}

gid_t group_of(const std::string& text) {
  if (auto number = as_number(text)) return *number;
  struct group entry {};
  struct group* found = nullptr;
  std::vector<char> buffer(64 * 1024);
  if (getgrnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
    throw Error{ErrorCode::usage, "group '" + escaped(text) + "'", "is not known on this machine"};
  }
  return found->gr_gid;
}

mode_t mode_of(const std::string& text) {
  if (text.size() < 3 || text.size() > 4 ||
      text.find_first_not_of("01234567") != std::string::npos ||
      std::stoul(text, nullptr, 8) > 0777) {
    throw Error{ErrorCode::usage, "mode '" + escaped(text) + "'",
                "must be permission bits in octal, 644 for example"}
        .with_hint("give one such as 644");
  }
  return static_cast<mode_t>(std::stoul(text, nullptr, 8));
}

void apply(DpRow& row, const DpSettings& settings) {
  if (settings.reserve_bytes) row.reserve_bytes = settings.reserve_bytes;
  if (settings.owner) {
    const std::size_t colon = settings.owner->find(':');
    row.owner = settings.owner->substr(0, colon);
    row.group = colon == std::string::npos ? "" : settings.owner->substr(colon + 1);
  }
  if (settings.mode) row.file_mode = *settings.mode;
  if (settings.setuid) row.setid = *settings.setuid;
  if (settings.own) row.own = *settings.own;
  write_options(row);  // throws for a name or a mode that cannot be used
}

}  // namespace

bool DpView::reachable() const {
  return std::all_of(drives.begin(), drives.end(),
                     [](const DpDrive& drive) { return drive.reachable; });
}

TreeWriteOptions write_options(const DpRow& row) {
  TreeWriteOptions options;
  options.set_ids = row.setid;
  if (!row.file_mode.empty()) options.mode = mode_of(row.file_mode);
  if (!row.owner.empty()) options.owner = user_of(row.owner);
  if (!row.group.empty()) options.group = group_of(row.group);
  return options;
}

DpView add_dp(const DistributionParts& parts, const std::string& name,
              const std::vector<std::string>& paths, const DpSettings& settings, bool take_over) {
  require_name(name);
  if (paths.empty()) {
    throw Error{ErrorCode::usage, "distribution point " + name, "needs the path of its share"};
  }
  DpBook book{parts.ledger};
  if (book.find(name)) {
    throw Error{ErrorCode::not_allowed, "distribution point " + name, "exists already"}.with_hint(
        "'courier dp show " + name + "' shows it, 'courier dp set " + name +
        "' changes it; or give another name");
  }
  DpRow row;
  row.name = name;
  row.types = {"standard"};
  row.created = parts.clock.now();
  for (const std::string& path : paths) row.paths.push_back(absolute_path(path));
  apply(row, settings);

  std::vector<std::string> claimed;
  try {
    for (const std::string& path : row.paths) {
      const bool had_mark = read_mark(parts.fs, path).has_value();
      const DpMark mark = claim_share(parts.fs, parts.entropy, path, parts.site, name, row.mark,
                                      row.created, take_over);
      if (!had_mark) claimed.push_back(path);
      if (row.mark.empty()) row.mark = mark.id;
      row.atomic_swap = row.atomic_swap && mark.swap == SwapMeans::exchange;
    }
    book.add(row);
  } catch (const Error&) {
    for (const std::string& path : claimed) {
      try {
        release_share(parts.fs, path, parts.site, name);
      } catch (const Error&) {
        // The first error says more.
      }
    }
    throw;
  }
  parts.journal.write(Component::distribution_manager, Severity::info,
                      "distribution point " + name + " added",
                      {{"dp", name}, {"path", row.paths.front()}});
  return show_dp(parts, name);
}

DpView set_dp(const DistributionParts& parts, const std::string& name, const DpSettings& settings) {
  DpBook book{parts.ledger};
  DpRow row = book.get(name);
  apply(row, settings);
  if (settings.paths) {
    row.paths.clear();
    for (const std::string& path : *settings.paths) {
      row.paths.push_back(absolute_path(path));
      auto mark = read_mark(parts.fs, row.paths.back());
      if (!mark || mark->site != parts.site || mark->dp != name || mark->id != row.mark) {
        throw Error{ErrorCode::not_allowed, "share " + escaped(row.paths.back()),
                    mark ? "has the mark of another distribution point" : "has no mark"}
            .with_hint("mount the drive of " + name + " there, or add it as a new one");
      }
    }
    if (row.paths.empty()) {
      throw Error{ErrorCode::usage, "distribution point " + name, "needs the path of its share"};
    }
  }
  book.set(row);
  return show_dp(parts, name);
}

void remove_dp(const DistributionParts& parts, const std::string& name, bool force) {
  DpBook book{parts.ledger};
  const DpRow row = book.get(name);
  const auto packages = PackageDpBook{parts.ledger}.of_dp(parts.site, name);
  if (!packages.empty() && !force) {
    throw Error{ErrorCode::not_allowed, "distribution point " + name,
                counted(packages.size(), "package is", "packages are") + " on it or under way"}
        .with_hint("retract them first, or use --force to leave them where they are");
  }
  std::set<std::uint64_t> jobs;
  for (const PackageDpRow& package : packages) jobs.insert(package.job);
  Transaction transaction{parts.ledger};
  book.remove(name);
  close_ended_jobs(parts.ledger, parts.site);
  close_jobs_without_dp(parts.ledger, parts.site, jobs);
  transaction.commit();
  for (const std::string& path : row.paths) {
    try {
      release_share(parts.fs, path, parts.site, name);
    } catch (const Error& error) {
      // Not mounted: its mark stays, and says whose it was.
      parts.journal.write(Component::distribution_manager, Severity::warning, error.what(),
                          {{"dp", name}});
    }
  }
}

DpView show_dp(const DistributionParts& parts, const std::string& name) {
  DpView view;
  view.row = DpBook{parts.ledger}.get(name);
  for (const std::string& path : view.row.paths) {
    view.drives.push_back(look_at_drive(parts.fs, view.row, path, parts.site));
  }
  return view;
}

std::vector<DpView> list_dps(const DistributionParts& parts) {
  std::vector<DpView> views;
  for (const DpRow& row : DpBook{parts.ledger}.list()) views.push_back(show_dp(parts, row.name));
  return views;
}

}  // namespace courier
