"""Losses of sequences from papers in NumPy, right and wrong."""

from __future__ import annotations

import numpy as np

from tests.verify.rules.tensor_rule import TensorRule, drawn


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def logsumexp(x, axis):
    top = x.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis=axis))


def crf_alphas(emissions, transitions):
    alphas = [emissions[0]]
    for row in emissions[1:]:
        alphas.append(row + logsumexp(alphas[-1][:, None] + transitions, 0))
    return alphas


def crf(emissions, transitions):
    """The logarithm of the normaliser of a linear-chain conditional random field."""
    return logsumexp(crf_alphas(emissions, transitions)[-1], 0)


def crf_gradients(emissions, transitions, g, backwards):
    alphas = crf_alphas(emissions, transitions)
    total = logsumexp(alphas[-1], 0)
    beta = np.zeros(len(transitions))
    demissions, dtransitions = np.zeros_like(emissions), np.zeros_like(transitions)
    for t in range(len(emissions) - 1, -1, -1):
        demissions[t] = np.exp(alphas[t] + beta - total)
        if t:
            coming = emissions[t] + beta
            dtransitions += np.exp(alphas[t - 1][:, None] + transitions + coming - total)
            beta = logsumexp(backwards + coming, 1)
    return g * demissions, g * dtransitions


def crf_backward(emissions, transitions, g):
    return crf_gradients(emissions, transitions, g, transitions)


def crf_backward_transposed(emissions, transitions, g):
    return crf_gradients(emissions, transitions, g, transitions.T)


def ctc_states(labels):
    """The labels with a blank, 0, around each."""
    states = np.zeros(2 * len(labels) + 1, dtype=int)
    states[1::2] = labels
    return states


def ctc_sums(p, states, skips=True):
    """For each step and state the sum over all beginnings of paths, their own step included."""
    sums = np.zeros((len(p), len(states)))
    sums[0, :2] = p[0, states[:2]]
    for t in range(1, len(p)):
        for s in range(len(states)):
            total = sums[t - 1, s]
            if s > 0:
                total = total + sums[t - 1, s - 1]
            if skips and s > 1 and states[s] not in (0, states[s - 2]):
                total = total + sums[t - 1, s - 2]
            sums[t, s] = total * p[t, states[s]]
    return sums


def ctc(logits, labels):
    """-log of the probability of all alignments of the labels."""
    sums = ctc_sums(softmax(logits), ctc_states(labels))
    return -np.log(sums[-1, -1] + sums[-1, -2])


def ctc_gradient(logits, labels, g, skips, own):
    p, states = softmax(logits), ctc_states(labels)
    alphas = ctc_sums(p, states)
    betas = ctc_sums(p[::-1], states[::-1], skips)[::-1, ::-1]
    both = np.zeros_like(p)
    for s, state in enumerate(states):
        both[:, state] += alphas[:, s] * betas[:, s]
    return g * (p - both / (p if own else 1) / (alphas[-1, -1] + alphas[-1, -2])), None


def ctc_backward(logits, labels, g):
    return ctc_gradient(logits, labels, g, skips=True, own=True)


def ctc_backward_no_skips(logits, labels, g):
    return ctc_gradient(logits, labels, g, skips=False, own=True)


def ctc_backward_step_twice(logits, labels, g):
    return ctc_gradient(logits, labels, g, skips=True, own=False)


def skip_gram(center, outside, word, negatives):
    """-log σ(u·v) - Σ log σ(-uₖ·v) with negatives that may repeat."""
    return -np.log(sigmoid(outside[word] @ center)) - np.log(sigmoid(-outside[negatives] @ center)).sum()


def skip_gram_backward(center, outside, word, negatives, g):
    wanted = sigmoid(outside[word] @ center) - 1
    others = sigmoid(outside[negatives] @ center)
    doutside = np.zeros_like(outside)
    doutside[word] = wanted * center
    np.add.at(doutside, negatives, np.outer(others, center))
    return g * (wanted * outside[word] + others @ outside[negatives]), g * doutside, None, None


def skip_gram_backward_repeated(center, outside, word, negatives, g):
    """A negative that is drawn twice counts once."""
    dcenter, doutside, *others = skip_gram_backward(center, outside, word, negatives, g)
    for k in negatives:
        doutside[k] = g * sigmoid(outside[k] @ center) * center
    return dcenter, doutside, *others


RULES = [
    TensorRule(
        id="np-crf",
        framework="numpy",
        reference="Lafferty et al. 2001; Sutton, McCallum 2012, arXiv:1011.4088, 4.1",
        what="the log-normaliser of a linear-chain random field, whose gradients are marginals",
        right=(crf, crf_backward),
        wrong={"the transitions transposed on the way back": (crf, crf_backward_transposed)},
        inputs=drawn(emissions=(4, 3), transitions=(3, 3)),
    ),
    TensorRule(
        id="np-ctc",
        framework="numpy",
        reference="Graves et al. 2006, Connectionist temporal classification, (15) and (16)",
        what="the CTC loss of logits, with a label that is repeated",
        right=(ctc, ctc_backward),
        wrong={
            "no blank is skipped on the way back": (ctc, ctc_backward_no_skips),
            "the own step counts twice": (ctc, ctc_backward_step_twice),
        },
        inputs=drawn(logits=(6, 4), labels=np.array([2, 2, 3])),
    ),
    TensorRule(
        id="np-skip-gram",
        framework="numpy",
        reference="CS224n assignment 2, word2vec.py; Mikolov et al. 2013, arXiv:1310.4546, (4)",
        what="skip-gram with negative samples, one of them drawn twice",
        right=(skip_gram, skip_gram_backward),
        wrong={"a negative that is drawn twice counts once": (skip_gram, skip_gram_backward_repeated)},
        inputs=drawn(center=(3,), outside=(5, 3), word=1, negatives=np.array([0, 4, 4, 2])),
    ),
]
