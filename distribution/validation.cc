// Validation: re-hashes what the shares serve and flags what differs (T15). Never repairs.
#include <fcntl.h>
#include <fmt/format.h>

#include "distribution/distribution_manager.h"
#include "distribution/drives.h"
#include "ledger/dp_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/status_log.h"
#include "store/store.h"
#include "store/tree_writer.h"

namespace courier {
namespace {

ValidationFinding finding_of(const Named& difference) {
  ValidationFinding finding;
  finding.path = difference.path;
  finding.detail = difference.what;
  if (difference.what.starts_with("missing")) {
    finding.kind = ValidationFinding::Kind::missing;
  } else if (difference.what.starts_with("not part of the package")) {
    finding.kind = ValidationFinding::Kind::stray;
  }
  return finding;
}

void compare(const DistributionParts& parts, const PackageDpRow& row, const DpRow& dp,
             ValidationResult& result, const ProgressSink& progress) {
  const Share share = open_drive(parts.fs, dp, parts.site, row.drive);
  const VersionRow version = PackageBook{parts.ledger}.get_version(row.key.package, row.served);
  auto folder = parts.fs.stat_at(share.dir(), row.folder);
  if (!folder || !S_ISDIR(folder->st_mode)) {
    result.differences = 1;
    result.findings.push_back(
        {folder ? ValidationFinding::Kind::different : ValidationFinding::Kind::missing, "",
         folder ? "is not a folder" : "missing"});
    return;
  }
  Fd dir = parts.fs.open_at(share.dir(), row.folder, O_RDONLY | O_DIRECTORY);
  TreeVerifyOptions options;
  options.metadata = true;
  options.as = write_options(dp);
  options.progress = progress;
  options.phase = "validating";
  const TreeVerifyReport report = verify_tree(parts.store, parts.fs, version.root, dir, options);
  result.files = report.read.files;
  result.bytes = report.read.bytes;
  for (const Named& difference : report.differences) {
    ValidationFinding finding = finding_of(difference);
    if (finding.kind == ValidationFinding::Kind::stray) ++result.strays;
    result.findings.push_back(std::move(finding));
  }
  result.differences = report.difference_count - result.strays;
}

void flag(const DistributionParts& parts, const PackageDpRow& row, const ValidationResult& result) {
  std::string first = "content differs";
  for (const ValidationFinding& finding : result.findings) {
    if (finding.kind == ValidationFinding::Kind::stray) continue;
    first = escaped(finding.path.empty() ? row.folder : finding.path) + ": " + finding.detail;
    break;
  }
  Transaction transaction{parts.ledger};
  // While another version is on its way, the row speaks of that one.
  if (row.state == PackageState::installed) PackageDpBook{parts.ledger}.invalid(row.key, first);
  StatusMessage message;
  message.id = "C3";
  message.severity = Severity::error;
  message.component = Component::distribution_manager;
  message.package = row.key.package;
  message.strings = {row.key.package.str(), row.key.dp, first};
  StatusLog{parts.ledger}.add(message);
  transaction.commit();
}

}  // namespace

int ValidationReport::exit_status() const {
  int status = 0;
  for (const ValidationResult& result : results) {
    if (result.differences > 0) return row_of(ErrorCode::damaged).exit_status;
    if (result.error) status = row_of(*result.error).exit_status;
  }
  return status;
}

ValidationReport DistributionManager::validate(const std::optional<PackageId>& package,
                                               const std::optional<std::string>& dp,
                                               const ProgressSink& progress) {
  DpBook dps{parts_.ledger};
  if (package) PackageBook{parts_.ledger}.get(*package);
  if (dp) dps.get(*dp);
  ValidationReport report;
  for (const PackageDpRow& row : PackageDpBook{parts_.ledger}.list()) {
    if (row.key.site != parts_.site || row.key.dp.empty() || row.served == 0) continue;
    if ((package && row.key.package != *package) || (dp && row.key.dp != *dp)) continue;
    ValidationResult result;
    result.dp = row.key.dp;
    result.package = row.key.package;
    result.version = row.served;
    try {
      compare(parts_, row, dps.get(row.key.dp), result, progress);
    } catch (const Error& error) {
      result.error = error.code();
      result.reason = error.what();
    }
    if (result.differences > 0) flag(parts_, row, result);
    parts_.journal.write(Component::distribution_manager,
                         result.differences > 0 || result.error ? Severity::error : Severity::info,
                         fmt::format("{} version {} on {} validated: {} differences, {} strays",
                                     result.package.str(), result.version, result.dp,
                                     result.differences, result.strays),
                         {{"package", result.package.str()}, {"dp", result.dp}});
    report.results.push_back(std::move(result));
  }
  if (report.results.empty() && package) {
    throw Error{ErrorCode::not_found, "package " + package->str(),
                "is not served by " + (dp ? "distribution point " + *dp
                                             : std::string("any distribution point here"))};
  }
  return report;
}

}  // namespace courier
