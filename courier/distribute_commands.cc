// distribute, redistribute, retract, validate: the verbs that say which package is to be where.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/local_work.h"
#include "courier/option_values.h"
#include "courier/table.h"
#include "distribution/validation.h"
#include "sender/distribute.h"

namespace courier {
namespace {

struct DistributeOptions {
  std::vector<std::string> packages, targets;
  std::string priority, dp;
};

std::vector<PackageId> packages_from(const DistributeOptions& options) {
  std::vector<PackageId> ids;
  for (const std::string& text : options.packages) ids.push_back(PackageId::parse(text));
  return ids;
}

Report distribute(Context& context, const DistributeOptions& options, LocalWork work) {
  Home& home = context.home();
  const std::vector<Target> targets = resolve_targets(home.ledger(), options.targets);
  std::optional<Priority> priority;
  if (!options.priority.empty()) priority = priority_from(options.priority);
  SenderParts sender = home.sender();
  Distributor distributor(sender);
  Report report;
  for (const PackageId& id : packages_from(options)) {
    const std::vector<MadeJob> jobs =
        work == LocalWork::install        ? distributor.distribute(id, targets, priority)
        : work == LocalWork::redistribute ? distributor.redistribute(id, targets, priority)
                                          : distributor.retract(id, targets);
    carry_out(context, id, jobs, target_here(home, work, id, jobs), report);
  }
  return report;
}

std::string_view word(TreeDifference::Kind kind) {
  switch (kind) {
    case TreeDifference::Kind::missing:
      return "missing";
    case TreeDifference::Kind::different:
      return "different";
    case TreeDifference::Kind::extra:
      return "stray";
  }
  bug("a validation finding of no kind");
}

Json validation_json(const ValidationResult& result) {
  Json findings = Json::array();
  for (const TreeDifference& finding : result.findings) {
    findings.push_back({{"kind", word(finding.kind)},
                        {"path", json_text(finding.path)},
                        {"detail", json_text(finding.what)}});
  }
  return {{"dp", result.dp},
          {"package", result.package.str()},
          {"version", result.version},
          {"files", result.files},
          {"bytes", result.bytes},
          {"differences", result.differences},
          {"strays", result.strays},
          {"valid", result.differences == 0 && !result.error},
          {"reason", json_text(result.reason)},
          {"findings", std::move(findings)}};
}

// What went wrong, as one error: the first that is worst.
std::optional<Error> validation_problem(const ValidationReport& validation, const SiteCode& self) {
  const int status = validation.exit_status();
  if (status == 0) return std::nullopt;
  for (const ValidationResult& result : validation.results) {
    const std::string subject =
        fmt::format("package {} on distribution point {}", result.package.str(), result.dp);
    if (result.error == ErrorCode::incomplete && row_of(*result.error).exit_status == status) {
      return Error(
                 ErrorCode::incomplete, subject,
                 "cannot be compared, its content is not whole in the store here: " + result.reason)
          .with_loss("nothing was changed: the share serves what it served")
          .with_hint(how_to_get_content(result.package, self));
    }
    if (result.error && row_of(*result.error).exit_status == status) {
      return Error(*result.error, subject, result.reason);
    }
    if (result.differences > 0 && status == row_of(ErrorCode::damaged).exit_status) {
      std::string first;
      for (const TreeDifference& finding : result.findings) {
        if (finding.kind == TreeDifference::Kind::extra) continue;
        first = fmt::format(", first {}: {}", finding.path, finding.what);
        break;
      }
      return Error(ErrorCode::damaged, subject,
                   fmt::format("{} from version {}{}",
                               counted(result.differences, "difference", "differences"),
                               result.version, first))
          .with_loss("nothing was lost: the store has the content; nothing was repaired")
          .with_hint(
              fmt::format("courier redistribute {} --to {}", result.package.str(), result.dp));
    }
  }
  return Error(ErrorCode::partly_done, "validation", "some shares differ");
}

Report validate(Context& context, const DistributeOptions& options) {
  std::optional<PackageId> package;
  if (!options.packages.empty()) package = PackageId::parse(options.packages.front());
  std::optional<std::string> dp;
  if (!options.dp.empty()) dp = options.dp;
  const ValidationReport validation =
      validate_shares(context.home().distribution(), package, dp, context.progress);

  Report report;
  Table table({"dp", "package", ">version", ">files", ">size", "result"});
  std::string findings;
  Json results = Json::array();
  for (const ValidationResult& result : validation.results) {
    std::string verdict = result.error ? result.reason
                          : result.differences > 0
                              ? counted(result.differences, "difference", "differences")
                              : "valid";
    if (result.strays > 0) {
      verdict += ", " + counted(result.strays, "file", "files") + " not of the package";
    }
    table.add({result.dp, result.package.str(), std::to_string(result.version),
               std::to_string(result.files), human_size(result.bytes), verdict});
    for (const TreeDifference& finding : result.findings) {
      findings += printable(fmt::format("{} {} {}: {}{}", result.dp, result.package.str(),
                                        finding.path, word(finding.kind),
                                        finding.what.empty() ? "" : ", " + finding.what)) +
                  "\n";
    }
    results.push_back(validation_json(result));
  }
  report.json = {{"validations", std::move(results)}};
  report.text = table.str("nothing is installed here") + findings;
  report.problem = validation_problem(validation, context.home().keys().code());
  return report;
}

}  // namespace

void add_distribute_commands(Commands& commands) {
  DistributeOptions& o = commands.options<DistributeOptions>();
  const auto targeted = [&](const char* name, const char* what, const char* example,
                            const char* preposition, LocalWork work) {
    CLI::App& verb = commands.verb(
        name, what, example, [&o, work](Context& context) { return distribute(context, o, work); });
    verb.add_option("ID", o.packages, "the package, or several")->required();
    verb.add_option(preposition, o.targets, "a site, SITE/DP, or a distribution point of this site")
        ->required()
        ->delimiter(',')
        ->type_name("TARGET...");
    if (work != LocalWork::retract) {
      verb.add_option("--priority", o.priority, "of the jobs")->type_name("high|medium|low");
    }
  };
  targeted("distribute", "make jobs that bring a package to its targets",
           "courier distribute PUN00020 --to PSE,TEX --priority high", "--to", LocalWork::install);
  targeted("redistribute", "send all of the same version again",
           "courier redistribute PUN00020 --to PSE/files", "--to", LocalWork::redistribute);
  targeted("retract", "remove a package there", "courier retract PUN00020 --from PSE", "--from",
           LocalWork::retract);

  CLI::App& validate_verb =
      commands.verb("validate", "re-hash what the shares serve; report, never repair",
                    "courier validate PUN00020 --dp files",
                    [&o](Context& context) { return validate(context, o); });
  validate_verb.add_option("ID", o.packages, "one package (else all)")->expected(0, 1);
  validate_verb.add_option("--dp", o.dp, "one distribution point (else all)")->type_name("NAME");
}

}  // namespace courier
