"""The arithmetic of a small network, compiled: layers, activations and losses on batches with one column an event.

A batch is (units, events), so that every inner loop runs over events: independent of how wide a layer is, and of a
length that the processor's vectors like. Sums over events may be taken in the order that the processor prefers, the
same at every call. Wide layers are left to the matrix product of BLAS.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

RELU, TANH, SIGMOID, SILU, GELU, SOFTPLUS = range(6)
WIDE = 4096
"""Weights of a layer from which BLAS is faster than three loops."""

_PER_ROOT2, _PER_ROOT_2PI = math.sqrt(0.5), 1.0 / math.sqrt(2.0 * math.pi)
_PER_LN2, _HALF = np.float32(1.0 / math.log(2.0)), np.float32(0.5)
_LN2_HIGH = np.float32(355 / 512)  # of nine bits, so that k times it is exact
_LN2_LOW = np.float32(math.log(2.0) - 355 / 512)

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def compiled(function: Function) -> Function:
    """Compile ``function``: cached, without the interpreter's lock; sums may be reordered, and nothing else."""
    made: Function = njit(fastmath={"contract", "reassoc", "nsz"}, **_OPTIONS)(function)
    return made


def in_order(function: Function) -> Function:
    """Compile ``function`` as `compiled` does, with every sum in the order in which it is written."""
    made: Function = njit(fastmath={"contract"}, **_OPTIONS)(function)
    return made


@compiled
def forward(W: Any, b: Any, inside: Any, out: Any) -> None:
    """Set ``out`` (n_out, B) to W (n_out, n_in) times ``inside`` (n_in, B) plus b."""
    n_out, _n_in = W.shape
    if W.size >= WIDE:
        np.dot(W, inside, out)
        for j in range(n_out):
            out[j] += b[j]
        return
    for j in range(n_out):
        to, offset = out[j], b[j]
        for e in range(len(to)):
            to[e] = offset
    _add_weighted(W, inside, out)


@compiled
def _add_weighted(W: Any, inside: Any, out: Any) -> None:
    """Add W times ``inside`` to ``out``, two rows of it and four of ``inside`` at a time."""
    (n_out, n_in), B = W.shape, inside.shape[1]
    across, down = n_in - n_in % 4, n_out - n_out % 2
    for j in range(0, down, 2):
        r, s = out[j], out[j + 1]
        for i in range(0, across, 4):
            a0, a1, a2, a3 = W[j, i], W[j, i + 1], W[j, i + 2], W[j, i + 3]
            b0, b1, b2, b3 = W[j + 1, i], W[j + 1, i + 1], W[j + 1, i + 2], W[j + 1, i + 3]
            x0, x1, x2, x3 = inside[i], inside[i + 1], inside[i + 2], inside[i + 3]
            for e in range(B):
                r[e] += a0 * x0[e] + a1 * x1[e] + a2 * x2[e] + a3 * x3[e]
                s[e] += b0 * x0[e] + b1 * x1[e] + b2 * x2[e] + b3 * x3[e]
    for j in range(n_out):
        to = out[j]
        for i in range(across if j < down else 0, n_in):
            w, x = W[j, i], inside[i]
            for e in range(B):
                to[e] += w * x[e]


@compiled
def backward(W: Any, inside: Any, slope: Any, dW: Any, db: Any, to_inside: Any, first: bool) -> None:
    """Set dW, db to the derivatives by W and b of a loss with derivative ``slope`` (n_out, B) by the layer's output.

    Unless the layer is the ``first``, ``to_inside`` (n_in, B) is the derivative by what came in.
    """
    for j in range(len(W)):
        total, row = slope[j, 0] * 0, slope[j]
        for e in range(len(row)):
            total += row[e]
        db[j] = total
    if W.size >= WIDE:
        np.dot(slope, inside.T, dW)
        if not first:
            np.dot(W.T, slope, to_inside)
        return
    _by_weights(inside, slope, dW)
    if not first:
        _by_inside(W, slope, to_inside)


@compiled
def _by_weights(inside: Any, slope: Any, dW: Any) -> None:
    """Two rows of ``slope`` meet four of ``inside`` at a time, so that what is loaded is used more than once."""
    (n_in, B), n_out = inside.shape, len(slope)
    across, down = n_in - n_in % 4, n_out - n_out % 2
    zero = slope[0, 0] * 0
    for j in range(0, down, 2):
        r, s = slope[j], slope[j + 1]
        for i in range(0, across, 4):
            x0, x1, x2, x3 = inside[i], inside[i + 1], inside[i + 2], inside[i + 3]
            r0, r1, r2, r3, s0, s1, s2, s3 = zero, zero, zero, zero, zero, zero, zero, zero
            for e in range(B):
                r0 += r[e] * x0[e]
                r1 += r[e] * x1[e]
                r2 += r[e] * x2[e]
                r3 += r[e] * x3[e]
                s0 += s[e] * x0[e]
                s1 += s[e] * x1[e]
                s2 += s[e] * x2[e]
                s3 += s[e] * x3[e]
            dW[j, i], dW[j, i + 1], dW[j, i + 2], dW[j, i + 3] = r0, r1, r2, r3
            dW[j + 1, i], dW[j + 1, i + 1], dW[j + 1, i + 2], dW[j + 1, i + 3] = s0, s1, s2, s3
    for j in range(n_out):
        for i in range(across if j < down else 0, n_in):
            total, row, x = zero, slope[j], inside[i]
            for e in range(B):
                total += row[e] * x[e]
            dW[j, i] = total


@compiled
def _by_inside(W: Any, slope: Any, to_inside: Any) -> None:
    n_out, n_in = W.shape
    for i in range(n_in):
        to, w, row = to_inside[i], W[0, i], slope[0]
        for e in range(len(row)):
            to[e] = w * row[e]
    for j in range(1, n_out):
        row = slope[j]
        for i in range(n_in):
            to, w = to_inside[i], W[j, i]
            for e in range(len(row)):
                to[e] += w * row[e]


@in_order
def exponentials(factor: Any, x: Any, out: Any) -> None:
    """Set ``out`` (B,) to exp(factor x), the exponent within ±87 (float32) or ±700.

    Of float32, e^v = 2^k e^r with |r| <= ln 2 / 2 and Taylor's series of e^r, to two roundings: a loop without a
    branch or a call runs over vectors.
    """
    if out.itemsize == 8:
        for e in range(len(x)):
            out[e] = math.exp(min(max(factor * x[e], -700.0), 700.0))
        return
    bits = out.view(np.int32)
    for e in range(len(x)):
        v = min(max(np.float32(factor) * x[e], np.float32(-87.0)), np.float32(87.0))
        bits[e] = (np.int32(np.floor(v * _PER_LN2 + _HALF)) + np.int32(127)) << np.int32(23)
    for e in range(len(x)):
        v = min(max(np.float32(factor) * x[e], np.float32(-87.0)), np.float32(87.0))
        k = np.floor(v * _PER_LN2 + _HALF)
        r = (v - k * _LN2_HIGH) - k * _LN2_LOW
        p = np.float32(1 / 720) + r * np.float32(1 / 5040)
        p = np.float32(1 / 24) + r * (np.float32(1 / 120) + r * p)
        p = _HALF + r * (np.float32(1 / 6) + r * p)
        out[e] *= np.float32(1.0) + r * (np.float32(1.0) + r * p)


@compiled
def activate(kind: int, at: Any, out: Any) -> None:
    """Set ``out`` (n, B) to the activation of ``at`` (n, B)."""
    n, B = at.shape
    for j in range(n):
        x, y = at[j], out[j]
        if kind == RELU:
            for e in range(B):
                y[e] = max(x[e], x[e] * 0)
        elif kind in (TANH, SIGMOID, SILU):
            _activate_by_exponentials(kind, x, y)
        elif kind == GELU:
            for e in range(B):
                y[e] = 0.5 * x[e] * (1.0 + math.erf(x[e] * _PER_ROOT2))
        else:
            for e in range(B):
                y[e] = max(x[e], x[e] * 0) + math.log1p(math.exp(-abs(x[e])))


@compiled
def _activate_by_exponentials(kind: int, x: Any, y: Any) -> None:
    one = x[0] * 0 + 1
    exponentials(2.0 if kind == TANH else -1.0, x, y)
    for e in range(len(x)):
        if kind == TANH:
            y[e] = one - (one + one) / (y[e] + one)
        elif kind == SIGMOID:
            y[e] = one / (one + y[e])
        else:
            y[e] = x[e] / (one + y[e])


@compiled
def slope_of_activation(kind: int, at: Any, out: Any, slope: Any) -> None:
    """Multiply ``slope`` (n, B) by the derivative of the activation at ``at``, where its values are ``out``."""
    for j in range(len(at)):
        if kind == RELU:
            _slope_of_relu(at[j], slope[j])
        elif kind in (TANH, SIGMOID):
            _slope_by_values(kind, out[j], slope[j])
        else:
            _slope_by_formula(kind, at[j], out[j], slope[j])


@compiled
def _slope_of_relu(x: Any, d: Any) -> None:
    for e in range(len(x)):
        d[e] = d[e] if x[e] > 0 else d[e] * 0


@compiled
def _slope_by_values(kind: int, y: Any, d: Any) -> None:
    one = y[0] * 0 + 1
    for e in range(len(y)):
        d[e] *= one - y[e] * y[e] if kind == TANH else y[e] * (one - y[e])


@compiled
def _slope_by_formula(kind: int, x: Any, y: Any, d: Any) -> None:
    for e in range(len(x)):
        if kind == GELU:
            below = 0.5 * (1.0 + math.erf(x[e] * _PER_ROOT2))
            d[e] *= below + x[e] * _PER_ROOT_2PI * math.exp(-0.5 * x[e] * x[e])
            continue
        share = 1.0 / (1.0 + math.exp(-x[e]))
        d[e] *= share + y[e] * (1.0 - share) if kind == SILU else share
