"""Products of small matrices in the processor's vectors, written in LLVM's own words.

A loop over a row of an array becomes one over vectors only behind checks that no array overlaps another, and with a
remainder; of 32 events and 16 units these cost more than the product. Here what one pass needs stays in registers: a
tile of rows times one vector of events. Rows are `padded` to whole vectors of 64 bytes, which processors with shorter
ones take in parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.np.arrayobj import make_array, populate_array

BYTES = 64
"""Of a vector: 16 numbers of float32, 8 of float64."""

_INDEX = types.intp
_AS_WRITTEN, _ANY_ORDER = ("contract",), ("contract", "reassoc")
_PICK = ir.IntType(32)

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled_into(function: Function) -> Function:
    """Let compiled functions call this one, which is compiled into them."""
    made: Function = extending.register_jitable(function)
    return made


def written(function: Callable[..., Any]) -> Any:
    """Let compiled functions call what ``function`` writes for them."""
    return extending.intrinsic(function)


@compiled_into
def lanes(array: Any) -> int:
    """Return how many numbers of ``array`` are one vector."""
    return int(BYTES // array.itemsize)


@compiled_into
def padded(n: int, array: Any) -> int:
    """Return the numbers of ``array`` in the fewest vectors that hold ``n`` of them."""
    whole = BYTES // array.itemsize
    return int((n + whole - 1) // whole * whole)


@written
def matrix(typing: Any, flat: Any, start: Any, m: Any, n: Any) -> Any:
    """Return ``flat[start : start + m n]`` as (m, n), without the checks of ``reshape``; ``flat`` must outlive it."""
    found = types.Array(flat.dtype, 2, "C")

    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        whole, first, *shape = given
        held, view = (
            make_array(signature.args[0])(context, builder, whole),
            make_array(found)(context, builder),
        )
        step = context.get_constant(_INDEX, context.get_abi_sizeof(context.get_data_type(flat.dtype)))
        populate_array(
            view,
            data=builder.gep(held.data, [first]),
            shape=shape,
            strides=[builder.mul(shape[1], step), step],
            itemsize=step,
            meminfo=None,
        )
        return view._getvalue()

    return found(flat, _INDEX, _INDEX, _INDEX), write


class _Matrix:
    """A matrix as the function that is written sees it: where its numbers stand."""

    def __init__(self, writer: _Writer, kind: Any, value: Any) -> None:
        held = cgutils.create_struct_proxy(kind)(writer.context, writer.builder, value=value)
        self._builder = writer.builder
        self._first = held.data
        self._steps = cgutils.unpack_tuple(self._builder, held.strides)
        self.shape = cgutils.unpack_tuple(self._builder, held.shape)

    def at(self, *places: Any) -> Any:
        """Return the address of the number in a row and a column."""
        add, times = self._builder.add, self._builder.mul
        ahead = times(places[0], self._steps[0])
        for place, step in zip(places[1:], self._steps[1:], strict=True):
            ahead = add(ahead, times(place, step))
        return cgutils.pointer_add(self._builder, self._first, ahead)


class _Writer:
    """What one function is written with: vectors of one type of number, and sums of their products."""

    def __init__(self, context: Any, builder: Any, number: Any) -> None:
        self.context, self.builder = context, builder
        self.number = context.get_value_type(number)
        self._bytes = number.bitwidth // 8
        self.lanes = BYTES // self._bytes
        self._vector = ir.VectorType(self.number, self.lanes)

    def ahead(self, place: Any, n: int) -> Any:
        """Return the place ``n`` further on."""
        return self.builder.add(place, place.type(n))

    def load(self, address: Any) -> Any:
        """Return the vector that begins at ``address``, which need not be a multiple of its size."""
        found = self.builder.load(self.builder.bitcast(address, self._vector.as_pointer()))
        found.align = self._bytes
        return found

    def store(self, vector: Any, address: Any) -> None:
        """Write ``vector``, of any length, from ``address`` on."""
        self.builder.store(
            vector, self.builder.bitcast(address, vector.type.as_pointer())
        ).align = self._bytes

    def filled(self, address: Any) -> Any:
        """Return a vector of the one number at ``address``."""
        nothing = self._vector(ir.Undefined)
        first = self.builder.insert_element(nothing, self.builder.load(address), _PICK(0))
        return self._picked(first, nothing, [0] * self.lanes)

    def sums_of_zero(self, n: int) -> list[Any]:
        """Return ``n`` places for vectors, of zeros."""
        places = [cgutils.alloca_once(self.builder, self._vector) for _ in range(n)]
        for place in places:
            self.builder.store(self._vector([0.0] * self.lanes), place)
        return places

    def add_product(self, a: Any, b: Any, to: Any) -> None:
        """Add ``a`` times ``b`` to the vector in the place ``to``."""
        product = self.builder.fmul(a, b, flags=_AS_WRITTEN)
        self.builder.store(self.builder.fadd(product, self.builder.load(to), flags=_AS_WRITTEN), to)

    def added_up(self, vectors: list[Any]) -> Any:
        """Return a vector of the sum of each of one, two or four vectors: neighbours are added until one is left."""
        n = len(vectors)
        while len(vectors) > 1:
            vectors = [self._neighbours(a, b) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
        found = vectors[0]
        while found.type.count > n:
            evens, odds = list(range(0, found.type.count, 2)), list(range(1, found.type.count, 2))
            found = self._sum(self._picked(found, found, evens), self._picked(found, found, odds))
        return found

    def _neighbours(self, a: Any, b: Any) -> Any:
        evens, odds = list(range(0, 2 * a.type.count, 2)), list(range(1, 2 * a.type.count, 2))
        return self._sum(self._picked(a, b, evens), self._picked(a, b, odds))

    def _sum(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, b, flags=_ANY_ORDER)

    def _picked(self, a: Any, b: Any, at: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.VectorType(_PICK, len(at))(at))


def _weighted_rows(n: int) -> Any:
    """Return a function that sets ``n`` rows of one vector to sums of rows, with weights."""

    @written
    def weighted_rows(typing: Any, W: Any, j: Any, offsets: Any, x: Any, e: Any, to: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            kinds, writer = signature.args, _Writer(context, builder, x.dtype)
            weights, rows, out = (_Matrix(writer, kinds[i], given[i]) for i in (0, 3, 5))
            first, event, sums = given[1], given[4], writer.sums_of_zero(n)
            if offsets != types.none:
                begin = _Matrix(writer, kinds[2], given[2])
                for k in range(n):
                    builder.store(writer.filled(begin.at(writer.ahead(first, k))), sums[k])
            with cgutils.for_range(builder, weights.shape[1]) as loop:
                row = writer.load(rows.at(loop.index, event))
                for k in range(n):
                    weight = writer.filled(weights.at(writer.ahead(first, k), loop.index))
                    writer.add_product(weight, row, sums[k])
            for k in range(n):
                writer.store(builder.load(sums[k]), out.at(writer.ahead(first, k), event))
            return context.get_dummy_value()

        return types.void(W, _INDEX, offsets, x, _INDEX, to), write

    return weighted_rows


def _products(n: int, m: int) -> Any:
    """Return a function that sets ``n × m`` numbers of ``to`` to products of rows of ``a`` with rows of ``b``."""

    @written
    def products(typing: Any, a: Any, j: Any, b: Any, i: Any, to: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            kinds, writer = signature.args, _Writer(context, builder, a.dtype)
            left, right, out = (_Matrix(writer, kinds[k], given[k]) for k in (0, 2, 4))
            J, i0 = [writer.ahead(given[1], k) for k in range(n)], given[3]
            sums = [writer.sums_of_zero(m) for _ in range(n)]
            whole = given[1].type(writer.lanes)
            with cgutils.for_range(builder, builder.sdiv(left.shape[1], whole)) as loop:
                e = builder.mul(loop.index, whole)
                ours = [writer.load(left.at(place, e)) for place in J]
                theirs = [writer.load(right.at(writer.ahead(i0, k), e)) for k in range(m)]
                for row, of_row in zip(ours, sums, strict=True):
                    for other, place in zip(theirs, of_row, strict=True):
                        writer.add_product(row, other, place)
            for place, of_row in zip(J, sums, strict=True):
                writer.store(writer.added_up([builder.load(s) for s in of_row]), out.at(place, i0))
            return context.get_dummy_value()

        return types.void(a, _INDEX, b, _INDEX, to), write

    return products


_rows_4, _rows_1 = _weighted_rows(4), _weighted_rows(1)
_products_24, _products_21 = _products(2, 4), _products(2, 1)
_products_14, _products_11 = _products(1, 4), _products(1, 1)


@compiled_into
def weighted_sums(W: Any, offsets: Any, x: Any, to: Any) -> None:
    """Set ``to`` (m, B) to W (m, n) times ``x`` (n, B) plus ``offsets`` (m,) or None; B is of whole vectors."""
    m, down, step = len(W), len(W) - len(W) % 4, lanes(x)
    for e in range(0, x.shape[1], step):
        for j in range(0, down, 4):
            _rows_4(W, j, offsets, x, e, to)
        for j in range(down, m):
            _rows_1(W, j, offsets, x, e, to)


@compiled_into
def row_products(a: Any, b: Any, to: Any) -> None:
    """Set ``to`` (m, n) to ``a`` (m, B) times the transpose of ``b`` (n, B); B is of whole vectors."""
    m, n = len(a), len(b)
    down, across = m - m % 2, n - n % 4
    for j in range(0, down, 2):
        for i in range(0, across, 4):
            _products_24(a, j, b, i, to)
        for i in range(across, n):
            _products_21(a, j, b, i, to)
    for j in range(down, m):
        for i in range(0, across, 4):
            _products_14(a, j, b, i, to)
        for i in range(across, n):
            _products_11(a, j, b, i, to)
