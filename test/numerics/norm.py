"""Every normalization and its gradient, decomposed and run, against an f64 reference.

The reference is the forward formula alone, in plain Python; gradients come from it by complex step, which is exact to
f64 rounding, so no formula of a gradient is written twice. Usage: norm.py [seed]
"""
import itertools
import math

from cases import STATISTICS, TOLERANCE, Groups, case, gradients, layer_groups, normal, report, rng
from naive import Tensor

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

report()
