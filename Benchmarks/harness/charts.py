"""Bars and lines as SVG, in plain Python: matplotlib would be 200 MB of packages for two kinds of pictures.

Each picture is made twice, for light and for dark pages. Every bar and the end of every line have a label, so that
nothing depends on colour alone.
"""

import math
from dataclasses import dataclass
from html import escape

WIDTH = 860
FONT = "font-family='system-ui, -apple-system, Segoe UI, Roboto, sans-serif'"
THEMES = {
    "light": {"surface": "#ffffff", "text": "#1f2328", "muted": "#59636e", "grid": "#d8dee4"},
    "dark": {"surface": "#0d1117", "text": "#f0f6fc", "muted": "#9198a1", "grid": "#2f3742"},
}
#: The colour for the first of these words that is in a name, in this order; firnd's is the only strong colour.
COLOURS = {
    "light": {"firnd": "#0969da", "Redis": "#c4432b", "memcached": "#1a7f4b", "PostgreSQL": "#8250df", "article": "#b35900", "C": "#6e7781"},
    "dark": {"firnd": "#4493f8", "Redis": "#f0776b", "memcached": "#3fb27f", "PostgreSQL": "#ab7df8", "article": "#e09b4d", "C": "#8b949e"},
}
ROW, BAR, LABEL_WIDTH, VALUE_WIDTH = 30, 18, 190, 200
PANEL_HEIGHT, PANEL_TOP, NAME_WIDTH = 250, 44, 112


@dataclass
class BarPanel:
    title: str
    #: A name, a value, and the text at the bar's end.
    rows: list[tuple[str, float, str]]


@dataclass
class LinePanel:
    title: str
    steps: list[str]
    #: A name, and a value for each step.
    lines: dict[str, list[float]]


def colour(name: str, theme: str) -> str:
    return next((value for word, value in COLOURS[theme].items() if word in name), THEMES[theme]["muted"])


def text(x: float, y: float, words: str, fill: str, size: int = 13, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' fill='{fill}' font-size='{size}' text-anchor='{anchor}' "
        f"font-weight='{weight}' {FONT}>{escape(words)}</text>"
    )


def document(height: float, title: str, parts: list[str], theme: str) -> str:
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:.0f}' width='{WIDTH}' height='{height:.0f}' role='img'>",
            f"<title>{escape(title)}</title>",
            f"<rect width='{WIDTH}' height='{height:.0f}' rx='6' fill='{THEMES[theme]['surface']}'/>",
            *parts,
            "</svg>\n",
        ]
    )


def bars(title: str, panels: list[BarPanel], theme: str) -> str:
    """Panels one below the other, each with its own scale that begins at 0."""
    ink = THEMES[theme]
    parts, y = [], 14.0
    for panel in panels:
        parts.append(text(16, y + 16, panel.title, ink["text"], 14, weight="600"))
        y += 32
        top, span = max(value for _, value, _ in panel.rows), WIDTH - LABEL_WIDTH - VALUE_WIDTH
        parts.append(f"<path d='M{LABEL_WIDTH} {y - 4:.1f}v{ROW * len(panel.rows)}' stroke='{ink['grid']}'/>")
        for name, value, words in panel.rows:
            strong = "600" if "firnd" in name else "normal"
            length = max(1.5, span * value / top)
            middle = y + BAR / 2 + 5
            parts.append(text(LABEL_WIDTH - 10, middle, name, ink["text"], anchor="end", weight=strong))
            parts.append(f"<rect x='{LABEL_WIDTH}' y='{y:.1f}' width='{length:.1f}' height='{BAR}' rx='2' fill='{colour(name, theme)}'/>")
            parts.append(text(LABEL_WIDTH + length + 8, middle, words, ink["text"], weight=strong))
            y += ROW
        y += 10
    return document(y, title, parts, theme)


def lines(title: str, panels: list[LinePanel], theme: str, logarithmic: bool = False) -> str:
    """Panels side by side on one scale, which begins at 0 unless it is logarithmic."""
    values = [value for panel in panels for line in panel.lines.values() for value in line]
    ticks = powers(min(values), max(values)) if logarithmic else rounds(max(values))
    width = (WIDTH - 56) / len(panels)
    parts = []
    for index, panel in enumerate(panels):
        parts += _line_panel(panel, 56 + index * width, width - NAME_WIDTH - 12, ticks, theme, logarithmic, index == 0)
    return document(PANEL_TOP + PANEL_HEIGHT + 40, title, parts, theme)


def _line_panel(
    panel: LinePanel, left: float, width: float, ticks: list[float], theme: str, logarithmic: bool, numbered: bool
) -> list[str]:
    ink, bottom = THEMES[theme], PANEL_TOP + PANEL_HEIGHT

    def height(value: float) -> float:
        low, high = ticks[0], ticks[-1]
        if logarithmic:
            value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
        return bottom - PANEL_HEIGHT * (value - low) / (high - low)

    parts = [text(left, 24, panel.title, ink["text"], 14, weight="600")]
    for tick in ticks:
        parts.append(f"<path d='M{left:.1f} {height(tick):.1f}h{width:.1f}' stroke='{ink['grid']}'/>")
        if numbered:
            parts.append(text(left - 8, height(tick) + 4, short(tick), ink["muted"], 12, "end"))
    step = width / max(1, len(panel.steps) - 1)
    for index, name in enumerate(panel.steps):
        parts.append(text(left + index * step, bottom + 20, name, ink["muted"], 12, "middle"))
    for name, values in panel.lines.items():
        points = " ".join(f"{left + index * step:.1f},{height(value):.1f}" for index, value in enumerate(values))
        stroke = 3 if "firnd" in name else 1.8
        parts.append(f"<polyline points='{points}' fill='none' stroke='{colour(name, theme)}' stroke-width='{stroke}' stroke-linejoin='round'/>")
    ends = spread({name: height(values[-1]) for name, values in panel.lines.items()})
    for name, y in ends.items():
        weight = "600" if "firnd" in name else "normal"
        parts.append(text(left + width + 8, y + 4, name, colour(name, theme), 12, weight=weight))
    return parts


def spread(heights: dict[str, float], distance: float = 15) -> dict[str, float]:
    """The same heights, moved apart so that the labels do not overlap and none is below the panel."""
    results, last = {}, -math.inf
    for name, y in sorted(heights.items(), key=lambda item: item[1]):
        last = results[name] = max(y, last + distance)
    excess = max(0.0, last - (PANEL_TOP + PANEL_HEIGHT))
    return {name: y - excess for name, y in results.items()}


def rounds(top: float) -> list[float]:
    """Four to eight round numbers from 0 to at least `top`."""
    unit = 10 ** math.floor(math.log10(top))
    step = next(unit * part for part in (0.1, 0.2, 0.25, 0.5, 1, 2) if top <= unit * part * 7)
    return [step * index for index in range(math.ceil(top / step) + 1)]


def powers(low: float, high: float) -> list[float]:
    """Powers of ten from at most `low` to at least `high`."""
    first, last = math.floor(math.log10(max(low, 1e-3))), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
