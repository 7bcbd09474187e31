#include "courier/received.h"

#include <fmt/format.h>

#include "courier/parcel_check.h"
#include "courier/shown.h"
#include "courier/table.h"

namespace courier {
namespace {

// A head that is genuine says nothing yet of what follows it.
std::string standing_words(const Offer& offer) {
  constexpr std::string_view kWhoLooks = "(parcel verify and media verify do)";
  std::string text(word(offer.standing));
  if (offer.standing == Standing::genuine) text = "genuine label";
  if (offer.standing == Standing::intact) text = "intact label, by a signer not known here";
  if (offer.lacks_its_end)
    return text + "; the end of the file is missing or damaged, see parcel verify";
  if (offer.standing != Standing::genuine && offer.standing != Standing::intact) return text;
  return fmt::format("{}; the records are not looked at yet {}", text, kWhoLooks);
}

bool has_label(const Offer& offer) { return offer.standing != Standing::unreadable; }

// Known signers are shown by their fingerprint; a label alone has no more than the signing key.
bool is_signer_known(const Offer& offer) {
  return offer.fingerprint != to_hex(offer.label.sender.signing_key);
}

std::string addressees_text(const Label& label) {
  std::string text;
  for (const Addressee& addressee : label.addressees) {
    text += (text.empty() ? "" : ", ") + addressee.code.str();
  }
  return text;
}

Json item_json(const ReceivedItem& item) {
  return {{"job", item.job},
          {"kind", item.kind},
          {"package", item.package.empty() ? Json() : Json(item.package.str())},
          {"version", item.version},
          {"verdict", item.verdict ? Json(word(*item.verdict)) : Json("waiting")},
          {"reason", json_text(item.reason)}};
}

std::string tally(const std::vector<ReceivedItem>& items) {
  Tally counts;
  for (const ReceivedItem& item : items) count_verdict(item.verdict, counts);
  return tally_text(counts);
}

Json missing_json(const RecordRanges& ranges) {
  Json list = Json::array();
  for (const RecordRange& range : ranges.ranges()) {
    list.push_back({{"first", range.first}, {"last", range.end - 1}});
  }
  return list;
}

void add_parcel(const ReceivedParcelReport& parcel, Report& report) {
  Json one = offer_json(parcel.offer);
  one.erase("items");
  one.erase("here");
  one["state"] = parcel.declined ? Json("declined") : Json(word(parcel.state));
  one["already_received"] = parcel.already_received;
  if (!parcel.paths.empty()) {
    Json paths = Json::array();
    for (const std::string& path : parcel.paths) paths.push_back(json_text(path));
    one["paths"] = std::move(paths);
  }
  one["missing_volumes"] = parcel.missing_volumes;
  one["damaged_volumes"] = parcel.damaged_volumes;
  one["volumes"] = parcel.volumes == 0 ? Json() : Json(parcel.volumes);
  one["records"] = parcel.records;
  one["new_bytes"] = parcel.new_bytes;
  one["missing_records"] = missing_json(parcel.missing_records);
  one["repaired_cells"] = parcel.repaired_cells;
  one["repaired_bytes"] = parcel.repaired_bytes;
  one["beyond_repair_bytes"] = parcel.lost_bytes;
  Json items = Json::array();
  Table table({">job", "kind", "package", ">version", "verdict", "reason"});
  for (const ReceivedItem& item : parcel.items) {
    items.push_back(item_json(item));
    table.add({item.job == 0 ? "-" : std::to_string(item.job), item.kind,
               item.package.empty() ? "-" : item.package.str(),
               item.version == 0 ? "-" : std::to_string(item.version),
               item.verdict ? std::string(word(*item.verdict)) : "waiting", item.reason});
  }
  one["items"] = std::move(items);
  one["return"] = parcel.return_id.empty() ? Json() : Json(parcel.return_id);
  if (!parcel.remark.empty()) one["remark"] = parcel.remark;
  if (parcel.error) one["error"] = error_json(*parcel.error);
  report.json["parcels"].push_back(std::move(one));

  const std::string title = parcel.offer.title.empty() ? parcel.offer.path : parcel.offer.title;
  std::string state = parcel.declined           ? "left alone, as you said"
                      : parcel.already_received ? "already received: nothing was changed"
                                                : std::string(word(parcel.state));
  const bool tells_items =
      !parcel.items.empty() && !parcel.already_received && !parcel.offer.is_return;
  if (tells_items) state += ": " + tally(parcel.items);
  report.text += printable(fmt::format("parcel {}: {}", title, state)) + "\n";
  if (tells_items) report.text += table.str("");
  if (!parcel.remark.empty()) report.text += printable("  remark: " + parcel.remark) + "\n";
}

ErrorCode code_of(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::refused:
      return ErrorCode::not_trusted;
    case VerdictKind::damaged:
      return ErrorCode::damaged;
    case VerdictKind::incomplete:
    case VerdictKind::quarantined:
      return ErrorCode::incomplete;
    case VerdictKind::installed:
    case VerdictKind::stored:
    case VerdictKind::removed:
    case VerdictKind::superseded:
    case VerdictKind::announced:
      break;
  }
  return ErrorCode::partly_done;
}

bool was_accepted(const ReceivedItem& item) {
  return item.verdict && code_of(*item.verdict) == ErrorCode::partly_done;
}

// "PUN00020 version 2 incomplete: its base is not here".
std::string item_text(const ReceivedItem& item) {
  std::string text = item.package.empty() ? item.kind : item.package.str();
  if (item.version != 0) text += fmt::format(" version {}", item.version);
  text += item.verdict ? fmt::format(" {}", word(*item.verdict)) : " waits";
  return item.reason.empty() ? text : text + ": " + item.reason;
}

// The first package that not every distribution point serves.
PackageId waiting_package(const ReceivedParcelReport& parcel) {
  for (const ReceivedItem& item : parcel.items) {
    if (item.verdict == VerdictKind::stored && !item.reason.empty()) return item.package;
  }
  return parcel.items.empty() ? PackageId() : parcel.items.front().package;
}

// A parcel that was taken in, but not all of its items came to a good end.
Error items_error(const ReceivedParcelReport& parcel) {
  ErrorCode code = ErrorCode::partly_done;
  std::string named;
  std::size_t accepted = 0;
  for (const ReceivedItem& item : parcel.items) {
    if (was_accepted(item)) {
      ++accepted;
      if (item.verdict == VerdictKind::installed || item.reason.empty()) continue;
    } else if (item.verdict && row_of(code_of(*item.verdict)).exit_status == parcel.exit_status) {
      code = code_of(*item.verdict);
    }
    named += (named.empty() ? "" : "; ") + item_text(item);
  }
  const bool all_accepted = accepted == parcel.items.size();
  if (all_accepted) {
    for (const ErrorCode stopped : {ErrorCode::no_space, ErrorCode::device}) {
      if (row_of(stopped).exit_status == parcel.exit_status) code = stopped;
    }
    if (named.empty()) named = "is stored, and not every distribution point serves it";
  }
  std::string hint = "the return parcel tells " + parcel.offer.id.from.str() +
                     " what became of it and what to send again";
  if (all_accepted) {
    hint =
        fmt::format("{}; then `courier distribute {} --to {}` does it at once, without the medium",
                    parcel.hint.empty() ? "put it right" : parcel.hint,
                    waiting_package(parcel).str(), parcel.offer.id.to.str());
  }
  if (parcel.offer.is_return) {
    hint = "ask " + parcel.offer.id.from.str() + " to write its return again, with `return create`";
  } else if (named.find("not authorised") != std::string::npos) {
    hint = "if " + parcel.offer.id.from.str() + " ought to be allowed this: courier site grant";
  }
  return Error(code, "parcel " + parcel.offer.title, named)
      .with_loss(all_accepted
                     ? "nothing was lost: the content is stored"
                     : fmt::format("nothing was lost: {} of {} accepted, the shares serve what "
                                   "they served",
                                   accepted, counted(parcel.items.size(), "item is", "items are")))
      .with_hint(std::move(hint));
}

// What the command as a whole must say on stderr.
std::optional<Error> problem_of(const ReceiveReport& received, const std::string& source) {
  const int status = received.exit_status;
  if (status == 0) return std::nullopt;
  std::vector<Error> errors;
  std::string others;
  for (const ReceivedParcelReport& parcel : received.parcels) {
    if (parcel.exit_status == 0) continue;
    errors.push_back(parcel.error ? *parcel.error : items_error(parcel));
  }
  for (const Offer& offer : received.left_alone) {
    if (offer.standing == Standing::unreadable && offer.error) errors.push_back(*offer.error);
    if (offer.standing == Standing::for_others) {
      others += (others.empty() ? "" : ", ") + for_whom(offer);
    }
  }
  for (const WrittenReturn& written : received.returns) {
    if (written.error) errors.push_back(*written.error);
  }
  for (const Error& error : errors) {
    if (error.exit_status() == status) return error;
  }
  // Nothing else was on it: the parcel is what it is about, and the medium may be a good one.
  if (errors.size() == 1 && received.parcels.size() == 1 && received.left_alone.empty()) {
    const Error& one = errors.front();
    return Error(ErrorCode::partly_done, one.subject(), one.happened())
        .with_loss(one.loss())
        .with_hint(one.hint());
  }
  const std::string medium = "medium " + source;
  if (!errors.empty()) {
    std::string all;
    for (const Error& error : errors) all += (all.empty() ? "" : "; ") + std::string(error.what());
    return Error(ErrorCode::partly_done, medium, all);
  }
  if (!others.empty()) {
    return Error(ErrorCode::not_addressed, medium, "nothing on it is for this site: " + others);
  }
  return Error(ErrorCode::not_found, medium, "there is no parcel on it")
      .with_hint("check that it is the right medium and that it is mounted");
}

}  // namespace

std::string for_whom(const Offer& offer) {
  return fmt::format("{} is for {}", offer.title, addressees_text(offer.label));
}

Json offer_json(const Offer& offer) {
  Json one = {{"path", json_text(offer.path)},
              {"file_bytes", offer.file_bytes},
              {"verdict", word(offer.standing)},
              {"reason", offer.error ? json_text(offer.error->happened()) : Json()}};
  if (!has_label(offer)) return one;
  const Label& label = offer.label;
  Json addressees = Json::array();
  for (const Addressee& addressee : label.addressees) {
    addressees.push_back({{"site", addressee.code.str()}, {"id", label.id_for(addressee).str()}});
  }
  one["id"] = offer.id.str();
  one["from"] = label.sender.code.str();
  one["from_name"] = json_text(label.sender.name);
  one["to"] = offer.id.to.str();
  one["addressees"] = std::move(addressees);
  one["name"] = json_text(label.name);
  one["comment"] = json_text(label.comment);
  one["volume"] = {{"number", offer.volume.number},
                   {"of", offer.volume.of == 0 ? Json() : Json(offer.volume.of)},
                   {"spare_volumes", offer.spare_table ? offer.spare_table->spares : 0},
                   {"is_spare", offer.spare_table && offer.spare_table->is_of_spare()},
                   {"first_record", offer.volume.first_record},
                   {"end_record",
                    offer.volume.end_record == kToTheEnd ? Json() : Json(offer.volume.end_record)}};
  one["created"] = json_time(label.created);
  one["is_return"] = offer.is_return;
  one["is_head_repaired"] = offer.is_repaired;
  one["lacks_its_end"] = offer.lacks_its_end;
  one["item_count"] = label.item_count;
  one["content_bytes"] = label.content_bytes;
  one["records"] = label.record_count ? Json(*label.record_count) : Json();
  one["fingerprint"] = is_signer_known(offer) ? Json(offer.fingerprint) : Json();
  one["signing_key"] = to_hex(label.sender.signing_key);
  one["label_digest"] = offer.label_digest.hex();
  Json items = Json::array();
  for (const OfferedItem& item : offer.items) {
    items.push_back({{"job", item.job},
                     {"kind", item.kind},
                     {"package", item.package.empty() ? Json() : Json(item.package.str())},
                     {"version", item.version},
                     {"name", json_text(item.package_name)},
                     {"content_bytes", item.content_bytes},
                     {"files", item.files},
                     {"distribution_points", item.dps}});
  }
  one["items"] = std::move(items);
  if (offer.before) {
    one["here"] = {{"state", word(offer.before->state)},
                   {"missing_volumes", offer.before->missing_volumes},
                   {"cut_off", offer.before->is_cut_off}};
  }
  return one;
}

std::string offer_text(const Offer& offer) {
  if (!has_label(offer)) {
    return listing({{"file", offer.path},
                    {"size", human_size(offer.file_bytes)},
                    {"verdict", std::string(word(offer.standing))},
                    {"reason", offer.error ? offer.error->happened() : ""}});
  }
  const Label& label = offer.label;
  const bool is_unknown = !is_signer_known(offer) && offer.standing != Standing::own;
  std::string text = listing(
      {{"parcel", offer.title + (offer.is_return ? " (return)" : "")},
       {"volume", volume_words(offer.volume, offer.spare_table)},
       {"file", offer.path},
       {"from", label.sender.code.str() + " (" + label.sender.name + ")"},
       {"to", addressees_text(label)},
       {"date", shown_time(label.created)},
       {"name", label.name},
       {"comment", label.comment},
       {"items", fmt::format("{}, {} of content", counted(label.item_count, "item", "items"),
                             human_size(label.content_bytes))},
       {"size", human_size(offer.file_bytes)},
       {"repaired", offer.is_repaired ? "its head, by its recovery data" : ""},
       {"signer", is_signer_known(offer)            ? offer.fingerprint
                  : offer.standing == Standing::own ? "this site itself"
                                                    : ""},
       {"signing key", is_unknown ? to_hex(label.sender.signing_key) : ""},
       {"", is_unknown ? "to be compared with the signing key that 'courier site show' says at " +
                             label.sender.code.str()
                       : ""},
       {"verdict", standing_words(offer)},
       {"reason", offer.error ? offer.error->happened() : ""}});
  if (!offer.items.empty()) {
    Table table({">job", "kind", "package", ">version", "name", ">files", ">size"});
    for (const OfferedItem& item : offer.items) {
      table.add({item.job == 0 ? "-" : std::to_string(item.job), item.kind,
                 item.package.empty() ? "-" : item.package.str(),
                 item.version == 0 ? "-" : std::to_string(item.version), item.package_name,
                 std::to_string(item.files), human_size(item.content_bytes)});
    }
    text += table.str("");
  }
  return text;
}

void add_returns(const std::vector<WrittenReturn>& returns, Report& report) {
  Json list = Json::array();
  for (const WrittenReturn& written : returns) {
    Json one = {
        {"id", written.id},
        {"to", written.to.str()},
        {"outbox", json_text(written.outbox_path)},
        {"written", written.written_path.empty() ? Json() : json_text(written.written_path)}};
    if (written.error) one["error"] = error_json(*written.error);
    list.push_back(std::move(one));
    if (!written.written_path.empty()) {
      report.text += fmt::format("return parcel {} for {} written and read back: {}\n", written.id,
                                 written.to.str(), printable(written.written_path));
    } else if (written.id.empty()) {
      report.text += printable(fmt::format("return parcel for {}: {}", written.to.str(),
                                           written.error ? written.error->happened() : "")) +
                     "\n";
    } else {
      report.text += fmt::format("return parcel {} for {} is in the outbox: {}\n", written.id,
                                 written.to.str(), printable(written.outbox_path));
    }
  }
  report.json["returns"] = std::move(list);
}

void add_received(const ReceiveReport& received, const std::string& source, Report& report) {
  report.json["parcels"] = Json::array();
  for (const ReceivedParcelReport& parcel : received.parcels) add_parcel(parcel, report);
  Json left = Json::array();
  for (const Offer& offer : received.left_alone) {
    left.push_back(offer_json(offer));
    const std::string named = has_label(offer) ? "parcel " + offer.title : "file " + offer.path;
    report.text += printable(fmt::format("{}: {}, left alone", named, word(offer.standing))) + "\n";
  }
  report.json["left_alone"] = std::move(left);
  add_returns(received.returns, report);
  if (const std::optional<Error> problem = problem_of(received, source)) report.problem = problem;
}

void add_applied(const std::vector<AppliedReturn>& applied, Report& report) {
  Json list = Json::array();
  const auto ids = [](const std::vector<ParcelId>& parcels) {
    Json names = Json::array();
    for (const ParcelId& id : parcels) names.push_back(id.str());
    return names;
  };
  const auto named = [](const std::vector<std::uint64_t>& jobs) {
    return fmt::format("{} {}", jobs.size() == 1 ? "job" : "jobs", fmt::join(jobs, ", "));
  };
  for (const AppliedReturn& one : applied) {
    list.push_back({{"id", one.id.str()},
                    {"outcome", json_text(one.outcome)},
                    {"changed", one.changed},
                    {"confirmed", ids(one.confirmed)},
                    {"partly_confirmed", ids(one.partly_confirmed)},
                    {"jobs_confirmed", one.jobs_confirmed},
                    {"jobs_again", one.jobs_again},
                    {"jobs_failed", one.jobs_failed},
                    {"repair_jobs", one.repair_jobs},
                    {"not_received", ids(one.not_received)},
                    {"unknown_parcels", ids(one.unknown_parcels)}});
    report.text += printable(fmt::format("return {}: {}", one.id.str(), one.outcome)) + "\n";
    for (const ParcelId& id : one.confirmed) {
      report.text += fmt::format("  parcel {} Confirmed\n", id.str());
    }
    for (const ParcelId& id : one.partly_confirmed) {
      report.text += fmt::format("  parcel {} partly confirmed\n", id.str());
    }
    if (!one.jobs_confirmed.empty()) {
      report.text += "  confirmed: " + named(one.jobs_confirmed) + "\n";
    }
    if (!one.jobs_again.empty()) {
      report.text += "  to go again: " + named(one.jobs_again) + "\n";
    }
    if (!one.jobs_failed.empty()) {
      report.text += "  refused there: " + named(one.jobs_failed) + "\n";
    }
    if (!one.repair_jobs.empty()) {
      report.text += "  made for repair: " + named(one.repair_jobs) + "\n";
    }
    if (!one.not_received.empty()) {
      std::string missing;
      for (const ParcelId& id : one.not_received) {
        missing += (missing.empty() ? "" : ", ") + id.str();
      }
      report.text += "  parcels that have not arrived there: " + missing + "\n";
    }
    for (const ParcelId& id : one.unknown_parcels) {
      report.text +=
          fmt::format("  it speaks of parcel {}, which was never sent from here\n", id.str());
    }
  }
  report.json["returns_applied"] = std::move(list);
  for (const AppliedReturn& one : applied) {
    const bool tells_nothing = one.confirmed.empty() && one.partly_confirmed.empty() &&
                               one.jobs_confirmed.empty() && one.jobs_again.empty() &&
                               one.jobs_failed.empty();
    if (report.problem || one.unknown_parcels.empty() || !tells_nothing) continue;
    report.problem =
        Error(ErrorCode::not_trusted, "return " + one.id.str(),
              "speaks of parcel " + one.unknown_parcels.front().str() +
                  ", which was never sent from here")
            .with_loss("nothing was lost: no job and no parcel was changed by it")
            .with_hint("ask site " + one.id.from.str() + " where that parcel came from");
  }
}

}  // namespace courier
