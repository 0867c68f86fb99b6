// Targets that ptxas does not know, or that are too old; no toolkit where there should be one.
// RUN: not keel-opt %s --assemble-device=target=sm_81 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not keel-opt %s --assemble-device=target=sm_75 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: env CUDA_HOME=%t not keel-opt %s --assemble-device 2>&1 | FileCheck %s --check-prefix=HOME
// UNKNOWN: error: unknown target '{{sm_81|sm_75}}', expected native, a CPU's name, or one of {{.*}}sm_80, {{.*}}sm_90a
// HOME: error: CUDA_HOME is '{{.*}}', but there is no bin/ptxas and nvvm/libdevice/libdevice.10.bc in it

gpu.module @device {
}
