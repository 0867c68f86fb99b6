// RUN: keel-opt %s --lower-entries --outline-parallel --verify-diagnostics

func.func @forward(%y: memref<4xf32> {keel.output = 0 : i32}) {
  keel.kernel "k" outs(%o = %y : memref<4xf32>) {
    scf.forall (%r) in (4) {
      // expected-error @below {{this buffer has no place in scratch memory; run --plan-memory after the pass that made it}}
      %a = memref.alloc() : memref<4xf32>
      memref.copy %a, %o : memref<4xf32> to memref<4xf32>
    }
    keel.yield
  }
  return
}
