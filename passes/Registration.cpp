// Everything a tool registers: dialects, interfaces, passes and pipelines.
#include "passes/Registration.h"

#include "dialect/keel/Keel.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/SoftmaxDerivative.h"
#include "passes/Pipelines.h"
#include "passes/algebra/Passes.h"
#include "passes/artifact/Passes.h"
#include "passes/cpu/Passes.h"
#include "passes/fuse/Passes.h"
#include "passes/gpu/Passes.h"
#include "passes/host/Passes.h"
#include "passes/import/Passes.h"
#include "passes/precision/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/train/Derivatives.h"
#include "passes/train/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"

void keel::registerDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<KeelDialect, norm::NormDialect>();
  norm::registerSoftmaxDerivative(registry);
  registerDerivatives(registry);
}

void keel::registerPasses() {
  registerImportPasses();
  registerAlgebraPasses();
  registerTrainPasses();
  registerFusePasses();
  registerPrecisionPasses();
  registerSchedulePasses();
  registerHostPasses();
  registerArtifactPasses();
  registerCpuPasses();
  registerGpuPasses();
  registerPipelines();
}
