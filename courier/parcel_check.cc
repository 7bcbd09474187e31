#include "courier/parcel_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "courier/table.h"
#include "media/frame_check.h"
#include "signer/fingerprint.h"

namespace courier {
namespace {

std::string signer_of(const Label& label, const std::optional<KnownSigners>& known,
                      const std::string& subject) {
  const std::string unknown = "intact, by a signer not known here";
  if (!known) return unknown;
  const Sender& sender = label.sender;
  if (sender.code == known->keys.code()) {
    for (const KeyGeneration& generation : known->keys.generations()) {
      if (generation.keys.signing == sender.signing_key) return "this site";
    }
  }
  try {
    const Signer signer = known->trust.require_signer(sender.code, sender.signing_key, subject);
    return fmt::format("site {}, {} key", signer.site->code.str(), word(signer.key->status));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_key) throw;
  }
  if (known->trust.vouched_key(sender.code, label.certificates, sender.signing_key)) {
    return fmt::format("site {}, a new key that its known key vouches for", sender.code.str());
  }
  return unknown;
}

std::string range_list(const RecordRanges& ranges) {
  std::string text;
  for (const RecordRange& range : ranges.ranges()) {
    text += (text.empty() ? "" : ", ") + (range.first + 1 == range.end
                                              ? std::to_string(range.first)
                                              : fmt::format("{}-{}", range.first, range.end - 1));
  }
  return text;
}

// What is wrong with what is here of it.
std::optional<Error> own_problem_of(const ParcelCheck& check, const std::string& path) {
  std::string subject = "parcel " + check.title;
  if (const std::string volume = volume_words(check.volume, check.spare_table); !volume.empty()) {
    subject += fmt::format(", {} ({})", volume, escaped(path));
  }
  if (check.forged > 0 || check.tail.end == EndState::forged) {
    return Error(ErrorCode::bad_signature, subject,
                 check.forged > 0 ? fmt::format("{} not made by its sender",
                                                counted(check.forged, "record was", "records were"))
                                  : "its end was not made by its sender")
        .with_loss("nothing was taken in");
  }
  if (check.missing_here.empty() && !check.tail.is_damaged() &&
      check.tail.end == EndState::genuine) {
    return std::nullopt;
  }
  std::string what =
      check.missing_here.empty()
          ? "its end is missing or damaged"
          : fmt::format("{} missing or damaged: {}",
                        counted(check.missing_here.size(), "record is", "records are"),
                        range_list(check.missing_here));
  if (check.missing_here.empty() && check.tail.damaged_bytes > 0) {
    what = fmt::format("{} between its records",
                       counted(check.tail.damaged_bytes, "byte is damaged", "bytes are damaged"));
  }
  if (!check.tail.record_count) what = "it ends early: how many records it had is not known";
  return Error(ErrorCode::damaged, subject, std::move(what))
      .with_loss(volume_words(check.volume, check.spare_table).empty()
                     ? "nothing was changed; the other records are genuine"
                     : "nothing was changed; the other records of this volume are genuine")
      .with_hint("write it again from the origin's outbox, or try another copy");
}

std::optional<Error> problem_of(const ParcelCheck& check) {
  if (check.own_problem) return check.own_problem;
  if (check.missing.empty()) return std::nullopt;
  return Error(
             ErrorCode::incomplete, "parcel " + check.title,
             fmt::format("this is {}; records {} are on the others",
                         volume_words(check.volume, check.spare_table), range_list(check.missing)))
      .with_loss("nothing was changed: verify only reads")
      .with_hint("verify the other volumes too; `courier receive` takes them in, in any order");
}

// The records of `all` from `first` to before `end`.
RecordRanges between(const RecordRanges& all, std::uint64_t first, std::uint64_t end) {
  RecordRanges part;
  for (const RecordRange& range : all.ranges()) {
    part.add(RecordRange{std::max(range.first, first), std::min(range.end, end)});
  }
  return part;
}

std::string records_text(const ParcelCheck& check) {
  if (check.is_spare()) return "none: it stands in for any other volume of its set";
  const std::optional<std::uint64_t>& count = check.tail.record_count;
  if (check.volume.of == 1) {
    return fmt::format("{} genuine{}", check.records, count ? fmt::format(" of {}", *count) : "");
  }
  if (!count) return fmt::format("{} of this volume genuine", check.records_here);
  return fmt::format("{} of {} of this volume genuine, {} in all", check.records_here,
                     check.records_here + check.missing_here.size(), *count);
}

std::string result_text(const ParcelCheck& check) {
  const std::string what = check.volume.of == 1 ? "" : "this volume is ";
  return what +
         (check.own_problem || (what.empty() && check.problem) ? "not whole" : "whole and genuine");
}

Json ranges_json(const RecordRanges& ranges) {
  Json list = Json::array();
  for (const RecordRange& range : ranges.ranges()) {
    list.push_back({{"first", range.first}, {"last", range.end - 1}});
  }
  return list;
}

}  // namespace

ParcelCheck check_parcel(FileSystem& fs, const Fd& file, const std::string& path,
                         const std::optional<KnownSigners>& known, const ProgressSink& progress) {
  return check_parcel(file_source(fs, file), static_cast<std::uint64_t>(fs.stat(file).st_size),
                      path, known, progress);
}

ParcelCheck check_parcel(ByteSource source, std::uint64_t size, const std::string& path,
                         const std::optional<KnownSigners>& known, const ProgressSink& progress) {
  // Readers pass over frames of parity: whether they are whole is looked at on their way.
  const auto damage = std::make_shared<std::optional<Error>>();
  const auto beginning = std::make_shared<Bytes>();
  ByteSource looked_at = [source = std::move(source), beginning](MutableByteView out) {
    constexpr std::size_t kEnough = kSpareTableOffset + 4096;
    const std::size_t n = source(out);
    const std::size_t more = std::min(n, kEnough - std::min(kEnough, beginning->size()));
    beginning->insert(beginning->end(), out.begin(),
                      out.begin() + static_cast<std::ptrdiff_t>(more));
    return n;
  };
  looked_at = with_noted_damage(std::move(looked_at), "file " + path, damage);
  ParcelReader reader(confined_frames(std::move(looked_at), path), path);
  ParcelHead head = reader.read_head();
  const VolumeHeader volume = head.volume;
  const PublicKey signing_key = head.label.sender.signing_key;
  const VerifiedHead verified = verify_head(std::move(head), signing_key);

  ParcelCheck check;
  check.label = verified.label();
  check.title = check.label.title();
  check.signer = signer_of(check.label, known, "parcel " + check.title);
  RecordRanges genuine;
  while (const std::optional<RawRecord> raw = reader.next_record()) {
    switch (authenticate(*raw, verified.label_digest(), check.label.parcel_key)) {
      case RecordStatus::ok:
      case RecordStatus::unknown_kind:
        genuine.add(raw->number);
        break;
      case RecordStatus::forged:
        ++check.forged;
        break;
      case RecordStatus::damaged:
        break;
    }
    report(progress, {"verifying", path, reader.bytes_read(), size, 0, 1});
  }
  check.tail = reader.finish(verified);
  check.records = genuine.size();
  const std::optional<std::uint64_t> count =
      check.tail.record_count ? check.tail.record_count : check.label.record_count;
  if (count) check.missing = genuine.missing(*count);
  check.volume = volume;
  check.spare_table = find_spare_table(*beginning);
  check.missing_here = between(check.missing, volume.first_record, volume.end_record);
  check.records_here = between(genuine, volume.first_record, volume.end_record).size();
  check.own_problem = own_problem_of(check, path);
  if (!check.own_problem && check.is_spare() && *damage) {
    check.own_problem = Error(ErrorCode::damaged, (*damage)->subject(), (*damage)->happened())
                            .with_loss("nothing was changed; as it is it stands in for no volume")
                            .with_hint("write it again from the origin's outbox");
  }
  check.problem = problem_of(check);
  return check;
}

std::string volume_words(const VolumeHeader& volume, const std::optional<SpareTable>& table) {
  if (table && table->is_of_spare()) {
    return fmt::format("spare volume {} of {}", table->row + 1, table->spares);
  }
  if (volume.of == 1) return "";
  return volume.of == 0 ? fmt::format("volume {}", volume.number)
                        : fmt::format("volume {} of {}", volume.number, volume.of);
}

Json check_json(const ParcelCheck& check, const std::string& path) {
  return {{"path", json_text(path)},
          {"parcel", check.title},
          {"from", check.label.sender.code.str()},
          {"signer", check.signer},
          {"genuine_records", check.records},
          {"record_count", check.tail.record_count ? Json(*check.tail.record_count) : Json()},
          {"missing_records", ranges_json(check.missing)},
          {"volume_missing_records", ranges_json(check.missing_here)},
          {"forged_records", check.forged},
          {"volume", check.volume.number},
          {"volumes", check.volume.of == 0 ? Json() : Json(check.volume.of)},
          {"spare_volumes", check.spare_table ? check.spare_table->spares : 0},
          {"is_spare", check.is_spare()},
          {"volume_is_intact", !check.own_problem},
          {"whole", !check.problem}};
}

std::string check_text(const ParcelCheck& check, const std::string& path) {
  return listing(
      {{"parcel", check.title},
       {"volume", volume_words(check.volume, check.spare_table)},
       {"file", path},
       {"from", check.label.sender.code.str() + " (" + check.label.sender.name + ")"},
       {"signature", check.signer},
       {"records", records_text(check)},
       {"missing", range_list(check.volume.of == 1 ? check.missing : check.missing_here)},
       {"forged", check.forged == 0 ? "" : std::to_string(check.forged)},
       {"result", result_text(check)}});
}

}  // namespace courier
