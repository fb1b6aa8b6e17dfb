"""Formats the results: Markdown tables, which are also readable in a terminal, and whether each bar was met."""

import math
import textwrap
from dataclasses import dataclass, field


LINE = 128


def paragraph(words: str) -> str:
    return textwrap.fill(words, LINE, break_long_words=False, break_on_hyphens=False)


@dataclass
class Bar:
    met: bool
    words: str

    def __str__(self) -> str:
        return f"{'met  ' if self.met else 'SHORT'}  {self.words}"


@dataclass
class Section:
    title: str
    tables: str
    #: What was measured and how.
    words: str = ""
    bars: list[Bar] = field(default_factory=list)
    #: The name of its picture in `pictures`.
    picture: str | None = None

    def markdown(self, picture: str = "") -> str:
        parts = [f"## {self.title}", paragraph(self.words), picture, self.tables]
        return "\n\n".join(part for part in parts if part)


def table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: list[str]) -> str:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def percent(part: float, whole: float) -> int:
    """Rounded down, so that a share just below a bar never seems to meet it."""
    return math.floor(100 * part / whole)


def bars_section(sections: list[Section]) -> Section:
    bars = [str(bar) for section in sections for bar in section.bars]
    words = "What is asked of this build, and whether this run met it. A bar is not a test: `Benchmarks/run` ends with 0 either way."
    return Section("Bars", "```\n" + "\n".join(bars) + "\n```", words)
