// The state of a training step: what it loads at its top and stores at its end.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/MapVector.h"

namespace keel {

/// The role of a piece of state is the discardable attribute `keel.role` of its global.
inline constexpr llvm::StringLiteral roleAttribute = "keel.role";

class StepState {
public:
  /// Moves the loads of `step` to its top, one for each global, takes out its stores, and gives every global of the
  /// module its role.
  static mlir::FailureOr<StepState> collect(mlir::func::FuncOp step, mlir::ModuleOp module);

  /// What @loss reads, does not store, and can be trained; in the module's order.
  llvm::SmallVector<mlir::ml_program::GlobalOp> parameters;

  /// The value of `global` at the top.
  mlir::Value load(mlir::ml_program::GlobalOp global);
  void store(mlir::ml_program::GlobalOp global, mlir::Value value) { stored[global] = value; }
  mlir::Value getStored(mlir::ml_program::GlobalOp global) { return stored.lookup(global); }
  /// What the step stores so far.
  llvm::SmallVector<mlir::ml_program::GlobalOp> getStored() const;
  mlir::MLIRContext *getContext() { return module.getContext(); }
  void writeStores(mlir::OpBuilder &builder);

  /// The global `name`, created after the last one if there is none. One that exists must have `type`, and be allowed.
  mlir::FailureOr<mlir::ml_program::GlobalOp> findOrCreate(llvm::StringRef name, mlir::Type type,
                                                           mlir::Attribute start, llvm::StringRef role, bool mayExist);

private:
  mlir::LogicalResult collectAccesses();
  void setRoles();

  mlir::func::FuncOp step;
  mlir::ModuleOp module;
  mlir::Operation *lastGlobal = nullptr;
  llvm::MapVector<mlir::Operation *, mlir::Value> loaded, stored;
};

} // namespace keel
