"""Draws bench/cpu-per-op.svg: CPU per operation against requests in flight, both logarithmic."""
import math

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 36, 40, 55
SERIES = (("taosuv, up to 4 connections", "#0b62a4"), ("floor, 1 connection", "#c05020"))


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


def axes(x, y, across, up):
    parts = []
    for value in across:
        parts.append(line(x(value), TOP, x(value), HEIGHT - BOTTOM))
        parts.append(text(x(value), HEIGHT - BOTTOM + 18, format(int(value), ",")))
    for value in up:
        parts.append(line(LEFT, y(value), WIDTH - RIGHT, y(value)))
        parts.append(text(LEFT - 8, y(value) + 4, duration(value), "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(text(middle, HEIGHT - 14, "requests in flight"))
    parts.append(text(middle, 22, "CPU time per operation (select 1, its block, closing)",
                      extra=' font-weight="bold"'))
    return parts


def curve(x, y, points, index):
    name, colour = SERIES[index]
    places = [(x(point[0]), y(point[1 + index])) for point in points]
    parts = ['<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>'
             % (colour, " ".join("%.1f,%.1f" % place for place in places))]
    parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (place + (colour,))
              for place in places]
    height = TOP + 18 + 18 * index
    parts.append('<rect x="%d" y="%d" width="12" height="4" fill="%s"/>'
                 % (WIDTH - RIGHT - 200, height - 6, colour))
    parts.append(text(WIDTH - RIGHT - 182, height, name, "start"))
    return parts


def write(path, points):
    """points: (in flight, ns of the client, ns of the floor), in order."""
    across = decades([point[0] for point in points])
    up = decades([value for point in points for value in point[1:]])
    x = scale(across[0], across[-1], LEFT, WIDTH - RIGHT)
    y = scale(up[0], up[-1], HEIGHT - BOTTOM, TOP)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif"'
             ' font-size="12">' % (WIDTH, HEIGHT),
             '<rect width="%d" height="%d" fill="#fff"/>' % (WIDTH, HEIGHT)]
    parts += axes(x, y, across, up)
    for index in range(len(SERIES)):
        parts += curve(x, y, points, index)
    path.write_text("\n".join(parts + ["</svg>", ""]), encoding="utf-8")
