// Transposes a square of vectors in registers by perfect shuffles: Stone, "Parallel Processing with the Perfect
// Shuffle" (1971). Each round interleaves vector i with vector i + lanes / 2.
#include "passes/cpu/VectorTranspose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

SmallVector<Value> keel::transposeSquare(OpBuilder &builder, Location loc, ArrayRef<Value> rows) {
  int64_t lanes = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    int64_t source = lane / 2 + (lane % 2) * lanes;
    low.push_back(source);
    high.push_back(source + lanes / 2);
  }
  SmallVector<Value> result(rows);
  for (int64_t round = 1; round < lanes; round *= 2) {
    SmallVector<Value> next;
    for (int64_t row = 0; row < lanes / 2; ++row)
      for (ArrayRef<int64_t> mask : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(builder, loc, result[row], result[row + lanes / 2], mask));
    result = std::move(next);
  }
  return result;
}
