// RUN: keel-opt %s --bufferize --verify-diagnostics

// expected-error @below {{expected results that are tensors, found 'f32'; run --state-to-arguments first}}
func.func @forward(%x: f32) -> f32 { return %x : f32 }
