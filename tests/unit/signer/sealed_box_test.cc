#include "signer/sealed_box.h"

#include <gtest/gtest.h>

#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

TEST(SealedBox, OpensForItsSiteOnly) {
  const SiteHome pun("PUN"), pse("PSE");
  const Bytes box = seal_to(pse.ring.public_keys().sealing, as_bytes("the content key"));
  EXPECT_EQ(box.size(), 15 + kSealedBoxOverhead);
  EXPECT_FALSE(pun.ring.open_sealed(box).has_value());
  const std::optional<Secret> opened = pse.ring.open_sealed(box);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(as_text(opened->view()), "the content key");
}

TEST(SealedBox, IsDifferentEachTime) {
  const SiteHome pse("PSE");
  EXPECT_NE(seal_to(pse.ring.public_keys().sealing, as_bytes("x")),
            seal_to(pse.ring.public_keys().sealing, as_bytes("x")));
}

TEST(SealedBox, WithAnyByteChangedOrCutDoesNotOpen) {
  const SiteHome pse("PSE");
  const Bytes box = seal_to(pse.ring.public_keys().sealing, as_bytes("the content key"));
  for (std::size_t i = 0; i < box.size(); ++i) {
    Bytes changed = box;
    changed[i] ^= 1;
    EXPECT_FALSE(pse.ring.open_sealed(changed).has_value()) << "byte " << i;
    EXPECT_FALSE(pse.ring.open_sealed(ByteView(box).first(i)).has_value()) << i << " bytes";
  }
}

}  // namespace
}  // namespace courier::test
