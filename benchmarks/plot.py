"""Plot growth against size as a small SVG: one panel for each measure, with logarithmic axes."""

import math
from pathlib import Path

PANELS = ("build, s", "one edit, s", "reranked p50, ms", "build peak memory, MB", "disk, MB", "cold ask, s")
WIDTH, HEIGHT, MARGIN = 300, 200, 46


def growth(rows: list[dict[str, float]], target: Path) -> None:
    """Write the panels, three in a row."""
    sizes = [row["passages"] for row in rows]
    parts = []
    for number, name in enumerate(PANELS):
        x, y = number % 3 * WIDTH, number // 3 * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(name, sizes, [row[name] for row in rows])}</g>')
    height = -(-len(PANELS) // 3) * HEIGHT
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * WIDTH} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n',
        encoding="utf-8",
    )


def _panel(name: str, sizes: list[float], values: list[float]) -> str:
    left, right = math.log10(min(sizes)), math.log10(max(sizes)) + 1e-9
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)

    def place(size: float, value: float) -> tuple[float, float]:
        across = (math.log10(size) - left) / (right - left) if right > left + 1e-6 else 0.5
        up = (math.log10(value) - low) / max(1, high - low)
        return MARGIN + 18 + across * (WIDTH - MARGIN - 60), HEIGHT - 34 - up * (HEIGHT - 70)

    points = [place(size, value) for size, value in zip(sizes, values, strict=True)]
    lines = [f'<text x="{MARGIN}" y="20" font-weight="bold">{name}</text>']
    for power in range(low, high + 1):
        _, y = place(sizes[0], 10.0**power)
        lines.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - 24}" stroke="#ddd"/>')
        lines.append(f'<text x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{10.0**power:g}</text>')
    for size, (x, _) in zip(sizes, points, strict=True):
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - 16}" text-anchor="middle" fill="#555">{size:,.0f}</text>')
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    lines.append(f'<path d="M{path}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
    lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f5fa8"/>' for x, y in points]
    lines += [
        f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="middle">{_label(v)}</text>'
        for (x, y), v in zip(points, values, strict=True)
    ]
    return "".join(lines)


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
