"""The arithmetic of a small network, compiled: layers, activations and losses on batches with one column an event.

A batch is (units, events), so that every inner loop runs over events: independent of how wide a layer is, and `padded`
to a length that the processor's vectors like. Sums over events may be taken in the order that the processor prefers,
the same at every call. Wide layers are left to the matrix product of BLAS.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from fivesigma._core.compiled import njit
from fivesigma.models.neural.vectors import row_products, weighted_sums

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
    """Set ``out`` (n_out, B) to W (n_out, n_in) times ``inside`` (n_in, B) plus b; B is of whole vectors."""
    if W.size < WIDE:
        weighted_sums(W, b, inside, out)
        return
    np.dot(W, inside, out)
    for j in range(len(W)):
        out[j] += b[j]


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
    if W.size < WIDE:
        row_products(slope, inside, dW)
        if not first:
            weighted_sums(W.T, None, slope, to_inside)
        return
    np.dot(slope, inside.T, dW)
    if not first:
        np.dot(W.T, slope, to_inside)


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
