#include "courier/media_write.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <memory>

#include "courier/shown.h"
#include "courier/stop_signals.h"
#include "courier/terminal.h"
#include "parcel/parcel_reader.h"
#include "sender/parcel_life.h"

namespace courier {
namespace {

Json volume_json(const WrittenVolume& written) {
  const ParcelCopy& copy = written.copy;
  Json json{{"number", copy.number},
            {"of", copy.volumes},
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
  return fmt::format(
      "volume {} of {} {}: {}\n", written.copy.number, written.copy.volumes,
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
}

// "volume 1 of 3 is", "volumes 1 to 2 of 3 are".
std::string done_so_far(const VolumeWriter& writer) {
  const std::uint32_t last = writer.written().back().number;
  return last == 1 ? fmt::format("volume 1 of {} is", writer.volumes())
                   : fmt::format("volumes 1 to {} of {} are", last, writer.volumes());
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
  return command;
}

Error not_all(const VolumeWriter& writer, const std::string& parcel, const std::string& command) {
  const std::uint32_t next = writer.written().back().number + 1;
  std::string where;
  for (const ParcelCopy& copy : writer.written()) {
    where += fmt::format("{}{}: {}", where.empty() ? "" : "; ", copy.number, copy.target);
  }
  return Error(ErrorCode::incomplete, "parcel " + parcel,
               fmt::format("{} written and verified, {} not yet ({})", done_so_far(writer),
                           next == writer.volumes()
                               ? fmt::format("volume {} is", next)
                               : fmt::format("volumes {} to {} are", next, writer.volumes()),
                           where))
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

}  // namespace

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

void copy_file_to_media(Context& context, const std::string& path, const MediaTarget& target,
                        const VolumeRequest& request, Report& report) {
  const VolumeCut cut(bytes_of_file(context.fs, context.fs.open(path, O_RDONLY | O_CLOEXEC)),
                      "file " + printable(path));
  if (context.opened_home != nullptr && cut.is_whole()) {
    const auto own = ParcelBook(context.home().ledger()).by_label(cut.header().label_digest);
    if (own) {
      report.json["id"] = own->addressees.front().id.str();
      copy_to_media(context, *own, target, request, report);
      return;
    }
  }
  const Fd file = context.fs.open(path, O_RDONLY | O_CLOEXEC);
  ParcelReader reader(confined_frames(file_source(context.fs, file), path), path);
  const Label label = reader.read_head().label;
  const ParcelId id = label.id_for(label.addressees.front());
  report.json["id"] = id.str();
  VolumeWriter writer(cut, id, {}, request, context.clock, [](const ParcelCopy&) {});
  fill_media(context, writer, id, target, request, path,
             "nothing was lost: " + printable(path) + " is as it was", false, report);
}

}  // namespace courier
