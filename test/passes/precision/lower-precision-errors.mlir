// RUN: keel-opt %s --lower-precision=precision=f8 -verify-diagnostics

// expected-error @below {{unknown precision 'f8'; expected f32, tf32, bf16 or f16}}
module {
}
