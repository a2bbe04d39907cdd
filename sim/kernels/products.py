"""Matrix products of a few rows at a time, whose results stay in registers until they are whole.

Libraries multiply large matrices well. The layers of MLP_node are tall and narrow, and a product between
other passes over the same rows wants to find them in the nearest cache: so it is done here, by blocks of
rows, in vectors that only LLVM's own language can name. Each number is summed in the order of the inner
index: unlike a library's, a product rounds alike wherever its operands lie.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import llvmlite.binding
from jaxtyping import Float
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy import ndarray

from sim.kernels.build import compiled
from sim.kernels.gate import no_type_check

_FEATURES: Final = llvmlite.binding.get_host_cpu_features()

VECTOR: Final = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx") else 16
"""Bytes that the processor computes with at once."""

ROWS: Final = 4
"""Rows of a tile. With `VECTORS` vectors each they fill the registers, and hide how long a sum takes."""

VECTORS: Final = 4 if _FEATURES.get("avx512f") else 2


def _tile(n_rows: int, n_vectors: int) -> Callable[..., None]:
    """Code that adds a product to a tile of `n_rows` rows and `n_vectors` vectors.

    Its arguments are, each as an array and places in it: the left matrix, where it begins, from row to row,
    and along the inner index; the right one, where it begins, and along the inner index; the result, where it
    begins, and from row to row; the length of the inner index; and what is to be fetched, and from where on.
    """

    @intrinsic
    def tile(
        _typing: Any,
        left: Any,
        left_at: Any,
        left_row: Any,
        left_inner: Any,
        right: Any,
        right_at: Any,
        right_inner: Any,
        out: Any,
        out_at: Any,
        out_row: Any,
        inner: Any,
        ahead: Any,
        ahead_at: Any,
    ) -> Any:
        operands = (left, left_at, left_row, left_inner, right, right_at, right_inner)
        given = (*operands, out, out_at, out_row, inner, ahead, ahead_at)
        signature = types.void(*(one if isinstance(one, types.Array) else types.int64 for one in given))
        return signature, partial(_emit, n_rows, n_vectors)

    return tile


def _emit(n_rows: int, n_vectors: int, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """The code of such a tile, in LLVM's language; numba gives the last four."""
    left, right, out, ahead = (
        context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 4, 7, 11)
    )
    _, left_at, left_row, left_inner, _, right_at, right_inner, _, out_at, out_row, inner, _, ahead_at = (
        arguments
    )
    number, place, real = ir.IntType(32), ir.IntType(64), out.type.pointee
    size = 4 if real == ir.FloatType() else 8
    lanes = VECTOR // size
    vector = ir.VectorType(real, lanes)
    multiply_add = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{lanes}f{8 * size}"
    )
    byte = ir.IntType(8).as_pointer()
    fetch = builder.module.declare_intrinsic(
        "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    )
    nothing = ir.Constant(vector, ir.Undefined)
    everywhere = ir.Constant(ir.VectorType(number, lanes), [0] * lanes)
    cells = [(row, column) for row in range(n_rows) for column in range(n_vectors)]

    def at(pointer: Any, offset: Any, column: int) -> Any:
        found = builder.gep(pointer, [builder.add(offset, place(column * lanes))])
        return builder.bitcast(found, vector.as_pointer())

    row_at = [builder.add(out_at, builder.mul(place(row), out_row)) for row in range(n_rows)]
    begun = {(row, column): builder.load(at(out, row_at[row], column), align=size) for row, column in cells}
    rows = [
        builder.gep(left, [builder.add(left_at, builder.mul(place(row), left_row))]) for row in range(n_rows)
    ]
    before = builder.block
    body, after = builder.append_basic_block("inner"), builder.append_basic_block("tiled")
    builder.branch(body)
    builder.position_at_end(body)
    index = builder.phi(place)
    sums = {cell: builder.phi(vector) for cell in cells}
    along = builder.add(right_at, builder.mul(index, right_inner))
    factors = [builder.load(at(right, along, column), align=size) for column in range(n_vectors)]
    coming = builder.gep(ahead, [builder.add(ahead_at, builder.mul(index, place(n_rows)))])
    builder.call(fetch, [builder.bitcast(coming, byte), number(0), number(3), number(1)])
    reached = {}
    for row in range(n_rows):
        one = builder.load(builder.gep(rows[row], [builder.mul(index, left_inner)]))
        spread = builder.shuffle_vector(builder.insert_element(nothing, one, number(0)), nothing, everywhere)
        for column in range(n_vectors):
            reached[row, column] = builder.call(multiply_add, [spread, factors[column], sums[row, column]])
    following = builder.add(index, place(1))
    index.add_incoming(place(0), before)
    index.add_incoming(following, body)
    for cell in cells:
        sums[cell].add_incoming(begun[cell], before)
        sums[cell].add_incoming(reached[cell], body)
    builder.cbranch(builder.icmp_signed("<", following, inner), body, after)
    builder.position_at_end(after)
    for row, column in cells:
        builder.store(reached[row, column], at(out, row_at[row], column), align=size)
    return context.get_dummy_value()


_wide, _narrow = _tile(ROWS, VECTORS), _tile(ROWS, 1)


@compiled()
@no_type_check
def add_product(
    left: Float[ndarray, "..."],
    left_at: int,
    left_row: int,
    left_inner: int,
    right: Float[ndarray, "inner column"],
    right_at: int,
    out: Float[ndarray, "row column"],
    begin: int,
    end: int,
    inner: int,
    ahead: Float[ndarray, "..."],
    ahead_at: int,
) -> None:
    """Adds the product of two matrices to rows `begin` .. `end` - 1 of `out`.

    Args:
        left: Holds the left matrix, one row of it for each of those rows.
        left_at: Place of its first number, counted through the memory.
        left_row: Places from one row of it to the next.
        left_inner: Places along a row of it: so a matrix can be taken turned over.
        right: Holds the right matrix.
        right_at: First row of it.
        out: To add to.
        begin: First row.
        end: One past the last row.
        inner: Numbers in a row of the left matrix; at least 1.
        ahead: What will be needed next, and is to be on its way to the cache meanwhile.
        ahead_at: From which place on; as many numbers of it as the left matrix has.
    """
    width = out.shape[1]
    lanes = VECTOR // out.itemsize
    whole = end - (end - begin) % ROWS
    at, column = right_at * width, 0
    while column + lanes <= width:
        wide = column + lanes * VECTORS <= width
        for row in range(begin, whole, ROWS):
            here, coming = left_at + (row - begin) * left_row, ahead_at + (row - begin) * inner
            to = row * width + column
            if wide:
                _wide(left, here, left_row, left_inner, right, at + column, width,
                      out, to, width, inner, ahead, coming)  # fmt: skip
            else:
                _narrow(left, here, left_row, left_inner, right, at + column, width,
                        out, to, width, inner, ahead, coming)  # fmt: skip
        column += lanes * VECTORS if wide else lanes
    numbers, factors = left.ravel(), right.ravel()
    for row in range(begin, end):  # what is left over beside and below the tiles
        here = left_at + (row - begin) * left_row
        for index in range(inner):
            number = numbers[here + index * left_inner]
            for rest in range(column if row < whole else 0, width):
                out[row, rest] += number * factors[at + index * width + rest]
