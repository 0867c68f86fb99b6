// Ops that upstream's naive lowering does not take either: checked against numpy.
// RUN: keel-compile %s -o %t.so
// RUN: %python -c "import numpy as n; n.save(r'%t.x.npy', n.arange(30, dtype='f4').reshape(3, 2, 5)); n.save(r'%t.i.npy', n.array([[[8], [1]], [[0], [3]], [[5], [4]]]))"
// RUN: keel-run %t.so call scatter --input %t.x.npy --input %t.i.npy --output %t.y.npy
// RUN: %python -c "import numpy as n; x, i, y = (n.load(r'%t.' + f + '.npy') for f in 'xiy'); e = n.ones((9, 5), 'f4'); e[i[..., 0]] = x; print('scatter', (e == y).all())" | FileCheck %s --check-prefix=SCATTER
// SCATTER: scatter True
// RUN: %python -c "import numpy as n; n.save(r'%t.a.npy', n.linspace(-2, 3, 21, dtype='f4')); n.save(r'%t.b.npy', n.linspace(1, 9, 21, dtype='f4'))"
// RUN: keel-run %t.so call complex --input %t.a.npy --input %t.b.npy --output %t.y.npy
// RUN: %python -c "import numpy as n; a, b, y = (n.load(r'%t.' + f + '.npy') for f in 'aby'); z = a + 1j * b; print('complex', n.allclose(y, (n.exp(z) / z).imag, 1e-5, 1e-5))" | FileCheck %s --check-prefix=COMPLEX
// COMPLEX: complex True

func.func @scatter(%x: tensor<3x2x5xf32>, %ids: tensor<3x2x1xi64>) -> tensor<9x5xf32> {
  %table = arith.constant dense<1.0> : tensor<9x5xf32>
  %y = tensor.scatter %x into %table[%ids] scatter_dims([0]) unique
      : (tensor<3x2x5xf32>, tensor<9x5xf32>, tensor<3x2x1xi64>) -> tensor<9x5xf32>
  return %y : tensor<9x5xf32>
}

#same = affine_map<(i) -> (i)>
func.func @complex(%a: tensor<21xf32>, %b: tensor<21xf32>) -> tensor<21xf32> {
  %empty = tensor.empty() : tensor<21xf32>
  %y = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<21xf32>, tensor<21xf32>) outs(%empty : tensor<21xf32>) {
  ^bb0(%re: f32, %im: f32, %out: f32):
    %z = complex.create %re, %im : complex<f32>
    %exp = complex.exp %z : complex<f32>
    %quotient = complex.div %exp, %z : complex<f32>
    %result = complex.im %quotient : complex<f32>
    linalg.yield %result : f32
  } -> tensor<21xf32>
  return %y : tensor<21xf32>
}
