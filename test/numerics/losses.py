"""Cross entropy, moments and dropout, decomposed and run, against f64 references. Usage: losses.py [seed]"""
import cmath
import itertools
import math
import os

from cases import STATISTICS, TOLERANCE, case, checks, compare, gradients, layer_groups, normal, report, rng, texts
from naive import Tensor, function


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


def moments(x, axes, tolerance=None):
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
    moments(normal((7, 19), element, 2.0), axes)


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
     [[losses(z.values, [1, 0, 0], 4)[0].real, math.nan, math.nan]], 2e-6)

report(last=False)

for shape in ((7, 19), (3, 4), (5, 1), (2, 3)):  # 4 parts: of unequal length, of one element, empty
    for element in ("f32", "bf16"):
        moments(normal(shape, element, 2.0), [1])
# Parts with a large mean, in pairs around it: the merge must not lose what the parts have.
pairs = [v for k in range(1, 9) for v in (1e6 + 4 * k, 1e6 - 4 * k)]
moments(Tensor((1, 16), "f32", pairs), [1])
report([f"--transform-preload-library=transform-library-paths={SPLIT}", "--transform-interpreter",
        "--decompose-norm=keep-moments=false"])
