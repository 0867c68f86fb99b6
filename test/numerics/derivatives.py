"""The gradient that --differentiate builds of every norm op and of linalg.softmax, against central differences of the op
itself, both compiled, in f64. Usage: derivatives.py [seed]"""
import math

from cases import compare, failures, normal, rng, SEED
from naive import Module, Tensor, function

STEP, TOLERANCE = 1e-4, 1e-8  # the differences' error is about STEP⁴ times the fifth derivative
X, V, S = "tensor<?x6xf64>", "tensor<6xf64>", "tensor<i64>"
PARAMETERS = f"scale(%g : {V}) shift(%b : {V})"
SCALARS = """  %seed = arith.constant dense<5> : tensor<i64>
  %counter = arith.constant dense<7> : tensor<i64>
"""
SOFTMAX = """  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x6xf64>
  %e = tensor.empty(%d) : tensor<?x6xf64>
"""
IMAGE = "tensor<?x6x5xf64>"

# name: (body, arguments, result); floats are differentiated.
OPS = {
    "layer_norm": (f"  %y = norm.layer_norm %x {PARAMETERS} axes = [1] : {X}", ["x", "g", "b"], X),
    "layer_norm_plain": (f"  %y = norm.layer_norm %x axes = [0, 1] : {X}", ["x"], X),
    "layer_norm_shift": (f"  %y = norm.layer_norm %x shift(%b : {V}) axes = [1] : {X}", ["x", "b"], X),
    "rms_norm": (f"  %y = norm.rms_norm %x {PARAMETERS} axes = [1] : {X}", ["x", "g", "b"], X),
    "group_norm": (f"  %y = norm.group_norm %i {PARAMETERS} groups = 3 : {IMAGE}", ["i", "g", "b"], IMAGE),
    "instance_norm": (f"  %y = norm.group_norm %i {PARAMETERS} groups = 6 : {IMAGE}", ["i", "g", "b"], IMAGE),
    "batch_norm": (f"  %y, %1, %2 = norm.batch_norm %x running(%g, %g : {V}) {PARAMETERS} : {X}", ["x", "g", "b"], X),
    "batch_norm_image": (f"  %y, %1, %2 = norm.batch_norm %i running(%g, %g : {V}) scale(%g : {V}) : {IMAGE}", ["i", "g"],
                         IMAGE),
    "batch_norm_inference": (f"  %y = norm.batch_norm_inference %x statistics(%m, %v : {V}) {PARAMETERS} : {X}",
                             ["x", "m", "v", "g", "b"], X),
    "cross_entropy": (f"  %y = norm.softmax_cross_entropy %x, %l : {X}, tensor<?xi32> -> tensor<f64>", ["x", "l"],
                      "tensor<f64>"),
    "cross_entropies": (f"  %y = norm.softmax_cross_entropy %x, %l : {X}, tensor<?xi32> -> tensor<?xf64>", ["x", "l"],
                        "tensor<?xf64>"),
    "soft_cross_entropy": (f"  %y = norm.softmax_cross_entropy %x, %t : {X}, {X} -> tensor<f64>", ["x", "t"], "tensor<f64>"),
    "soft_cross_entropies": (f"  %y = norm.softmax_cross_entropy %x, %t : {X}, {X} -> tensor<?xf64>", ["x", "t"],
                             "tensor<?xf64>"),
    "dropout": (f"{SCALARS}  %y = norm.dropout %x seed(%seed : {S}) counter(%counter : {S}) rate = 0.25 : {X}", ["x"], X),
    "mean": (f"  %y, %1 = norm.moments %x axes = [1] : {X} -> tensor<?xf64>", ["x"], "tensor<?xf64>"),
    "m2": (f"  %1, %y = norm.moments %x axes = [0] : {X} -> {V}", ["x"], V),
    "both_moments": (f"  %1, %2 = norm.moments %x axes = [1] : {X} -> tensor<?xf64>\n"
                     "  %y = arith.addf %1, %2 : tensor<?xf64>", ["x"], "tensor<?xf64>"),
    "center": (f"  %y = norm.center %x axes = [1] : {X}", ["x"], X),
    "softmax": (f"{SOFTMAX}  %y = linalg.softmax dimension(1) ins(%x : {X}) outs(%e : {X}) -> {X}", ["x"], X),
    "softmax_columns": (f"{SOFTMAX}  %y = linalg.softmax dimension(0) ins(%x : {X}) outs(%e : {X}) -> {X}", ["x"], X),
}

values = {"x": normal((4, 6), "f64"), "i": normal((2, 6, 5), "f64"), "g": normal((6,), "f64", 1.0), "b": normal((6,), "f64"),
          "m": normal((6,), "f64"), "v": Tensor((6,), "f64", [rng.uniform(0.5, 2) for _ in range(6)]),
          "t": Tensor((4, 6), "f64", [rng.random() for _ in range(24)]),
          "l": Tensor((4,), "i32", [rng.randrange(6) for _ in range(4)])}
types = {"x": X, "i": IMAGE, "t": X, "l": "tensor<?xi32>"}
shapes = {X: (4, 6), IMAGE: (2, 6, 5), V: (6,), "tensor<f64>": (), "tensor<?xf64>": (4,)}

text = "".join(function(name, [(a, types.get(a, V)) for a in arguments], [("y", result)], body)
               for name, (body, arguments, result) in OPS.items())
module = Module(text, [*(f"--differentiate=function={name}" for name in OPS), "--normalize-graph",
                       "--decompose-norm=keep-moments=false", "--llvm-request-c-wrappers"])

for name, (_, arguments, result) in OPS.items():
    inputs, shape = [values[a] for a in arguments], shapes[result]
    is_scalar = shape == ()
    dy = Tensor((), "f64", [1.0]) if is_scalar else normal(shape, "f64")

    def objective(tensors):
        y, = module.call(name, tensors, [(len(shape), "f64")])
        return sum(a * b for a, b in zip(y.values, dy.values))

    floats = [i for i, tensor in enumerate(inputs) if tensor.element == "f64"]
    results = [(len(shape), "f64")] + [(len(inputs[i].shape), "f64") for i in floats]
    _, *gradients = module.call(name + "_gradient", inputs + ([] if is_scalar else [dy]), results)
    for i, gradient in zip(floats, gradients):
        differences = []
        for element in range(len(inputs[i].values)):
            ends = []
            for steps in (1, -1, 2, -2):
                moved = list(inputs)
                at = list(inputs[i].values)
                at[element] += steps * STEP
                moved[i] = Tensor(inputs[i].shape, "f64", at)
                ends.append(objective(moved))
            differences.append((8 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / (12 * STEP))
        compare(f"{name}: gradient of %{arguments[i]}", gradient.values, differences, TOLERANCE)

for failure in failures:
    print(failure)
print(f"seed {SEED}: {len(OPS)} functions, {len(failures)} failures")
