// The norm dialect's registration.
#include "dialect/norm/Norm.h"

#include "mlir/IR/DialectImplementation.h"

#include "dialect/norm/NormDialect.cpp.inc"
#include "dialect/norm/NormInterfaces.cpp.inc"

using namespace mlir;
using namespace keel::norm;

void NormDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/norm/NormOps.cpp.inc"
      >();
}
