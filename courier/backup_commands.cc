// site backup, site restore.
#include <fmt/format.h>

#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/home_backup.h"

namespace courier {
namespace {

Report backup(Context& context, const std::string& file) {
  Home& home = context.home();
  const BackupResult made = back_up_home(home, file, COURIER_VERSION, context.progress);
  home.journal().write(Component::site, Severity::info, "backup made",
                       {{"file", file}, {"bytes", std::to_string(made.file_bytes)}});
  Report report;
  report.json = {{"code", made.head.code.str()},
                 {"file", json_text(file)},
                 {"bytes", made.file_bytes},
                 {"created", json_time(made.head.created)},
                 {"incarnation", made.head.incarnation.str()},
                 {"keys_have_passphrase", made.has_passphrase},
                 {"verified", true}};
  report.text = fmt::format(
      "backup of site {} written to {}, {}, read back and verified\n"
      "it holds keys, trust list, ledger and settings; not the content store\n{}\n",
      made.head.code.str(), printable(file), human_size(made.file_bytes),
      made.has_passphrase ? "its keys are locked with their passphrase"
                          : "its keys are in clear: keep it where nobody else can read it");
  return report;
}

std::string listed(const std::vector<PackageId>& packages) {
  std::vector<std::string> ids;
  for (const PackageId& id : packages) ids.push_back(id.str());
  return fmt::format("{}", fmt::join(ids, ", "));
}

Json ids_json(const std::vector<PackageId>& packages) {
  Json ids = Json::array();
  for (const PackageId& id : packages) ids.push_back(id.str());
  return ids;
}

Report restore(Context& context, const std::string& file) {
  const RestoreResult made = restore_home(context.fs, context.clock, context.entropy,
                                          context.home_path, file, context.progress);
  Home home(context.fs, context.clock, context.entropy, context.home_path);
  home.journal().write(Component::site, Severity::warning, "restored from a backup",
                       {{"file", file}, {"incarnation", made.incarnation.str()}});
  Report report;
  report.json = {{"code", made.head.code.str()},
                 {"home", json_text(context.home_path)},
                 {"backup_of", json_time(made.head.created)},
                 {"incarnation", made.incarnation.str()},
                 {"keys_have_passphrase", made.has_passphrase},
                 {"packages_to_add", ids_json(made.to_add)},
                 {"packages_to_receive", ids_json(made.to_receive)}};
  report.text = fmt::format(
      "site {} restored in {} as of {}, incarnation {}\n"
      "its content store is empty; other sites learn of it with the next parcel or return\n",
      made.head.code.str(), printable(context.home_path), shown_time(made.head.created),
      made.incarnation.str());
  if (!made.to_add.empty()) {
    report.text += fmt::format("add the sources again with '{}': {}\n",
                               advised("courier package update ID SOURCE"), listed(made.to_add));
  }
  if (!made.to_receive.empty()) {
    report.text += fmt::format("these come again with a parcel: {}\n", listed(made.to_receive));
  }
  report.text += fmt::format("keys revoked after {} are trusted again: '{}' shows them\n",
                             shown_time(made.head.created), advised("courier site list"));
  return report;
}

}  // namespace

void add_backup_verbs(Commands& commands, CLI::App& site) {
  std::string& file = commands.options<std::string>();
  commands
      .verb(site, "backup", "write keys, trust list, ledger and settings to one file",
            "courier --home A site backup PUN.backup",
            [&file](Context& context) { return backup(context, file); })
      .add_option("FILE", file, "the file to write")
      ->required();
  commands
      .verb(site, "restore", "make an empty home the site of a backup, in a new incarnation",
            "courier --home C site restore PUN.backup",
            [&file](Context& context) { return restore(context, file); })
      .add_option("FILE", file, "a file that site backup wrote")
      ->required();
}

}  // namespace courier
