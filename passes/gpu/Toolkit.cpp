// Finds ptxas and libdevice, and runs them.
#include "passes/gpu/Toolkit.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

#include <cstdlib>

using namespace mlir;

// The toolkit in a folder, if it is complete.
static std::optional<keel::CudaToolkit> getToolkitAt(StringRef root) {
  SmallString<128> ptxas(root), libdevice(root);
  llvm::sys::path::append(ptxas, "bin", "ptxas");
  llvm::sys::path::append(libdevice, "nvvm", "libdevice", "libdevice.10.bc");
  if (!llvm::sys::fs::can_execute(ptxas) || !llvm::sys::fs::exists(libdevice))
    return std::nullopt;
  return keel::CudaToolkit{std::string(ptxas), std::string(libdevice)};
}

FailureOr<keel::CudaToolkit> keel::findCudaToolkit(Location loc) {
  if (const char *home = std::getenv("CUDA_HOME")) {
    if (auto toolkit = getToolkitAt(home))
      return *toolkit;
    return emitError(loc, "CUDA_HOME is '")
           << home << "', but there is no bin/ptxas and nvvm/libdevice/libdevice.10.bc in it";
  }
  std::vector<std::string> folders = {"/usr/local/cuda"};
  if (auto found = llvm::sys::findProgramByName("ptxas")) {
    SmallString<128> real;
    if (!llvm::sys::fs::real_path(*found, real))
      folders.push_back(llvm::sys::path::parent_path(llvm::sys::path::parent_path(real)).str());
  }
  folders.push_back(KEEL_CUDA_WHEELS);
  return findCudaToolkit(folders, loc);
}

FailureOr<keel::CudaToolkit> keel::findCudaToolkit(ArrayRef<std::string> folders, Location loc) {
  for (const std::string &folder : folders)
    if (auto toolkit = getToolkitAt(folder))
      return *toolkit;
  return emitError(loc,
                   "no CUDA toolkit found (looked at CUDA_HOME, /usr/local/cuda, PATH and what tools/setup fetches "
                   "from PyPI): set CUDA_HOME to a toolkit of version 13, or run tools/setup with access to PyPI");
}

FailureOr<keel::ToolResult> keel::runTool(StringRef program, ArrayRef<StringRef> arguments, Location loc) {
  SmallString<128> log;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("keel", "log", log))
    return emitError(loc, "cannot create a temporary file: ") << code.message();
  llvm::FileRemover removeLog(log);
  SmallVector<StringRef> command = {program};
  command.append(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log), StringRef(log)};
  std::string message;
  bool failed = false;
  ToolResult result;
  result.status = llvm::sys::ExecuteAndWait(program, command, std::nullopt, redirects, 0, 0, &message, &failed);
  if (failed || result.status < 0)
    return emitError(loc, "cannot run ") << program << ": " << message;
  if (auto text = llvm::MemoryBuffer::getFile(log))
    result.output = (*text)->getBuffer().str();
  return result;
}

FailureOr<std::vector<std::string>> keel::getKnownTargets(const CudaToolkit &toolkit, Location loc) {
  FailureOr<ToolResult> help = runTool(toolkit.ptxas, {"--help"}, loc);
  if (failed(help))
    return failure();
  // The list of values of --gpu-name: 'sm_80','sm_90a', ...
  std::vector<std::string> targets;
  llvm::StringSet<> seen;
  StringRef text = help->output;
  text = text.substr(text.find("--gpu-name"));
  for (size_t at = text.find("'sm_"); at != StringRef::npos; at = text.find("'sm_")) {
    text = text.substr(at + 1);
    StringRef name = text.take_until([](char c) { return c == '\''; });
    if (seen.insert(name).second)
      targets.push_back(name.str());
  }
  if (targets.empty())
    return emitError(loc, "") << toolkit.ptxas << " does not say which targets it knows";
  return targets;
}
