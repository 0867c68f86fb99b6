// What the compiler tools print and write.
#pragma once

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"

namespace keel {

inline void printError(const llvm::Twine &message) { llvm::errs() << "error: " << message << "\n"; }

/// Writes what `print` prints, whole or not at all; "-" is standard output. False, and an error printed, if that fails.
inline bool writeOutput(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  // A device or a pipe is written to; a file in its place would be what a rename leaves.
  llvm::sys::fs::file_status status;
  if (path != "-" && !llvm::sys::fs::status(path, status) && llvm::sys::fs::exists(status) &&
      status.type() != llvm::sys::fs::file_type::regular_file) {
    std::error_code code;
    llvm::raw_fd_ostream stream(path, code, llvm::sys::fs::CD_OpenExisting);
    if (!code) {
      print(stream);
      stream.flush();
      code = stream.error();
      stream.clear_error();
    }
    if (code)
      printError("cannot write " + path + ": " + code.message());
    return !code;
  }
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
