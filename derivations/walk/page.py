"""The walk as one page that opens from disk: a picture and a table that step forward and back together.

Without scripts the page is the finished walk.  With them, buttons and arrow keys step through it; each step is also
stated in words for screen readers, and the node at work is marked by a thicker frame, not by colour alone.
"""

from __future__ import annotations

import json
from html import escape

from backproof.derivations.pages.document import Document
from backproof.derivations.pages.html import HtmlPrinter, page
from backproof.derivations.walk.backward_pass import Walk
from backproof.derivations.walk.document import in_words, sentence, shown, to_document
from backproof.engine.draw import LARGEST, draw_svg, number_text

_STYLE = """\
body { max-width: 72rem; }
.player { position: sticky; top: 0; background: #fff; padding: .6rem 0; z-index: 1;
  border-bottom: 1px solid var(--line); }
.player button { font: inherit; padding: .3rem .9rem; margin-right: .3rem; border: 1.5px solid var(--blue);
  border-radius: 6px; background: #fff; color: var(--blue); cursor: pointer; }
.player button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.player button[disabled] { color: #6e7781; border-color: #6e7781; cursor: default; }
#said { min-height: 3.2em; margin: .5rem 0 0; } #count { margin-left: .6rem; color: var(--soft); }
figure.graph { width: min(96vw, 1700px); margin-left: max(calc(50% - 48vw), calc(50% - 850px)); overflow-x: auto; }
figure.graph svg { min-width: 1000px; }
svg g.now rect { stroke: #0b57a4; stroke-width: 3.5; } svg g.now .label { text-decoration: underline; }
svg g.fed rect.box { stroke: #0b57a4; stroke-width: 2; stroke-dasharray: 5 3; }
tr.now td { background: #ddf4ff; font-weight: 600; } tr.later td { color: #6e7781; }
"""

_SCRIPT = """\
(() => {
  const steps = JSON.parse(document.getElementById("steps").textContent);
  const figures = [...document.querySelectorAll("figure svg > g")];
  const rows = [...document.querySelectorAll("table")][0].querySelectorAll("tbody tr");
  const said = document.getElementById("said"), count = document.getElementById("count");
  const buttons = [...document.querySelectorAll(".player button")];
  let now = 0;
  const show = (step) => {
    now = Math.max(0, Math.min(steps.length - 1, step));
    const s = steps[now];
    said.textContent = s.said;
    count.textContent = `Step ${now} of ${steps.length - 1}`;
    figures.forEach((g, i) => {
      g.classList.toggle("now", i === s.node);
      g.classList.toggle("fed", s.fed.includes(i));
      const grad = g.querySelector(".grad");
      if (grad) grad.textContent = "grad " + s.grads[i];
    });
    rows.forEach((row, i) => {
      const step = Number(row.dataset.step);
      row.classList.toggle("now", step === now);
      row.classList.toggle("later", step > now);
      if (step === now) row.setAttribute("aria-current", "step"); else row.removeAttribute("aria-current");
    });
    buttons[0].disabled = buttons[1].disabled = now === 0;
    buttons[2].disabled = buttons[3].disabled = now === steps.length - 1;
  };
  const moves = [() => show(0), () => show(now - 1), () => show(now + 1), () => show(steps.length - 1)];
  buttons.forEach((button, i) => button.addEventListener("click", moves[i]));
  document.addEventListener("keydown", (event) => {
    const move = { Home: 0, ArrowLeft: 1, ArrowRight: 2, End: 3 }[event.key];
    if (move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moves[move]();
  });
  document.querySelector(".player").hidden = false;
  show(0);
})();
"""


def walk_page(w: Walk) -> str:
    """The whole page."""
    document: Document = to_document(w)
    printer = HtmlPrinter()
    heading, intro, table, *rest = document.blocks
    player = (
        '<div class="player" hidden role="group" aria-label="Steps of the backward pass">'
        '<button type="button">First</button><button type="button">Back</button>'
        '<button type="button">Forward</button><button type="button">Last</button><span id="count"></span>'
        '<p id="said" role="status" aria-live="polite"></p>'
        '<p class="small">Keys: ← back, → forward, Home, End.</p></div>'
    )
    picture = ""
    if len(w.nodes) <= LARGEST:
        rest = [block for block in rest if type(block).__name__ != "Picture"][:-1]
        alternative = f'<details><summary>The graph in words</summary><p>{escape(in_words(w))}</p></details>'
        picture = f'<figure class="graph">{draw_svg(w.root)}</figure>\n{alternative}'
    parts = [
        printer.block(heading),
        printer.block(intro),
        player,
        picture,
        _numbered(printer.block(table), w),
        *map(printer.block, rest),
        f'<script type="application/json" id="steps">{_json(w)}</script>',
    ]
    return page(document.title, "\n".join(parts), _STYLE, _SCRIPT)


def _numbered(table: str, w: Walk) -> str:
    """The table with the number of its step on every row; leaves belong to the last."""
    numbers: list[int] = []
    for number, visit in enumerate(w.visits, 1):
        numbers += [number] * (1 + len(visit.passes))
    numbers += [len(w.visits) + 1] * len(w.leaves)
    head, body = table.split("<tbody>", 1)
    for number in numbers:
        body = body.replace("<tr>", f'<tr data-step="{number}">', 1)
    return f"{head}<tbody>{body}"


def _json(w: Walk) -> str:
    """Every step: the node at work, the nodes it feeds, all gradients after it, and the same in words."""
    grads = [0.0] * len(w.nodes)
    grads[-1] = 1.0
    first = f"The backward pass begins: the gradient of {w.labels[-1]} by itself is 1, all others are 0."
    steps = [{"node": len(w.nodes) - 1, "fed": [], "grads": [number_text(g) for g in grads], "said": first}]
    for number, visit in enumerate(w.visits):
        for p in visit.passes:
            grads[p.operand] = p.after
        steps.append(
            {
                "node": visit.node,
                "fed": [p.operand for p in visit.passes],
                "grads": [number_text(g) for g in grads],
                "said": sentence(w, number),
            }
        )
    left = ", ".join(f"{w.labels[i]} {shown(w.nodes[i].grad)}" for i in w.leaves)
    last = f"The leaves pass nothing on; their gradients are: {left}."
    steps.append({"node": -1, "fed": list(w.leaves), "grads": [number_text(g) for g in grads], "said": last})
    return json.dumps(steps, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
