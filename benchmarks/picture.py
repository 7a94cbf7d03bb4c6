"""The picture of a page that README.md shows: the top of what a built-in study leaves, as a browser draws it.

    python -m benchmarks.picture docs/pictures/page.png
    python -m benchmarks.picture docs/pictures/page.png --run runs/higgs      of a run that is there

Ends with 1 where the picture is above 300 kB.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from fivesigma.cli import main as fivesigma

STUDY = "higgs"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT = 1080, 1400
LARGEST = 300_000
COLOURS = 256


def draw(page: Path, picture: Path) -> int:
    """Draw the top of a page and return the bytes of the picture, in as many colours as a page has."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        window.goto(page.resolve().as_uri())
        window.screenshot(path=picture)
        browser.close()
    with Image.open(picture) as drawn:
        few = drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)
    return picture.stat().st_size


def main(arguments: list[str]) -> int:
    """Draw the page of a run, which is made first where none is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("--run", type=Path)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        run = asked.run or Path(scratch) / STUDY
        done = fivesigma(["report", str(run)] if asked.run else ["run", STUDY, "--out", str(run)])
        size = draw(run / "report.html", asked.picture) if done == 0 else 0
    print(f"{asked.picture}: {size:,} bytes")
    return int(not 0 < size <= LARGEST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
