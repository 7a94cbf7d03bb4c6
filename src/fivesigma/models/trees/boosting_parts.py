"""Parts of one loop that run in threads of their own: how they wait for each other, and ask for memory ahead."""

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fivesigma._core.compiled import borrowing

_SPINS = 2000
_STRIDE = 8
"""Numbers between two flags, so that each has a cache line of its own."""
_let_others = types.ExternalFunction(
    "SwitchToThread" if sys.platform == "win32" else "sched_yield", types.int32()
)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


@intrinsic  # type: ignore[untyped-decorator]
def ahead(_: Any, array: Any, at: Any) -> Any:
    """Ask for the element ``at`` of an array (n,), contiguous, that will be read soon."""

    def made(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        byte, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        where = builder.bitcast(_pointer(context, builder, signature.args[0], *given), byte)
        shape = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], shape)
        builder.call(fetch, [where, whole(0), whole(3), whole(1)])
        return context.get_dummy_value()

    return types.void(array, types.uint64), made


@intrinsic  # type: ignore[untyped-decorator]
def add_pair(_: Any, array: Any, at: Any, first: Any, second: Any) -> Any:
    """Add two numbers to the elements ``at`` and ``at + 1`` of an array (n,) of int64, contiguous, at one stroke."""

    def made(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array, at, first, second = given
        pair, whole = ir.VectorType(ir.IntType(64), 2), ir.IntType(32)
        both = builder.insert_element(ir.Constant(pair, ir.Undefined), first, whole(0))
        both = builder.insert_element(both, second, whole(1))
        where = builder.bitcast(_pointer(context, builder, signature.args[0], array, at), pair.as_pointer())
        builder.store(builder.add(builder.load(where, align=8), both), where, align=8)
        return context.get_dummy_value()

    return types.void(array, types.uint64, types.int64, types.int64), made


@intrinsic  # type: ignore[untyped-decorator]
def _read(_: Any, array: Any, at: Any) -> Any:
    def made(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load_atomic(_pointer(context, builder, signature.args[0], *given), "acquire", 8)

    return types.int64(array, types.uint64), made


@intrinsic  # type: ignore[untyped-decorator]
def _written(_: Any, array: Any, at: Any, value: Any) -> Any:
    def made(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array, at, value = given
        where = _pointer(context, builder, signature.args[0], array, at)
        builder.store_atomic(value, where, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.uint64, types.int64), made


def n_flags(n_parts: int) -> int:
    """Return how many whole numbers (int64, zeros) ``n_parts`` need to `meet`."""
    return _STRIDE * (n_parts + 1)


@borrowing
def meet(flags: Any, n_parts: int, part: int) -> None:
    """Wait until every part has come as often as this one; what was written before is read after.

    Where the last flag is not 0, a part is missing for ever, and nobody waits.
    """
    if n_parts == 1:
        return
    times = flags[part * _STRIDE] + 1
    _written(flags, part * _STRIDE, times)
    for other in range(n_parts):
        spins = 0
        while _read(flags, other * _STRIDE) < times and _read(flags, n_parts * _STRIDE) == 0:
            spins += 1
            if spins > _SPINS:
                _let_others()


@borrowing
def give_up(flags: Any) -> None:
    """Let nobody wait any more: a part will never come."""
    _written(flags, len(flags) - _STRIDE, 1)
