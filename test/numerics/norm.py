"""Every norm op and gradient, decomposed and run, against an f64 reference.

The reference is the forward formula alone, in plain Python; gradients come from it by complex step, which is exact to
f64 rounding, so no formula of a gradient is written twice. Usage: norm.py [seed]
"""
import cmath
import itertools
import math
import os
import random
import sys

from naive import Module, Tensor, function

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 20261
rng = random.Random(SEED)
TOLERANCE = {"f64": 1e-13, "f32": 2e-6, "f16": 4e-3, "bf16": 3e-2}
STATISTICS = {"f64": "f64", "f32": "f32", "f16": "f32", "bf16": "f32"}


def normal(shape, element, mean=0.0, deviation=1.0):
    return Tensor(shape, element, [rng.gauss(mean, deviation) for _ in range(math.prod(shape))])


class Groups:
    """Which elements share a statistic, and which parameter each uses."""

    def __init__(self, shape, statistic, parameter, parameter_shape):
        indices = list(itertools.product(*map(range, shape)))
        self.statistic = [statistic(i) for i in indices]
        self.members = {}
        for position, key in enumerate(self.statistic):
            self.members.setdefault(key, []).append(position)
        flat = lambda index: sum(v * math.prod(parameter_shape[d + 1:]) for d, v in enumerate(index))
        self.parameter = [flat(parameter(i)) for i in indices]
        self.parameter_shape = parameter_shape


def layer_groups(shape, axes):
    return Groups(shape, lambda i: tuple(v for d, v in enumerate(i) if d not in axes),
                  lambda i: tuple(i[d] for d in axes), tuple(shape[d] for d in axes))


def group_groups(shape, channel, groups):
    width = shape[channel] // groups
    return Groups(shape, lambda i: (i[0], i[channel] // width), lambda i: (i[channel],), (shape[channel],))


def batch_groups(shape, channel):
    return Groups(shape, lambda i: (i[channel],), lambda i: (i[channel],), (shape[channel],))


def normalized(x, groups, epsilon, center=True):
    y = [0.0] * len(x)
    for members in groups.members.values():
        n = len(members)
        mean = sum(x[i] for i in members) / n if center else 0.0
        variance = sum((x[i] - mean) ** 2 for i in members) / n
        for i in members:
            y[i] = (x[i] - mean) * (variance + epsilon) ** -0.5
    return y


def affine(y, groups, scale, shift):
    return [v * (scale[p] if scale else 1) + (shift[p] if shift else 0) for v, p in zip(y, groups.parameter)]


def gradients(forward, inputs, dy):
    """d(Σ dy·forward(inputs)) / d(inputs), by complex step."""
    result = []
    for which, values in enumerate(inputs):
        gradient = []
        for i in range(len(values or [])):
            moved = [list(v) if v else v for v in inputs]
            moved[which][i] += 1e-30j
            gradient.append(sum((complex(a) * b).imag for a, b in zip(forward(*moved), dy)) / 1e-30)
        result.append(gradient)
    return result


failures = []
texts, checks = [], []


def compare(what, got, want, tolerance):
    scale = max([abs(w) for w in want if math.isfinite(w)], default=0.0)
    scale = scale if scale > 1e-12 else 1.0  # What should be zero is so to rounding.
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        same = math.isnan(g) if math.isnan(w) else g == w or abs(g - w) <= tolerance * scale
        if not same:
            failures.append(f"{what}: element {i} is {g}, expected {w} (tolerance {tolerance * scale:.3g})")
            return


def case(name, body, inputs, results, expected, tolerance, dynamic=(0,)):
    """Adds a function and its check; `inputs` are pairs (name, tensor), `results` (name, shape, element type)."""
    label = f"{name}_{len(checks)}"
    kind = lambda n, t: t.type(dynamic if n in ("x", "dx", "y", "dy") else ())
    result_types = [(n, kind(n, Tensor(s, e, [0] * math.prod(s)))) for n, s, e in results]
    texts.append(function(label, [(n, kind(n, t)) for n, t in inputs], result_types, body))

    def check(module):
        outputs = module.call(label, [t for _, t in inputs], [(len(s), e) for _, s, e in results])
        for (n, shape, _), output, want in zip(results, outputs, expected, strict=True):
            if output.shape != tuple(shape):
                failures.append(f"{label} %{n}: shape {output.shape}, expected {shape}")
            compare(f"{label} %{n}", output.values, want, tolerance)

    checks.append(check)


def family(op, x, groups, attributes, element, epsilon=1e-5, center=True, scale=True, shift=True, tolerance=None,
           dynamic=(0,), last=""):
    """A normalization and its gradient in one function, so that CSE shares their statistics."""
    tolerance = tolerance or TOLERANCE[element]
    statistics = STATISTICS[element]
    gamma = normal(groups.parameter_shape, element, 1.0, 0.5) if scale else None
    beta = normal(groups.parameter_shape, statistics) if shift else None
    dy = normal(x.shape, element, 0.5)
    inputs = [("x", x), ("dy", dy)] + [(n, t) for n, t in (("g", gamma), ("b", beta)) if t]
    xt = x.type(dynamic)
    pt = lambda e: f"tensor<{'x'.join(map(str, groups.parameter_shape))}x{e}>"
    scale_text = f"scale(%g : {pt(element)})" if scale else ""
    shift_text = f"shift(%b : {pt(statistics)})" if shift else ""
    outs = "%dx" + (", %dg" if scale else "") + (", %db" if shift else "")
    text = f"""  %y = norm.{op} %x {scale_text} {shift_text} {attributes} epsilon = {epsilon:.6e} {last} : {xt}
  {outs} = norm.{op}_grad %dy, %x {scale_text} {attributes} epsilon = {epsilon:.6e} {last} : {xt}
      {f'dscale({pt(statistics)})' if scale else ''} {f'dshift({pt(element)})' if shift else ''}"""

    def forward(x, g, b):
        return affine(normalized(x, groups, epsilon, center), groups, g, b)

    values = [x.values, gamma and gamma.values, beta and beta.values]
    dx, dg, db = gradients(forward, values, dy.values)
    results = [("y", x.shape, element), ("dx", x.shape, element)]
    expected = [forward(*values), dx]
    if scale:
        results.append(("dg", groups.parameter_shape, statistics))
        expected.append(dg)
    if shift:
        results.append(("db", groups.parameter_shape, element))
        expected.append(db)
    case(op, text, inputs, results, expected, tolerance, dynamic)


def zero_mean(x, groups):
    values = list(x.values)
    for members in groups.members.values():
        mean = sum(values[i] for i in members) / len(members)
        for i in members:
            values[i] -= mean
    return Tensor(x.shape, x.element, values)


# The families over shapes, axes and element types.
for element in TOLERANCE:
    x = normal((5, 17), element, 0.3)
    groups = layer_groups(x.shape, [1])
    family("layer_norm", x, groups, "axes = [1]", element)
    family("rms_norm", x, groups, "axes = [1]", element, center=False)
    family("group_norm", normal((2, 6, 3), element, 0.3), group_groups((2, 6, 3), 1, 3), "groups = 3", element)
for axes in ([0], [0, 2], [1, 2], [0, 1, 2]):
    x = normal((3, 4, 5), "f32", 1.0)
    family("layer_norm", x, layer_groups(x.shape, axes), f"axes = {axes}", "f32")
for scale, shift in ((False, False), (True, False), (False, True)):
    x = normal((4, 9), "f32")
    for op in ("layer_norm", "rms_norm"):
        family(op, x, layer_groups(x.shape, [1]), "axes = [1]", "f32", center=op == "layer_norm", scale=scale, shift=shift)
    x = normal((2, 3, 3, 4), "f64")
    family("group_norm", x, group_groups(x.shape, 3, 2), "groups = 2 channel = 3", "f64", scale=scale, shift=shift)
for groups in (1, 2, 4):
    x = normal((3, 4, 2, 3), "f32", -2.0)
    family("group_norm", x, group_groups(x.shape, 1, groups), f"groups = {groups}", "f32")

# Edge cases: one column, one row, constant rows, a large mean, rows of NaN and infinity.
x = normal((4, 1), "f32")
family("layer_norm", x, layer_groups(x.shape, [1]), "axes = [1]", "f32")
x = normal((1, 7), "f32")
family("layer_norm", x, layer_groups(x.shape, [1]), "axes = [1]", "f32", dynamic=())
family("layer_norm", Tensor((2, 8), "f32", [3.25] * 8 + [0.0] * 8), layer_groups((2, 8), [1]), "axes = [1]", "f32")
x = normal((3, 33), "f64", 1e7)
family("layer_norm", x, layer_groups(x.shape, [1]), "axes = [1]", "f64", tolerance=1e-7)
# f32 at mean 1e7, in pairs around it, so that the statistics are exact in any order.
pairs = [v for k in range(1, 9) for v in (1e7 + 16 * k, 1e7 - 16 * k)]
family("layer_norm", Tensor((2, 16), "f32", pairs + pairs[::-1]), layer_groups((2, 16), [1]), "axes = [1]", "f32")
family("layer_norm", normal((3, 5), "f32", 0.0, 2.0), layer_groups((3, 5), [1]), "axes = [1]", "f32", epsilon=0.0)


def forward_only(op, x, element, attributes, want, dynamic=(0,)):
    text = f"  %y = norm.{op} %x {attributes} : {x.type(dynamic)}"
    case(op, text, [("x", x)], [("y", x.shape, element)], [want], TOLERANCE[element], dynamic)


nan, inf = math.nan, math.inf
row = [1.0, -2.0, 0.5, 4.0]
good = normalized(row, layer_groups((1, 4), [1]), 1e-5)
for bad in (nan, inf):  # A bad row spoils itself alone.
    forward_only("layer_norm", Tensor((2, 4), "f32", [1.0, bad, 2.0, 3.0] + row), "f32", "axes = [1]", [nan] * 4 + good)
# A constant row without epsilon has no normalized value.
forward_only("layer_norm", Tensor((1, 4), "f32", [2.0] * 4), "f32", "axes = [1] epsilon = 0.0", [nan] * 4)
forward_only("layer_norm", Tensor((0, 4), "f32", []), "f32", "axes = [1]", [])

# Zero-mean input: same value and gradient as the plain op's on a zero-mean input.
x = normal((6, 16), "f64")
groups = layer_groups(x.shape, [1])
x = zero_mean(x, groups)
family("layer_norm", x, groups, "axes = [1]", "f64", last="zero_mean_input")


# Batch norm: new running statistics too.
def batch_norm(x, channel, element, momentum=0.1, dynamic=(0,), epsilon=1e-5, pivoted=False):
    c = x.shape[channel]
    groups = batch_groups(x.shape, channel)
    statistics = STATISTICS[element]
    gamma, beta = normal((c,), element, 1.0, 0.5), normal((c,), element)
    mean, variance = normal((c,), statistics), Tensor((c,), statistics, [rng.uniform(0.5, 2) for _ in range(c)])
    dy = normal(x.shape, element, 0.5)
    forward = lambda x, g, b: affine(normalized(x, groups, epsilon), groups, g, b)
    values = [x.values, gamma.values, beta.values]
    pivot = normal((c,), statistics, 5.0)
    new_mean, new_variance = list(mean.values), list(variance.values)
    for (key,), members in groups.members.items():
        m = sum(x.values[i] for i in members) / len(members)
        new_mean[key] = (1 - momentum) * mean.values[key] + momentum * (m + pivoted * pivot.values[key])
        if len(members) > 1:
            unbiased = sum((x.values[i] - m) ** 2 for i in members) / (len(members) - 1)
            new_variance[key] = (1 - momentum) * variance.values[key] + momentum * unbiased
    xt, vt, st = x.type(dynamic), f"tensor<{c}x{element}>", f"tensor<{c}x{statistics}>"
    where = f"channel = {channel}"
    text = f"""  %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : {st}) scale(%g : {vt}) shift(%b : {vt})
      {f'pivot(%p : {st})' if pivoted else ''} {where} momentum = {momentum} epsilon = {epsilon:.6e} : {xt}
  %dx, %dg, %db = norm.batch_norm_grad %dy, %x scale(%g : {vt}) {where} epsilon = {epsilon:.6e}
      {'pivoted' if pivoted else ''} : {xt} dscale({st}) dshift({st})"""
    case("batch_norm", text,
         [("x", x), ("dy", dy), ("m", mean), ("v", variance), ("g", gamma), ("b", beta), ("p", pivot)],
         [("y", x.shape, element), ("m1", (c,), statistics), ("v1", (c,), statistics), ("dx", x.shape, element),
          ("dg", (c,), statistics), ("db", (c,), statistics)],
         [forward(*values), new_mean, new_variance, *gradients(forward, values, dy.values)], TOLERANCE[element], dynamic)

    def inference(x, m, v, g, b):
        y = [(a - m[p]) * (v[p] + epsilon) ** -0.5 for a, p in zip(x, groups.parameter)]
        return affine(y, groups, g, b)

    values = [x.values, mean.values, variance.values, gamma.values, beta.values]
    text = f"""  %y = norm.batch_norm_inference %x statistics(%m, %v : {st}) scale(%g : {vt}) shift(%b : {vt}) {where}
      epsilon = {epsilon:.6e} : {xt}
  %dx, %dm, %dv, %dg, %db = norm.batch_norm_inference_grad %dy, %x statistics(%m, %v : {st}) scale(%g : {vt}) {where}
      epsilon = {epsilon:.6e} : {xt} dscale({st}) dshift({st})"""
    case("batch_norm_inference", text,
         [("x", x), ("dy", dy), ("m", mean), ("v", variance), ("g", gamma), ("b", beta)],
         [("y", x.shape, element), ("dx", x.shape, element)] + [(n, (c,), statistics) for n in ("dm", "dv", "dg", "db")],
         [inference(*values), *gradients(inference, values, dy.values)], TOLERANCE[element], dynamic)


for element in TOLERANCE:
    batch_norm(normal((11, 3), element, 0.3), 1, element)
batch_norm(normal((2, 3, 2, 4), "f32", 0.3), 1, "f32")
batch_norm(normal((2, 3, 2, 4), "f32", 0.3), 3, "f32", dynamic=(), momentum=0.25)
batch_norm(normal((1, 3), "f32"), 1, "f32")  # One case: the running variance stays.
batch_norm(normal((1, 3), "f32"), 1, "f32", dynamic=())
batch_norm(Tensor((0, 3), "f32", []), 1, "f32")  # None: both stay.
# What was subtracted comes back in the running mean alone.
batch_norm(normal((11, 3), "f32", 0.3), 1, "f32", pivoted=True)
batch_norm(normal((2, 3, 2, 4), "f64", 0.3), 3, "f64", pivoted=True)
batch_norm(Tensor((0, 3), "f32", []), 1, "f32", pivoted=True)

# Centring.
for element, axes in itertools.product(TOLERANCE, ([1], [0], [0, 1])):
    x = normal((7, 19), element, 2.0)
    members = layer_groups(x.shape, axes).members
    want = [0.0] * len(x.values)
    for m in members.values():
        for i in m:
            want[i] = x.values[i] - sum(x.values[j] for j in m) / len(m)
    forward_only("center", x, element, f"axes = {axes}", want)


# Cross entropy.
def losses(z, labels, classes):
    return [cmath.log(sum(cmath.exp(v) for v in z[i * classes:(i + 1) * classes])) - z[i * classes + labels[i]]
            for i in range(len(labels))]


def soft_losses(z, t, classes):
    rows = [(z[i:i + classes], t[i:i + classes]) for i in range(0, len(z), classes)]
    logs = [cmath.log(sum(map(cmath.exp, a))) for a, _ in rows]
    return [sum(q * (log - p) for p, q in zip(a, b)) for (a, b), log in zip(rows, logs)]


def cross_entropy(shape, element, mean, hard, integer="i32", dynamic=(0,)):
    classes, cases = shape[-1], math.prod(shape[:-1])
    z = normal(shape, element, 0.0, 3.0)
    statistics = STATISTICS[element]
    if hard:
        labels = Tensor(shape[:-1], integer, [rng.randrange(classes) for _ in range(cases)])
    else:
        labels = Tensor(shape, element, [rng.random() for _ in range(cases * classes)])
    dims = tuple("?" if d in dynamic else str(n) for d, n in enumerate(shape[:-1]))
    label_type = labels.type(dynamic)
    loss_shape = () if mean else shape[:-1]
    loss_type = f"tensor<{''.join(n + 'x' for n in (() if mean else dims))}{statistics}>"
    dl = normal(loss_shape, statistics, 1.0)

    def forward(z, t=None):
        each = losses(z, labels.values, classes) if hard else soft_losses(z, t, classes)
        return [sum(each) / len(each)] if mean else each

    values = [z.values] if hard else [z.values, labels.values]
    name = "softmax_cross_entropy"
    target = "" if hard else f"dtargets({label_type})"
    text = f"""  %y = norm.{name} %z, %t : {z.type(dynamic)}, {label_type} -> {loss_type}
  %dz{'' if hard else ', %dt'} = norm.{name}_grad %dl, %z, %t : {loss_type}, {z.type(dynamic)}, {label_type} {target}"""
    label = f"{name}_{len(checks)}"
    results = [("y", loss_shape, statistics, loss_type), ("dz", shape, element, z.type(dynamic))]
    results += [] if hard else [("dt", shape, element, label_type)]
    texts.append(function(label, [("z", z.type(dynamic)), ("t", label_type), ("dl", loss_type)],
                          [(n, t) for n, _, _, t in results], text))
    want = [[v.real for v in forward(*values)], *gradients(forward, values, dl.values)]

    def check(module):
        outputs = module.call(label, [z, labels, dl], [(len(s), e) for _, s, e, _ in results])
        for (n, *_), output, w in zip(results, outputs, want, strict=True):
            compare(f"{label} %{n}", output.values, w, TOLERANCE[element])

    checks.append(check)


for element in TOLERANCE:
    for mean, hard in itertools.product((True, False), repeat=2):
        cross_entropy((6, 5), element, mean, hard, dynamic=(0,))
cross_entropy((2, 3, 4), "f32", True, True, "i64", dynamic=(0, 1))
cross_entropy((7,), "f64", True, True, dynamic=())
cross_entropy((4, 1), "f32", True, True)

# Moments: two passes, and split into parts of unequal length that Chan's merge puts together.
SPLIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs", "split-moments.mlir")
split_texts, split_checks = [], []


def moments(x, axes, texts, checks, tolerance=None):
    kept = tuple(n for d, n in enumerate(x.shape) if d not in axes)
    members = layer_groups(x.shape, axes).members
    means = [sum(x.values[i] for i in m) / len(m) for m in members.values()]
    squares = [sum((x.values[i] - mean) ** 2 for i in m) for m, mean in zip(members.values(), means)]
    statistics = STATISTICS[x.element]
    out = f"tensor<{''.join(('?' if 0 not in axes else str(n)) + 'x' for n in kept)}{statistics}>"
    label = f"moments_{len(checks)}"
    texts.append(function(label, [("x", x.type((0,)))], [("m", out), ("s", out)],
                          f"  %m, %s = norm.moments %x axes = {axes} : {x.type((0,))} -> {out}"))

    def check(module):
        for n, output, want in zip("ms", module.call(label, [x], [(len(kept), statistics)] * 2), (means, squares)):
            compare(f"{label} %{n}", output.values, want, tolerance or TOLERANCE[statistics])

    checks.append(check)


for element, axes in itertools.product(TOLERANCE, ([1], [0], [0, 1])):
    moments(normal((7, 19), element, 2.0), axes, texts, checks)
for shape in ((7, 19), (3, 4), (5, 1), (2, 3)):  # 4 parts: of unequal length, of one element, empty
    for element in ("f32", "bf16"):
        moments(normal(shape, element, 2.0), [1], split_texts, split_checks)
# Parts with a large mean, in pairs around it: the merge must not lose what the parts have.
pairs = [v for k in range(1, 9) for v in (1e6 + 4 * k, 1e6 - 4 * k)]
moments(Tensor((1, 16), "f32", pairs), [1], split_texts, split_checks)


# Dropout: the mask is Philox4x32-10.
def philox(counter, key):
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


# The known answers of Random123's kat_vectors.
assert philox([0] * 4, [0] * 2)[0] == 0x6627E8D5
assert philox([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2)[0] == 0x408F276D
assert philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0])[0] == 0xD16CFE09

for shape, dynamic, integer in (((40, 25), (0,), "i64"), ((3, 5, 7), (0, 1), "i32"), ((9,), (), "i64")):
    x = normal(shape, "f32")
    seed, counter = (Tensor((), integer, [rng.getrandbits(31 if integer == "i32" else 63)]) for _ in range(2))
    rate = 0.3
    keep = [philox([i & 0xFFFFFFFF, i >> 32, counter.values[0] & 0xFFFFFFFF, counter.values[0] >> 32],
                   [seed.values[0] & 0xFFFFFFFF, seed.values[0] >> 32])[0] >= round(rate * 2 ** 32)
            for i in range(len(x.values))]
    text = (f"  %y = norm.dropout %x seed(%s : tensor<{integer}>) counter(%c : tensor<{integer}>) rate = {rate} : "
            f"{x.type(dynamic)}")
    case("dropout", text, [("x", x), ("s", seed), ("c", counter)], [("y", shape, "f32")],
         [[v / (1 - rate) if k else 0.0 for v, k in zip(x.values, keep)]], 2e-7, dynamic)

# A label outside of the classes costs NaN.
z, labels = normal((3, 4), "f32"), Tensor((3,), "i32", [1, 4, -1])
text = "  %y = norm.softmax_cross_entropy %z, %t : tensor<3x4xf32>, tensor<3xi32> -> tensor<?xf32>"
case("label_range", text, [("z", z), ("t", labels)], [("y", (3,), "f32")],
     [[losses(z.values, [1, 0, 0], 4)[0].real, nan, nan]], 2e-6)

module = Module("".join(texts))
for check in checks:
    check(module)
module = Module("".join(split_texts), [f"--transform-preload-library=transform-library-paths={SPLIT}",
                                       "--transform-interpreter", "--decompose-norm=keep-moments=false"])
for check in split_checks:
    check(module)
for failure in failures:
    print(failure)
print(f"seed {SEED}: {len(checks) + len(split_checks)} functions, {len(failures)} failures")
sys.exit(bool(failures))
