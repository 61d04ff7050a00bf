#include "phys/gfp_scope.h"

#include <gtest/gtest.h>

namespace quire::phys {
namespace {

TEST(GfpScope, TakesFromEveryMaskWhatItForbids) {
  EXPECT_EQ(current_gfp_context(Gfp::kernel()), Gfp::kernel());
  {
    GfpScope nofs(kMemallocNofs);
    EXPECT_EQ(current_gfp_context(Gfp::kernel()), Gfp::nofs());
    EXPECT_EQ(current_gfp_context(Gfp::noio()), Gfp::noio());
    EXPECT_EQ(current_gfp_context(Gfp::atomic()), Gfp::atomic());
    {
      GfpScope noio(kMemallocNoio);
      EXPECT_EQ(current_gfp_context(Gfp::kernel()), Gfp::noio());
    }
    EXPECT_EQ(current_gfp_context(Gfp::kernel()), Gfp::nofs());
  }
  EXPECT_EQ(current_gfp_context(Gfp::kernel()), Gfp::kernel());
}

TEST(GfpScope, AnInnerScopeOfTheSameKindEndsNothing) {
  GfpScope outer(kMemallocNofs);
  { GfpScope inner(kMemallocNofs); }
  EXPECT_FALSE(current_gfp_context(Gfp::kernel()).may_enter_fs());
}

}  // namespace
}  // namespace quire::phys
