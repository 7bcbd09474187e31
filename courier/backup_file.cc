#include "courier/backup_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "base/error.h"
#include "signer/checked_file.h"
#include "signer/fields.h"
#include "signer/key_ring.h"
#include "signer/trust_file.h"
#include "signer/trust_list.h"

namespace courier {

namespace {

constexpr std::size_t kMaxHeadSize = 4096;
constexpr CheckedFileKind kHead{"PCLBKUP\n", 1, kMaxHeadSize, "backup"};
constexpr std::size_t kFrameHead = 8 + 2 + 4;  // up to the size of the body, and
constexpr std::size_t kFrameDigest = 32;       // after the body, as in every checked file
constexpr std::size_t kBlock = std::size_t{1} << 20;

Error damaged(const std::string& subject, std::string what) {
  return Error(ErrorCode::damaged, subject, std::move(what))
      .with_loss("nothing was changed")
      .with_hint("use another backup");
}

// Fills as much of `out` as the file has from `offset` on.
std::size_t read_at(FileSystem& fs, const Fd& file, MutableByteView out, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t n = fs.pread(file, out.subspan(done), offset + done);
    if (n == 0) break;
    done += n;
  }
  return done;
}

}  // namespace

std::string_view word(BackupPart part) {
  switch (part) {
    case BackupPart::keys:
      return "keys";
    case BackupPart::trust_list:
      return "trust list";
    case BackupPart::ledger:
      return "ledger";
  }
  bug("a part of a backup has no word");
}

std::uint64_t BackupHead::size_of_parts() const {
  std::uint64_t size = 0;
  for (const Part& part : parts) size += part.size;
  return size;
}

Bytes BackupHead::encode() const {
  Encoder out;
  courier::encode(out, code);
  out.text(name);
  courier::encode(out, incarnation);
  courier::encode(out, created);
  out.text(program);
  for (const Part& part : parts) out.u64(part.size).digest(part.digest);
  return to_bytes(encode_checked(kHead, out.view()).view());
}

BackupHead BackupHead::parse(ByteView bytes, const std::string& subject) {
  Decoder in(decode_checked(kHead, bytes, subject).body, subject);
  BackupHead head;
  head.code = decode_site_code(in);
  head.name = in.text(kMaxSiteNameSize);
  head.incarnation = decode_incarnation(in);
  head.created = decode_time(in);
  head.program = in.text(100);
  for (Part& part : head.parts) {
    part.size = in.u64();
    // Sizes that no file has, so that their sum does not run over.
    if (part.size > (std::uint64_t{1} << 60)) in.fail("has a part of an impossible size");
    part.digest = in.digest();
  }
  in.expect_end();
  return head;
}

BackupReader::BackupReader(FileSystem& fs, const std::string& path)
    : fs_(fs), file_(fs.open(path, O_RDONLY | O_NONBLOCK)), subject_("backup " + path) {
  read_head();
}

BackupReader::BackupReader(FileSystem& fs, Fd file, std::string subject)
    : fs_(fs), file_(std::move(file)), subject_(std::move(subject)) {
  read_head();
}

void BackupReader::read_head() {
  Bytes bytes(kMaxHeadSize);
  bytes.resize(read_at(fs_, file_, bytes, 0));
  // The head's frame says how long it is; what that reaches beyond is the parts'.
  if (bytes.size() >= kFrameHead) {
    Decoder frame(ByteView(bytes).subspan(kFrameHead - 4), subject_);
    const std::uint64_t size = kFrameHead + std::uint64_t{frame.u32()} + kFrameDigest;
    if (size < bytes.size()) bytes.resize(static_cast<std::size_t>(size));
  }
  head_size_ = bytes.size();
  head_ = BackupHead::parse(bytes, subject_);
}

std::uint64_t BackupReader::offset_of(BackupPart part) const {
  std::uint64_t offset = head_size_;
  for (const BackupPart before : kBackupParts) {
    if (before == part) break;
    offset += head_.part(before).size;
  }
  return offset;
}

void BackupReader::read(BackupPart part, const std::function<void(ByteView)>& take,
                        const ProgressSink& progress) {
  const BackupHead::Part& wanted = head_.part(part);
  const std::uint64_t start = offset_of(part);
  Hasher hasher(DigestKind::backup);
  // Wiped: the keys come through it.
  Secret block(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, wanted.size)));
  for (std::uint64_t done = 0; done < wanted.size;) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), wanted.size - done));
    const std::size_t n = read_at(fs_, file_, block.bytes().first(size), start + done);
    hasher.update(block.view().first(n));
    if (n > 0) take(block.view().first(n));
    done += n;
    if (n < size) {
      throw damaged(subject_, fmt::format("ends in the {}, after {} of its {} bytes", word(part),
                                          done, wanted.size));
    }
    report(progress,
           {"reading", std::string(word(part)), start + done - head_size_, head_.size_of_parts()});
  }
  if (hasher.finish() != wanted.digest) {
    throw damaged(subject_, fmt::format("bytes of its {} have changed", word(part)));
  }
}

Secret BackupReader::read_small(BackupPart part, std::size_t max_size) {
  const std::uint64_t size = head_.part(part).size;
  if (size > max_size) {
    throw damaged(subject_, fmt::format("its {} have {} bytes, more than the {} that are possible",
                                        word(part), size, max_size));
  }
  Secret content(static_cast<std::size_t>(size));
  std::size_t done = 0;
  read(part, [&](ByteView bytes) {
    std::memcpy(content.bytes().data() + done, bytes.data(), bytes.size());
    done += bytes.size();
  });
  return content;
}

void BackupReader::check(const ProgressSink& progress) {
  const Secret keys = read_small(BackupPart::keys, kMaxKeyFileSize);
  if (KeyRing::check_copy(keys.view()) != head_.code) {
    throw damaged(subject_,
                  fmt::format("the keys in it are not those of site {}", head_.code.str()));
  }
  const Secret trust = read_small(BackupPart::trust_list, kMaxTrustFileSize);
  TrustList::check_copy(trust.view());
  read(
      BackupPart::ledger, [](ByteView) {}, progress);
  std::uint8_t more;
  if (read_at(fs_, file_, {&more, 1}, head_size_ + head_.size_of_parts()) != 0) {
    throw damaged(subject_, "has bytes after its last part, the ledger");
  }
}

}  // namespace courier
