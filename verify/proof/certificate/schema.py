"""The form of a certificate, closed: what is not named here is refused, before any of it is computed with.

A certificate is an object with exactly the keys of `document`; docs/certificates.md says what each of them means.
Names of symbols, kinds of generators, claims of operations and kinds of leaves are closed lists, nodes point backwards
only and each is used, numbers are written -?digits(/digits)?, and everything has a limit to its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from backproof.verify.proof.certificate.quotients import MOST_POWER, Wrong

FORMAT = "backproof certificate 2"
SAYS = "on the domain, over the reals: forward = definition, each gradient = acc + g * (partial derivative)"
MOST_BYTES = 8_000_000  # of a file
MOST_NODES, MOST_LEAVES, MOST_GENERATORS, MOST_TERMS = 20_000, 512, 64, 5_000
MOST_DIGITS, MOST_CHARACTERS, MOST_TURNS, MOST_DEPTH = 1_200, 100_000, 64, 100

RAY = "+s"
"""The symbol of the distance along a ray: no input can be called that."""

Check = Callable[[Any], None]
_NUMBER = re.compile(r"-?\d{1,%d}(/\d{1,%d})?" % (MOST_DIGITS, MOST_DIGITS), re.ASCII)  # noqa: UP031 - braces
_NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
UNARY = (
    *("neg", "abs", "exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
)
BINARY = ("add", "sub", "mul", "div", "pow", "hypot", "atan2", "maximum", "minimum")
COMPARED = ("lt", "le", "gt", "ge", "eq", "ne")
JOINED = ("and", "or")


class Unusable(Exception):
    """A file that is no certificate of this version."""


def document(text: str | bytes) -> dict[str, Any]:
    """The certificate of one line, its form checked; raises Unusable, or Wrong for one that is not in the form."""
    if len(text) > MOST_BYTES:
        raise Unusable(f"it is larger than {MOST_BYTES} bytes")
    try:
        data: Any = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise Unusable("it is nested too deeply") from None
    except ValueError as problem:
        reason = getattr(problem, "msg", "") or ("it is not text" if isinstance(problem, UnicodeError) else problem)
        raise Unusable(f"it is not a certificate: {reason}") from None
    found = data.get("format") if isinstance(data, dict) else None
    if not isinstance(found, str):
        raise Unusable("it is not a certificate")
    if found != FORMAT:
        other = found if re.fullmatch(r"backproof certificate \d{1,6}", found) else "another format"
        raise Unusable(f"it is of another version ({other}; this is {FORMAT})")
    _document(data)
    return dict(data)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a key occurs twice")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def want(condition: bool, problem: str) -> None:
    """Raise Wrong unless the condition holds."""
    if not condition:
        raise Wrong(problem)


# ------------------------------------------------------------------------------------------------ small parts


def number(x: Any) -> None:
    """A rational number as text."""
    want(isinstance(x, str) and _NUMBER.fullmatch(x) is not None, "a number that is not -?digits(/digits)?")
    want("/" not in x or bool(x.partition("/")[2].strip("0")), "a denominator of 0")


def integer(least: int, most: int) -> Check:
    """An integer of JSON in this range; true and false are none."""

    def check(x: Any) -> None:
        want(type(x) is int and least <= x <= most, f"an integer that is not between {least} and {most}")

    return check


def text(x: Any) -> None:
    """A text of reasonable length."""
    want(isinstance(x, str) and len(x) <= MOST_CHARACTERS, "a text is missing, or too long")


def several(check: Check, least: int, most: int) -> Check:
    """A list whose entries pass the check."""

    def all_of(x: Any) -> None:
        want(isinstance(x, list) and least <= len(x) <= most, f"not a list of {least} to {most} entries")
        for entry in x:
            check(entry)

    return all_of


def row(*checks: Check) -> Check:
    """A list of one entry for each check."""

    def all_of(x: Any) -> None:
        want(isinstance(x, list) and len(x) == len(checks), f"not a list of {len(checks)} entries")
        for check, entry in zip(checks, x, strict=True):
            check(entry)

    return all_of


def keys(**checks: Check) -> Check:
    """An object with exactly these keys."""

    def all_of(x: Any) -> None:
        want(isinstance(x, dict) and set(x) == set(checks), f"not an object with the keys {', '.join(checks)}")
        for name, check in checks.items():
            check(x[name])

    return all_of


def either(none: bool, check: Check) -> Check:
    """What passes the check, or null."""
    return lambda x: None if none and x is None else check(x)


generator_place = integer(0, MOST_GENERATORS - 1)


def polynomial(x: Any) -> None:
    """[[coefficient, [[generator, exponent], ...]], ...]: no coefficient is 0, no monomial occurs twice."""
    power = row(generator_place, integer(1, MOST_POWER))
    several(row(number, several(power, 0, MOST_GENERATORS)), 0, MOST_TERMS)(x)
    monomials = [tuple(map(tuple, m)) for _, m in x]
    want(len(set(monomials)) == len(monomials), "a monomial that occurs twice")
    want(all(list(m) == sorted(dict(m).items()) for m in monomials), "a monomial that is not sorted")
    want(all(c.strip("-0") and not c.strip("-0").startswith("/") for c, _ in x), "a coefficient of 0")


def quotient(x: Any) -> None:
    """[numerator, denominator]."""
    row(polynomial, polynomial)(x)
    want(bool(x[1]), "a denominator of 0")


product = several(row(polynomial, number), 0, MOST_GENERATORS)
times = integer(-MOST_TURNS, MOST_TURNS)

_VALUE = keys(value=quotient, product=product)
_VALUES = ("exp", "expm1", "sinh", "cosh", "tanh", "asinh", "acosh")
_CLAIMS: dict[str, tuple[Check, ...]] = {
    **dict.fromkeys(_VALUES, (_VALUE,)),
    **dict.fromkeys(("sqrt", "cbrt", "hypot", "root"), (keys(value=quotient),)),
    **dict.fromkeys(("log", "log1p", "atanh"), (keys(product=product),)),
    **dict.fromkeys(("sin", "cos", "tan"), (keys(pairs=several(row(generator_place, times), 0, MOST_GENERATORS)),)),
    **dict.fromkeys(("erf", "erfc", "atan"), (keys(generator=generator_place, times=times),)),
    **dict.fromkeys(("asin", "acos", "atan2"), (keys(generator=generator_place, times=times, side=quotient),)),
    "pow": (
        keys(exponent=number),
        keys(exponent=number, value=quotient),
        keys(value=quotient, product=product, base=product),
    ),
}
"""The forms of a claim, by the operation of the node."""

_GENERATORS: dict[str, Check] = {
    "symbol": keys(kind=text, name=text),
    "sqrt_pi": keys(kind=text),
    **dict.fromkeys(("exp", "log", "sin", "cos", "atan"), keys(kind=text, argument=quotient)),
    "root": keys(kind=text, argument=quotient, order=integer(2, 64)),
    "erf": keys(kind=text, argument=quotient, bell=_VALUE),
}


def claim(op: str, x: Any) -> None:
    """The claim about a node of this operation, or about a generator of this kind."""
    want(isinstance(x, dict) and op in _CLAIMS, f"a claim about {op}")
    forms = [form for form in _CLAIMS[op] if _fits(form, x)]
    want(bool(forms), f"a claim about {op} that is not in its form")


def _fits(form: Check, x: Any) -> bool:
    try:
        form(x)
    except Wrong:
        return False
    return True


def generator(x: Any) -> None:
    """One generator of a region."""
    kind = x.get("kind") if isinstance(x, dict) else None
    want(isinstance(kind, str) and kind in _GENERATORS, "an unknown kind of generator")
    _GENERATORS[str(kind)](x)


# ------------------------------------------------------------------------------------------------ the document


def symbols(inputs: list[str]) -> tuple[str, ...]:
    """The symbols of a certificate: the inputs, the upstream gradient, and what each gradient held before."""
    return (*inputs, "g", *("acc_" + name for name in inputs))


def _document(data: dict[str, Any]) -> None:
    root = integer(0, MOST_NODES)
    keys(
        format=text, says=text, op=text, case=text, definition=text, domain=text,
        source=keys(functions=several(row(text, _sha256), 0, 1_000)),
        inputs=several(_input, 1, 16),
        nodes=several(lambda x: None, 1, MOST_NODES),
        roots=keys(definition=root, domain=root, forward=root, gradients=several(root, 1, 16)),
        trace=keys(leaks=several(text, 0, 1_000), guards=several(text, 0, 1_000)),
        assumptions=several(text, 0, 1_000),
        cover=lambda x: None,
    )(data)  # fmt: skip
    want(data["says"] == SAYS, "it says something else")
    inputs, roots = data["inputs"], data["roots"]
    names = symbols(inputs)
    want(len(set(names)) == len(names), "an input that occurs twice, or is called g or acc_...")
    want(len(roots["gradients"]) == len(inputs), "not one gradient for each input")
    kinds = [_node(node, k, names) for k, node in enumerate(data["nodes"])]
    for i in (roots["definition"], roots["forward"], *roots["gradients"]):
        want(i < len(kinds) and kinds[i] == "number", "a root that is no number")
    want(roots["domain"] < len(kinds) and kinds[roots["domain"]] == "condition", "a domain that is no condition")
    reached = reachable(data["nodes"], roots["definition"], roots["domain"])
    used = {data["nodes"][i][1] for i in reached if data["nodes"][i][0] == "symbol"}
    want(used <= set(inputs), "the definition or the domain holds a gradient")
    tree = _Cover(data["nodes"], kinds, names)
    tree.check(data["cover"], 0)
    starts = (roots["definition"], roots["domain"], roots["forward"], *roots["gradients"], *tree.nodes_used)
    want(len(reachable(data["nodes"], *starts)) == len(kinds), "a node that is not used")


def _sha256(x: Any) -> None:
    want(isinstance(x, str) and re.fullmatch(r"[0-9a-f]{64}", x) is not None, "not a SHA-256 sum")


def _input(x: Any) -> None:
    want(isinstance(x, str) and _NAME.fullmatch(x) is not None, "not the name of an input")


def _node(node: Any, k: int, names: tuple[str, ...]) -> str:
    """Check a node; whether it is a number or a condition is told by `_kind`."""
    want(isinstance(node, list) and len(node) >= 1 and isinstance(node[0], str), "a node without an operation")
    op, *args = node
    if op in ("const", "symbol"):
        want(len(args) == 1, f"a {op} with {len(args)} values")
        number(args[0]) if op == "const" else want(args[0] in names, "an unknown symbol")
        return "number"
    count = {
        **{"pi": 0, "true": 0, "false": 0, "not": 1, "where": 3},
        **dict.fromkeys(UNARY, 1), **dict.fromkeys((*BINARY, *COMPARED), 2),
    }.get(op)  # fmt: skip
    want(count is not None or op in JOINED, "a node with an unknown operation")
    row(*[integer(0, k - 1)] * (len(args) if count is None else count))(args)
    want(count is not None or 2 <= len(args) <= 100, f"{op} of {len(args)} conditions")
    return "condition" if op in (*COMPARED, *JOINED, "not", "true", "false") else "number"


def reachable(nodes: list[Any], *roots: int) -> set[int]:
    """The nodes that these ones are made of, and themselves."""
    found, waiting = set[int](), list(roots)
    while waiting:
        i = waiting.pop()
        if i not in found:
            found.add(i)
            waiting += [] if nodes[i][0] in ("const", "symbol") else nodes[i][1:]
    return found


class _Cover:
    """The form of the cover: splits with all their children, and leaves."""

    def __init__(self, nodes: list[Any], kinds: list[str], names: tuple[str, ...]) -> None:
        self.nodes, self.kinds, self.names = nodes, kinds, names
        self.leaves, self.nodes_used = 0, list[int]()
        for node, kind in zip(nodes, kinds, strict=True):
            self._operands(node, kind)

    def _operands(self, node: list[Any], kind: str) -> None:
        """Conditions are made of conditions or of numbers, numbers of numbers; a choice begins with a condition."""
        if node[0] in ("const", "symbol"):
            return
        below = "condition" if node[0] in (*JOINED, "not") else "number"
        for k, i in enumerate(node[1:]):
            wanted = "condition" if node[0] == "where" and k == 0 else below
            want(self.kinds[i] == wanted, f"{node[0]} of what is no {wanted}")

    def check(self, tree: Any, depth: int) -> None:
        """A split or a leaf."""
        want(isinstance(tree, dict) and depth <= MOST_DEPTH, "a cover that is no tree, or too deep")
        for child in self._children(tree):
            self.check(child, depth + 1)

    def _children(self, tree: dict[str, Any]) -> Iterator[Any]:
        def below(x: Any) -> None:
            """Checked by itself."""

        on = several(row(several(row(self._symbol, self._number), 0, 16), below), 1, 8)
        match next((key for key in KINDS if key in tree), ""):
            case "at":
                keys(at=row(self._symbol, number), below=below, on=below, above=below)(tree)
                yield from (tree["below"], tree["on"], tree["above"])
            case "sign":
                keys(sign=self._number, reading=self.reading, below=below, on=on, above=below)(tree)
                yield from (tree["below"], *(child for _, child in tree["on"]), tree["above"])
            case kind:
                self.leaves += 1
                want(self.leaves <= MOST_LEAVES, f"more than {MOST_LEAVES} leaves")
                self._leaf(kind)(tree)

    def _leaf(self, kind: str) -> Check:
        place = integer(0, MOST_LEAVES)
        image = either(True, lambda x: want(isinstance(x, dict), "an image that is no claim"))
        steps, images = several(row(self._symbol, number), 0, 40), several(image, 1, MOST_GENERATORS)
        common = {"leaf": place, "weight": quotient, "images": images, "partials": several(quotient, 1, 16)}
        along, ray = keys(**common, along=steps), keys(**common, steps=steps, ray=self.reading)

        def touching(x: Any) -> None:
            ray(x) if isinstance(x, dict) and "ray" in x else along(x)

        forms = {
            "cell": keys(cell=self.reading),
            "outside": keys(outside=self.reading),
            "empty": keys(empty=self.reading, by=several(row(place, number), 1, MOST_LEAVES)),
            "stratum": keys(stratum=self.reading, touching=several(touching, 0, 64)),
            "unclaimed": keys(unclaimed=text),
        }
        want(kind in forms, "a leaf of an unknown kind")
        return forms[kind]

    def _symbol(self, x: Any) -> None:
        want(isinstance(x, str) and x in self.names, "an unknown symbol")

    def _number(self, x: Any) -> None:
        integer(0, len(self.nodes) - 1)(x)
        want(self.kinds[x] == "number", "a node that is no number")
        self.nodes_used.append(x)

    def reading(self, x: Any) -> None:
        """The generators of a region, its facts, and what is claimed of its nodes."""
        facts = several(either(True, quotient), 0, 2 * MOST_DEPTH)
        keys(generators=several(generator, 1, MOST_GENERATORS), facts=facts, claims=self._claims)(x)

    def _claims(self, x: Any) -> None:
        want(isinstance(x, dict), "claims that are no object")
        for key, value in x.items():
            want(re.fullmatch(r"0|[1-9]\d{0,6}", key, re.ASCII) is not None, "a claim about no node")
            want(int(key) < len(self.nodes), "a claim about no node")
            claim(self.nodes[int(key)][0], value)


KINDS = ("at", "sign", "cell", "outside", "empty", "stratum", "unclaimed")
