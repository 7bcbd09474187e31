#include "sender/record_map.h"

#include <fcntl.h>

#include <array>

#include "base/codec.h"
#include "base/error.h"

namespace courier {
namespace {

constexpr std::string_view kMagic = "PCLM";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kBuffer = 256 * 1024;
constexpr std::size_t kMaxObjects = 65'536;  // of one record
constexpr std::size_t kHeadSize = 4 + 2 + 32;
constexpr std::size_t kMaxVarint = 10;

DigestKind kind_of(Decoder& in) {
  switch (in.u8()) {
    case 0:
      return DigestKind::chunk;
    case 1:
      return DigestKind::node;
    case 2:
      return DigestKind::root;
    default:
      in.fail("no kind of object");
  }
}

std::uint8_t code_of(DigestKind kind) {
  return kind == DigestKind::chunk ? 0 : kind == DigestKind::node ? 1 : 2;
}

// Hands out a file's bytes up to its last 32, and hashes them on the way.
class MapStream {
 public:
  MapStream(FileSystem& fs, const std::string& path)
      : fs_(fs), fd_(fs.open(path, O_RDONLY | O_CLOEXEC)), subject_("record map " + path) {
    const auto size = static_cast<std::uint64_t>(fs_.stat(fd_).st_size);
    if (size < kHeadSize + sizeof(Digest)) throw damaged("it ends early");
    left_ = size - sizeof(Digest);
  }

  // A decoder over the next bytes: `size` of them, or all that are left.
  Decoder peek(std::size_t size) {
    if (buffer_.size() - at_ < size && left_ > 0) fill(size);
    return Decoder(ByteView(buffer_).subspan(at_), subject_);
  }
  void skip(std::size_t size) { at_ += size; }
  bool at_end() const { return left_ == 0 && at_ == buffer_.size(); }

  // Compares what was read with the digest at the end.
  void finish() {
    if (!at_end()) throw damaged("bytes are left over");
    std::array<std::uint8_t, 32> stated{};
    read_whole(stated);
    if (Digest{stated} != hasher_.finish()) throw damaged("its checksum is wrong");
  }

  Error damaged(std::string what) const {
    return Error(ErrorCode::damaged, subject_, std::move(what));
  }

 private:
  void fill(std::size_t size) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    const std::size_t had = buffer_.size();
    const std::size_t wanted = std::max(size, kBuffer) - had;
    buffer_.resize(had + static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left_)));
    const MutableByteView fresh = MutableByteView(buffer_).subspan(had);
    read_whole(fresh);
    hasher_.update(fresh);
    left_ -= fresh.size();
  }

  void read_whole(MutableByteView out) {
    while (!out.empty()) {
      const std::size_t n = fs_.read(fd_, out);
      if (n == 0) throw damaged("it ends early");
      out = out.subspan(n);
    }
  }

  FileSystem& fs_;
  Fd fd_;
  std::string subject_;
  Hasher hasher_{DigestKind::file};
  std::uint64_t left_ = 0;  // in the file, before its digest
  Bytes buffer_;
  std::size_t at_ = 0;
};

}  // namespace

std::string record_map_name(const Digest& label) { return label.hex() + ".map"; }

struct RecordMapWriter::Impl {
  DurableFile file;
  Hasher hasher{DigestKind::file};
  std::uint64_t records, added = 0;
  Bytes pending;

  void put(ByteView bytes) {
    pending.insert(pending.end(), bytes.begin(), bytes.end());
    if (pending.size() >= kBuffer) flush();
  }
  void flush() {
    hasher.update(pending);
    file.write(pending);
    pending.clear();
  }
};

RecordMapWriter::RecordMapWriter(FileSystem& fs, const Fd& dir, const Digest& label,
                                 std::uint64_t records)
    : impl_(new Impl{
          DurableFile(fs, dir, record_map_name(label)), Hasher(DigestKind::file), records, 0, {}}) {
  Encoder head;
  head.raw(as_bytes(kMagic)).u16(kVersion).digest(label).varint(records);
  impl_->put(head.view());
}

RecordMapWriter::~RecordMapWriter() = default;

void RecordMapWriter::add(const std::vector<MappedObject>& objects) {
  Encoder out;
  out.varint(objects.size());
  for (const MappedObject& object : objects) out.u8(code_of(object.kind)).digest(object.digest);
  impl_->put(out.view());
  ++impl_->added;
}

void RecordMapWriter::commit() {
  if (impl_->added != impl_->records) bug("a record map with another number of records");
  impl_->flush();
  impl_->file.write(impl_->hasher.finish().view());
  impl_->file.commit(Replace::always);
}

void read_record_map(FileSystem& fs, const std::string& path, const Digest& label,
                     const std::function<void(std::uint64_t, const MappedObject&)>& each) {
  MapStream stream(fs, path);
  Decoder head = stream.peek(kHeadSize + kMaxVarint);
  if (as_text(head.raw(kMagic.size())) != kMagic || head.u16() != kVersion) {
    throw stream.damaged("it is no record map of version 1");
  }
  if (head.digest() != label) throw stream.damaged("it is another parcel's");
  const std::uint64_t records = head.varint();
  stream.skip(head.offset());
  for (std::uint64_t record = 0; record < records; ++record) {
    Decoder count = stream.peek(kMaxVarint);
    std::uint64_t objects = count.varint(kMaxObjects);
    stream.skip(count.offset());
    for (; objects > 0; --objects) {
      Decoder in = stream.peek(1 + sizeof(Digest));
      const DigestKind kind = kind_of(in);
      each(record, {kind, in.digest()});
      stream.skip(in.offset());
    }
  }
  stream.finish();
}

}  // namespace courier
