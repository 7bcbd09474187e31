#include "courier/receipts.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "courier/advice.h"
#include "courier/new_file.h"
#include "courier/outgoing.h"
#include "courier/picture_kind.h"
#include "courier/picture_message.h"
#include "courier/qr_code.h"
#include "courier/receipt_picture.h"
#include "importer/receipt_maker.h"
#include "sender/receipt_apply.h"

namespace courier {
namespace {

constexpr std::size_t kMaxText = 64 * 1024;

Bytes bytes_of(FileSystem& fs, const std::string& path) {
  constexpr std::size_t kStep = 1u << 20;
  const Fd file = fs.open(path, O_RDONLY | O_CLOEXEC);
  Bytes bytes;
  while (bytes.size() <= kMaxPictureFile) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kStep);
    const std::size_t n = fs.read(file, MutableByteView(bytes).subspan(before));
    bytes.resize(before + n);
    if (n == 0) break;
  }
  return bytes;
}

// What a file says: its text, or that of the receipt's code in its picture.
std::string content_of(const Context& context, const std::string& path) {
  const std::string subject = "file " + escaped(path);
  const Bytes bytes = bytes_of(context.fs, path);
  if (bytes.size() > kMaxPictureFile) {
    throw Error(ErrorCode::usage, subject,
                fmt::format("is too large: receipts are read of up to {} MiB of a picture, or {} "
                            "KiB of text",
                            kMaxPictureFile >> 20, kMaxText >> 10))
        .with_loss("nothing was changed")
        .with_hint("give a smaller picture of the QR code");
  }
  const PictureKind kind = picture_kind(bytes);
  if (kind == PictureKind::png || kind == PictureKind::jpeg) {
    return receipt_in_picture(subject, bytes, context.progress);
  }
  const std::string_view text = as_text(bytes);
  if (kind != PictureKind::none) {
    throw Error(ErrorCode::unsupported, subject,
                fmt::format("is a {} file; pictures are read as JPEG and PNG", word(kind)))
        .with_loss("nothing was changed")
        .with_hint("save it as JPEG, or send a screenshot of it");
  }
  if (text.size() > kMaxText || text.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::usage, subject,
                "is neither a picture (JPEG, PNG) nor a text with a receipt")
        .with_loss("nothing was changed")
        .with_hint("give the photo of the QR code, its text, or the eight words");
  }
  return std::string(text);
}

enum class Picture { none, svg, png };

Picture picture_of(const std::string& path) {
  if (path.empty()) return Picture::none;
  if (path.ends_with(".svg")) return Picture::svg;
  if (path.ends_with(".png")) return Picture::png;
  throw Error(ErrorCode::usage, "file " + escaped(path), "is named neither .svg nor .png")
      .with_loss("nothing was done");
}

void write_picture(FileSystem& fs, const std::string& path, Picture picture,
                   const MadeReceipt& made) {
  const QrCode code = qr_code(made.code);
  const Bytes bytes =
      picture == Picture::png
          ? qr_png(code)
          : to_bytes(as_bytes(qr_svg(code, "receipt of parcel " + made.parcel.str())));
  write_new_file(fs, path, bytes);
}

// Whoever may have it read a file is not shown what is in it.
AppliedReceipt applied_of(SenderParts& sender, const ParcelId& id, const std::string& given,
                          const std::string& text) {
  try {
    return ReceiptApplier(sender).apply(id, text);
  } catch (const Error& error) {
    if (!given.starts_with('@') || error.code() != ErrorCode::usage) throw;
    throw Error(ErrorCode::usage, "file " + escaped(given.substr(1)),
                "holds neither the eight words of a receipt nor its code, as text or as a picture")
        .with_loss("nothing was changed")
        .with_hint("see what is in it, and ask for the receipt again");
  }
}

}  // namespace

Report receipt_of(Context& context, const ReceiptOptions& options) {
  Home& home = context.home();
  std::optional<ParcelId> parcel;
  if (!options.parcel.empty()) parcel = ParcelId::parse(options.parcel);
  const Picture picture = picture_of(options.qr);
  const MadeReceipt made =
      make_receipt(home.keys(), home.trust(), home.ledger(), parcel, options.to);
  if (picture != Picture::none) write_picture(context.fs, options.qr, picture, made);
  Report report;
  report.json = {
      {"parcel", made.parcel.str()}, {"to", made.parcel.from.str()},
      {"all_in", made.all_in},       {"words", made.words.empty() ? Json() : Json(made.words)},
      {"text", made.code},           {"items", made.items},
      {"items_told", made.told},     {"qr", options.qr.empty() ? Json() : json_text(options.qr)}};
  report.text =
      fmt::format("receipt of parcel {} for {}: {}\n", made.parcel.str(), made.parcel.from.str(),
                  made.all_in ? "all is in" : "not all of it is in");
  if (!made.words.empty()) report.text += fmt::format("words: {}\n", made.words);
  report.text += fmt::format("code: {}\n", made.code);
  if (picture != Picture::none) {
    report.text += fmt::format("as a QR code: {}\n", printable(options.qr));
  }
  if (made.told < made.items) {
    report.text += fmt::format("the code has room for the verdicts of the first {} of {}\n",
                               made.told, counted(made.items, "item", "items"));
  }
  report.text +=
      fmt::format("{} is to run: courier parcel mark {} confirmed --receipt 'CODE', with {}\n",
                  made.parcel.from.str(), made.parcel.str(),
                  made.words.empty() ? "the code" : "the words or the code");
  if (picture != Picture::none) {
    report.text += "or, with a photo of the QR code, --receipt @photo.jpg\n";
  }
  return report;
}

Report marked_by_receipt(Context& context, const ParcelId& id, const std::string& given) {
  Home& home = context.home();
  const std::string text = given.starts_with('@') ? content_of(context, given.substr(1)) : given;
  if (!looks_like_receipt_code(text) && home.keys().is_locked()) context.unlock(home);
  SenderParts sender = home.sender();
  const AppliedReceipt applied = applied_of(sender, id, given, text);

  const ParcelRow parcel = ParcelBook(home.ledger()).get(id);
  Report report;
  report.json = outgoing_json(parcel);
  report.json["items_told"] = applied.told;
  report.json["all_in"] = applied.confirmed;
  report.text = fmt::format("parcel {}: {}\n", id.str(), addressee_state(*parcel.addressee(id.to)));
  if (!applied.confirmed) {
    report.text += fmt::format(
        "the receipt tells of {} of {}, and not of all that they are in: see {}\n", applied.told,
        counted(applied.items, "item", "items"), advised("courier parcel show " + id.str()));
  }
  report.text +=
      fmt::format("the next return of {} takes its place, and says what is where\n", id.to.str());
  return report;
}

}  // namespace courier
