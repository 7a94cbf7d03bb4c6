"""docs/add-a-reader.md, done as it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "add-a-reader.md"
RUN = "made at the test beam\nID|pt|hit\n" + "".join(
    f"{2**63 + 1 + i}|{'' if i == 3 else i / 7}|{i % 2}\n" for i in range(40)
)
ASK = """
assert data.n_samples == 40 and data.names == ("ID", "pt") and data.units == (None, "GeV"), data
from fivesigma.data.tables import read_columns
assert read_columns("run.tel", skip=1)["ID"].tolist() == [2**63 + 1 + i for i in range(40)]
from fivesigma.study.study import Study
assert Study.read("s.toml").prepared().data.sha256 == data.sha256
try:
    fs.read("run.tel", skipp=1)
except fs.InputError as error:
    assert "Did you mean 'skip'" in str(error), error
else:
    raise AssertionError("an unknown option was taken")
"""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_page_works_as_written(tmp_path: Path) -> None:
    reader, use = _blocks("python")
    points, study = _blocks("toml")
    (tmp_path / "telescope.py").write_text(reader)
    info = tmp_path / "telescope-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: telescope\nVersion: 1.0\n")
    name, target = re.search(r'^(\w+) = "(.*)"$', points, flags=re.MULTILINE).groups()  # type: ignore[union-attr]
    group = re.search(r'entry-points\."(.*)"', points)[1]  # type: ignore[index]
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
    (tmp_path / "run.tel").write_text(RUN)
    (tmp_path / "s.toml").write_text(study)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{use}\n{ASK}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
