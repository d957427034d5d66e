#!/usr/bin/env python3
"""Writes the first inputs of fuzz_testserver_bind from the recorded statements.

    python3 test/fuzz/bind_corpus.py test/data test/fuzz/corpus/testserver_bind

An input is a byte for the statement, one for the way of binding, and the payload.
"""
import json
import pathlib
import struct
import sys

TABLES, COLUMNS, BLOCK, JSON = range(4)
TEXT_AND_BLOBS = 0x30
USING, PLAIN, QUERY, CHILD, NAMED, NAME_COLUMN, DECIMALS, SINK, QUERY1 = range(9)


def item(kind, values, fixed=None):
    """`values` are bytes or None; `fixed` is their size where they have one."""
    nulls = bytes(value is None for value in values)
    if fixed is None:
        lengths = b"".join(struct.pack("<i", len(value or b"")) for value in values)
        data = b"".join(value or b"" for value in values)
    else:
        lengths, data = b"", b"".join(value or bytes(fixed) for value in values)
    body = struct.pack("<ii", kind, len(values)) + nulls + bytes([fixed is None]) + lengths
    body += struct.pack("<i", len(data)) + data
    return struct.pack("<I", len(body) + 4) + body


def tables(names, tags, columns):
    """Table names, and for each table its items of tags and of columns, as bytes."""
    count = len(columns)
    body, offsets = b"", []
    for section in (names, tags, columns):
        if not section:
            offsets.append(0)
            continue
        offsets.append(28 + len(body))
        parts = [name + b"\0" for name in section] if section is names else section
        size = "<H" if section is names else "<I"
        body += b"".join(struct.pack(size, len(part)) for part in parts) + b"".join(parts)
    counts = [items_in(section[0]) if section else 0 for section in (tags, columns)]
    return struct.pack("<7I", 28 + len(body), count, *counts, *offsets) + body


def items_in(data):
    count = 0
    while data:
        data = data[struct.unpack_from("<I", data)[0]:]
        count += 1
    return count


def columns(rows, count, items):
    return struct.pack("<5I", 20 + len(items), rows, count, items_in(items), 20) + items


def recorded(folder, name, action):
    """The payloads of one binary action."""
    skip = {2: 24, 9: 30}[action]
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event.get("dir") == "send" and "hex" in event:
            data = bytes.fromhex(event["hex"])
            if struct.unpack_from("<Q", data, 16)[0] == action:
                yield data[skip:]


def seeds(folder):
    binds = list(recorded(folder, "stmt2.jsonl", 9))
    for index, (statement, payload) in enumerate(zip((USING, USING, PLAIN, QUERY), binds)):
        yield "stmt2_%d" % index, statement, TABLES, payload
    for index, payload in enumerate(recorded(folder, "stmt1.jsonl", 2)):
        yield "stmt1_%d" % index, QUERY1 if index else CHILD, BLOCK, payload
    ts = item(9, [struct.pack("<q", 1700000000000 + row) for row in range(3)], 8)
    numbers = item(4, [struct.pack("<i", 1), None, struct.pack("<i", 3)], 4)
    plain = ts + numbers + item(10, [b"a", None, b"\xc3\xa9"])
    yield "columns", PLAIN, COLUMNS, columns(3, 1, plain)
    yield "named", NAMED, TABLES, tables([b"plain"], [], [plain])
    names = item(8, [b"a", b"a", b"bench.b"])
    yield "name_column", NAME_COLUMN, COLUMNS, columns(3, 2, names + ts + numbers + numbers)
    yield "sink", SINK, TABLES, tables([b"s"], [item(4, [None], 4)],
                                       [ts + numbers + item(8, [b"x", None, b""])])
    decimals = ts + item(21, [b"-1.5", b"1e3", None]) + item(17, [b"0.00001", None, b"7"])
    decimals += item(18, [b"blob", b"", None])
    yield "decimals", DECIMALS, TABLES | TEXT_AND_BLOBS, tables(
        [b"j"], [item(15, [b'{"a":1}'])], [decimals])
    yield "json", PLAIN, JSON, b'[["2023-11-14T22:13:20Z",1],[1,null],["x",null]]'


def main():
    data, out = map(pathlib.Path, sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    for name, statement, way, payload in seeds(data):
        (out / name).write_bytes(bytes([statement, way]) + payload)


if __name__ == "__main__":
    main()
