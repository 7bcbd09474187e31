// parcel repair.
#include "courier/commands.h"
#include "courier/volume_repair.h"

namespace courier {
namespace {

struct RepairOptions {
  std::string file, to;
};

Report repair(Context& context, const RepairOptions& options) {
  const VolumeRepair done = repair_file(context.fs, options.file, options.to, context.progress);
  const std::string written = done.problem ? "" : options.to;
  Report report;
  report.json = repair_json(done, written);
  report.text = repair_text(done, written);
  report.problem = done.problem;
  return report;
}

}  // namespace

void add_repair_verb(Commands& commands, CLI::App& parcel) {
  RepairOptions& o = commands.options<RepairOptions>();
  CLI::App& verb = commands.verb(
      parcel, "repair", "bring a damaged parcel file back by its recovery data; needs no key",
      "courier parcel repair /media/usb/PUN-PSE-000001.pcl --to PUN-PSE-000001.pcl",
      [&o](Context& context) { return repair(context, o); });
  verb.add_option("FILE", o.file, "a volume with recovery data")->required();
  verb.add_option("--to", o.to, "the new file for the whole volume")->required()->type_name("FILE");
}

}  // namespace courier
