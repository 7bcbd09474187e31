// media: parcels on media.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/media_write.h"
#include "courier/parcel_check.h"
#include "courier/shown.h"
#include "courier/terminal.h"
#include "courier/volume_repair.h"
#include "ledger/settings.h"
#include "media/recovery.h"
#include "media/recovery_search.h"
#include "media/scratch.h"

namespace courier {
namespace {

struct MediaOptions {
  std::vector<std::string> parcels;
  std::string target, volume_size, serial, repair_to;
  std::uint32_t volume = 0;
  std::optional<std::uint32_t> spares;
  std::optional<unsigned> recovery;
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

// The last word is the target: CLI11 gives all to what takes several.
MediaOptions with_target(MediaOptions options) {
  if (options.target.empty() && options.parcels.size() > 1) {
    options.target = std::move(options.parcels.back());
    options.parcels.pop_back();
  }
  if (!options.target.empty()) return options;
  throw Error(ErrorCode::usage, "courier media write", "TARGET is required")
      .with_hint("see courier media write --help");
}

Report write(Context& context, const MediaOptions& given) {
  const MediaOptions options = with_target(given);
  VolumeRequest request;
  if (!options.volume_size.empty()) request.volume_size = parse_size(options.volume_size);
  request.only = options.volume;
  request.anew = options.anew;
  request.spares = options.spares;
  MediaTarget target{options.target, options.serial};
  // What is written past every file system is named twice.
  if (target.name.starts_with("raw:/dev/") && target.serial.empty() && can_ask()) {
    target.serial = ask_line(
        fmt::format("type the serial number of {} to write to it: ", printable(target.name)));
  }
  request.recovery = options.recovery;
  request.protect = [&context](VolumeBytes volume, unsigned percent, bool is_stream,
                               const ProgressSink& progress) {
    return is_stream
               ? with_recovery(context.fs, std::move(volume), percent, scratch_folder(), progress)
               : with_recovery_meanwhile(context.fs, std::move(volume), percent, scratch_folder());
  };
  Report report;
  const std::optional<ParcelId> id = ParcelId::try_parse(options.parcels.front());
  if (!id || options.parcels.size() > 1) {
    copy_files_to_media(context, options.parcels, target, request, report);
    return report;
  }
  if (context.opened_home == nullptr) {
    throw Error(ErrorCode::not_found, "parcel " + options.parcels.front(),
                "is not known here, and is no file")
        .with_hint("name the home of its site with --home DIR, or a parcel file");
  }
  const ParcelRow parcel = ParcelBook(context.home().ledger()).get(*id);
  report.json["id"] = parcel.addressees.front().id.str();
  copy_to_media(context, parcel, target, request, report);
  return report;
}

// One file on a medium that is verified, and repaired to another where that is asked for.
class VerifiedFile {
 public:
  VerifiedFile(Context& context, OfferedVolume&& volume, const std::optional<KnownSigners>& known)
      : context_(context), path_(volume.path), bytes_(volume.bytes) {
    try {
      const ParcelCheck check =
          check_parcel(std::move(volume.source), volume.size, path_, known, context.progress);
      json = check_json(check, path_);
      const std::string what = volume_words(check.volume, check.spare_table);
      said_ = fmt::format("parcel {}{}{}: ", check.title, what.empty() ? "" : ", ", what);
      problem = check.own_problem ? advised(*check.own_problem) : recovery_problem();
      result_ = problem ? problem->happened() : "intact and genuine";
    } catch (const Error& error) {
      json = {{"path", json_text(path_)}, {"error", error_json(error)}};
      problem = advised(error);
      result_ = without_path(error.what());
    }
  }

  // To a folder or other medium, proved as every copy. No problem is left when that was done.
  void repair_to(const std::string& target) {
    if (!problem || !bytes_.read_at) return;
    std::string written;
    try {
      const auto write = [&](const VolumeBytes& repaired) {
        written = open_medium(context_.fs, target, context_.gate())
                      ->write_proved(repaired, name_of(path_), context_.progress)
                      .path;
      };
      const VolumeRepair repair =
          repair_volume(context_.fs, bytes_, path_, write, context_.progress);
      json["repair"] = repair_json(repair, written);
      if (!repair.problem) result_ += "; repaired copy written and verified: " + written;
      problem = repair.problem;
    } catch (const Error& error) {
      json["repair"] = {{"error", error_json(error)}};
      result_ += std::string("; not repaired: ") + error.what();
      problem = error;
    }
  }

  std::string text() const {
    return fmt::format("{}: {}{}\n", printable(path_), said_, printable(result_));
  }

  Json json;
  std::optional<Error> problem;

 private:
  // The line begins with it.
  std::string without_path(const std::string& what) const {
    for (const std::string& subject : {"file " + path_ + ": ", path_ + ": "}) {
      if (what.starts_with(subject)) return what.substr(subject.size());
    }
    return what;
  }

  static std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  Error advised(const Error& error) const {
    return advising_repair(context_.fs, error, bytes_,
                           "courier media verify TARGET --repair-to OTHER");
  }

  // Of an intact volume: its recovery data is looked for at the end alone.
  std::optional<Error> recovery_problem() const {
    if (!bytes_.read_at || !ends_with_recovery_data(bytes_)) return std::nullopt;
    const auto volume = RepairedVolume::open(context_.fs, bytes_, scratch_folder());
    if (!volume || volume->check_recovery_data()) return std::nullopt;
    return Error(ErrorCode::damaged, "file " + path_,
                 fmt::format(
                     "is whole, but its recovery data is damaged ({} of it)",
                     human_size(volume->report().damaged_parity_cells * volume->set().cell_size)))
        .with_loss("nothing was lost: every record is intact and genuine")
        .with_hint("write it again, to another medium");
  }

  Context& context_;
  std::string path_;
  VolumeBytes bytes_;
  std::string said_, result_;
};

// Everything on it that is a parcel or a volume, each by itself.
Report verify(Context& context, const MediaOptions& options) {
  std::optional<KnownSigners> known;
  if (context.opened_home != nullptr) {
    known.emplace(KnownSigners{context.home().keys(), context.home().trust()});
  }
  Report report;
  Json checks = Json::array();
  std::vector<Error> problems;
  const std::unique_ptr<Medium> medium = open_medium(context.fs, options.target, context.gate());
  const std::string name = medium->identity().describe();
  const ScanResult scanned = medium->scan([&](OfferedVolume&& volume) {
    VerifiedFile file(context, std::move(volume), known);
    if (!options.repair_to.empty()) file.repair_to(options.repair_to);
    checks.push_back(file.json);
    report.text += file.text();
    if (file.problem) problems.push_back(*file.problem);
  });
  for (const Error& error : scanned.unreadable) problems.push_back(error);
  report.json = {
      {"target", json_text(options.target)}, {"medium", json_text(name)}, {"files", checks}};
  if (scanned.found > 0) {
    report.text += fmt::format("medium {}: {}\n", printable(options.target),
                               counted(scanned.found, "parcel file", "parcel files"));
  }
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
  CLI::App& media = commands.noun("media", "parcels on media, and drives");
  add_drive_verbs(commands, media);
  MediaOptions& o = commands.options<MediaOptions>();
  CLI::App& write_verb = commands.verb(
      media, "write", "write a parcel to a medium, or to several as volumes, and read it back",
      "courier media write PUN-PSE-000001 /media/usb",
      [&o](Context& context) { return write(context, o); });
  write_verb
      .add_option("ID|FILE", o.parcels,
                  "a parcel of this site, a parcel file, or volumes of one parcel that are joined "
                  "and cut anew: their files, or a folder with them")
      ->required();
  write_verb.add_option(
      "TARGET", o.target,
      "a mounted folder, iso:FILE, /dev/sr0, raw:PATH (first and last MiB blank), "
      "tape:FILE or /dev/nst0");
  write_verb
      .add_option("--volume-size", o.volume_size,
                  "volumes of at most so many bytes: 700M (else as the medium has room)")
      ->type_name("N");
  write_verb
      .add_option("--serial", o.serial,
                  "of the drive that raw:PATH names, which is asked for on a terminal")
      ->type_name("TEXT");
  write_verb
      .add_option(
          "--recovery", o.recovery,
          "recovery data for so many percent of it, 0 to 50 (else 10 on discs, 0 elsewhere)")
      ->type_name("PCT")
      ->check(CLI::Range(0u, kMaxRecoveryPercent));
  write_verb
      .add_option("--spare-volumes", o.spares,
                  "so many more, of which each stands in for any other one (else 0)")
      ->type_name("N")
      ->check(CLI::Range(0u, kMostVolumesAndSpares - 1));
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
  verify_verb
      .add_option("--repair-to", o.repair_to,
                  "bring what is damaged back by its recovery data, to this folder")
      ->type_name("DIR");
}

}  // namespace courier
