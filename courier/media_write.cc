#include "courier/media_write.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/durable.h"
#include "courier/shown.h"
#include "courier/stop_signals.h"
#include "courier/terminal.h"
#include "media/joined_parcel.h"
#include "media/medium_errors.h"
#include "parcel/parcel_reader.h"
#include "sender/parcel_life.h"

namespace courier {
namespace {

Json volume_json(const WrittenVolume& written) {
  const ParcelCopy& copy = written.copy;
  Json json{{"number", copy.number},
            {"of", copy.volumes},
            {"spare_volumes", copy.spares},
            {"is_spare", copy.is_spare()},
            {"first_record", copy.first_record},
            {"end_record", copy.end_record},
            {"path", json_text(written.proved.path)},
            {"bytes", written.proved.size},
            {"recovery_percent", written.recovery},
            {"digest", written.proved.digest.hex()},
            {"medium", json_text(copy.medium)},
            {"verified", true},
            {"was_there", written.proved.was_there}};
  if (written.proved.underruns) json["underruns"] = *written.proved.underruns;
  return json;
}

std::string volume_text(const WrittenVolume& written) {
  std::string path = printable(written.proved.path);
  if (written.recovery > 0) path += fmt::format(", with {} % recovery data", written.recovery);
  if (written.proved.underruns.value_or(0) > 0) {
    path +=
        fmt::format(" (the tape ran dry and started again {} times)", *written.proved.underruns);
  }
  if (written.is_whole) {
    return fmt::format("{}: {}\n",
                       written.proved.was_there ? "the same copy was there, read back again"
                                                : "copy written and read back",
                       path);
  }
  std::string words = written.copy.volume_words();
  if (written.is_of_about) words.insert(words.rfind(' ') + 1, "about ");
  return fmt::format(
      "{} {}: {}\n", words,
      written.proved.was_there ? "was there, read back again" : "written and verified", path);
}

// One run of the command over one medium or, on a terminal, several.
class Filling {
 public:
  Filling(Context& context, VolumeWriter& writer, const MediaTarget& target)
      : context_(context), writer_(writer), target_(target) {}

  // Errors: what ended it; see VolumeWriter::fill.
  void run() {
    for (;;) {
      try {
        writer_.fill(*open_medium(context_.fs, target_.name, context_.gate(), target_.serial),
                     target_.name, context_.progress);
      } catch (const Error& error) {
        if (!may_ask()) throw;
        context_.talk(error_text(error));
      }
      tell();
      if (writer_.is_done() || !may_ask()) return;
      if (!wait_for_enter(fmt::format("insert the next medium for {} at {} and press Enter (q ends "
                                      "here): ",
                                      writer_.next_name(), printable(target_.name)))) {
        return;
      }
    }
  }

 private:
  bool may_ask() const { return can_ask() && !writer_.written().empty() && !writer_.is_done(); }
  // What is written now is said at once: the next medium may be hours away.
  void tell() {
    for (; told_ < writer_.written_now().size(); ++told_) {
      if (!writer_.written_now()[told_].is_whole && can_ask()) {
        context_.talk(volume_text(writer_.written_now()[told_]));
      }
    }
  }

  Context& context_;
  VolumeWriter& writer_;
  const MediaTarget& target_;
  std::size_t told_ = 0;
};

void add_written(const VolumeWriter& writer, Report& report) {
  Json volumes = Json::array();
  for (const WrittenVolume& written : writer.written_now()) {
    volumes.push_back(volume_json(written));
    if (written.is_whole || !can_ask()) report.text += volume_text(written);  // else told at once
    if (written.is_whole) {
      report.json["copy"] = {{"path", json_text(written.proved.path)},
                             {"bytes", written.proved.size},
                             {"digest", written.proved.digest.hex()},
                             {"medium", json_text(written.copy.medium)},
                             {"verified", true},
                             {"was_there", written.proved.was_there}};
    }
  }
  report.json["written"] = std::move(volumes);
  report.json["is_another_copy"] = writer.begins_another();
  if (writer.begins_another()) {
    report.text += "it was written before, all of it: this is another copy\n";
  }
}

// "volume 1 of 3", "volumes 1 to 2 of 3"; spare ones are "spare volume 1 of 2".
std::string named(const char* what, std::uint32_t last, std::uint32_t of, bool is_about = false) {
  const char* const about = is_about ? "about " : "";
  return last == 1 ? fmt::format("{} 1 of {}{}", what, about, of)
                   : fmt::format("{}s 1 to {} of {}{}", what, last, about, of);
}

// "volume 1 of 3 is", "volumes 1 to 3 of 3 and spare volume 1 of 2 are".
std::string done_so_far(const VolumeWriter& writer) {
  const std::uint32_t last = writer.written().back().number;
  const std::uint32_t data = std::min(last, writer.volumes());
  std::string text = named("volume", data, writer.volumes(), writer.is_about());
  if (last > data) text += " and " + named("spare volume", last - data, writer.spares());
  return text + (last == 1 ? " is" : " are");
}

// "volume 3 is", "volumes 2 to 3 and spare volumes 1 to 2 are".
std::string still_to_do(const VolumeWriter& writer) {
  const auto from_to = [&](const char* what, std::uint32_t first, std::uint32_t last) {
    return first == last
               ? fmt::format("{} {}", what, first)
               : fmt::format("{}s {} to {}{}", what, first,
                             writer.is_about() && last == writer.volumes() ? "about " : "", last);
  };
  const std::uint32_t next = writer.written().back().number + 1, volumes = writer.volumes();
  std::string text = next > volumes ? "" : from_to("volume", next, volumes);
  if (writer.spares() > 0) {
    const std::uint32_t first = next > volumes ? next - volumes : 1;
    text += (text.empty() ? "" : " and ") + from_to("spare volume", first, writer.spares());
  }
  return text + (next == volumes + writer.spares() ? " is" : " are");
}

// The command that goes on. is_recorded: the volumes of a set are, so that it need not name the
// next.
std::string going_on(const VolumeWriter& writer, const std::string& source,
                     const std::string& target, const VolumeRequest& request, bool is_recorded) {
  std::string command = fmt::format("courier media write {} {}", source, target);
  if (!is_recorded && !writer.written().empty()) {
    command += fmt::format(" --volume-size {} --volume {}", writer.limit(),
                           writer.written().back().number + 1);
  } else if (request.volume_size != 0) {
    command += fmt::format(" --volume-size {}", request.volume_size);
  }
  if (request.only != 0) command += fmt::format(" --volume {}", request.only);
  if (request.anew && writer.written_now().empty()) command += " --anew";
  if (request.recovery) command += fmt::format(" --recovery {}", *request.recovery);
  // A recorded set that is begun knows.
  if (writer.spares() > 0 && (!is_recorded || writer.written().empty())) {
    command += fmt::format(" --spare-volumes {}", writer.spares());
  }
  return command;
}

Error not_all(const VolumeWriter& writer, const std::string& parcel, const std::string& command) {
  std::string where;
  for (const ParcelCopy& copy : writer.written()) {
    where += fmt::format("{}{}: {}", where.empty() ? "" : "; ",
                         copy.is_spare() ? copy.volume_words() : std::to_string(copy.number),
                         copy.target);
  }
  return Error(ErrorCode::incomplete, "parcel " + parcel,
               fmt::format("{} written and verified, {} not yet ({})", done_so_far(writer),
                           still_to_do(writer), where))
      .with_hint("insert the next medium and run: " + command);
}

// Fills media; what went wrong is the report's problem. loss: where the parcel lies safely.
void fill_media(Context& context, VolumeWriter& writer, const ParcelId& id,
                const MediaTarget& target, const VolumeRequest& request, const std::string& source,
                const std::string& loss, bool is_recorded, Report& report) {
  const auto command = [&] { return going_on(writer, source, target.name, request, is_recorded); };
  try {
    Filling(context, writer, target).run();
    if (!writer.is_done()) report.problem = not_all(writer, id.str(), command());
  } catch (const Interrupted& interrupted) {
    Report stopped = interrupted.report("writing parcel " + id.str());
    report.signal = stopped.signal;
    report.problem = stopped.problem->with_hint("to go on: " + command());
  } catch (const Error& error) {
    report.problem = error;
    if (error.code() != ErrorCode::usage) {
      // What a medium is refused for says by itself what helps.
      const std::string help = error.code() == ErrorCode::not_allowed
                                   ? error.hint()
                                   : "put it right, or take another medium";
      report.problem->with_hint(help + ", then: courier media write " + source + " TARGET");
    }
  }
  if (report.problem) report.problem->with_loss(loss);
  add_written(writer, report);
}

// The parcel that these files are, or have: one by itself as it is.
VolumeBytes bytes_in(Context& context, const std::vector<std::string>& paths) {
  std::vector<NamedVolume> volumes;
  bool is_one = paths.size() == 1;
  for (const std::string& path : paths) {
    const Fd file = context.fs.open(path, O_RDONLY | O_CLOEXEC);
    if (!S_ISDIR(context.fs.stat(file).st_mode)) {
      volumes.push_back({"file " + printable(path),
                         bytes_of_file(context.fs, context.fs.open(path, O_RDONLY | O_CLOEXEC))});
      continue;
    }
    is_one = false;
    const ScanResult scanned =
        open_medium(context.fs, path, context.gate())->scan([&](OfferedVolume&& volume) {
          volumes.push_back({"file " + volume.path, std::move(volume.bytes)});
        });
    if (scanned.found == 0) {
      throw Error(ErrorCode::not_found, "folder " + printable(path), "there is no parcel in it")
          .with_loss("nothing was written")
          .with_hint("name a parcel file, its volumes, or a folder that holds them");
    }
  }
  return is_one ? volumes.front().bytes : joined_parcel(volumes);
}

}  // namespace

void require_target(Context& context, const std::string& target) {
  FileSystem& fs = context.fs;
  try {
    if (names_a_path(target)) {
      open_medium(fs, target, context.gate())->room();
      require_may_write(open_dir(fs, target));
    } else if (target.starts_with("iso:") || target.starts_with("tape:")) {  // made if need be
      const std::filesystem::path file = target.substr(target.find(':') + 1);
      open_dir(fs, file.has_parent_path() ? file.parent_path().string() : ".");
    } else {
      fs.open(target.starts_with("raw:") ? target.substr(4) : target, O_PATH | O_CLOEXEC);
    }
  } catch (const Error& error) {
    throw Error(error).with_loss("nothing was made");
  }
}

void copy_to_media(Context& context, const ParcelRow& parcel, const MediaTarget& target,
                   const VolumeRequest& request, Report& report) {
  Home& home = context.home();
  SenderParts sender = home.sender();
  const ParcelId& id = parcel.addressees.front().id;
  const std::string path = ParcelLife(sender).path_of(parcel);
  if (parcel.payload_removed) {
    report.problem = Error(ErrorCode::not_allowed, "parcel " + id.str(),
                           "its payload was removed after it was Confirmed");
    return;
  }
  ParcelBook book(home.ledger());
  const std::string loss = "nothing was lost: parcel " + id.str() + " is in the outbox, " + path;
  try {
    const VolumeCut cut(bytes_of_file(context.fs, context.fs.open(path, O_RDONLY | O_CLOEXEC)),
                        "file " + printable(path));
    VolumeWriter writer(cut, id, book.copies(id), request, context.clock,
                        [&](const ParcelCopy& copy) { book.add_copy(id, copy); });
    fill_media(context, writer, id, target, request, id.str(), loss, true, report);
  } catch (const Error& error) {
    report.problem = Error(error).with_loss(loss);
  }
}

void copy_files_to_media(Context& context, const std::vector<std::string>& paths,
                         const MediaTarget& target, const VolumeRequest& request, Report& report) {
  std::string source;
  for (const std::string& path : paths) source += (source.empty() ? "" : " ") + path;
  const VolumeBytes bytes = bytes_in(context, paths);
  const VolumeCut cut(bytes, "file " + printable(paths.front()));
  if (context.opened_home != nullptr && cut.is_whole()) {
    const auto own = ParcelBook(context.home().ledger()).by_label(cut.header().label_digest);
    if (own) {
      report.json["id"] = own->addressees.front().id.str();
      copy_to_media(context, *own, target, request, report);
      return;
    }
  }
  const ByteSource head = [&bytes, offset = std::uint64_t{0}](MutableByteView out) mutable {
    const std::size_t n = bytes.read_at(offset, out);
    offset += n;
    return n;
  };
  ParcelReader reader(confined_frames(head, paths.front()), paths.front());
  const Label label = reader.read_head().label;
  const ParcelId id = label.id_for(label.addressees.front());
  report.json["id"] = id.str();
  VolumeWriter writer(cut, id, {}, request, context.clock, [](const ParcelCopy&) {});
  fill_media(context, writer, id, target, request, source,
             "nothing was lost: " + printable(source) +
                 (paths.size() == 1 ? " is as it was" : " are as they were"),
             false, report);
}

}  // namespace courier
