// Recognises contractions: linalg ops that multiply two operands and add along one or more loops.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace keel {

/// C[batch, m, n] += sum over k of A[batch, m, k] * B[batch, k, n].
///
/// A and B are named so that C's last loop is an n loop: vectors run along it. So A may be the op's second operand.
/// Loops of extent one are in no class.
struct Contraction {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand *a, *b, *c;
  mlir::AffineMap aMap, bMap, cMap;
  /// Loop numbers in C's order; k in A's order.
  llvm::SmallVector<unsigned> batch, m, n, k;
  /// The loops' extents, dynamic ones ShapedType::kDynamic.
  llvm::SmallVector<int64_t> extents;
  /// The columns of a panel where B is packed, else 0: B's map is then (…, n floordiv panel, k, n mod panel).
  int64_t panel = 0;

  mlir::Type getElementType(mlir::OpOperand *operand) const {
    return mlir::getElementTypeOrSelf(operand->get().getType());
  }
};

/// A target may compute a contraction with this discardable attribute in what it names, "tf32": products of f32 operands
/// rounded to ten bits of mantissa, summed in f32.
inline constexpr llvm::StringLiteral precisionAttribute = "keel.precision";

/// Whether the body adds the product of the two inputs, each of them perhaps extended, to the result.
bool isSumOfProducts(mlir::linalg::LinalgOp op);

/// Matches by the indexing maps and the body: the sum of C with the product of A and B, each of them perhaps extended.
/// Floating point only.
std::optional<Contraction> matchContraction(mlir::linalg::LinalgOp op);

/// (…, n floordiv panel, k, n mod panel) from a map in which `n` is a plain result.
mlir::AffineMap getPanelMap(const Contraction &contraction, unsigned n, int64_t panel);

} // namespace keel
