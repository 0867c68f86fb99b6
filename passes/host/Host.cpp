// Which functions are entries, and which element types may cross their boundary.
#include "passes/host/Host.h"

using namespace mlir;

SmallVector<func::FuncOp> keel::getEntries(ModuleOp module) {
  // @prepare goes with entries of any name: the compiler makes it.
  SmallVector<func::FuncOp> named, open;
  bool convention = false;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || !function.isPublic())
      continue;
    open.push_back(function);
    bool known = llvm::is_contained({"forward", "loss", "train_step"}, function.getSymName());
    convention |= known;
    if (known || function.getSymName() == "prepare")
      named.push_back(function);
  }
  return convention ? named : open;
}

bool keel::isArtifactElementType(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth()) &&
           (!integer.isUnsigned() || integer.getWidth() == 8);
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}
