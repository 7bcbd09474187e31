#include "distribution/validation.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "distribution/drives.h"
#include "ledger/dp_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/status_log.h"
#include "store/store.h"

namespace courier {
namespace {

using Kind = TreeDifference::Kind;

void compare(const DistributionParts& parts, const PackageDpRow& row, const DpRow& dp,
             ValidationResult& result, const ProgressSink& progress) {
  const Share share = open_drive(parts.fs, dp, parts.site, row.drive);
  const VersionRow version = PackageBook{parts.ledger}.get_version(row.key.package, row.served);
  auto folder = parts.fs.stat_at(share.dir(), row.folder);
  if (!folder || !S_ISDIR(folder->st_mode)) {
    result.differences = 1;
    result.findings.push_back(
        {"", folder ? Kind::different : Kind::missing, folder ? "is not a folder" : "missing"});
    return;
  }
  Fd dir = parts.fs.open_at(share.dir(), row.folder, O_RDONLY | O_DIRECTORY);
  TreeVerifyOptions options;
  options.metadata = true;
  options.as = write_options(dp);
  options.progress = progress;
  options.phase = "validating";
  TreeVerifyReport report = verify_tree(parts.store, parts.fs, version.root, dir, options);
  result.files = report.read.files;
  result.bytes = report.read.bytes;
  result.differences = report.difference_count;
  result.strays = report.extra_count;
  result.findings = std::move(report.differences);
}

void flag(const DistributionParts& parts, const PackageDpRow& row, const ValidationResult& result) {
  std::string first = "content differs";
  for (const TreeDifference& finding : result.findings) {
    if (finding.kind == Kind::extra) continue;
    first = escaped(finding.path.empty() ? row.folder : finding.path) + ": " + finding.what;
    break;
  }
  Transaction transaction{parts.ledger};
  // While another version is on its way, the row speaks of that one.
  if (row.state == PackageState::installed) PackageDpBook{parts.ledger}.invalid(row.key, first);
  StatusLog{parts.ledger}.tell("C3", Severity::error, row.key.package,
                               {row.key.package.str(), row.key.dp, first});
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

ValidationReport validate_shares(const DistributionParts& parts,
                                 const std::optional<PackageId>& package,
                                 const std::optional<std::string>& dp,
                                 const ProgressSink& progress) {
  DpBook dps{parts.ledger};
  if (package) PackageBook{parts.ledger}.get(*package);
  if (dp) dps.get(*dp);
  ValidationReport report;
  for (const PackageDpRow& row : PackageDpBook{parts.ledger}.list()) {
    if (row.key.site != parts.site || row.key.dp.empty() || row.served == 0) continue;
    if ((package && row.key.package != *package) || (dp && row.key.dp != *dp)) continue;
    ValidationResult result;
    result.dp = row.key.dp;
    result.package = row.key.package;
    result.version = row.served;
    try {
      compare(parts, row, dps.get(row.key.dp), result, progress);
    } catch (const Error& error) {
      result.error = error.code();
      result.reason = error.what();
    }
    if (result.differences > 0) flag(parts, row, result);
    parts.journal.write(Component::distribution_manager,
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
