// The state of turning a plan into loops: what is known at each place of the nest, and who creates what.
#pragma once

#include "passes/cpu/VectorizeLinalgPlan.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace keel::vectorize {

/// The copies of one value of the body: for each unrolled row and vector that it depends on.
struct Copies {
  bool byRow = false, byVector = false;
  unsigned vectors = 1;
  mlir::SmallVector<mlir::Value> values;
  mlir::Value &at(unsigned row, unsigned vector) {
    return values[(byRow ? row * (byVector ? vectors : 1) : 0) + (byVector ? vector : 0)];
  }
};

/// What is known at one place of the nest.
struct Scope {
  mlir::SmallVector<mlir::Value> ivs;         // by dimension
  unsigned rows = 1, vectors = 1;             // copies in this part of the nest
  bool vectorized = false;                    // inside the vector loop, and not in a scalar remainder
  mlir::Value mask;                           // the lanes that exist, in the remainder
  mlir::DenseMap<mlir::Value, Copies> values; // of the body
  mlir::SmallVector<Copies> accumulators;     // by output; empty before it is loaded
};

class Emitter {
public:
  Emitter(mlir::OpBuilder &builder, Plan &plan) : builder(builder), plan(plan), loc(plan.op.getLoc()) {}
  void run();

private:
  void emitLevel(unsigned level, Scope &scope);
  void emitDim(unsigned level, Scope &scope);
  void emitLoop(unsigned level, Scope &scope, mlir::Value from, mlir::Value to, int64_t step, const Scope &inner);
  void emitBody(unsigned level, Scope &scope);
  unsigned getDepth(mlir::Value value);
  void emitYield(Scope &scope);
  Copies emitOp(mlir::Operation &op, Scope &scope);
  void loadAccumulator(unsigned output, Scope &scope);
  void storeAccumulator(unsigned output, Scope &scope);
  mlir::Value combineLanes(unsigned output, Scope &scope, unsigned row);

  mlir::Value getIndex(Operand &operand, Scope &scope, unsigned row, unsigned vector);
  mlir::Value emitLoad(Operand &operand, Scope &scope, unsigned row, unsigned vector);
  Copies emitTransposedLoads(Operand &operand, Scope &scope);
  void emitStore(Operand &operand, Scope &scope, mlir::Value value, unsigned row, unsigned vector);
  mlir::Value emitExtract(mlir::memref::LoadOp load, Scope &scope, unsigned row, unsigned vector);
  mlir::Value emitLoopIndex(unsigned dim, Scope &scope, unsigned row, unsigned vector);
  Copies makeCopies(Scope &scope, bool byRow, bool byVector, llvm::function_ref<mlir::Value(unsigned, unsigned)> make);
  mlir::Value lookup(Scope &scope, mlir::Value value, unsigned row, unsigned vector);
  bool isByRow(Scope &scope, mlir::Value value) { return scope.values.contains(value) && scope.values[value].byRow; }
  bool isByVector(Scope &scope, mlir::Value value) {
    return scope.values.contains(value) && scope.values[value].byVector;
  }

  mlir::Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(builder, loc, value); }
  mlir::Value materialize(mlir::OpFoldResult value) {
    return mlir::getValueOrCreateConstantIndexOp(builder, loc, value);
  }
  mlir::VectorType vectorOf(mlir::Type element) { return mlir::VectorType::get({int64_t(plan.lanes)}, element); }
  mlir::Value broadcast(mlir::Value value) {
    if (mlir::isa<mlir::VectorType>(value.getType()))
      return value;
    return mlir::vector::BroadcastOp::create(builder, loc, vectorOf(value.getType()), value);
  }
  mlir::Value lanesTimes(mlir::OpFoldResult stride);
  mlir::Value allLanes() {
    mlir::VectorType type = vectorOf(builder.getI1Type());
    return mlir::arith::ConstantOp::create(builder, loc, mlir::DenseElementsAttr::get(type, true));
  }
  bool isCombined(unsigned output) {
    return plan.vectorDim && !plan.getOutput(output).dependsOn(*plan.vectorDim);
  }
  // Rows that are done at once go into one sum.
  bool isAcrossRows(unsigned output) { return plan.rowDim && !plan.getOutput(output).dependsOn(*plan.rowDim); }
  unsigned storeLevel(unsigned output) {
    return plan.getDepth([&](unsigned dim) { return plan.getOutput(output).dependsOn(dim); });
  }

  mlir::OpBuilder &builder;
  Plan &plan;
  mlir::Location loc;
  mlir::DenseMap<mlir::Operation *, unsigned> depths; // of the body's operations
};

} // namespace keel::vectorize
