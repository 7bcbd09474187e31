#include "store/unpack_worker.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "base/codec.h"
#include "base/confined_input.h"
#include "store/archive_message.h"
#include "store/source_reader.h"
#include "store/tree.h"

namespace courier {

namespace {

using Archive = std::unique_ptr<struct archive, int (*)(struct archive*)>;

// The archive's bytes, read by position: formats with a directory at their end jump.
struct Input {
  int fd = -1;
  std::int64_t position = 0, size = 0;
  Bytes buffer = Bytes(256 * 1024);
};

la_ssize_t read_input(struct archive* archive, void* data, const void** bytes) {
  Input& in = *static_cast<Input*>(data);
  const ssize_t n = ::pread(in.fd, in.buffer.data(), in.buffer.size(), in.position);
  if (n < 0) {
    archive_set_error(archive, errno, "the archive cannot be read");
    return ARCHIVE_FATAL;
  }
  in.position += n;
  *bytes = in.buffer.data();
  return n;
}

la_int64_t skip_input(struct archive*, void* data, la_int64_t count) {
  Input& in = *static_cast<Input*>(data);
  const std::int64_t skipped = std::clamp<std::int64_t>(count, 0, in.size - in.position);
  in.position += skipped;
  return skipped;
}

la_int64_t seek_input(struct archive*, void* data, la_int64_t offset, int whence) {
  Input& in = *static_cast<Input*>(data);
  std::int64_t from = 0;
  if (whence == SEEK_CUR) from = in.position;
  if (whence == SEEK_END) from = in.size;
  std::int64_t to = 0;
  if (__builtin_add_overflow(from, offset, &to) || to < 0) return ARCHIVE_FATAL;
  return in.position = std::min(to, in.size);
}

// Each format and filter by name: what is not listed is not compiled in our trust. Of zip the
// reader that starts from its directory: a zip without one is cut off.
Archive open_archive(Input& input) {
  Archive archive(archive_read_new(), archive_read_free);
  struct archive* const a = archive.get();
  archive_read_support_format_zip_seekable(a);
  archive_read_support_format_tar(a);
  archive_read_support_format_7zip(a);
  archive_read_support_format_iso9660(a);
  archive_read_support_format_cab(a);
  archive_read_support_filter_none(a);
  archive_read_support_filter_gzip(a);
  archive_read_support_filter_bzip2(a);
  archive_read_support_filter_xz(a);
  archive_read_support_filter_zstd(a);
  archive_read_support_filter_lz4(a);
  archive_read_set_read_callback(a, read_input);
  archive_read_set_skip_callback(a, skip_input);
  archive_read_set_seek_callback(a, seek_input);
  archive_read_set_callback_data(a, &input);
  return archive;
}

// As our messages begin: lower case, but for a name ("ZIP", "Lzma" is no matter).
std::string fault_text(struct archive* archive) {
  const char* const said = archive_error_string(archive);
  std::string text = said != nullptr && *said != '\0' ? said : "cannot be read";
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

class Unpacking {
 public:
  Unpacking(const Fd& channel, int archive) : channel_(channel) {
    input_.fd = archive;
    input_.size = std::max<std::int64_t>(::lseek(archive, 0, SEEK_END), 0);
  }

  void run() {
    const Archive archive = open_archive(input_);
    if (!archive || archive_read_open1(archive.get()) < ARCHIVE_WARN) return no_archive();
    for (bool is_first = true;; is_first = false) {
      struct archive_entry* entry = nullptr;
      const int result = archive_read_next_header(archive.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      if (archive_read_has_encrypted_entries(archive.get()) > 0 ||
          (result >= ARCHIVE_WARN && archive_entry_is_encrypted(entry) != 0)) {
        return fault(ArchiveFault::Kind::encrypted, "is encrypted");
      }
      if (result == ARCHIVE_FATAL && is_first && archive_format(archive.get()) == 0) {
        return no_archive();
      }
      if (result == ARCHIVE_FATAL) {
        return fault(ArchiveFault::Kind::damaged, fault_text(archive.get()));
      }
      if (!tell_entry(archive.get(), entry, result)) return;
    }
    if (!has_tar_end(archive.get())) {
      return fault(ArchiveFault::Kind::damaged, "ends without the mark of its end");
    }
    send(ArchiveEnd{});
  }

 private:
  void send(const ArchiveMessage& message) {
    const Bytes payload = encode(message);
    Encoder framed;
    framed.u32(static_cast<std::uint32_t>(payload.size())).raw(payload);
    write_answer(channel_, framed.view());
  }

  void fault(ArchiveFault::Kind kind, std::string what) {
    send(ArchiveFault{kind, std::move(what)});
  }

  // A cut archive of these formats cannot be told from no archive but by how it begins.
  void no_archive() {
    std::array<char, 6> begins{};
    const ssize_t n = ::pread(input_.fd, begins.data(), begins.size(), 0);
    const std::string_view text(begins.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (text.starts_with("PK\3\4")) {
      return fault(ArchiveFault::Kind::damaged, "is a zip without its directory at the end");
    }
    if (text.starts_with("7z\xbc\xaf\x27\x1c")) {
      return fault(ArchiveFault::Kind::damaged, "is a 7z without its directory at the end");
    }
    fault(ArchiveFault::Kind::no_archive, "is no archive that is known here");
  }

  // What compression does not vouch for: a tar that is cut between two entries.
  bool has_tar_end(struct archive* archive) {
    const bool is_plain = archive_filter_count(archive) <= 1;
    const bool is_tar = (archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
    if (!is_plain || !is_tar) return true;
    std::array<char, 512> last{};
    const std::int64_t at = input_.size - static_cast<std::int64_t>(last.size());
    if (at < 0 || ::pread(input_.fd, last.data(), last.size(), at) != ssize_t{last.size()}) {
      return false;
    }
    return std::ranges::all_of(last, [](char byte) { return byte == 0; });
  }

  // False when nothing more can be read.
  bool tell_entry(struct archive* archive, struct archive_entry* entry, int result) {
    ArchiveEntry told = entry_of(entry);
    if (result < ARCHIVE_OK) told.remark = fault_text(archive);
    send(told);
    if (result < ARCHIVE_WARN || told.type != ArchiveEntry::Type::file) return true;
    return tell_content(archive, entry);
  }

  bool tell_content(struct archive* archive, struct archive_entry* entry) {
    std::uint64_t end = 0;
    for (;;) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive, &data, &size, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result == ARCHIVE_FATAL) {
        fault(ArchiveFault::Kind::damaged, fault_text(archive));
        return false;
      }
      if (result < ARCHIVE_OK) {
        send(ArchiveBroken{fault_text(archive)});
        return true;
      }
      if (offset < 0) {
        send(ArchiveBroken{"has content before its beginning"});
        return true;
      }
      const auto at = static_cast<std::uint64_t>(offset);
      ByteView rest(static_cast<const std::uint8_t*>(data), size);
      for (std::size_t done = 0; done < size; done += kMaxArchiveData) {
        send(ArchiveData{at + done, rest.subspan(done, std::min(kMaxArchiveData, size - done))});
      }
      end = std::max(end, at + size);
    }
    // A hole at the end of a sparse file has no content to tell of.
    if (archive_entry_sparse_count(entry) > 0 && archive_entry_size_is_set(entry) != 0) {
      const auto whole = static_cast<std::uint64_t>(archive_entry_size(entry));
      if (end < whole) send(ArchiveData{whole, {}});
    }
    return true;
  }

  static ArchiveEntry entry_of(struct archive_entry* entry) {
    ArchiveEntry told;
    if (const char* name = archive_entry_pathname(entry)) told.name = name;
    told.mode = static_cast<std::uint16_t>(archive_entry_perm(entry) & 07777);
    if (archive_entry_mtime_is_set(entry) != 0) {
      const long nanoseconds = std::clamp(archive_entry_mtime_nsec(entry), 0L, 999'999'999L);
      told.mtime = {archive_entry_mtime(entry), static_cast<std::uint32_t>(nanoseconds)};
    }
    if (const char* first = archive_entry_hardlink(entry)) {
      told.type = ArchiveEntry::Type::hardlink;
      told.target = first;
      return told;
    }
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        if (archive_entry_size_is_set(entry) != 0 && archive_entry_size(entry) >= 0) {
          told.size = static_cast<std::uint64_t>(archive_entry_size(entry));
        }
        break;
      case AE_IFDIR:
        told.type = ArchiveEntry::Type::folder;
        break;
      case AE_IFLNK:
        told.type = ArchiveEntry::Type::symlink;
        if (const char* target = archive_entry_symlink(entry)) told.target = target;
        return told;
      default:
        told.type = ArchiveEntry::Type::other;
        told.remark = word_of(archive_entry_filetype(entry));
        return told;
    }
    add_attributes(entry, told);
    return told;
  }

  // Up to the first that is one too many: whoever is told names what is left out.
  static void add_attributes(struct archive_entry* entry, ArchiveEntry& told) {
    std::size_t bytes = 0;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (archive_entry_xattr_reset(entry);
         bytes <= kMaxXattrBytes && told.xattrs.size() <= kMaxXattrs &&
         archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK;) {
      const std::string_view key = name == nullptr ? "" : name;
      if (!key.starts_with("user.") || key.size() <= 5 || key.size() > 255) continue;
      const ByteView all(static_cast<const std::uint8_t*>(value), size);
      told.xattrs.emplace_back(key, to_bytes(all.first(std::min(size, kMaxXattrBytes))));
      bytes += key.size() + size;
    }
  }

  const Fd& channel_;
  Input input_;
};

// What the C library reads from files when it is first asked: the names' encoding, and the zone in
// which zip and cab, which do not say it, give their times. UTC, so that an archive makes the same
// package everywhere.
void prepare() {
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) std::setlocale(LC_ALL, "");
  std::tm tm{};
  tm.tm_year = 100;
  tm.tm_mday = 1;
  static_cast<void>(std::mktime(&tm));
}

int run(const Fd& channel, std::vector<Fd> others) {
  if (others.size() != 1) return 1;
  Unpacking(channel, others.front().get()).run();
  return 0;
}

}  // namespace

ConfinedWorker unpack_worker() { return {"unpack", prepare, run}; }

}  // namespace courier
