// Whether two ops compute the same.
#include "passes/host/Equivalence.h"

#include "mlir/IR/OperationSupport.h"

using namespace mlir;

bool keel::areBodiesEquivalent(Operation *a, Operation *b, llvm::function_ref<bool(Value, Value)> outside) {
  DenseMap<Value, Value> inside;
  auto check = [&](Value p, Value q) {
    auto known = inside.find(p);
    return success(known != inside.end() ? known->second == q : outside(p, q));
  };
  auto mark = [&](Value p, Value q) { inside[p] = q; };
  return a->getNumRegions() == b->getNumRegions() &&
         llvm::all_of(llvm::zip(a->getRegions(), b->getRegions()), [&](auto pair) {
           return OperationEquivalence::isRegionEquivalentTo(&std::get<0>(pair), &std::get<1>(pair), check, mark,
                                                             OperationEquivalence::IgnoreLocations);
         });
}
