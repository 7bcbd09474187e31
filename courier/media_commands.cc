// media: parcels on media.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/outgoing.h"
#include "courier/parcel_check.h"
#include "courier/shown.h"

namespace courier {
namespace {

struct MediaOptions {
  std::string parcel, target;
};

Report write(Context& context, const MediaOptions& options) {
  const ParcelRow parcel = ParcelBook(context.home().ledger()).get(ParcelId::parse(options.parcel));
  Report report;
  report.json["id"] = parcel.addressees.front().id.str();
  copy_to_medium(context, parcel, options.target, report);
  return report;
}

}  // namespace

void add_media_commands(Commands& commands) {
  CLI::App& media = commands.noun("media", "parcels on media");
  MediaOptions& o = commands.options<MediaOptions>();
  CLI::App& write_verb =
      commands.verb(media, "write", "write a parcel of the outbox to a medium, and read it back",
                    "courier media write PUN-PSE-000001 /media/usb",
                    [&o](Context& context) { return write(context, o); });
  write_verb.add_option("ID", o.parcel, "the parcel, such as PUN-PSE-000001")->required();
  write_verb.add_option("TARGET", o.target, "a mounted folder, iso:FILE or /dev/sr0")->required();
}

}  // namespace courier
