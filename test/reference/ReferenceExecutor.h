// Compiles a module by upstream's naive lowering and calls it in this process.
#pragma once

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <vector>

namespace keel {

/// A dense row-major tensor, or (rank 0, isTensor = false) a scalar.
struct ReferenceValue {
  mlir::Type type;
  llvm::SmallVector<int64_t> shape;
  std::vector<char> data;

  int64_t getNumElements() const;
  /// The bytes of one element.
  static int64_t getElementSize(mlir::Type type);
};

class ReferenceExecutor {
public:
  /// Lowers a copy of `module` after running `passes` (a textual pipeline, may be empty) on it. Errors are emitted.
  /// `functions` are those that will be called.
  static mlir::FailureOr<std::unique_ptr<ReferenceExecutor>>
  compile(mlir::ModuleOp module, llvm::StringRef passes, llvm::ArrayRef<llvm::StringRef> functions);

  /// The function's type on tensors, after `passes`.
  mlir::FunctionType getType(llvm::StringRef function) const { return types.lookup(function); }

  /// Calls a function on copies of the arguments. What it allocates is not freed.
  mlir::FailureOr<std::vector<ReferenceValue>> call(llvm::StringRef function,
                                                    llvm::ArrayRef<ReferenceValue> arguments);

private:
  std::unique_ptr<mlir::ExecutionEngine> engine;
  llvm::StringMap<mlir::FunctionType> types;
};

} // namespace keel
