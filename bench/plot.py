"""Draws the plots of bench/README.md: something against something, both logarithmic."""
import math

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 36, 40, 55
COLOURS = ("#0b62a4", "#c05020")


def scale(low, high, start, end):
    """A function from a value between powers of ten to a place on the page."""
    span = math.log10(high) - math.log10(low)
    return lambda value: start + (end - start) * (math.log10(value) - math.log10(low)) / span


def decades(values):
    """The powers of ten around some values."""
    first = math.floor(math.log10(min(values)))
    last = math.ceil(math.log10(max(values)))
    return [10.0 ** power for power in range(first, max(last, first + 1) + 1)]


def duration(ns):
    return "%g ns" % ns if ns < 1000 else "%g µs" % (ns / 1000)


def text(x, y, content, anchor="middle", extra=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (x, y, anchor, extra, content)


def line(x1, y1, x2, y2):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/>' % (x1, y1, x2, y2)


def axes(x, y, across, up, labels):
    parts = []
    for value in across:
        parts.append(line(x(value), TOP, x(value), HEIGHT - BOTTOM))
        parts.append(text(x(value), HEIGHT - BOTTOM + 18, format(int(value), ",")))
    for value in up:
        parts.append(line(LEFT, y(value), WIDTH - RIGHT, y(value)))
        parts.append(text(LEFT - 8, y(value) + 4, labels["unit"](value), "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(text(middle, HEIGHT - 14, labels["across"]))
    parts.append(text(middle, 22, labels["title"], extra=' font-weight="bold"'))
    return parts


def curve(x, y, points, index, name, below):
    colour = COLOURS[index]
    places = [(x(point[0]), y(point[1 + index])) for point in points]
    parts = ['<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>'
             % (colour, " ".join("%.1f,%.1f" % place for place in places))]
    parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (place + (colour,))
              for place in places]
    height = (HEIGHT - BOTTOM - 40 if below else TOP + 18) + 18 * index
    parts.append('<rect x="%d" y="%d" width="12" height="4" fill="%s"/>'
                 % (WIDTH - RIGHT - 200, height - 6, colour))
    parts.append(text(WIDTH - RIGHT - 182, height, name, "start"))
    return parts


PER_OPERATION = {"title": "CPU time per operation (select 1, its block, closing)",
                 "across": "requests in flight", "unit": duration, "below": False,
                 "series": ("taosuv, up to 4 connections", "floor, 1 connection")}
INGEST = {"title": "rows per second of CPU time, 10 tables", "across": "rows of a batch",
          "unit": lambda value: format(int(value), ","), "below": True,
          "series": ("taosuv, bound by column", "floor, sends the same frames")}


def write(path, points, labels):
    """points: (place across, the client's value, the floor's), in order."""
    across = decades([point[0] for point in points])
    up = decades([value for point in points for value in point[1:]])
    x = scale(across[0], across[-1], LEFT, WIDTH - RIGHT)
    y = scale(up[0], up[-1], HEIGHT - BOTTOM, TOP)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif"'
             ' font-size="12">' % (WIDTH, HEIGHT),
             '<rect width="%d" height="%d" fill="#fff"/>' % (WIDTH, HEIGHT)]
    parts += axes(x, y, across, up, labels)
    for index, name in enumerate(labels["series"]):
        parts += curve(x, y, points, index, name, labels["below"])
    path.write_text("\n".join(parts + ["</svg>", ""]), encoding="utf-8")
