"""The pages by the tools of the web: axe-core and the Nu validator find nothing, the table sorts and filters.

Needs Chromium, Java, and `npm install axe-core vnu-jar` in the clone (or AXE_CORE and VNU_JAR with their paths).
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from sample_reports import SAMPLES, every_verdict, hostile, ours

from backproof.verify.reports.html import pages, render

ROOT = Path(__file__).parents[3]
AXE = Path(os.environ.get("AXE_CORE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
VNU = Path(os.environ.get("VNU_JAR", ROOT / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=30000", "--dump-dom",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.optional]
BROWSER = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")


@pytest.mark.skipif(not (VNU.is_file() and shutil.which("java")), reason="no Nu validator here")
def test_the_nu_validator_finds_nothing(tmp_path):
    """HTML, the SVG and MathML in it, and the style."""
    for name, sample in SAMPLES.items():
        for file, text in {**pages(sample()), "one_file.html": render(sample())}.items():
            path = tmp_path / name.replace(" ", "_") / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    found = [str(path) for path in sorted(tmp_path.rglob("*.html"))]
    style = [str(next(tmp_path.rglob("*.css")))]
    for files, option in ((found, "--html"), (style, "--css")):
        ended = subprocess.run(
            ["java", "-jar", str(VNU), "--errors-only", option, *files], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")


def run(html, script, folder, *options):
    """The result of ``script`` (a promise of something JSON can hold) on the page."""
    done = "answer => { document.body.innerHTML = '<pre id=answer></pre>'; \
            document.getElementById('answer').textContent = encodeURIComponent(JSON.stringify(answer)); }"
    page = folder / "page.html"
    scripts = f"<script>{script}\nanswer().then({done}, e => ({done})(String(e)));</script>"
    page.write_text(html.replace("</body>", f"{scripts}</body>"), encoding="utf-8")
    ended = subprocess.run(
        [CHROMIUM, *OPTIONS, *options, f"--user-data-dir={folder / 'profile'}", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found = re.search(r'<pre id="answer">(.*?)</pre>', ended.stdout, re.DOTALL)
    assert found, ended.stderr[-500:]
    return json.loads(unquote(found[1]))


@BROWSER
@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["index", "one file", "operation", "hostile"])
def test_axe_finds_nothing(name, width, dark, tmp_path):
    found = {
        "index": lambda: pages(every_verdict()),
        "one file": lambda: {"index.html": render(every_verdict())},
        "operation": lambda: {**pages(ours()), "index.html": pages(ours())["op-elu.html"]},
        "hostile": lambda: {"index.html": render(hostile())},
    }[name]()
    for file, text in found.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    library = AXE.read_text(encoding="utf-8").replace("</script", "<\\/script")
    script = f"{library}\nconst answer = () => axe.run().then(r => [r.violations, r.passes.length]);"
    options = [f"--window-size={width},900", *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] * dark)]
    violations, passes = run(found["index.html"], script, tmp_path, *options)
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
    assert passes > 10


@BROWSER
def test_the_table_sorts_and_filters(tmp_path):
    script = """
    const answer = async () => {
      const rows = () => document.querySelectorAll("table.operations tbody tr:not([hidden]) th");
      const names = () => [...rows()].map(head => head.textContent);
      const heads = document.querySelectorAll("table.operations thead th");
      const result = {before: names(), shown: !document.querySelector(".controls").hidden};
      heads[0].querySelector("button").click();
      result.byName = names();
      result.sorted = heads[0].getAttribute("aria-sort");
      heads[2].querySelector("button").click(); heads[2].querySelector("button").click();
      result.worstFirst = names()[0];
      result.unsorted = heads[0].getAttribute("aria-sort");
      const word = document.querySelector(".controls input");
      word.value = "WIRED_"; word.dispatchEvent(new Event("input"));
      result.filtered = names().sort();
      word.value = ""; word.dispatchEvent(new Event("input"));
      const state = document.querySelector(".controls select");
      state.value = "fails"; state.dispatchEvent(new Event("change"));
      result.failing = names().length;
      result.told = document.querySelector(".controls output").textContent;
      return result;
    };"""
    found = run(render(every_verdict()), script, tmp_path)
    names = [operation.name for operation in every_verdict().operations]
    assert found["before"] == names
    assert found["byName"] == sorted(names)
    assert (found["sorted"], found["unsorted"]) == ("ascending", None)
    assert found["worstFirst"] == "right_refuted"
    assert found["filtered"] == ["wired_inconclusive", "wired_miswired", "wired_stopped"]
    assert (found["failing"], found["told"], found["shown"]) == (9, f"9 of {len(names)} shown", True)
