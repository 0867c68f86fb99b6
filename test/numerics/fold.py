"""--fold-batch-norm and --fold-scale compute what the model as written computes, in f64 to rounding. Usage: fold.py [seed]"""
import random
import subprocess
import sys

from naive import Module, Tensor, function

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 20262
rng = random.Random(SEED)


def constant(name, *shape, low=-1.0):
    def text(shape):
        return f"[{', '.join(text(shape[1:]) for _ in range(shape[0]))}]" if shape else f"{rng.uniform(low, 2.0):.17e}"
    return f"  %{name} = arith.constant dense<{text(shape)}> : tensor<{'x'.join(map(str, shape))}xf64>\n"


CONSTANTS = (constant("w", 5, 8) + constant("b", 8) + constant("g", 8) + constant("h", 8) + constant("m", 8) +
             constant("v", 8, low=0.1) + constant("k", 3, 3, 2, 8) + constant("o", 8, 3) + constant("c", 3))
PARAMETERS = "scale(%g : tensor<8xf64>) shift(%h : tensor<8xf64>)"
MODEL = CONSTANTS + f"""
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %n = tensor.dim %x, %c0 : tensor<?x5xf64>
  %e8 = tensor.empty(%n) : tensor<?x8xf64>
  %e3 = tensor.empty(%n) : tensor<?x3xf64>
  %ei = tensor.empty(%n) : tensor<?x2x2x8xf64>
  %b8 = linalg.broadcast ins(%b : tensor<8xf64>) outs(%e8 : tensor<?x8xf64>) dimensions = [0]
  %b3 = linalg.broadcast ins(%c : tensor<3xf64>) outs(%e3 : tensor<?x3xf64>) dimensions = [0]
  %z3 = linalg.fill ins(%zero : f64) outs(%e3 : tensor<?x3xf64>) -> tensor<?x3xf64>
  %zi = linalg.fill ins(%zero : f64) outs(%ei : tensor<?x2x2x8xf64>) -> tensor<?x2x2x8xf64>
  %l = linalg.matmul ins(%x, %w : tensor<?x5xf64>, tensor<5x8xf64>) outs(%b8 : tensor<?x8xf64>) -> tensor<?x8xf64>
  %y0 = norm.batch_norm_inference %l statistics(%m, %v : tensor<8xf64>) {PARAMETERS} : tensor<?x8xf64>
  %f = linalg.conv_2d_nhwc_hwcf ins(%i, %k : tensor<?x4x4x2xf64>, tensor<3x3x2x8xf64>)
      outs(%zi : tensor<?x2x2x8xf64>) -> tensor<?x2x2x8xf64>
  %y1 = norm.batch_norm_inference %f statistics(%m, %v : tensor<8xf64>) channel = 3 : tensor<?x2x2x8xf64>
  %r = norm.layer_norm %y0 {PARAMETERS} axes = [1] : tensor<?x8xf64>
  %y2 = linalg.matmul ins(%r, %o : tensor<?x8xf64>, tensor<8x3xf64>) outs(%b3 : tensor<?x3xf64>) -> tensor<?x3xf64>
  %s = norm.rms_norm %y0 scale(%g : tensor<8xf64>) axes = [1] : tensor<?x8xf64>
  %y3 = linalg.matmul ins(%s, %o : tensor<?x8xf64>, tensor<8x3xf64>) outs(%z3 : tensor<?x3xf64>) -> tensor<?x3xf64>
  %t = norm.group_norm %y0 {PARAMETERS} groups = 2 : tensor<?x8xf64>
  %y4 = linalg.matmul ins(%t, %o : tensor<?x8xf64>, tensor<8x3xf64>) outs(%z3 : tensor<?x3xf64>) -> tensor<?x3xf64>"""
RESULTS = [("y0", "tensor<?x8xf64>"), ("y1", "tensor<?x2x2x8xf64>")] + [(f"y{i}", "tensor<?x3xf64>") for i in (2, 3, 4)]
TEXT = function("forward", [("x", "tensor<?x5xf64>"), ("i", "tensor<?x4x4x2xf64>")], RESULTS, MODEL)
FOLD = ["--fold-batch-norm", "--fold-scale"]
DECOMPOSE = "--decompose-norm=keep-moments=false"

# All of them are folded.
text = subprocess.run(["keel-opt", *FOLD], input=TEXT.encode(), stdout=subprocess.PIPE, check=True).stdout
assert b"batch_norm" not in text and b"scale(" not in text, text.decode()

inputs = [Tensor(shape, "f64", [rng.gauss(0, 1) for _ in range(size)]) for shape, size in (((3, 5), 15), ((3, 4, 4, 2), 96))]
ranks = [(2, "f64"), (4, "f64"), (2, "f64"), (2, "f64"), (2, "f64")]
plain = Module(TEXT, [DECOMPOSE]).call("forward", inputs, ranks)
folded = Module(TEXT, [*FOLD, DECOMPOSE]).call("forward", inputs, ranks)
for (name, _), p, f in zip(RESULTS, plain, folded):
    scale = max(map(abs, p.values))
    error = max(abs(a - b) for a, b in zip(p.values, f.values)) / scale
    print(f"%{name}: {'same' if error < 1e-13 else f'differs by {error}'}")
