// The records of a parcel on a medium: taken in, counted, and what is still to come said.
#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "importer/kept_heads.h"
#include "importer/receiver.h"
#include "importer/record_words.h"
#include "importer/returned_rows.h"
#include "importer/space.h"
#include "importer/staged_volumes.h"
#include "importer/volume_set.h"

namespace courier {
namespace {

std::string subject_of(const OfferedParcel& volumes) {
  return "parcel " + volumes.front()->offer.id.str();
}

void tell_counts(const TakenRecords& taken, ReceivedParcelReport& report) {
  report.records = taken.taken_records;
  report.new_bytes = taken.taken_bytes;
  report.missing_records = taken.received.missing(taken.count.value_or(UINT64_MAX));
  report.damaged_records = taken.damaged_records + taken.forged_records;
  report.damaged_bytes = taken.damaged_bytes;
  report.forged_records = taken.forged_records;
  report.without_base = taken.without_base;
  report.missing_base = taken.missing_base;
  report.killed = taken.killed;
  report.is_end_damaged = taken.end > EndState::genuine;
  report.is_end_forged = taken.end == EndState::forged;
  report.repaired_cells = taken.repaired_cells;
  report.repaired_bytes = taken.repaired_bytes;
  report.lost_bytes = taken.lost_bytes;
  if (taken.repaired_cells > 0) {
    report.remark = "repaired by its recovery data: " + human_size(taken.repaired_bytes);
  }
  if (taken.lost_bytes > 0) {
    report.remark += fmt::format("{}beyond repair: {}", report.remark.empty() ? "" : "; ",
                                 human_size(taken.lost_bytes));
  }
  const auto remark = [&report](const std::string& text) {
    report.remark += (report.remark.empty() ? "" : "; ") + text;
  };
  for (const std::uint32_t number : taken.spares.solved) {
    remark(fmt::format("volume {} was made of the others and spare volumes", number));
  }
  if (taken.spares.problem) remark(taken.spares.problem->what());
  for (const std::string& path : taken.without_head) {
    report.remark += fmt::format("{}the head of {} is damaged: another volume's was used",
                                 report.remark.empty() ? "" : "; ", escaped(path));
  }
  if (taken.volumes_read > 1 && taken.is_whole() && report.damaged_records > 0 &&
      taken.forged_records == 0) {
    report.remark +=
        fmt::format("{}{} damaged; another copy had {}", report.remark.empty() ? "" : "; ",
                    counted(report.damaged_records, "record is", "records are"),
                    report.damaged_records == 1 ? "it" : "them");
    report.damaged_records = report.damaged_bytes = 0;
  }
}

// What is kept of a parcel that is incomplete.
void drop_kept(const ImporterParts& parts, const Digest& label) {
  drop_head(parts, label);
  drop_staged(parts, label);
}

// "any 3 of its 3 volumes and 2 spare volumes are enough, 2 of them are here".
std::string spares_here(const SpareHelp& help) {
  return fmt::format("any {} of its {} and {} are enough, {} of them {} here", help.volumes,
                     counted(help.volumes, "volume", "volumes"),
                     counted(help.spares, "spare volume", "spare volumes"), help.here,
                     help.here == 1 ? "is" : "are");
}

}  // namespace

bool Receiver::has_space(const OfferedParcel& volumes, const IncomingParcel& parcel, bool again,
                         ReceivedParcelReport& report) {
  try {
    require_space(parts_, bytes_to_take(volumes, parcel), subject_of(volumes));
    return true;
  } catch (const Error& error) {
    if (!again) IncomingBook{parts_.ledger}.incomplete(parcel.label, error.what());
    report.state = IncomingState::incomplete;
    report.error = error;
    report.exit_status = error.exit_status();
    show_items(parcel.label, report);
    return false;
  }
}

bool Receiver::take_records(const OfferedParcel& volumes, const OpenedParcel& opened,
                            const IncomingParcel& parcel, ReceivedParcelReport& report) {
  IncomingBook incoming{parts_.ledger};
  // Another copy of what was damaged: its state stands, whatever this copy is like.
  const bool again =
      parcel.state == IncomingState::accepted || parcel.state == IncomingState::processed;
  ItemRunner runner{parts_};
  if (!runner.wants_content(parcel)) {
    if (!again) incoming.accept(parcel.label, "nothing of its content is wanted");
    drop_kept(parts_, parcel.label);
    return true;
  }
  if (parcel.state == IncomingState::accepted) {
    report.missing_records = missing_of(parcel);
    if (report.missing_records.empty()) return true;
  }
  if (!has_space(volumes, parcel, again, report)) return false;

  const TakenRecords taken = take_volumes(parts_, volumes, opened, parcel, progress_);
  tell_counts(taken, report);
  parts_.journal.write(
      Component::despooler, Severity::info,
      fmt::format("{}: {} authenticated and taken in, {} damaged, {} not genuine; {} bytes "
                  "repaired by recovery data, {} beyond repair",
                  subject_of(volumes), counted(taken.taken_records, "record", "records"),
                  taken.damaged_records, taken.forged_records, taken.repaired_bytes,
                  taken.lost_bytes),
      {{"parcel", parcel.id.str()}});
  if (taken.killed) {
    parts_.journal.write(Component::despooler, Severity::error, taken.killed->what(),
                         {{"parcel", parcel.id.str()}});
  }
  const bool whole = taken.is_whole();
  const bool is_all_there_is =
      !taken.stopped && missing_volumes(taken.received, taken.count, incoming.volumes(parcel.label))
                            .elsewhere.empty();
  // What is damaged is not given up while spare volumes can bring it.
  if (!whole && (!is_all_there_is || taken.spares.is_enough_left()) && !again) {
    stay_incomplete(volumes, parcel, taken, report);
    return false;
  }
  if (!again) {
    incoming.accept(parcel.label, whole ? "every record is authentic and stored" : told_of(report));
  }
  drop_kept(parts_, parcel.label);
  return true;
}

// R9: what came is kept, and what is still to come is said by number and label.
void Receiver::stay_incomplete(const OfferedParcel& volumes, const IncomingParcel& parcel,
                               const TakenRecords& taken, ReceivedParcelReport& report) {
  IncomingBook incoming{parts_.ledger};
  const std::vector<SeenVolume> seen = incoming.volumes(parcel.label);
  const MissingVolumes missing = missing_volumes(taken.received, taken.count, seen);
  std::string what = missing.happened();
  if (taken.stopped) {
    what = taken.stopped->what() + (what.empty() ? "" : "; " + what);
  } else if (what.empty()) {
    what = "ends early: " + named_records(report.missing_records) + " missing";
  }
  const DamagedVolumes damaged = damaged_volumes(damaged_of(report), seen);
  const bool is_damage_all = missing.happened().empty() && !taken.stopped;
  if (!damaged.numbers.empty()) {
    const std::string damage =
        fmt::format("{}: {} damaged{}", damaged.str(), named_records(damaged.records),
                    report.forged_records > 0 ? " or forged" : "");
    what = is_damage_all ? damage : what + "; " + damage;
  }
  const SpareHelp& spares = taken.spares;
  if (spares.is_known && spares.volumes > 0) what += "; " + spares_here(spares);
  keep_head(parts_, *volumes.front()->head);
  Transaction transaction{parts_.ledger};
  incoming.incomplete(parcel.label, what);
  // A medium that failed is brought again; a volume may take days.
  if (!missing.numbers.empty() && !taken.stopped) {
    ItemRunner{parts_}.expect_content(parcel);
  }
  transaction.commit();

  report.state = IncomingState::incomplete;
  report.missing_volumes = first_numbers(missing.numbers);
  report.damaged_volumes = first_numbers(damaged.numbers);
  report.volumes = missing.of;
  const bool is_full = taken.stopped && taken.stopped->code() == ErrorCode::no_space;
  const std::string stored = stored_volumes(seen);
  const std::string records =
      counted(taken.received.size(), "record is", "records are") + " stored";
  std::string hint = "insert the medium, or another copy of it, and run the same command";
  if (is_full) {
    hint = "make room in the home and run the same command";
  } else if (report.killed) {
    hint = std::string(report.killed->hint());
  } else if (!missing.numbers.empty()) {
    hint = missing.hint(parcel.id);
    if (!damaged.numbers.empty()) {
      hint +=
          "; then another copy of " + damaged.str() + ", or let the return ask for what is damaged";
    }
  }
  if (spares.is_known && !spares.left.empty() && !is_full) {
    const std::string spare = fmt::format("any spare volume of the set ({}, on a disc or tape {})",
                                          spare_file_name(parcel.id, spares.left.front()),
                                          spare_disc_label(parcel.id, spares.left.front()));
    const bool is_it = is_damage_all && !damaged.numbers.empty() && !report.killed;
    hint = is_it ? fmt::format("insert {}, or another copy of {}, and run the same command", spare,
                               damaged.str())
                 : hint + "; " + spare + " helps as well";
  }
  report.error =
      Error{is_full ? ErrorCode::no_space : ErrorCode::incomplete, subject_of(volumes), what}
          .with_loss("nothing was lost: " +
                     (stored.empty() ? records : stored + " came, " + records))
          .with_hint(hint);
  report.exit_status = report.error->exit_status();
  show_items(parcel.label, report);
}

}  // namespace courier
