#include "courier/parcel_check.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "courier/table.h"
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

std::optional<Error> problem_of(const ParcelCheck& check, const VolumeHeader& volume) {
  const std::string subject = "parcel " + check.title;
  if (check.forged > 0 || check.tail.end == EndState::forged) {
    return Error(ErrorCode::bad_signature, subject,
                 check.forged > 0 ? fmt::format("{} not made by its sender",
                                                counted(check.forged, "record was", "records were"))
                                  : "its end was not made by its sender")
        .with_loss("nothing was taken in");
  }
  if (check.missing.empty() && !check.tail.is_damaged() && check.tail.end == EndState::genuine) {
    return std::nullopt;
  }
  if (volume.of > 1 && check.tail.damaged_bytes == 0) {
    return Error(ErrorCode::incomplete, subject,
                 fmt::format("this is volume {} of {}; records {} are on the others", volume.number,
                             volume.of, range_list(check.missing)));
  }
  std::string what = check.missing.empty()
                         ? "its end is missing or damaged"
                         : fmt::format("{} missing or damaged: {}",
                                       counted(check.missing.size(), "record is", "records are"),
                                       range_list(check.missing));
  if (!check.tail.record_count) what = "it ends early: how many records it had is not known";
  return Error(ErrorCode::damaged, subject, std::move(what))
      .with_loss("nothing was changed; the other records are genuine")
      .with_hint("write it again from the origin's outbox, or try another copy");
}

}  // namespace

ParcelCheck check_parcel(FileSystem& fs, const Fd& file, const std::string& path,
                         const std::optional<KnownSigners>& known, const ProgressSink& progress) {
  ParcelReader reader(confined_frames(file_source(fs, file), path), path);
  ParcelHead head = reader.read_head();
  const VolumeHeader volume = head.volume;
  const PublicKey signing_key = head.label.sender.signing_key;
  const VerifiedHead verified = verify_head(std::move(head), signing_key);

  ParcelCheck check;
  check.label = verified.label();
  check.title = check.label.title();
  check.signer = signer_of(check.label, known, "parcel " + check.title);
  const std::uint64_t total = static_cast<std::uint64_t>(fs.stat(file).st_size);
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
    report(progress, {"verifying", path, reader.bytes_read(), total, 0, 1});
  }
  check.tail = reader.finish(verified);
  check.records = genuine.size();
  const std::optional<std::uint64_t> count =
      check.tail.record_count ? check.tail.record_count : check.label.record_count;
  if (count) check.missing = genuine.missing(*count);
  check.problem = problem_of(check, volume);
  return check;
}

Json check_json(const ParcelCheck& check, const std::string& path) {
  Json missing = Json::array();
  for (const RecordRange& range : check.missing.ranges()) {
    missing.push_back({{"first", range.first}, {"last", range.end - 1}});
  }
  return {{"path", json_text(path)},
          {"parcel", check.title},
          {"from", check.label.sender.code.str()},
          {"signer", check.signer},
          {"genuine_records", check.records},
          {"record_count", check.tail.record_count ? Json(*check.tail.record_count) : Json()},
          {"missing_records", std::move(missing)},
          {"forged_records", check.forged},
          {"whole", !check.problem}};
}

std::string check_text(const ParcelCheck& check, const std::string& path) {
  return listing({{"parcel", check.title},
                  {"file", path},
                  {"from", check.label.sender.code.str() + " (" + check.label.sender.name + ")"},
                  {"signature", check.signer},
                  {"records", fmt::format("{} genuine{}", check.records,
                                          check.tail.record_count
                                              ? fmt::format(" of {}", *check.tail.record_count)
                                              : std::string())},
                  {"missing", range_list(check.missing)},
                  {"forged", check.forged == 0 ? "" : std::to_string(check.forged)},
                  {"result", check.problem ? "not whole" : "whole and genuine"}});
}

}  // namespace courier
