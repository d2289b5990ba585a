"""A chart as SVG: horizontal bars, grouped in panels, drawn without any library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

WIDTH, BAR, GAP, LABELS, FIGURES, HEAD = 760, 22, 10, 180, 190, 34  # pixels
INK, MUTED, FILL, OTHER = "#1b1f24", "#57606a", "#2f6f9f", "#a7b4c0"
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


@dataclass(frozen=True, slots=True)
class Bar:
    """One side's values over the rounds; `ours` are drawn darker."""

    label: str
    values: Sequence[float]
    ours: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of all sides, with a scale of its own from 0."""

    title: str
    bars: Sequence[Bar]
    digits: int = 0


def svg(panels: Sequence[Panel]) -> str:
    """Draw the panels one under the other: a bar to the median, a line from the lowest to the highest round."""
    parts, y = [], 8
    for panel in panels:
        drawn, y = _panel(panel, y)
        parts += drawn
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" {FONT}>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _panel(panel: Panel, y: int) -> tuple[list[str], int]:
    bars = [bar for bar in panel.bars if bar.values]
    longest = max((max(bar.values) for bar in bars), default=0.0) or 1.0
    scale = (WIDTH - LABELS - FIGURES) / longest
    parts = [_text(12, y + 18, panel.title, INK, weight="600")]
    y += HEAD
    for bar in bars:
        parts += _bar(bar, y, scale, panel.digits)
        y += BAR + GAP
    return parts, y + GAP


def _bar(bar: Bar, y: int, scale: float, digits: int) -> list[str]:
    low, middle, high = min(bar.values), median(bar.values), max(bar.values)
    base = y + BAR * 0.7
    ends = (LABELS + low * scale, LABELS + high * scale)
    width, fill = max(middle * scale, 1), FILL if bar.ours else OTHER
    figures = f"{middle:,.{digits}f}" + (f" ({low:,.{digits}f} to {high:,.{digits}f})" if low < high else "")
    return [
        _text(LABELS - 8, base, bar.label, INK, anchor="end"),
        f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{fill}"/>',
        f'<path d="M{ends[0]:.1f} {y + BAR / 2:.1f}H{ends[1]:.1f}" stroke="{INK}" stroke-width="1.5"/>',
        _text(ends[1] + 8, base, figures, MUTED),
    ]


def _text(x: float, y: float, words: str, colour: str, *, anchor: str = "start", weight: str = "400") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}"'
    return f"<text {where}>{escape(words)}</text>"
