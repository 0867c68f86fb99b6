"""Awkward numbers of rows and columns, forward and backward, against f64 references: each norm alone and in the middle of
a layer with everything around it, cross entropy, matmuls of every orientation, column sums, elementwise.

Rows and columns are around the sizes of vectors, warps, tiles and blocks; one compiled function is called with several
batches, of which all but one are smaller than what it was compiled for.
"""
import math

import numpy

import references
import templates
from harness import Group, Suite

suite = Suite(__doc__)
random = suite.random
ROWS, COLUMNS = (1, 7, 33, 130), (1, 3, 10, 31, 64, 100, 255, 256, 257, 1000)
BATCH = "--batch=130"
# f32, relative to the data's scale, as in compiled_norms.py.
VALUE, COLUMN = 1e-6, 5e-6


def draw(*shape, offset=0.0, spread=1.0):
    return (offset + spread * random.standard_normal(shape)).astype(numpy.float32)


def some(sizes, count=None):
    """`count` of the sizes (--cases of them), in random order: all of them once the count is large enough."""
    return [int(size) for size in random.permutation(sizes)[:count or suite.options.cases]]


def draw_groups(columns):
    """How many groups of the columns: of a power of two of them, or not. Of two columns, which may be near each other, a
    rounded mean leaves little."""
    return int(random.choice([groups for groups in (1, 2, 3, 4, 5, 8, 32) if columns % groups == 0 and columns // groups != 2]))


def compare(what, names, ours, expected, value, terms):
    """dx relative to its largest term, other columns' gradients by their own tolerance."""
    for name, array, reference in zip(names, ours, expected):
        column = name in ("dscale", "dshift", "dbias", "dweight")
        suite.check(f"{what}: {name}", array, reference, COLUMN if column else value, terms if name == "dx" else 0)


def layers():
    """Layer and RMS norm over the columns; the data's mean is away from zero."""
    group = Group(suite, BATCH)
    for op in ("layer_norm", "rms_norm"):
        for columns in some(COLUMNS):
            def check(call, op=op, columns=columns):
                centre = op == "layer_norm"
                scale, shift = draw(columns, offset=1, spread=.2), draw(columns)
                for rows in some(ROWS, 2):
                    x, dy = draw(rows, columns, offset=.5), draw(rows, columns)
                    what = f"{op} {rows}x{columns}"
                    suite.check(f"{what}: y", call("value", [x, scale, shift], 1)[0],
                                references.norm(x, scale, shift, [1], centre=centre), 2 * VALUE)
                    compare(what, ("dx", "dscale", "dshift"), call("gradient", [dy, x, scale], 3),
                            references.norm_gradient(dy, x, scale, [1], centre=centre), 2 * VALUE,
                            references.term_scale(dy, x, scale, [1], centre=centre))
            group.add(f"{op} {columns} columns", templates.layer_family(op, [None, columns], [1]), check)
    group.run()


def channels():
    """Group norm over parts of the columns, batch norm over the rows: with one row, nothing of it but the shift is left."""
    group = Group(suite, BATCH)
    for columns in some(COLUMNS):
        groups = draw_groups(columns)

        def check_groups(call, columns=columns, groups=groups):
            scale, shift = draw(columns, offset=1, spread=.2), draw(columns)
            for rows in some(ROWS, 2):
                x, dy, what = draw(rows, columns, offset=.5), draw(rows, columns), f"group_norm {rows}x{columns} in {groups}"
                suite.check(f"{what}: y", call("value", [x, scale, shift], 1)[0],
                            references.group_norm(x, scale, shift, groups), 2 * VALUE)
                terms = references.term_scale(references.grouped(dy * scale, groups), references.grouped(x, groups), None, [2])
                compare(what, ("dx", "dscale", "dshift"), call("gradient", [dy, x, scale], 3),
                        references.group_norm_gradient(dy, x, scale, groups), 4 * VALUE, terms)
        group.add(f"group_norm {columns} columns",
                  templates.channel_norm("group_norm", [None, columns], f"groups = {groups} epsilon = 1.0e-05"), check_groups)

        def check_batch(call, columns=columns):
            scale, shift, mean = draw(columns, offset=1, spread=.2), draw(columns), draw(columns)
            variance = abs(draw(columns)) + .5
            for rows in some(ROWS, 2):
                x, dy, what = draw(rows, columns, offset=.5), draw(rows, columns), f"batch_norm {rows}x{columns}"
                expected = [references.norm(x, scale, shift, [0], vector_axes=[1]),
                            *(references.running(x, mean, variance) if rows > 1 else (.9 * mean + .1 * x[0], variance))]
                for name, ours, reference in zip(("y", "mean", "variance"),
                                                 call("value", [x, mean, variance, scale, shift], 3), expected):
                    suite.check(f"{what}: {name}", ours, reference, 2 * VALUE)
                compare(what, ("dx", "dscale", "dshift"), call("gradient", [dy, x, scale], 3),
                        references.norm_gradient(dy, x, scale, [0], vector_axes=[1]), 4 * VALUE,
                        references.term_scale(dy, x, scale, [0], vector_axes=[1]))
        group.add(f"batch_norm {columns} columns",
                  templates.channel_norm("batch_norm", [None, columns], "momentum = 1.0e-01 epsilon = 1.0e-05", batch=True),
                  check_batch)
    group.run()


def edges():
    """Rows without spread, rows far from zero, epsilons of every size, no scale, no shift."""
    group = Group(suite, BATCH)

    def rows(call):
        columns = 100
        scale, shift = draw(columns, offset=1, spread=.2), draw(columns)
        constant = numpy.repeat(numpy.round(draw(7, 1) * 16) / 16, columns, 1)  # their sums are exact
        # Pairs around 1e4 in steps of 1/16: exact sums again, so that the mean costs nothing.
        half = random.integers(1, 64, (33, columns // 2)) / 16
        far = (1e4 + random.permuted(numpy.concatenate([half, -half], 1), axis=1)).astype(numpy.float32)
        for what, x in (("constant rows", constant), ("mean 1e4", far)):
            suite.check(f"{what}: y", call("value", [x, scale, shift], 1)[0], references.norm(x, scale, shift, [1]), VALUE)
            dy = draw(*x.shape)
            compare(what, ("dx", "dscale", "dshift"), call("gradient", [dy, x, scale], 3),
                    references.norm_gradient(dy, x, scale, [1]), 2 * VALUE, references.term_scale(dy, x, scale, [1]))
        bad = draw(33, columns)
        bad[1, 3], bad[32, 0], bad[4, 99] = numpy.nan, numpy.inf, -numpy.inf
        suite.check("NaN and Inf rows stay alone", call("value", [bad, scale, shift], 1)[0],
                    references.norm(bad, scale, shift, [1]), VALUE)
        suite.check("zero rows", call("value", [numpy.zeros((0, columns), numpy.float32), scale, shift], 1)[0].shape,
                    (0, columns), 0)
    group.add("rows", templates.layer_family("layer_norm", [None, 100], [1]), rows)

    for op in ("layer_norm", "rms_norm"):
        for epsilon in (0, .5):
            def plain(call, op=op, epsilon=epsilon):
                centre = op == "layer_norm"
                x, dy, what = draw(33, 31), draw(33, 31), f"{op} without scale and shift, epsilon {epsilon}"
                suite.check(f"{what}: y", call("value", [x], 1)[0],
                            references.norm(x, None, None, [1], epsilon, centre), VALUE)
                suite.check(f"{what}: dx", call("gradient", [dy, x], 1)[0],
                            references.norm_gradient(dy, x, None, [1], epsilon, centre)[0], 2 * VALUE,
                            references.term_scale(dy, x, None, [1], epsilon, centre))
                if not epsilon and centre:
                    suite.check("constant rows, epsilon 0", call("value", [numpy.full((2, 31), 3, numpy.float32)], 1)[0],
                                numpy.full((2, 31), numpy.nan), 0)
            group.add(f"{op} plain", templates.layer_family(op, [None, 31], [1], scale=False, shift=False, epsilon=epsilon),
                      plain)

    def far_columns(call):
        scale, shift, mean, variance = draw(31, offset=1), draw(31), numpy.full(31, 1e4, "f4"), draw(31) ** 2 + 1
        half = random.integers(1, 32, (65, 31)) / 8
        x = (1e4 + random.permuted(numpy.concatenate([half, -half]), axis=0)).astype(numpy.float32)
        y, _, _ = call("value", [x, mean, variance, scale, shift], 3)
        suite.check("columns with mean 1e4: y", y, references.norm(x, scale, shift, [0], vector_axes=[1]), VALUE)
        x[:] = numpy.round(draw(31) * 16) / 16
        y, _, new = call("value", [x, mean, variance, scale, shift], 3)
        suite.check("constant columns: y", y, numpy.repeat(shift[None], 130, 0), VALUE)
        suite.check("constant columns: variance", new, .9 * variance, VALUE)
    group.add("columns", templates.channel_norm("batch_norm", [None, 31], "momentum = 1.0e-01 epsilon = 1.0e-05", batch=True),
              far_columns)
    group.run()


ACTIVATIONS = {"relu": (lambda v: numpy.maximum(v, 0), lambda v: (v > 0).astype(float)),
               "tanh": (numpy.tanh, lambda v: 1 - numpy.tanh(v) ** 2),
               "gelu": (numpy.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2, otypes=[float]),
                        numpy.vectorize(lambda v: (1 + math.erf(v / math.sqrt(2))) / 2
                                        + v * math.exp(-v * v / 2) / math.sqrt(2 * math.pi), otypes=[float]))}


def kept(shape, rate, seed, counter):
    """Where dropout keeps an element: Philox4x32-10, known answers in losses.py."""
    index, low = numpy.arange(math.prod(shape), dtype=numpy.uint64), numpy.uint64(0xFFFFFFFF)
    c = [index & low, index >> numpy.uint64(32), *(numpy.full_like(index, w) for w in (counter & 0xFFFFFFFF, counter >> 32))]
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p0, p1 = (numpy.uint64(factor) * word for factor, word in ((0xD2511F53, c[0]), (0xCD9E8D57, c[2])))
        c = [(p1 >> numpy.uint64(32)) ^ c[1] ^ numpy.uint64(keys[0]), p1 & low,
             (p0 >> numpy.uint64(32)) ^ c[3] ^ numpy.uint64(keys[1]), p0 & low]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return (c[0] >= round(rate * 2 ** 32)).reshape(shape)


def layered():
    """residual + dropout(activation(norm(x·weight + bias))) and all its gradients."""
    group, rate = Group(suite, BATCH), .3
    for number, outputs in enumerate(some(COLUMNS)):
        norm = ("layer_norm", "rms_norm", "group_norm", "batch_norm")[number % 4]
        groups = draw_groups(outputs)
        inputs, activation = some((1, 3, 17, 64, 100), 1)[0], list(ACTIVATIONS)[number % 3]

        def check(call, norm=norm, groups=groups, inputs=inputs, outputs=outputs, activation=activation):
            weight, bias = draw(inputs, outputs, spread=inputs ** -.5), draw(outputs)
            scale, shift = draw(outputs, offset=1, spread=.2), draw(outputs)
            statistics = [draw(outputs), abs(draw(outputs)) + .5] if norm == "batch_norm" else []
            for rows in some(ROWS[1:], 2):
                what = f"layer {rows}x{inputs}x{outputs} {norm} {activation}"
                x, residual, dy = draw(rows, inputs), draw(rows, outputs), draw(rows, outputs)
                seed, counter = (int(random.integers(2 ** 62)) for _ in range(2))
                mask = kept((rows, outputs), rate, seed, counter) / (1 - rate)
                value, slope = ACTIVATIONS[activation]
                z = x.astype(float) @ weight.astype(float) + bias
                if norm == "group_norm":
                    n, gradient = references.group_norm(z, scale, shift, groups), lambda du: references.group_norm_gradient(
                        du, z, scale, groups)
                    terms = references.term_scale(references.grouped(dy * scale, groups), references.grouped(z, groups), None, [2])
                else:
                    options = dict(axes=[0], vector_axes=[1]) if norm == "batch_norm" else dict(axes=[1], centre=norm == "layer_norm")
                    n = references.norm(z, scale, shift, **options)
                    gradient = lambda du: references.norm_gradient(du, z, scale, **options)
                    terms = references.term_scale(dy, z, scale, **options)
                dz, dscale, dshift = gradient(dy * mask * slope(n))
                expected = [residual + mask * value(n), dz @ weight.T.astype(float), x.T.astype(float) @ dz, dz.sum(0),
                            dscale, dshift]
                words = [numpy.array(word, "i8") for word in (seed, counter)]
                ours = call("f_gradient", [x, weight, bias, scale, shift, residual, *words, *statistics, dy], 7 + len(statistics))
                suite.check(f"{what}: y", ours[0], expected[0], 8 * VALUE)
                suite.check(f"{what}: dresidual", ours[6], dy, 0)
                # What the norm takes away cancels in the sums: they are compared with the size of their terms.
                sizes = [terms * numpy.abs(weight).max(), terms * numpy.abs(x).max() * rows ** .5, terms * rows ** .5, 0, 0]
                for name, array, reference, size in zip(("dx", "dweight", "dbias", "dscale", "dshift"), ours[1:], expected[1:],
                                                        sizes):
                    suite.check(f"{what}: {name}", array, reference, 8 * VALUE if name == "dx" else 2 * COLUMN, size)
        group.add(f"layer {inputs}x{outputs} {norm} {activation}",
                  templates.layer(inputs, outputs, norm, activation, rate, groups), check, differentiate=["f"])
    group.run()


def losses():
    group = Group(suite, BATCH)
    for columns in some(COLUMNS):
        def check(call, columns=columns):
            for rows in some(ROWS, 2):
                logits, labels = draw(rows, columns, spread=5), random.integers(0, columns, rows).astype("i4")
                loss, gradient = references.cross_entropy(logits, labels)
                what = f"cross entropy {rows}x{columns}"
                suite.check(f"{what}: loss", call("value", [logits, labels], 1)[0], loss, VALUE, 1)
                suite.check(f"{what}: gradient", call("gradient", [logits, labels], 1)[0], gradient, VALUE, 1 / rows)
        group.add(f"cross entropy {columns} columns", templates.cross_entropy(columns), check)
    group.run()


def products():
    """Matmuls with each operand as it is or transposed. The batch is the rows; with a transposed left operand the depth,
    as in a weight's gradient; with both transposed there is none."""
    group = Group(suite, BATCH)
    for number, columns in enumerate(some(COLUMNS)):
        for orientation in (("nn", "tn"), ("nt", "tt"))[number % 2]:
            other, fixed = some(COLUMNS[:-1], 1)[0], some(ROWS, 1)[0]
            shape = {"nn": (None, other), "nt": (None, other), "tn": (other, None), "tt": (fixed, other)}[orientation]
            what = f"matmul {orientation} {'x'.join('?' if n is None else str(n) for n in (*shape, columns))}"

            def check(call, what=what, shape=shape, columns=columns, orientation=orientation):
                for size in some(ROWS, 2):
                    rows, depth = (size if extent is None else extent for extent in shape)
                    a, b = draw(rows, depth), draw(depth, columns)
                    ours, = call("f", [numpy.ascontiguousarray(matrix.T if letter == "t" else matrix)
                                       for matrix, letter in zip((a, b), orientation)], 1)
                    suite.check(f"{what}, batch {size}", ours, a.astype(float) @ b, 4 * VALUE)
            group.add(what, templates.product(*shape, columns, orientation), check)
    group.run()


def columns_and_elements():
    group = Group(suite, BATCH)
    for columns in some(COLUMNS):
        def check_sums(call, columns=columns):
            for rows in some(ROWS, 2):
                x = draw(rows, columns)
                ours = call("f", [x], 2)
                suite.check(f"column sums {rows}x{columns}", ours[0], x.sum(0, float), COLUMN, rows ** .5)
                suite.check(f"row maxima {rows}x{columns}", ours[1], x.max(1), 0)
        group.add(f"sums of {columns} columns", templates.sums(columns), check_sums)

        def check_elements(call, columns=columns):
            for rows in some(ROWS, 2):
                x, y, column, row = draw(rows, columns), draw(rows, columns), draw(columns), draw(rows)
                want = numpy.where(x < y, numpy.exp(-numpy.abs(x)) * column, numpy.log(1 + x.astype(float) ** 2) + row[:, None])
                suite.check(f"elementwise {rows}x{columns}", call("f", [x, y, column, row], 1)[0],
                            want / numpy.sqrt(1 + y.astype(float) ** 2), VALUE)
        group.add(f"elementwise {columns} columns", templates.elementwise(columns), check_elements)
    group.run()


for part in (layers, channels, edges, layered, losses, products, columns_and_elements):
    if suite.wants(part.__name__):
        part()
suite.finish()
