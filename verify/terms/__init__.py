"""Terms: the formula of a rule as a graph of exact nodes; their derivatives, their text, their serialised form."""

import backproof.verify.terms.notation.code  # noqa: F401 - defines the repr of a term
