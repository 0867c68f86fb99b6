"""The algebra passes change neither value nor gradient: each network is differentiated and run as written and as
rewritten. In f64 both must agree to 1e-12; in f32, against f64, the rewritten one must be the more accurate under an
offset. Usage: algebra.py [seed]
"""
import math
import random
import re
import subprocess
import sys

from naive import Module, Tensor, f32

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 20262
rng = random.Random(SEED)
failures = []
modules = {}  # by text and passes: compiling takes longer than calling


def normal(shape, mean=0.0, deviation=1.0):
    """Random values that f32 holds exactly, so that f32 and f64 see the same network."""
    return shape, [f32(rng.gauss(mean, deviation)) for _ in range(math.prod(shape))]


class Network:
    """A function @f over globals, whose loads become arguments, differentiated in its float arguments.

    `inputs` maps names to (shape, values) or, for integers, to Tensors; names in `state` are globals. `body` ends in
    values named by `results`, pairs (name, type); `E` stands for the element type.
    """

    def __init__(self, inputs, state, body, results):
        self.inputs, self.state, self.body, self.results = inputs, state, body, results

    def tensors(self, element):
        return {n: t if isinstance(t, Tensor) else Tensor(t[0], element, t[1]) for n, t in self.inputs.items()}

    def rewritten(self, element, passes):
        """The module with @f after `passes`, every global an argument; and the arguments' names."""
        tensors = self.tensors(element)
        text = "".join(f"ml_program.global public mutable @{n}(dense<0.0> : {tensors[n].type()}) : {tensors[n].type()}\n"
                       for n in self.state)
        arguments = [n for n in self.inputs if n not in self.state]
        text += f"func.func @f({', '.join(f'%{n}: {tensors[n].type()}' for n in arguments)}) -> "
        types = ", ".join(t for _, t in self.results)
        text += f"({types}) attributes {{llvm.emit_c_interface}} {{\n"
        text += "".join(f"  %{n} = ml_program.global_load @{n} : {tensors[n].type()}\n" for n in self.state)
        text += self.body + f"\n  return {', '.join('%' + n for n, _ in self.results)} : {types}\n}}\n"
        text = re.sub(r"\bE\b|(?<=x)E(?=[>,])", element, text)
        text = subprocess.run(["keel-opt", "-", *passes], input=text.encode(), check=True,
                              stdout=subprocess.PIPE).stdout.decode()
        for name in self.state:
            load = re.search(rf"^ *(%\S+) = ml_program.global_load @{name} : (.*)\n", text, re.M)
            text = text.replace(load[0], "").replace("func.func @f(", f"func.func @f({load[1]}: {load[2]}, ")
            text = re.sub(rf" *ml_program.global .*@{name}\(.*\n", "", text)
        return text, [*reversed(self.state), *arguments]

    def run(self, element, passes, seeds):
        """The results of @f, and the gradients of its float arguments by name, given the results' gradients."""
        key = (self.body, element, *passes)
        if key not in modules:
            text, names = self.rewritten(element, passes)
            modules[key] = names, Module(text, ("--differentiate=function=f", "--decompose-norm=keep-moments=false",
                                                "--convert-elementwise-to-linalg", "--canonicalize"))
        names, module = modules[key]
        tensors = self.tensors(element)
        wanted = [n for n in names if tensors[n].element == element]
        outputs = module.call("f_gradient", [tensors[n] for n in names] + [Tensor(s, element, v) for s, v in seeds],
                              [(len(s), element) for s, _ in seeds] +
                              [(len(tensors[n].shape), element) for n in wanted])
        named = {n: o.values for (n, _), o in zip(self.results, outputs)}
        return named | {"d" + n: o.values for n, o in zip(wanted, outputs[len(seeds):])}

    def value(self, element, passes):
        """The results of @f by name."""
        text, names = self.rewritten(element, passes)
        tensors = self.tensors(element)
        outputs = Module(text).call("f", [tensors[n] for n in names],
                                    [(t.count("x"), element) for _, t in self.results])
        return {n: o.values for (n, _), o in zip(self.results, outputs)}


def difference(got, want, scale=0.0):
    """The largest error, relative to the largest value or to `scale`, the data's, if that is larger."""
    return max(abs(g - w) for g, w in zip(got, want, strict=True)) / max(scale, 1e-300, *map(abs, want))


def agree(what, network, passes, seeds, tolerance=1e-12, marker=None):
    """In f64 the rewritten network is the plain one."""
    text, _ = network.rewritten("f64", passes)
    if marker and len(re.findall(marker[0], text)) != marker[1]:
        failures.append(f"{what}: expected {marker[1]} times {marker[0]} after the rewrite")
    plain, changed = network.run("f64", [], seeds), network.run("f64", passes, seeds)
    scale = max(abs(v) for _, values in seeds for v in values)
    for name, want in plain.items():
        error = difference(changed[name], want, scale)
        if not error <= tolerance:
            failures.append(f"{what}: {name} differs by {error:.2e}")


def more_accurate(what, make, passes, bounds, draws=24):
    """In f32 the rewritten network's mean error over some draws is within a bound, and smaller than the plain one's by a
    factor: bounds maps a result to (bound, factor). One draw says little: dx gains between 4 and 50 times.
    make() draws a network and the gradients of its results."""
    errors = {name: [0.0, 0.0] for name in bounds}
    for _ in range(draws):
        network, seeds = make()
        exact = network.run("f64", [], seeds)
        for index, values in enumerate((network.run("f32", [], seeds), network.run("f32", passes, seeds))):
            for name in bounds:
                errors[name][index] += difference(values[name], exact[name]) / draws
    for name, (bound, factor) in bounds.items():
        before, after = errors[name]
        if not (after <= bound and after * factor <= before):
            failures.append(f"{what}: mean error of {name} {before:.2e} plain, {after:.2e} rewritten; at most {bound:.1e} and "
                            f"smaller by {factor} expected")


def same_values(what, network, passes, tolerance=1e-12, marker=None):
    """As `agree`, for the results alone."""
    text, _ = network.rewritten("f64", passes)
    if marker and len(re.findall(marker[0], text)) != marker[1]:
        failures.append(f"{what}: expected {marker[1]} times {marker[0]} after the rewrite")
    plain, changed = network.value("f64", []), network.value("f64", passes)
    for name, want in plain.items():
        error = difference(changed[name], want)
        if not error <= tolerance:
            failures.append(f"{what}: {name} differs by {error:.2e}")


def linear(name, x, w, b, m, k, n, init=None):
    """%name = %x·%w + %b, with %name_empty of its type."""
    return f"""
  %{name}_empty = tensor.empty() : tensor<{m}x{n}xE>
  %{name}_bias = linalg.broadcast ins(%{b} : tensor<{n}xE>) outs(%{name}_empty : tensor<{m}x{n}xE>) dimensions = [0]
  %{name} = linalg.matmul ins(%{x}, %{w} : tensor<{m}x{k}xE>, tensor<{k}x{n}xE>) outs(%{name}_bias : tensor<{m}x{n}xE>)
      -> tensor<{m}x{n}xE>"""


def relu(name, x, m, n):
    return f"""
  %{name}_zero = arith.constant 0.0 : E
  %{name}_empty = tensor.empty() : tensor<{m}x{n}xE>
  %{name}_zeros = linalg.fill ins(%{name}_zero : E) outs(%{name}_empty : tensor<{m}x{n}xE>) -> tensor<{m}x{n}xE>
  %{name} = linalg.max ins(%{x}, %{name}_zeros : tensor<{m}x{n}xE>, tensor<{m}x{n}xE>)
      outs(%{name}_empty : tensor<{m}x{n}xE>) -> tensor<{m}x{n}xE>"""


def layer_norm_network(m, k, n, offset=0.0):
    body = linear("z", "x", "w", "b", m, k, n) + f"""
  %u = norm.layer_norm %z scale(%g : tensor<{n}xE>) shift(%s : tensor<{n}xE>) axes = [1] : tensor<{m}x{n}xE>
""" + relu("y", "u", m, n)
    inputs = {"x": normal((m, k)), "w": normal((k, n), offset), "b": normal((n,), offset), "g": normal((n,), 1.0, 0.3),
              "s": normal((n,))}
    return Network(inputs, ["w", "b", "g", "s"], body, [("y", f"tensor<{m}x{n}xE>")])


def mask_agrees(passes):
    """y = ReLU(LN(x·W + b) + e): the gradient of e is dy where y is positive, and zero elsewhere."""
    m, n = 16, 64
    network = layer_norm_network(m, 8, n, 3.0)
    network.body = network.body.replace("%u = norm", "%v = norm") .replace(
        "%y_zero =", f"%u = arith.addf %v, %e : tensor<{m}x{n}xE>\n  %y_zero =")
    network.inputs["e"] = ((m, n), [0.0] * (m * n))
    got = network.run("bf16", passes, [((m, n), [1.0] * (m * n))])
    wrong = sum((y > 0) != (d != 0) for y, d in zip(got["y"], got["de"]))
    if wrong:
        failures.append(f"ReLU's mask differs in {wrong} of {m * n} elements")


CENTER, PIVOT, FOLD = ["--center-weights"], ["--pivot-batch-norm"], ["--fold-batch-norm"]
MARK = "zero_mean_input"

# Layer norm after a linear layer; gradients without and with a mean of 10 deviations; one input.
for m, k, n in ((7, 5, 9), (16, 33, 64), (3, 1, 5)):
    network = layer_norm_network(m, k, n)
    agree("layer norm", network, CENTER, [normal((m, n))], marker=(MARK, 1))
    agree("layer norm, gradient mean 10", network, CENTER, [normal((m, n), 10.0)], marker=(MARK, 1))

# Weights offset by 10 deviations, gradients with a mean of 10, and both. In y, sums of 64 products in a row hide part of
# the gain. A gradient's mean alone costs neither form anything.
for offset, mean, bounds in ((10.0, 0.0, {"y": (9e-7, 2.5), "dx": (5e-7, 15.0)}),
                             (0.0, 10.0, {"y": (2.5e-7, 0.8), "dx": (4.3e-7, 0.8)}),
                             (10.0, 10.0, {"y": (1e-6, 2.0), "dx": (2.5e-6, 10.0)})):
    more_accurate(f"layer norm, weights offset by {offset}, gradient mean {mean}",
                  lambda: (layer_norm_network(16, 64, 32, offset), [normal((16, 32), mean)]), CENTER, bounds)

# A residual stream: stem, LayerScale and stochastic depth in the blocks, an embedding whose table is the head too.
m, k, n, words = 6, 5, 8, 11
body = linear("h0", "x", "w0", "b0", m, k, n) + f"""
  %e = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}} ins(%tokens : tensor<{m}xi32>) outs(%h0_empty : tensor<{m}x{n}xE>) {{
  ^bb0(%token: i32, %o: E):
    %i = arith.index_cast %token : i32 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<{words}x{n}xE>
    linalg.yield %v : E
  }} -> tensor<{m}x{n}xE>
  %h1 = linalg.add ins(%h0, %e : tensor<{m}x{n}xE>, tensor<{m}x{n}xE>) outs(%h0_empty : tensor<{m}x{n}xE>)
      -> tensor<{m}x{n}xE>
  %n1 = norm.layer_norm %h1 axes = [1] : tensor<{m}x{n}xE>""" + linear("c1", "n1", "w1", "b1", m, n, n) + f"""
  %scales = linalg.broadcast ins(%layer_scale : tensor<{n}xE>) outs(%h0_empty : tensor<{m}x{n}xE>) dimensions = [0]
  %c2 = linalg.mul ins(%c1, %scales : tensor<{m}x{n}xE>, tensor<{m}x{n}xE>) outs(%h0_empty : tensor<{m}x{n}xE>)
      -> tensor<{m}x{n}xE>
  %c3 = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
      affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
      ins(%c2, %depth : tensor<{m}x{n}xE>, tensor<{m}xE>) outs(%h0_empty : tensor<{m}x{n}xE>) {{
  ^bb0(%a: E, %keep: E, %o: E):
    %v = arith.mulf %a, %keep : E
    linalg.yield %v : E
  }} -> tensor<{m}x{n}xE>
  %h2 = linalg.add ins(%h1, %c3 : tensor<{m}x{n}xE>, tensor<{m}x{n}xE>) outs(%h0_empty : tensor<{m}x{n}xE>)
      -> tensor<{m}x{n}xE>
  %n2 = norm.layer_norm %h2 scale(%g : tensor<{n}xE>) axes = [1] : tensor<{m}x{n}xE>
  %zero = arith.constant 0.0 : E
  %y_empty = tensor.empty() : tensor<{m}x{words}xE>
  %y_zeros = linalg.fill ins(%zero : E) outs(%y_empty : tensor<{m}x{words}xE>) -> tensor<{m}x{words}xE>
  %y = linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
      affine_map<(i, j, k) -> (i, j)>] ins(%n2, %table : tensor<{m}x{n}xE>, tensor<{words}x{n}xE>)
      outs(%y_zeros : tensor<{m}x{words}xE>) -> tensor<{m}x{words}xE>"""
inputs = {"x": normal((m, k)), "tokens": Tensor((m,), "i32", [rng.randrange(words) for _ in range(m)]),
          "depth": ((m,), [rng.choice([0.0, 1.25]) for _ in range(m)]), "w0": normal((k, n), 1.0),
          "b0": normal((n,), 1.0), "table": normal((words, n), 2.0), "w1": normal((n, n), 1.0), "b1": normal((n,), 1.0),
          "layer_scale": normal((n,), 0.5), "g": normal((n,), 1.0)}
network = Network(inputs, ["w0", "b0", "table", "w1", "b1", "layer_scale", "g"], body, [("y", f"tensor<{m}x{words}xE>")])
agree("residual stream", network, CENTER, [normal((m, words))], marker=(MARK, 2))
agree("residual stream, gradient mean 10", network, CENTER, [normal((m, words), 10.0)], marker=(MARK, 2))


# Batch norm after a linear layer: gradients, then value and running statistics; the bias has no gradient.
def batch_norm_network(m, k, n, offset=0.0, training=True, results=("y",)):
    statistics = f"(%rm, %rv : tensor<{n}xE>) scale(%g : tensor<{n}xE>) shift(%s : tensor<{n}xE>) : tensor<{m}x{n}xE>"
    norm = f"%u, %mean, %variance = norm.batch_norm %z running{statistics}"
    if not training:
        norm = f"%u = norm.batch_norm_inference %z statistics{statistics}"
    body = linear("z", "x", "w", "b", m, k, n) + f"""
  {norm}
""" + relu("y", "u", m, n)
    inputs = {"x": normal((m, k), offset), "w": normal((k, n)), "b": normal((n,), 1.0), "g": normal((n,), 1.0, 0.3),
              "s": normal((n,)), "rm": normal((n,)), "rv": ((n,), [rng.uniform(0.5, 2) for _ in range(n)])}
    types = {"u": f"tensor<{m}x{n}xE>", "y": f"tensor<{m}x{n}xE>", "mean": f"tensor<{n}xE>", "variance": f"tensor<{n}xE>"}
    return Network(inputs, ["w", "b", "g", "s", "rm", "rv"], body, [(r, types[r]) for r in results])


for m, k, n in ((9, 5, 7), (12, 1, 3)):
    network = batch_norm_network(m, k, n, offset=1.0)
    agree("batch norm", network, PIVOT, [normal((m, n), 10.0)], marker=("pivot", 1))
    same_values("batch norm", batch_norm_network(m, k, n, 3.0, True, ("y", "mean", "variance")), PIVOT)
    same_values("folded batch norm", batch_norm_network(m, k, n, 3.0, False), FOLD, marker=("batch_norm_inference", 0))

# The mean of the input is 250 and 2500 deviations: in f32 one pass around the pivot is as good as two without it. Before
# the activation: where rounding moves an element over ReLU's edge, its gradient is another one.
for offset, bound in ((250.0, 3e-5), (2500.0, 3.1e-4)):
    more_accurate(f"batch norm, input offset by {offset}",
                  lambda: (batch_norm_network(64, 16, 8, offset, results=("u",)), [normal((64, 8))]), PIVOT,
                  {"u": (bound, 0.8), "dx": (bound, 0.8)})

# ReLU's mask is the same in both directions, in bf16 too: where the output is zero, so is the gradient that passes.
for passes in ([], CENTER):
    mask_agrees(passes)

if failures:
    print("\n".join(failures))
print(f"{len(failures)} failures (seed {SEED})")
