// The optimizers: their state, and the update of one parameter as one elementwise op.
#pragma once

#include "mlir/IR/Builders.h"

#include <optional>

namespace keel {

class Optimizer {
public:
  struct Setting {
    llvm::StringRef name;
    double start;
  };

  /// "sgd", "momentum" or "adamw".
  static std::optional<Optimizer> get(llvm::StringRef name);

  /// Rank-0 f32 state that the user may change.
  llvm::ArrayRef<Setting> getSettings() const { return settings; }
  /// What a parameter has besides its value: zero at first, of the parameter's type.
  llvm::ArrayRef<llvm::StringRef> getSlots() const { return slots; }

  /// Computes what all parameters' updates share. `loaded` are the settings' values in order, `step` is the number of
  /// this update, from 1: tensors of rank 0.
  void prepare(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange loaded, mlir::Value step);
  /// Updates multiply gradients by `factor`, a tensor<f32>, and do nothing if it is 0.
  void setGradientFactor(mlir::Value factor);
  /// The new values of the parameter and its slots from `state`, the old ones in the same order.
  llvm::SmallVector<mlir::Value> update(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value gradient,
                                        mlir::ValueRange state) const;

private:
  enum class Kind { Sgd, Momentum, AdamW };
  Kind kind;
  llvm::SmallVector<Setting> settings;
  llvm::SmallVector<llvm::StringRef> slots;
  llvm::SmallVector<mlir::Value> coefficients; // what `update` reads besides the gradient and the state
  bool hasFactor = false;                      // the last of them is the gradients'
};

} // namespace keel
