#include "media/repaired_copy.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "media/recovery.h"

namespace courier {

namespace {

class Copy {
 public:
  Copy(FileSystem& fs, RepairedVolume& repaired, VolumeBytes medium, std::string scratch_folder,
       ProgressSink progress)
      : fs_(fs),
        repaired_(repaired),
        medium_(std::move(medium)),
        scratch_folder_(std::move(scratch_folder)),
        progress_(std::move(progress)) {}

  std::size_t read_at(std::uint64_t offset, MutableByteView out) {
    const std::uint64_t volume_size = repaired_.size();
    if (offset >= volume_size) {
      if (!behind_) behind_ = find_behind();
      const std::uint64_t total = RecoveryLayout(repaired_.set()).total_size();
      if (offset >= total) return 0;
      return behind_->read_at(offset,
                              out.first(std::min<std::uint64_t>(out.size(), total - offset)));
    }
    const std::size_t part = std::min<std::uint64_t>(out.size(), volume_size - offset);
    const std::size_t n = repaired_.read_at(offset, out.first(part));
    if (repaired_.report().lost_cells > 0) {
      throw Error(ErrorCode::damaged, "volume", "is damaged beyond repair")
          .with_loss("nothing was changed");
    }
    return part < out.size() ? n + read_at(volume_size, out.subspan(part)) : n;
  }

 private:
  // Where the bytes behind the volume come from.
  VolumeBytes find_behind() {
    if (repaired_.check_recovery_data()) return medium_;
    return with_recovery(fs_, repaired_.bytes(), repaired_.set(), scratch_folder_, progress_);
  }

  FileSystem& fs_;
  RepairedVolume& repaired_;
  VolumeBytes medium_;
  std::string scratch_folder_;
  ProgressSink progress_;
  std::optional<VolumeBytes> behind_;
};

}  // namespace

VolumeBytes repaired_copy(FileSystem& fs, RepairedVolume& repaired, VolumeBytes medium,
                          const std::string& scratch_folder, const ProgressSink& progress) {
  // Shared by the copies of the function, which is a std::function.
  const auto copy =
      std::make_shared<Copy>(fs, repaired, std::move(medium), scratch_folder, progress);
  return {RecoveryLayout(repaired.set()).total_size(),
          [copy](std::uint64_t offset, MutableByteView out) { return copy->read_at(offset, out); }};
}

}  // namespace courier
