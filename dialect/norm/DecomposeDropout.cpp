// Decomposition of dropout: Philox4x32-10 in the body of one linalg.generic.
#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <array>
#include <cmath>

using namespace mlir;
using namespace keel::norm;

namespace {

/// Integer arithmetic at one place; `Value`s of i32 are words, of i64 double words.
struct Words {
  OpBuilder &b;
  Location loc;

  Value word(uint32_t value) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value wide(Value value) {
    return value.getType().isInteger(64) ? value : arith::ExtUIOp::create(b, loc, b.getI64Type(), value).getResult();
  }
  Value low(Value value) {
    return value.getType().isInteger(32) ? value : arith::TruncIOp::create(b, loc, b.getI32Type(), value).getResult();
  }
  Value high(Value value) {
    if (value.getType().isInteger(32))
      return word(0);
    Value shift = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(32));
    return low(arith::ShRUIOp::create(b, loc, value, shift));
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value exclusiveOr(Value x, Value y) { return arith::XOrIOp::create(b, loc, x, y); }
  Value multiply(Value x, uint32_t y) { return arith::MulIOp::create(b, loc, wide(x), wide(word(y))); }
};

/// Philox4x32-10, the first of its four output words (Salmon et al. 2011, section 4.3 and table 2; the multipliers and
/// Weyl constants are the paper's).
Value philox(Words &w, std::array<Value, 4> counter, std::array<Value, 2> key) {
  for (int round = 0; round < 10; ++round) {
    if (round != 0) {
      key[0] = w.add(key[0], w.word(0x9E3779B9));
      key[1] = w.add(key[1], w.word(0xBB67AE85));
    }
    Value product0 = w.multiply(counter[0], 0xD2511F53), product1 = w.multiply(counter[2], 0xCD9E8D57);
    counter = {w.exclusiveOr(w.exclusiveOr(w.high(product1), counter[1]), key[0]), w.low(product1),
               w.exclusiveOr(w.exclusiveOr(w.high(product0), counter[3]), key[1]), w.low(product0)};
  }
  return counter[0];
}

} // namespace

FailureOr<SmallVector<Value>> DropoutOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getInput());
  RankedTensorType type = getInput().getType();
  double rate = getRate().convertToDouble();
  // Extents after the first dynamic one are needed for the row-major index; the leading one is not.
  SmallVector<Input> inputs{emit.over(getInput()), {getSeed(), {}}, {getCounter(), {}}};
  SmallVector<int64_t> position(type.getRank(), 0);
  for (int64_t dim = 1; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim)) {
      position[dim] = inputs.size();
      Value size = tensor::DimOp::create(builder, getLoc(), getInput(), dim);
      inputs.push_back(Value(arith::IndexCastOp::create(builder, getLoc(), builder.getI64Type(), size)));
    }
  Value result = emit.map(inputs, emit.allDims(), type.getElementType(),
                          [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
    Words w{b, loc};
    Value index;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Value at = arith::IndexCastOp::create(b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, dim));
      if (dim == 0) {
        index = at;
        continue;
      }
      Value extent = position[dim] ? in[position[dim]]
                                   : arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(type.getDimSize(dim)))
                                         .getResult();
      index = w.add(arith::MulIOp::create(b, loc, index, extent), at);
    }
    if (!index)
      index = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
    Value word = philox(w, {w.low(index), w.high(index), w.low(in[2]), w.high(in[2])}, {w.low(in[1]), w.high(in[1])});
    // rate < 1, but it may round up to 2³².
    uint64_t threshold = std::min<uint64_t>(std::llround(std::ldexp(rate, 32)), UINT32_MAX);
    Value keep = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, word, w.word(threshold));
    Value scaled = arith::MulFOp::create(b, loc, in[0], constantOf(b, loc, emit.accumulation, 1.0 / (1.0 - rate)));
    return arith::SelectOp::create(b, loc, keep, scaled, constantOf(b, loc, emit.accumulation, 0.0));
  });
  return SmallVector<Value>{result};
}
