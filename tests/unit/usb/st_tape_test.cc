// The st driver's calls, answered by the test: how StTape sets up a drive by what it is.
#include "media/st_tape.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mtio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <umockdev.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// A drive that the st driver shows as /dev/nst0.
class FakeStDrive {
 public:
  FakeStDrive(const std::string& vendor, const std::string& model) : bed_(umockdev_testbed_new()) {
    const std::string scsi = "/devices/pci0000:00/host0/target0:0:0/0:0:0:0";
    const std::string text = "P: " + scsi + "\nE: SUBSYSTEM=scsi\nA: vendor=" + vendor +
                             "\\n\nA: model=" + model + "\\n\nA: rev=1.0\\n\n\nP: " + scsi +
                             "/scsi_tape/nst0\nN: nst0\nE: SUBSYSTEM=scsi_tape\nE: MAJOR=9\n"
                             "E: MINOR=128\nE: DEVNAME=/dev/nst0\nA: dev=9:128\\n\n\n";
    GError* fault = nullptr;
    if (!umockdev_testbed_add_from_string(bed_, text.c_str(), &fault)) ADD_FAILURE() << text;
    handler_ = umockdev_ioctl_base_new();
    g_signal_connect(handler_, "handle-ioctl", G_CALLBACK(&FakeStDrive::on_ioctl), this);
    if (!umockdev_testbed_attach_ioctl(bed_, "/dev/nst0", handler_, &fault)) ADD_FAILURE();
    // The node is a terminal in the bed's place, and an open one is known by that one's numbers.
    struct stat status {};
    PosixFileSystem fs;
    status =
        static_cast<FileSystem&>(fs).stat(static_cast<FileSystem&>(fs).open("/dev/nst0", O_RDWR));
    const bool is_node = S_ISCHR(status.st_mode);
    const dev_t number = is_node ? status.st_rdev : status.st_dev;
    const std::string links = umockdev_testbed_get_root_dir(bed_) +
                              std::string(is_node ? "/sys/dev/char" : "/sys/dev/block");
    std::filesystem::create_directories(links);
    std::filesystem::create_symlink(
        "../.." + scsi + "/scsi_tape/nst0",
        links + "/" + std::to_string(major(number)) + ":" + std::to_string(minor(number)));
  }
  ~FakeStDrive() {
    umockdev_testbed_detach_ioctl(bed_, "/dev/nst0", nullptr);
    g_object_unref(handler_);
    g_object_unref(bed_);
  }
  FakeStDrive(const FakeStDrive&) = delete;
  FakeStDrive& operator=(const FakeStDrive&) = delete;

  int block_ = 10240;                 // as another program left it
  bool takes_variable_ = true;        // MTSETBLK 0
  std::vector<int> block_sizes_set_;  // by MTSETBLK

 private:
  static gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer self) {
    return static_cast<FakeStDrive*>(self)->answer(client);
  }
  gboolean answer(UMockdevIoctlClient* client) {
    const gulong request = umockdev_ioctl_client_get_request(client);
    const bool is_order = request == MTIOCTOP;
    if (!is_order && request != MTIOCGET) return FALSE;
    UMockdevIoctlData* const argument = umockdev_ioctl_client_get_arg(client);
    UMockdevIoctlData* data =
        umockdev_ioctl_data_resolve(argument, 0, is_order ? sizeof(mtop) : sizeof(mtget), nullptr);
    int fault = 0;
    if (is_order) {
      mtop order{};
      std::memcpy(&order, data->data, sizeof order);
      if (order.mt_op == MTSETBLK) {
        block_sizes_set_.push_back(order.mt_count);
        if (order.mt_count == 0 && !takes_variable_) fault = EIO;
        if (fault == 0) block_ = order.mt_count;
      }
    } else {
      mtget status{};
      status.mt_dsreg = block_;
      umockdev_ioctl_data_update(data, 0, reinterpret_cast<guint8*>(&status), sizeof status);
    }
    umockdev_ioctl_client_complete(client, fault == 0 ? 0 : -1, fault);
    umockdev_ioctl_data_unref(data);
    return TRUE;
  }

  UMockdevTestbed* bed_;
  UMockdevIoctlBase* handler_;
};

class StTapeTest : public testing::Test {
 protected:
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
};

TEST_F(StTapeTest, SetsAnOrdinaryDriveToRecordsOfAnySize) {
  FakeStDrive drive("HPE     ", "Ultrium 8-SCSI  ");
  EXPECT_EQ(StTape(fs_, "/dev/nst0").block_size(), 0u);
  EXPECT_EQ(drive.block_sizes_set_, (std::vector<int>{0}));
}

TEST_F(StTapeTest, SetsADriveOfFixedBlocksToItsBlocksAndAsksForNoOthers) {
  FakeStDrive drive("ARCHIVE ", "VIPER 150  21531");
  EXPECT_EQ(StTape(fs_, "/dev/nst0").block_size(), 512u);
  EXPECT_EQ(drive.block_sizes_set_, (std::vector<int>{512}));
}

TEST_F(StTapeTest, TakesTheBlocksOfADriveThatCannotBeSetToRecordsOfAnySize) {
  FakeStDrive drive("SOME    ", "OTHER DRIVE     ");
  drive.takes_variable_ = false;
  drive.block_ = 1024;
  EXPECT_EQ(StTape(fs_, "/dev/nst0").block_size(), 1024u);
}

TEST_F(StTapeTest, RefusesADriveWhoseBlocksNoRecordCanBeMadeOf) {
  FakeStDrive drive("OnStream", "ADR50           ");
  drive.takes_variable_ = false;
  drive.block_ = 32768;
  const Error error = error_of([&] { StTape(fs_, "/dev/nst0"); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_THAT(error.what(), HasSubstr("has blocks of 32768 bytes"));
}

}  // namespace
}  // namespace courier
