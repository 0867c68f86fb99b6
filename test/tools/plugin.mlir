// A pass of one's own, loaded as a plugin (tools/example/CountNorms.cpp), sees our ops.
// RUN: keel-opt %s --load-pass-plugin=%plugin --pass-pipeline="builtin.module(count-norms)" --verify-diagnostics

// expected-remark@below {{1 layer norms}}
module {
  func.func @norm(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    // expected-remark@below {{layer norm 1}}
    %y = norm.layer_norm %x axes = [1] : tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}
