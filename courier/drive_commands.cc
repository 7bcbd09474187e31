// media list, eject, tidy: the drives themselves.
#include <fcntl.h>
#include <fmt/format.h>

#include <map>

#include "courier/commands.h"
#include "courier/parcel_check.h"
#include "courier/receive_run.h"
#include "courier/received.h"
#include "courier/table.h"
#include "ledger/parcel_book.h"
#include "media/drives.h"
#include "media/eject.h"
#include "media/folder_medium.h"

namespace courier {
namespace {

struct DriveOptions {
  std::string target;
};

// What the gate says of a drive: why it is refused; nullopt: its content may be looked at.
std::optional<Error> refusal(Context& context, const Drive& drive) {
  try {
    context.gate().check_folder(context.fs, drive.folder, "drive " + escaped(drive.node));
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

std::string standing_words(const Offer& offer) {
  switch (offer.standing) {
    case Standing::for_others:
      return for_whom(offer);
    case Standing::unreadable:
      return offer.error ? std::string(offer.error->happened()) : "cannot be read";
    case Standing::own:
      return "made by this site";
    case Standing::intact:
      return "intact, by a signer not known here";
    case Standing::genuine:
      return "for this site";
    case Standing::known:
      return "for this site, taken in before";
    case Standing::unknown_signer:
      return "for this site, by a signer not known here";
    case Standing::refused:
      return "for this site, refused: " + (offer.error ? offer.error->happened() : "");
  }
  return "";
}

std::uint64_t free_bytes(FileSystem& fs, const std::string& mount_point) {
  return fs.space(fs.open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC)).free_bytes;
}

// A drive as one row, and what is on it as rows of another table. One that fails is no reason to be
// silent about others.
Json add_drive(Context& context, const Drive& drive, Table& drives, Table& parcels) {
  const std::optional<Error> refused = refusal(context, drive);
  const bool is_mounted = !drive.mount_point.empty();
  const std::string gate = refused ? "refused" : drive.usb.empty() ? "not on USB" : "passes";
  Json one = {{"drive", json_text(drive.node)},
              {"usb", drive.usb.empty() ? Json() : json_text(drive.usb)},
              {"file_system", json_text(drive.file_system)},
              {"label", json_text(drive.label)},
              {"uuid", json_text(drive.uuid)},
              {"bytes", drive.size},
              {"free_bytes", Json()},
              {"mounted_at", is_mounted ? json_text(drive.mount_point) : Json()},
              {"gate", gate},
              {"gate_reason", refused ? json_text(refused->happened()) : Json()},
              {"parcels", Json::array()}};
  std::string free = "-";
  if (!refused) {
    try {
      if (is_mounted) {
        one["free_bytes"] = free_bytes(context.fs, drive.mount_point);
        free = human_size(one["free_bytes"].get<std::uint64_t>());
      }
      const std::string target = drive.target();
      const IdentifyReport found =
          target.empty() ? IdentifyReport() : identify(context.fs, target, identify_home(context));
      for (const Offer& offer : found.offers) {
        one["parcels"].push_back(offer_json(offer));
        parcels.add({drive.node, offer.title.empty() ? offer.path : offer.title,
                     volume_words(offer.volume, offer.spare_table), standing_words(offer)});
      }
    } catch (const Error& error) {
      one["error"] = error_json(error);
      parcels.add({drive.node, "", "", error.happened()});
    }
  }
  drives.add({drive.node, drive.usb, drive.file_system, drive.label, free,
              is_mounted ? drive.mount_point : "not mounted",
              refused ? "refused: " + refused->happened() : gate});
  return one;
}

Report list(Context& context) {
  Report report;
  Json rows = Json::array();
  Table drives({"drive", "device", "file system", "label", ">free", "mounted at", "gate"});
  Table parcels({"on", "parcel", "volume", "what"});
  for (const Drive& drive : list_drives(context.fs)) {
    rows.push_back(add_drive(context, drive, drives, parcels));
  }
  report.json = {{"drives", std::move(rows)}};
  report.text = drives.str("no drive is plugged in");
  if (!parcels.empty()) report.text += "\n" + parcels.str("");
  return report;
}

Report eject_drive(Context& context, const DriveOptions& options) {
  const Ejected ejected = eject(context.fs, options.target);
  Report report;
  Json steps = Json::array();
  for (const std::string& step : ejected.steps) {
    steps.push_back(json_text(step));
    report.text += printable(step) + "\n";
  }
  report.json = {{"drive", json_text(ejected.drive)}, {"steps", steps}, {"safe_to_remove", true}};
  report.text += fmt::format("{}: safe to remove\n", printable(ejected.drive));
  return report;
}

// Whether the parcel was made here, and every addressee has confirmed it.
bool is_confirmed(ParcelBook& book, const Offer& offer) {
  if (offer.standing != Standing::own) return false;
  const std::optional<ParcelRow> row = book.by_label(offer.label_digest);
  return row && row->state() == ParcelState::confirmed;
}

// Whether the file lies in this site's own outbox, however the path leads there.
bool is_in_outbox(Context& context, const std::string& path) {
  const auto folder_of = [&](const std::string& name) {
    const struct stat status = context.fs.stat(context.fs.open(name, O_PATH | O_CLOEXEC));
    return std::pair(status.st_dev, status.st_ino);
  };
  return folder_of(path.substr(0, path.rfind('/') + 1)) ==
         folder_of(outbox_of(context.home().path()));
}

// What came of it, and why what is left is: a return that was taken in is not this site's to
// remove.
std::string tidied_words(std::uint64_t removed, std::uint64_t freed, std::uint64_t left,
                         std::uint64_t returns) {
  std::string text =
      fmt::format("{} removed, {} freed", counted(removed, "file", "files"), human_size(freed));
  if (left > 0) text += fmt::format("; {} left", counted(left, "file", "files"));
  if (returns > 0) text += ", of them " + counted(returns, "return", "returns") + " to this site";
  if (left > 0) text += ": only what this site made, and is Confirmed, is removed";
  return text + "\n";
}

Report tidy(Context& context, const DriveOptions& options) {
  if (!names_a_path(options.target)) {
    throw Error(ErrorCode::usage, "medium " + escaped(options.target), "is no mounted folder")
        .with_hint(
            "a disc keeps what is on it, and what is taken from the midst of a tape or a "
            "raw drive would take all behind it along: write such a medium anew");
  }
  FolderMedium medium(context.fs, options.target);
  medium.require_folder();
  const IdentifyReport found = identify(context.fs, options.target, identify_home(context));
  ParcelBook book(context.home().ledger());
  std::map<std::string, std::uint64_t> going;  // by where it lies; its size
  Json removed = Json::array(), kept = Json::array();
  Table table({"parcel", "volume", "file", "what"});
  std::uint64_t freed = 0, returns = 0;
  for (const Offer& offer : found.offers) {
    const bool is_ours = is_in_outbox(context, offer.path);
    const bool goes = !is_ours && is_confirmed(book, offer);
    const bool is_return = offer.is_return && offer.standing == Standing::known;
    if (is_return) ++returns;
    if (goes) going.emplace(offer.path, offer.file_bytes);
    (goes ? removed : kept)
        .push_back({{"id", offer.title.empty() ? Json() : json_text(offer.title)},
                    {"path", json_text(offer.path)},
                    {"bytes", offer.file_bytes}});
    table.add({offer.title.empty() ? "-" : offer.title,
               volume_words(offer.volume, offer.spare_table), offer.path,
               goes      ? "Confirmed: removed"
               : is_ours ? "left: it is in the outbox of this site"
                         : (is_return ? "left: a return " : "left: ") + standing_words(offer)});
  }
  medium.remove([&](const OfferedVolume& volume) {
    const auto it = going.find(volume.path);
    if (it == going.end() || it->second != volume.size) return false;
    freed += volume.size;
    return true;
  });
  Report report;
  report.text = table.str("there is no parcel on it");
  if (!found.offers.empty()) {
    report.text += tidied_words(removed.size(), freed, kept.size(), returns);
  }
  report.json = {{"target", json_text(options.target)},
                 {"removed", std::move(removed)},
                 {"left", std::move(kept)},
                 {"freed_bytes", freed}};
  return report;
}

}  // namespace

void add_drive_verbs(Commands& commands, CLI::App& media) {
  DriveOptions& o = commands.options<DriveOptions>();
  commands.verb(media, "list", "the drives that are plugged in, and what parcels are on them",
                "courier media list", [](Context& context) { return list(context); });
  CLI::App& tidy_verb = commands.verb(
      media, "tidy", "remove the parcels of this site that are Confirmed from a mounted folder",
      "courier media tidy /media/usb", [&o](Context& context) { return tidy(context, o); });
  tidy_verb.add_option("TARGET", o.target, "a mounted folder")->required();
  CLI::App& eject_verb = commands.verb(
      media, "eject", "flush and unmount a drive, switch it off, and say that it is safe to remove",
      "courier media eject /media/usb", [&o](Context& context) { return eject_drive(context, o); });
  eject_verb
      .add_option("TARGET", o.target, "a folder on the drive, its device, /dev/sr0 or /dev/nst0")
      ->required();
}

}  // namespace courier
