// How a normalization is to run, where its author (or a test) wants to say so.
#pragma once

#include "mlir/IR/Builders.h"

namespace keel::norm {

/// On a normalization, and then on the kernels that hold it: "row-complete", "cluster", "row-block-barrier", "statistics" or
/// "deferred" in the place of what the compiler would choose. See the pass form-kernels.
constexpr llvm::StringLiteral strategyAttribute = "keel.strategy";

/// While it lives, whatever is built before the builder's insertion point inherits an op's strategy: its gradient, or what
/// it decomposes into.
class InheritStrategy {
public:
  InheritStrategy(mlir::Operation *op, const mlir::OpBuilder &builder)
      : strategy(op->getDiscardableAttr(strategyAttribute)), block(builder.getInsertionBlock()),
        end(builder.getInsertionPoint()), before(end == block->begin() ? nullptr : &*std::prev(end)) {}
  ~InheritStrategy() {
    if (strategy)
      for (auto it = before ? std::next(before->getIterator()) : block->begin(); it != end; ++it)
        it->setDiscardableAttr(strategyAttribute, strategy);
  }

private:
  mlir::Attribute strategy;
  mlir::Block *block;
  mlir::Block::iterator end;
  mlir::Operation *before;
};

} // namespace keel::norm
