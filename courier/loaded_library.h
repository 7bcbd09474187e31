// A library that is loaded when it is needed and not before.
#pragma once

#include <dlfcn.h>

#include <string>

#include "base/error.h"

namespace courier {

class LoadedLibrary {
 public:
  // Never closed: fonts keep state in it. package: of Debian, that has it.
  // Errors: device, when it is not installed.
  LoadedLibrary(const char* name, std::string package)
      : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)), package_(std::move(package)) {
    if (handle_ == nullptr) throw missing();
  }

  template <typename Function>
  void bind(const char* name, Function& function) const {
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (function == nullptr) throw missing();
  }

 private:
  Error missing() const {
    return Error(ErrorCode::device, "drawing",
                 "needs the package " + package_ + ", which is not here")
        .with_loss("nothing was written")
        .with_hint("install " + package_ + " and a font, such as fonts-dejavu-core");
  }

  void* handle_;
  std::string package_;
};

}  // namespace courier
