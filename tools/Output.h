// What the compiler tools print and write.
#pragma once

#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"

namespace keel {

inline void printError(const llvm::Twine &message) { llvm::errs() << "error: " << message << "\n"; }

/// Writes what `print` prints, whole or not at all; "-" is standard output. False, and an error printed, if that fails.
inline bool writeOutput(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    print(stream);
    return llvm::Error::success();
  });
  if (!error)
    return true;
  printError("cannot write " + path + ": " + llvm::toString(std::move(error)));
  return false;
}

} // namespace keel
