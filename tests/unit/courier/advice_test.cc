#include "courier/advice.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

class Advice : public testing::Test {
 protected:
  ~Advice() override { advise_for_home(""); }
};

TEST_F(Advice, IsLeftAsItIsWhereNoHomeWasNamed) {
  advise_for_home("");
  EXPECT_EQ(advised("run 'courier parcel list'"), "run 'courier parcel list'");
}

TEST_F(Advice, NamesTheHomeInEachCommandThatWorksOnOne) {
  advise_for_home("/srv/home");
  EXPECT_EQ(advised("courier parcel list; or `courier receive /media/usb`"),
            "courier --home /srv/home parcel list; or `courier --home /srv/home receive /media/usb`");
  EXPECT_EQ(advised("the end of 'courier log'"), "the end of 'courier --home /srv/home log'");
}

TEST_F(Advice, LeavesAloneWhatIsNoSuchCommand) {
  advise_for_home("/srv/home");
  for (const char* text :
       {"run courier on Linux 5.6 or newer", "see courier --help", "courier media eject /media/usb",
        "courier parcel repair a.pcl --to b.pcl", "use the newer courier", "courier statuses",
        "a-courier receive x", "its `site show`"}) {
    EXPECT_EQ(advised(text), text);
  }
}

TEST_F(Advice, WritesTheHomeAsAShellReadsIt) {
  advise_for_home("my home's");
  EXPECT_EQ(advised("courier status"), "courier --home 'my home'\\''s' status");
}

}  // namespace
}  // namespace courier
