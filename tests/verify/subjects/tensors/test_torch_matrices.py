"""Products, solutions and factors of matrices in PyTorch: the program on floats is the function and its gradient."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'backproof[torch]'")

from backproof.verify.arrays.program import Program  # noqa: E402
from backproof.verify.arrays.traced import Point, Unread  # noqa: E402
from backproof.verify.subjects.tensors.torch.matrices import MOST_ROWS  # noqa: E402
from backproof.verify.subjects.tensors.torch_code import torch_code  # noqa: E402
from tests.verify.subjects.tensors.torch_replay import CLOSE, check, numbers, replayed  # noqa: E402

pytestmark = [pytest.mark.optional, pytest.mark.filterwarnings("default")]

a, b, c = numbers(2, 3), numbers(3, 4), numbers(4, 2)
square, batch, right, vector = numbers(3, 3), numbers(2, 3, 3), numbers(3, 2), numbers(3)
stack, other = numbers(2, 3, 4), numbers(2, 4, 2)
cholesky = torch.linalg.cholesky


def definite(x):
    """A symmetric positive definite matrix."""
    return x @ x.mT + 3 * torch.eye(3)


PRODUCTS = {
    "addbmm": (torch.addbmm, numbers(3, 2), stack, other),
    "addmm": (lambda x, y, z: torch.addmm(x, y, z, beta=0.5, alpha=2), numbers(2, 4), a, b),
    "addmv": (torch.addmv, numbers(2), a, vector),
    "addr": (lambda x, y, z: torch.addr(x, y, z, beta=2), square, vector, vector + 1),
    "baddbmm": (torch.baddbmm, numbers(2, 3, 2), stack, other),
    "bmm": (torch.bmm, stack, other),
    "cross": (torch.linalg.cross, a, a.flip(1)),
    "dot": (torch.dot, vector, vector + 1),
    "einsum": (lambda x, y: torch.einsum("bij,bjk->bik", x, y), stack, other),
    "einsum of a diagonal": (lambda x: torch.einsum("ii->i", x), square),
    "einsum of three": (lambda x, y, z: torch.einsum("ij,jk,kl->il", x, y, z), a, b, c),
    "inner": (torch.inner, a, a + 1),
    "kron": (torch.kron, a, right),
    "matmul, broadcast": (torch.matmul, numbers(2, 1, 3, 4), numbers(5, 4, 2)),
    "matrix_power": (lambda x: torch.linalg.matrix_power(x, 3), square),
    "mm of a transposed": (lambda x, y: x @ y.T, a, a + 1),
    "multi_dot": (lambda x, y, z: torch.linalg.multi_dot([x, y, z]), a, b, c),
    "mv": (torch.mv, a, vector),
    "outer": (torch.outer, vector, numbers(2)),
    "tensordot": (lambda x, y: torch.tensordot(x, y, 2), stack, numbers(3, 4, 2)),
    "trace": (torch.trace, square),
    "vander": (torch.linalg.vander, vector),
    "vdot": (torch.vdot, vector, vector + 1),
}

ALGEBRA = {
    "cholesky": (lambda x: cholesky(definite(x)), square),
    "cholesky of a batch": (lambda x: cholesky(definite(x)), batch),
    "cholesky, upper": (lambda x: cholesky(definite(x), upper=True), square),
    "cholesky_inverse": (lambda x: torch.cholesky_inverse(cholesky(definite(x))), square),
    "cholesky_solve": (lambda x, y: torch.cholesky_solve(y, cholesky(definite(x))), square, right),
    "cholesky_solve, upper": (
        lambda x, y: torch.cholesky_solve(y, cholesky(definite(x), upper=True), upper=True),
        square,
        right,
    ),
    "det": (torch.linalg.det, square),
    "det of a batch": (torch.linalg.det, batch),
    "det of a transposed": (lambda x: torch.linalg.det(x.mT), batch),
    "inv": (torch.linalg.inv, square),
    "inv of a batch": (torch.linalg.inv, batch),
    "logdet": (lambda x: torch.logdet(definite(x)), square),
    "lu": (lambda x: torch.linalg.lu(x)[1:], square),
    "lu of a tall matrix": (lambda x: torch.linalg.lu(x)[1:], right),
    "lu of a wide matrix": (lambda x: torch.linalg.lu(x)[1:], a),
    "lu_factor": (lambda x: torch.linalg.lu_factor(x)[0], square),
    "lu_solve": (lambda x, y: torch.linalg.lu_solve(*torch.linalg.lu_factor(x), y), square, right),
    "lu_solve, adjoint": (
        lambda x, y: torch.linalg.lu_solve(*torch.linalg.lu_factor(x), y, adjoint=True),
        batch,
        numbers(2, 3, 2),
    ),
    "qr": (torch.linalg.qr, numbers(4, 3)),
    "qr of a wide matrix": (lambda x: torch.linalg.qr(x)[1], numbers(3, 4)),
    "slogdet": (lambda x: torch.linalg.slogdet(x)[1], square),
    "solve": (torch.linalg.solve, square, right),
    "solve for a vector": (torch.linalg.solve, square, vector),
    "solve from the right": (lambda x, y: torch.linalg.solve(x, y, left=False), square, a),
    "solve of batches": (torch.linalg.solve, batch, numbers(2, 3, 2)),
    "solve_triangular": (lambda x, y: torch.linalg.solve_triangular(definite(x), y, upper=True), square, right),
    "solve_triangular, with ones, from the right": (
        lambda x, y: torch.linalg.solve_triangular(x, y, upper=False, left=False, unitriangular=True),
        square,
        a,
    ),
    "triangular_solve of old": (lambda x, y: torch.triangular_solve(y, definite(x), transpose=True)[0], square, right),
}


@pytest.mark.parametrize("name", [*PRODUCTS, *ALGEBRA])
def test_an_operation_on_matrices_is_its_program(name):
    check(*{**PRODUCTS, **ALGEBRA}[name])


@pytest.mark.parametrize("name", ["det of a batch", "solve", "lu_solve"])
def test_factors_are_solved_with_the_matrix_that_they_are_of(name):
    """PyTorch solves by the factors: with the inverse of the matrix, and not of a product of its factors."""
    function, *inputs = ALGEBRA[name]
    code = torch_code(lambda *of: function(*of).detach() * of[0].sum() if name == "lu_solve" else function(*of), inputs)
    program = code.trace(Point(code.inputs)).program
    inverted = [node.operands[0] for node in program.nodes if node.kind == "inverse"]
    assert inverted
    assert all(a.kind == "leaf" or (a.kind == "view" and a.operands[0].kind == "leaf") for a in inverted)


@pytest.mark.parametrize("function", [torch.linalg.lu_factor, torch.linalg.solve])
def test_factors_of_large_matrices_are_refused(function):
    large = torch.eye(MOST_ROWS + 1)
    code = torch_code(lambda x: function(x, x)[0] if function is torch.linalg.solve else function(x)[0], (large,))
    with pytest.raises(Unread, match=rf"the factors of a matrix of more than {MOST_ROWS} rows"):
        code.trace(Point(code.inputs))


REFUSED = {
    "eigh": lambda x: torch.linalg.eigh(definite(x))[0],
    "lstsq": lambda x: torch.linalg.lstsq(x, x)[0],
    "matrix_exp": torch.linalg.matrix_exp,
    "pinv": torch.linalg.pinv,
    "svd": torch.linalg.svdvals,
    "eig": lambda x: torch.linalg.eigvals(x).real,
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_factors_are_refused_by_name(name):
    code = torch_code(REFUSED[name], (square,))
    with pytest.raises(Unread, match=f"no reading of aten._?linalg_{name}"):
        code.trace(Point(code.inputs))


def test_a_matrix_that_is_no_symmetric_one_is_read_as_lapack_does():
    """The kernel looks at one triangle alone, and so does the program; PyTorch's gradient is for symmetric ones."""
    code = torch_code(lambda x: cholesky(x + 9 * torch.eye(3)), (square,))
    traced = code.trace(Point(code.inputs))
    assert replayed(code) < CLOSE
    assert isinstance(traced.program, Program)
    assert np.count_nonzero(np.triu(np.asarray(traced.slopes["x"]), 1))
