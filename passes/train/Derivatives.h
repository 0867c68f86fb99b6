// The derivatives of upstream ops, as external models of norm::DifferentiableOpInterface. A plug-in attaches its own
// ops' in the same way.
#pragma once

#include "dialect/norm/Norm.h"

#include "mlir/IR/DialectRegistry.h"

namespace keel {

/// Everything below.
void registerDerivatives(mlir::DialectRegistry &registry);

void registerArithDerivatives(mlir::DialectRegistry &registry);
void registerMathDerivatives(mlir::DialectRegistry &registry);
void registerLinalgDerivatives(mlir::DialectRegistry &registry);
void registerTensorDerivatives(mlir::DialectRegistry &registry);
void registerControlFlowDerivatives(mlir::DialectRegistry &registry);

/// Whether the gradient of input `index` is asked for; see the interface.
inline bool isWanted(llvm::ArrayRef<mlir::Value> inputGradients, unsigned index) {
  return inputGradients.empty() || inputGradients[index];
}

/// A rule written as a callable: rule(op, builder, resultGradients, inputGradients) sets the gradients it has;
/// `inputGradients` comes in null, `wanted(i)` says what is asked for.
using Wanted = llvm::function_ref<bool(unsigned)>;
template <typename OpTy, auto rule>
struct Derivative : norm::DifferentiableOpInterface::ExternalModel<Derivative<OpTy, rule>, OpTy> {
  mlir::LogicalResult buildGradient(mlir::Operation *op, mlir::OpBuilder &builder,
                                    llvm::ArrayRef<mlir::Value> resultGradients,
                                    llvm::SmallVectorImpl<mlir::Value> &inputGradients) const {
    llvm::SmallVector<mlir::Value> marks(inputGradients.begin(), inputGradients.end());
    size_t count = std::max<size_t>(marks.size(), op->getNumOperands());
    inputGradients.assign(count, mlir::Value());
    auto wanted = [&](unsigned index) { return isWanted(marks, index); };
    return rule(mlir::cast<OpTy>(op), builder, resultGradients, Wanted(wanted), inputGradients);
  }
};

} // namespace keel
