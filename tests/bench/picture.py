"""Bars as SVG, in one panel for each figure."""

WIDTH, PANEL, BAR, GAP, LEFT = 760, 36, 20, 8, 190
COLOURS = ["#1b6ca8", "#6aa84f", "#e69138", "#a64d79"]


def text(x, y, words, more=""):
    return f'<text x="{x}" y="{y}" {more}>{words}</text>'


def panel(top, title, values):
    """The widest bar is the largest value."""
    parts = [text(10, top + 16, title, 'font-weight="bold"')]
    largest = max(value for _, value in values)
    for i, (name, value) in enumerate(values):
        y = top + PANEL - 8 + i * (BAR + GAP)
        width = max(1, (WIDTH - LEFT - 90) * value / largest)
        parts += [
            text(LEFT - 10, y + 15, name, 'text-anchor="end"'),
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{COLOURS[i]}"/>',
            text(f"{LEFT + width + 6:.1f}", y + 15, f"{value:.0f}" if value >= 100 else f"{value:.2f}"),
        ]
    return parts


def draw(titles, bars, caption):
    """`bars`: name and values of each thing compared, as many values as titles."""
    height = PANEL + len(bars) * (BAR + GAP) + 6
    parts = []
    for i, title in enumerate(titles):
        parts += panel(i * height, title, [(name, values[i]) for name, values in bars])
    parts.append(text(10, len(titles) * height + 16, caption, 'fill="#555"'))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{len(titles) * height + 26}" font-family="sans-serif" font-size="13">',
            '<rect width="100%" height="100%" fill="white"/>',
            *parts,
            "</svg>\n",
        ]
    )
