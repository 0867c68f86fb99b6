"""The norms and their gradients in f64, straight from the formulas in dialect/norm/NormOps.td."""
import numpy


def along(vector, ndim, axes):
    """A tensor with the extents of `axes`, broadcast-ready against ndim dimensions; None stays None."""
    if vector is None:
        return None
    shape = [1] * ndim
    for axis, extent in zip(axes, numpy.shape(vector)):
        shape[axis] = extent
    return numpy.asarray(vector, float).reshape(shape)


def normalized(x, axes, epsilon, centre=True):
    """The normalized value and the reciprocal standard deviation."""
    x = numpy.asarray(x, float)
    axes = tuple(axes)
    if centre:
        x = x - x.mean(axes, keepdims=True)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        r = 1 / numpy.sqrt((x * x).mean(axes, keepdims=True) + epsilon)
        return x * r, r


def norm(x, scale, shift, axes, epsilon=1e-5, centre=True, vector_axes=None):
    """Statistics over `axes`; scale and shift have the extents of `vector_axes` (those axes by default)."""
    vector_axes = axes if vector_axes is None else vector_axes
    y, _ = normalized(x, axes, epsilon, centre)
    if scale is not None:
        y = y * along(scale, y.ndim, vector_axes)
    return y if shift is None else y + along(shift, y.ndim, vector_axes)


def norm_gradient(dy, x, scale, axes, epsilon=1e-5, centre=True, vector_axes=None):
    """dx, dscale, dshift."""
    vector_axes = axes if vector_axes is None else vector_axes
    dy, axes = numpy.asarray(dy, float), tuple(axes)
    xhat, r = normalized(x, axes, epsilon, centre)
    g = dy if scale is None else dy * along(scale, dy.ndim, vector_axes)
    with numpy.errstate(invalid="ignore"):
        dx = g - xhat * (g * xhat).mean(axes, keepdims=True)
        if centre:
            dx = dx - g.mean(axes, keepdims=True)
        others = tuple(axis for axis in range(dy.ndim) if axis not in vector_axes)
        return r * dx, (dy * xhat).sum(others), dy.sum(others)


def term_scale(dy, x, scale, axes, epsilon=1e-5, centre=True, vector_axes=None):
    """The size of the largest term of dx, r·g: with few elements the terms cancel, and dx is rounding beside them."""
    g = numpy.asarray(dy, float)
    if scale is not None:
        g = g * along(scale, g.ndim, axes if vector_axes is None else vector_axes)
    return numpy.abs(g * normalized(x, axes, epsilon, centre)[1]).max()


def grouped(x, groups):
    """N, C, ... as N, groups, C / groups, ...: group norm is then a layer norm over all but the first two dimensions."""
    return numpy.reshape(x, (x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))


def group_norm(x, scale, shift, groups, epsilon=1e-5):
    y, _ = normalized(grouped(x, groups), range(2, x.ndim + 1), epsilon)
    return y.reshape(x.shape) * along(scale, x.ndim, [1]) + along(shift, x.ndim, [1])


def group_norm_gradient(dy, x, scale, groups, epsilon=1e-5):
    g = numpy.asarray(dy, float) * along(scale, x.ndim, [1])
    dx, _, _ = norm_gradient(grouped(g, groups), grouped(x, groups), None, range(2, x.ndim + 1), epsilon)
    xhat, _ = normalized(grouped(x, groups), range(2, x.ndim + 1), epsilon)
    others = (0, *range(2, x.ndim))
    return dx.reshape(x.shape), (dy * xhat.reshape(x.shape)).sum(others), numpy.sum(dy, others, float)


def batch_axes(x):
    return [axis for axis in range(numpy.ndim(x)) if axis != 1]


def running(x, mean, variance, momentum=.1):
    """The new running statistics of batch norm: the variance is the unbiased one."""
    x, axes = numpy.asarray(x, float), tuple(batch_axes(x))
    count = x.size // x.shape[1]
    unbiased = x.var(axes) * count / (count - 1)
    return (1 - momentum) * mean + momentum * x.mean(axes), (1 - momentum) * variance + momentum * unbiased


def cross_entropy(logits, labels):
    """The mean loss and its gradient; labels are classes, or targets of the logits' shape."""
    z = numpy.asarray(logits, float)
    z = z - z.max(-1, keepdims=True)
    total = numpy.exp(z).sum(-1, keepdims=True)
    targets = numpy.eye(z.shape[-1])[labels] if numpy.issubdtype(numpy.asarray(labels).dtype, numpy.integer) else labels
    losses = (targets * (numpy.log(total) - z)).sum(-1)
    gradient = numpy.exp(z) / total * numpy.sum(targets, -1, float, keepdims=True) - targets
    return losses.mean(), gradient / losses.size
