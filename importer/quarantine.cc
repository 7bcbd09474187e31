#include "importer/quarantine.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <memory>

#include "base/durable.h"
#include "importer/space.h"
#include "ledger/incoming_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"

namespace courier {
namespace {

constexpr std::string_view kSuffix = ".pcl";

std::string folder_of(const ImporterParts& parts) { return parts.home + "/quarantine"; }

// "<label digest>.pcl" of a whole parcel, "<label digest>-<cut>-2.pcl" of its volume 2.
std::string name_of(const Digest& label, const VolumeHeader& volume) {
  std::string name = label.hex();
  if (volume.of != 1) name += fmt::format("-{}-{}", to_hex(volume.cut), volume.number);
  return name + std::string(kSuffix);
}

// The label digest that the name of a kept file begins with; none of somebody else's file.
std::optional<Digest> label_of(const std::string& name) {
  constexpr std::size_t kDigits = 64;
  if (name.size() < kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  if (name.size() != kDigits + kSuffix.size() && name[kDigits] != '-') return std::nullopt;
  try {
    return Digest::from_hex(name.substr(0, kDigits));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<std::string> names_of(const ImporterParts& parts, const Fd& folder,
                                  const Digest& label) {
  std::vector<std::string> names;
  for (const DirEntry& entry : parts.fs.list(folder)) {
    if (label_of(entry.name) == label) names.push_back(entry.name);
  }
  return names;
}

}  // namespace

void keep_in_quarantine(const ImporterParts& parts, OpenOffer& open) {
  const Offer& offer = open.offer;
  Fd folder = make_dirs(parts.fs, folder_of(parts));
  const std::string name = name_of(offer.label_digest, offer.volume);
  if (!parts.fs.stat_at(folder, name)) {
    require_space(parts, offer.file_bytes, "parcel " + offer.id.str());
    DurableFile file{parts.fs, folder, name};
    file.write(open.source->recorded());
    open.source->stop_recording();
    Bytes buffer(1u << 20);
    while (const std::size_t size = open.source->read(buffer)) {
      file.write(ByteView(buffer).first(size));
      // Space was looked at for what the medium said: it does not get more by saying less.
      if (file.size() > offer.file_bytes) {
        throw Error{ErrorCode::damaged, "parcel " + offer.id.str(),
                    fmt::format("grows beyond its {} bytes while it is read", offer.file_bytes)};
      }
    }
    file.commit(Replace::never);
  }

  const Label& label = offer.label;
  IncomingBook incoming{parts.ledger};
  if (auto row = incoming.find(offer.label_digest);
      row && row->state == IncomingState::quarantined) {
    return;  // kept before: its key.wait goes on
  }
  IncomingParcel row;
  row.label = offer.label_digest;
  row.id = offer.id;
  row.sender_incarnation = label.sender.incarnation;
  row.name = label.name;
  row.comment = label.comment;
  row.signer = to_hex(label.sender.signing_key);
  row.written = label.created;
  row.arrived = parts.clock.now();
  row.state = IncomingState::quarantined;
  row.reason = offer.error ? offer.error->happened() : "no key for its signer";
  row.item_count = label.item_count;
  row.content_bytes = label.content_bytes;
  row.key_deadline = row.arrived + Settings{parts.ledger}.minutes("key.wait");
  Transaction transaction{parts.ledger};
  incoming.quarantine(row);
  StatusLog{parts.ledger}.tell("4404", Severity::warning, {},
                               {offer.id.str(), label.sender.code.str(), row.signer});
  transaction.commit();
  parts.journal.write(Component::despooler, Severity::warning,
                      fmt::format("parcel {} in quarantine: no key of {} known here is {}",
                                  offer.id.str(), label.sender.code.str(), row.signer),
                      {{"parcel", offer.id.str()}});
}

std::vector<OfferedVolume> open_quarantined(const ImporterParts& parts, const Digest& label) {
  const Fd folder = make_dirs(parts.fs, folder_of(parts));
  std::vector<OfferedVolume> volumes;
  for (const std::string& name : names_of(parts, folder, label)) {
    // The stream owns its descriptor; a function object is copied, so it is shared by its copies.
    const auto fd = std::make_shared<const Fd>(parts.fs.open_at(folder, name, O_RDONLY));
    OfferedVolume volume;
    volume.path = folder_of(parts) + "/" + name;
    volume.size = static_cast<std::uint64_t>(parts.fs.stat(*fd).st_size);
    volume.source = [&fs = parts.fs, fd](MutableByteView out) { return fs.read(*fd, out); };
    volume.bytes = bytes_of_file(parts.fs, fd);
    volume.bytes = bytes_of_file(parts.fs, fd);
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

void drop_quarantined(const ImporterParts& parts, const Digest& label) {
  const Fd folder = make_dirs(parts.fs, folder_of(parts));
  const std::vector<std::string> names = names_of(parts, folder, label);
  for (const std::string& name : names) parts.fs.unlink_at(folder, name);
  if (!names.empty()) parts.fs.sync(folder);
}

std::vector<Digest> list_quarantined(const ImporterParts& parts) {
  Fd folder = make_dirs(parts.fs, folder_of(parts));
  sweep_temporary(parts.fs, folder);
  std::vector<Digest> labels;
  for (const DirEntry& entry : parts.fs.list(folder)) {
    const auto label = label_of(entry.name);
    if (label && (labels.empty() || labels.back() != *label)) labels.push_back(*label);
  }
  return labels;
}

}  // namespace courier
