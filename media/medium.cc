#include "media/medium.h"

#include "media/folder_medium.h"

namespace courier {

std::unique_ptr<Medium> open_medium(FileSystem& fs, const std::string& target) {
  return std::make_unique<FolderMedium>(fs, target);
}

std::string parcel_file_name(const ParcelId& id) { return id.str() + ".pcl"; }

}  // namespace courier
