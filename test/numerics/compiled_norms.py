"""Every norm op, forward and backward, compiled and run, against f64 references: random shapes and the edge cases."""
import numpy

import references
import templates
from harness import Model, Suite

suite = Suite(__doc__)
random = suite.random
# f32, relative to the data's scale. An offset costs in proportion: the input itself is only known to 6e-8 of it.
VALUE, COLUMN = 1e-6, 5e-6


def draw(*shape, offset=0.0, spread=1.0):
    return (offset + spread * random.standard_normal(shape)).astype(numpy.float32)


def paired(rows, columns, offset=0.0):
    """Rows of ± pairs around the offset, in steps of 1/16, in random order: every sum is exact in any order."""
    half = random.integers(1, 32, (rows, columns // 2)) / 16
    pairs = numpy.concatenate([half, -half, numpy.zeros((rows, columns % 2))], 1)
    return (offset + random.permuted(pairs, axis=1)).astype(numpy.float32)


def layer_case(what, op, model, x, axes, scale, shift, epsilon=1e-5, value=VALUE, column=COLUMN, backward=True):
    """Compares @value and @gradient of templates.layer_family."""
    centre = op == "layer_norm"
    vectors = [v for v in (scale, shift) if v is not None]
    y, = model("value", [x, *vectors], 1)
    suite.check(f"{what}: y", y, references.norm(x, scale, shift, axes, epsilon, centre), value)
    if not backward:
        return
    dy = draw(*x.shape)
    results = ["dx"] + ["dscale"] * (scale is not None) + ["dshift"] * (shift is not None)
    ours = model("gradient", [dy, x] + ([] if scale is None else [scale]), len(results))
    expected = dict(zip(("dx", "dscale", "dshift"), references.norm_gradient(dy, x, scale, axes, epsilon, centre)))
    terms = references.term_scale(dy, x, scale, axes, epsilon, centre)
    for name, array in zip(results, ours):
        suite.check(f"{what}: {name}", array, expected[name], value if name == "dx" else column, terms * (name == "dx"))


def dynamic(shape):
    return [None, *shape[1:]]


def random_layers():
    for number in range(suite.options.cases):
        op = ("layer_norm", "rms_norm")[number % 2]
        rank = int(random.integers(2, 5))
        shape = [int(extent) for extent in random.integers(1, (0, 0, 90, 14, 7)[rank], rank)]
        first = int(random.integers(1, rank))
        axes = list(range(first, rank))
        if rank > 2 and number % 3 == 2:
            axes = [rank - 2]  # not the innermost
        inner, offset = [shape[a] for a in axes], float(random.integers(-3, 4))
        scale = draw(*inner, offset=1, spread=.2) if random.random() < .8 else None
        shift = draw(*inner) if random.random() < .8 else None
        flags = ["--no-fuse"] if number % 4 == 3 else []
        what = f"{op} {shape} axes {axes} {' '.join(flags)}"

        def case():
            model = Model(templates.layer_family(op, dynamic(shape), axes, scale=scale is not None,
                                                 shift=shift is not None), *flags)
            layer_case(what, op, model, draw(*shape, offset=offset), axes, scale, shift, value=VALUE * (1 + abs(offset)),
                       column=COLUMN * (1 + abs(offset)))
        suite.attempt(what, case)


def random_channels():
    for number in range(suite.options.cases):
        batch = bool(number % 2)
        groups, each = int(random.integers(1, 5)), int(random.integers(1, 9))
        shape = [int(random.integers(2, 9)), groups * each] + [int(e) for e in random.integers(1, 6, number % 3)]
        op = "batch_norm" if batch else "group_norm"
        what = f"{op} {shape}" + ("" if batch else f" groups {groups}")
        options = "momentum = 1.0e-01 epsilon = 1.0e-05" if batch else f"groups = {groups} epsilon = 1.0e-05"
        flags = ["--no-fuse"] if number % 4 == 3 else []

        def case():
            model = Model(templates.channel_norm(op, dynamic(shape), options, batch=batch), *flags)
            x, dy = draw(*shape, offset=1), draw(*shape)
            scale, shift = draw(shape[1], offset=1, spread=.2), draw(shape[1])
            if batch:
                mean, variance = draw(shape[1]), abs(draw(shape[1])) + .5
                ours = model("value", [x, mean, variance, scale, shift], 3)
                axes = references.batch_axes(x)
                expected = [references.norm(x, scale, shift, axes, vector_axes=[1]), *references.running(x, mean, variance)]
                gradients = references.norm_gradient(dy, x, scale, axes, vector_axes=[1])
                terms = references.term_scale(dy, x, scale, axes, vector_axes=[1])
            else:
                ours = model("value", [x, scale, shift], 1)
                expected = [references.group_norm(x, scale, shift, groups)]
                gradients = references.group_norm_gradient(dy, x, scale, groups)
                terms = references.term_scale(references.grouped(dy * references.along(scale, x.ndim, [1]), groups),
                                              references.grouped(x, groups), None, range(2, x.ndim + 1))
            for name, array, reference in zip(("y", "new_mean", "new_variance"), ours, expected):
                suite.check(f"{what}: {name}", array, reference, 2 * VALUE)
            for name, array, reference in zip(("dx", "dscale", "dshift"), model("gradient", [dy, x, scale], 3), gradients):
                suite.check(f"{what}: {name}", array, reference, 4 * VALUE if name == "dx" else COLUMN, terms * (name == "dx"))
        suite.attempt(what, case)


def widths():
    """Around every vector width, with one row and with a few, exact statistics."""
    for columns in (1, 2, 7, 8, 9, 15, 16, 17, 33, 63, 65):
        def case():
            model = Model(templates.layer_family("layer_norm", [None, columns], [1]))
            for rows in (1, 5):
                x, scale, shift = paired(rows, columns, 3), draw(columns, offset=1, spread=.2), draw(columns)
                layer_case(f"layer_norm paired {rows}x{columns}", "layer_norm", model, x, [1], scale, shift,
                           value=5e-7, backward=columns > 1)
        suite.attempt(f"layer_norm {columns} columns", case)


def edges():
    def layer():
        model = Model(templates.layer_family("layer_norm", [None, 24], [1]))
        scale, shift = draw(24, offset=1, spread=.2), draw(24)
        constant = numpy.repeat(draw(3, 1), 24, 1)
        constant[:] = numpy.round(constant * 16) / 16  # its sum is exact
        layer_case("constant rows", "layer_norm", model, constant, [1], scale, shift, backward=False)
        far = numpy.round(draw(4, 24, offset=1e7, spread=4096))
        # The mean is known to half a unit in the last place of 1e7; E[x²] − E[x]² would lose everything.
        layer_case("mean 1e7", "layer_norm", model, far, [1], scale, shift, value=1e7 * 6e-8 / 4096 * 2,
                   column=1e7 * 6e-8 / 4096 * 8)
        bad = draw(5, 24)
        bad[1, 3], bad[3, 0] = numpy.nan, numpy.inf
        layer_case("a NaN row and an Inf row stay alone", "layer_norm", model, bad, [1], scale, shift, backward=False)
        empty, = model("value", [numpy.zeros((0, 24), numpy.float32), scale, shift], 1)
        suite.check("zero rows", empty.shape == (0, 24), True, 0)
    suite.attempt("layer_norm edges", layer)

    def plain():
        model = Model(templates.layer_family("layer_norm", [None, 24], [1], scale=False, shift=False, epsilon=0))
        layer_case("no scale, no shift, epsilon 0", "layer_norm", model, draw(6, 24), [1], None, None, epsilon=0)
        constant = numpy.full((2, 24), 3, numpy.float32)
        layer_case("constant rows, epsilon 0", "layer_norm", model, constant, [1], None, None, epsilon=0, backward=False)
    suite.attempt("layer_norm plain", plain)

    def wide():
        model = Model(templates.layer_family("layer_norm", [None, 5000], [1]))
        layer_case("5000 columns", "layer_norm", model, paired(3, 5000, 2), [1], draw(5000, offset=1, spread=.2),
                   draw(5000), value=5e-7)
    suite.attempt("layer_norm wide", wide)

    def inference():
        model = Model(templates.batch_norm_inference([None, 19]))
        x, mean, variance, scale, shift = draw(6, 19), draw(19), abs(draw(19)) + .5, draw(19), draw(19)
        y, = model("inference", [x, mean, variance, scale, shift], 1)
        suite.check("batch_norm_inference", y, (x - mean.astype(float)) / numpy.sqrt(variance + 1e-5) * scale + shift, VALUE)
    suite.attempt("batch_norm_inference", inference)


def elements():
    for element, value, column in (("f64", 1e-14, 1e-13), ("f16", 1e-3, 2e-3), ("bf16", 1.6e-2, 1.6e-2)):
        for op in ("layer_norm", "rms_norm"):
            def case():
                model = Model(templates.layer_family(op, [None, 40], [1], element))
                # Eighths below 2 are exact in bf16 too, so that the errors are ours.
                grid = lambda *shape: (random.integers(-15, 16, shape) / 8).astype(numpy.float32)
                x, dy, scale, shift = grid(7, 40), grid(7, 40), grid(40), grid(40)
                centre = op == "layer_norm"
                wide = (lambda a: a.astype(numpy.float64)) if element == "f64" else (lambda a: a)
                y, = model("value", [wide(a) for a in (x, scale, shift)], 1)
                suite.check(f"{op} {element}: y", y, references.norm(x, scale, shift, [1], centre=centre), value)
                ours = model("gradient", [wide(a) for a in (dy, x, scale)], 3)
                expected = references.norm_gradient(dy, x, scale, [1], centre=centre)
                for name, array, reference in zip(("dx", "dscale", "dshift"), ours, expected):
                    suite.check(f"{op} {element}: {name}", array, reference, value if name == "dx" else column)
            suite.attempt(f"{op} {element}", case)


def losses():
    for classes in (1, 10, 33):
        for kind in ("i32", "i64", "targets"):
            def case():
                model = Model(templates.cross_entropy(classes, kind == "targets", kind))
                logits = draw(9, classes, spread=5)
                labels = random.integers(0, classes, 9).astype("i8" if kind == "i64" else "i4")
                if kind == "targets":
                    labels = abs(draw(9, classes))
                loss, gradient = references.cross_entropy(logits, labels)
                suite.check(f"cross entropy {classes} {kind}: loss", 1 + model("value", [logits, labels], 1)[0], 1 + loss, VALUE)
                suite.check(f"cross entropy {classes} {kind}: gradient", 1 + model("gradient", [logits, labels], 1)[0],
                            1 + gradient, VALUE)
                if kind == "i32":
                    outside = labels.copy()
                    outside[4] = classes
                    suite.check("a label outside costs NaN", model("value", [logits, outside], 1)[0], numpy.nan, 0)
            suite.attempt(f"cross entropy {classes} {kind}", case)


def parts():
    """So many rows that a part of them, which has one partial sum, is several blocks; the last part is shorter."""
    def same(what, model, entry, inputs, results):
        again = model(entry, inputs, len(results), "--threads", "3")
        suite.check(f"{what}: the same bits for any number of threads",
                    all(a.tobytes() == b.tobytes() for a, b in zip(results, again)), True, 0)

    def sums():
        rows, columns = 1601, 700
        model = Model(templates.layer_family("layer_norm", [None, columns], [1]), f"--batch={rows}")
        x, dy, scale = draw(rows, columns, offset=.5), draw(rows, columns), draw(columns, offset=1, spread=.2)
        results = model("gradient", [dy, x, scale], 3, "--threads", "1")
        terms = references.term_scale(dy, x, scale, [1])
        for name, ours, expected in zip(("dx", "dscale", "dshift"), results, references.norm_gradient(dy, x, scale, [1])):
            suite.check(f"{rows} rows: {name}", ours, expected, COLUMN, terms if name == "dx" else 0)
        same("sums", model, "gradient", [dy, x, scale], results)
    suite.attempt("sums", sums)

    def moments():
        rows, inputs, columns = 2085, 5, 40
        model = Model(templates.layer(inputs, columns, "batch_norm", "relu", 0.0), f"--batch={rows}")
        x, weight, bias, residual = draw(rows, inputs), draw(inputs, columns), draw(columns, offset=3), draw(rows, columns)
        scale, shift, mean, variance = draw(columns, offset=1, spread=.2), draw(columns), draw(columns), draw(columns)**2 + 1
        z = x.astype(float) @ weight.astype(float) + bias
        inputs = [x, weight, bias, scale, shift, residual, numpy.array(1, "i8"), numpy.array(2, "i8"), mean, variance]
        results = model("f", inputs, 1, "--threads", "1")
        expected = residual + numpy.maximum(references.norm(z, scale, shift, [0], vector_axes=[1]), 0)
        suite.check(f"{rows} rows: moments", results[0], expected, 4 * VALUE)
        same("moments", model, "f", inputs, results)
    suite.attempt("moments", moments)


for group in (random_layers, random_channels, parts, widths, edges, elements, losses):
    if suite.wants(group.__name__):
        group()
suite.finish()
