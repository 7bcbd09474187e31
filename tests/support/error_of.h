// The Error that a call throws, so that tests look at its code, its words and its exit status.
#pragma once

#include <gtest/gtest.h>

#include "base/error.h"

namespace courier::test {

template <typename Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::internal, "test", "no error was thrown");
}

}  // namespace courier::test
