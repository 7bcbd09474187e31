// media: parcels on media.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/media_write.h"
#include "courier/parcel_check.h"
#include "courier/shown.h"
#include "courier/terminal.h"
#include "ledger/settings.h"

namespace courier {
namespace {

struct MediaOptions {
  std::string parcel, target, volume_size, serial;
  std::uint32_t volume = 0;
  bool anew = false;
};

// The one there is, or all of them as one: of their status when all have the same.
Error worst_of(const std::vector<Error>& problems, const std::string& target) {
  if (problems.size() == 1) return problems.front();
  std::string all;
  bool is_alike = true;
  for (const Error& problem : problems) {
    all += (all.empty() ? "" : "; ") + std::string(problem.what());
    is_alike = is_alike && problem.exit_status() == problems.front().exit_status();
  }
  return Error(is_alike ? problems.front().code() : ErrorCode::partly_done, "medium " + target,
               std::move(all))
      .with_loss("nothing was changed: verify only reads")
      .with_hint("write what is damaged again, to another medium");
}

Report write(Context& context, const MediaOptions& options) {
  VolumeRequest request;
  if (!options.volume_size.empty()) request.volume_size = parse_size(options.volume_size);
  request.only = options.volume;
  request.anew = options.anew;
  MediaTarget target{options.target, options.serial};
  // What is written past every file system is named twice.
  if (target.name.starts_with("raw:/dev/") && target.serial.empty() && can_ask()) {
    target.serial = ask_line(
        fmt::format("type the serial number of {} to write to it: ", printable(target.name)));
  }
  Report report;
  const std::optional<ParcelId> id = ParcelId::try_parse(options.parcel);
  if (!id) {
    copy_file_to_media(context, options.parcel, target, request, report);
    return report;
  }
  if (context.opened_home == nullptr) {
    throw Error(ErrorCode::not_found, "parcel " + options.parcel,
                "is not known here, and is no file")
        .with_hint("name the home of its site with --home DIR, or a parcel file");
  }
  const ParcelRow parcel = ParcelBook(context.home().ledger()).get(*id);
  report.json["id"] = parcel.addressees.front().id.str();
  copy_to_media(context, parcel, target, request, report);
  return report;
}

// Everything on it that is a parcel or a volume, each by itself.
Report verify(Context& context, const MediaOptions& options) {
  std::optional<KnownSigners> known;
  if (context.opened_home != nullptr) {
    known.emplace(KnownSigners{context.home().keys(), context.home().trust()});
  }
  Report report;
  Json checks = Json::array();
  std::vector<Error> problems;
  const std::unique_ptr<Medium> medium = open_medium(context.fs, options.target);
  const std::string name = medium->identity().describe();
  const ScanResult scanned = medium->scan([&](OfferedVolume&& volume) {
    const std::string path = volume.path;
    try {
      const ParcelCheck check =
          check_parcel(std::move(volume.source), volume.size, path, known, context.progress);
      checks.push_back(check_json(check, path));
      const std::string what = volume_words(check.volume);
      report.text += fmt::format(
          "{}: parcel {}{}{}: {}\n", printable(path), check.title, what.empty() ? "" : ", ", what,
          check.own_problem ? check.own_problem->happened() : "intact and genuine");
      if (check.own_problem) problems.push_back(*check.own_problem);
    } catch (const Error& error) {
      Json one = {{"path", json_text(path)}, {"error", error_json(error)}};
      checks.push_back(std::move(one));
      report.text += fmt::format("{}: {}\n", printable(path), printable(error.what()));
      problems.push_back(error);
    }
  });
  for (const Error& error : scanned.unreadable) problems.push_back(error);
  report.json = {
      {"target", json_text(options.target)}, {"medium", json_text(name)}, {"files", checks}};
  report.text +=
      fmt::format("medium {}: {}\n", name, counted(scanned.found, "parcel file", "parcel files"));
  if (scanned.found == 0 && problems.empty()) {
    report.problem =
        Error(ErrorCode::not_found, "medium " + options.target, "there is no parcel on it")
            .with_hint("check that it is the right medium and that it is mounted");
  }
  if (!problems.empty()) report.problem = worst_of(problems, options.target);
  return report;
}

}  // namespace

void add_media_commands(Commands& commands) {
  CLI::App& media = commands.noun("media", "parcels on media");
  MediaOptions& o = commands.options<MediaOptions>();
  CLI::App& write_verb = commands.verb(
      media, "write", "write a parcel to a medium, or to several as volumes, and read it back",
      "courier media write PUN-PSE-000001 /media/usb",
      [&o](Context& context) { return write(context, o); });
  write_verb.add_option("ID|FILE", o.parcel, "a parcel of this site, or a parcel file")->required();
  write_verb
      .add_option("TARGET", o.target,
                  "a mounted folder, iso:FILE, /dev/sr0, raw:PATH, tape:FILE or /dev/nst0")
      ->required();
  write_verb
      .add_option("--volume-size", o.volume_size,
                  "volumes of at most so many bytes: 700M (else as the medium has room)")
      ->type_name("N");
  write_verb
      .add_option("--serial", o.serial,
                  "of the drive that raw:PATH names, which is asked for on a terminal")
      ->type_name("TEXT");
  CLI::Option* only =
      write_verb.add_option("--volume", o.volume, "only this volume, again")->type_name("K");
  write_verb
      .add_flag("--anew", o.anew, "begin a new set of volumes (else the last one is gone on with)")
      ->excludes(only);
  CLI::App& verify_verb = commands.verb(
      media, "verify", "check every parcel and volume on a medium: signature, and every record",
      "courier media verify /media/usb", [&o](Context& context) { return verify(context, o); });
  verify_verb
      .add_option("TARGET", o.target,
                  "a mounted folder, one parcel file, iso:FILE, /dev/sr0, raw:PATH, tape:FILE or "
                  "/dev/nst0")
      ->required();
}

}  // namespace courier
