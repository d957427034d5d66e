#!/usr/bin/env python3
"""Writes the first inputs of fuzz_client: what the recorded server would have said to its requests.

    python3 test/fuzz/client_corpus.py test/data test/fuzz/corpus/client

An input is a byte for the size of the pieces, then the frames that follow the upgrade. The ids are
those of fuzz_client: 2 exec, 3 query, 4 ping, 5 server status, 6 version, 7 conn, then 8 and 11 for
the fetches.
"""
import json
import pathlib
import struct
import sys


def frame(payload, opcode=None, fin=True):
    if isinstance(payload, str):
        payload, opcode = payload.encode(), 1 if opcode is None else opcode
    opcode = 2 if opcode is None else opcode
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack(">H", len(payload))
    else:
        head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload


def reply(action, req_id, **more):
    body = {"code": 0, "message": "", "action": action, "req_id": req_id, "timing": 5}
    body.update(more)
    return frame(json.dumps(body, separators=(",", ":")))


def recorded(folder, name):
    """Pairs of (query reply, its first block reply), small ones."""
    query = None
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event.get("dir") != "recv":
            continue
        if "text" in event and '"fields_names":[' in event["text"]:
            query = json.loads(event["text"])
        elif "hex" in event and query is not None and len(event["hex"]) < 4000:
            yield query, bytes.fromhex(event["hex"])
            query = None


def fetched(block_reply, req_id, result_id):
    data = bytearray(block_reply)
    data[26:34] = struct.pack("<Q", req_id)
    data[42:50] = struct.pack("<Q", result_id)
    return bytes(data)


def end(req_id, result_id):
    return struct.pack("<QQHQQIIQB", 2**64 - 1, 7, 1, 5, req_id, 0, 0, result_id, 1)


def conversation(query, block_reply):
    query = dict(query, req_id=3)
    return [
        reply("version", 6, version="3.3.6.0"),
        reply("conn", 7, version="3.3.6.0"),
        reply("binary_query", 2, id=0, is_update=True, affected_rows=3),
        frame(json.dumps(query, separators=(",", ":"))),
        frame(struct.pack("<Q", 4), 10),
        reply("check_server_status", 5, status=2, details=""),
        frame(fetched(block_reply, 8, query["id"])),
        frame(end(11, query["id"])),
    ]


def main():
    data, out = map(pathlib.Path, sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    inputs = []
    for name in ("query_types_ms.jsonl", "query_super.jsonl", "options.jsonl"):
        for query, block_reply in list(recorded(data, name))[:5]:
            inputs.append(conversation(query, block_reply))
    first = inputs[0]
    query = first[3]
    text = query[4:] if query[1] == 126 else query[2:]
    inputs.append(first[:3] + [frame(text[:50], 1, False), frame(b"now", 9),
                               frame(text[50:], 0)] + first[4:])
    inputs.append(first[:3] + [frame(b"\x03\xe8bye", 8)])
    inputs.append(first[:2] + [frame('{"code":855,"message":"no","action":"query","req_id":3}')])
    inputs.append([reply("version", 6, version="3.1.1.15"), reply("conn", 7),
                   reply("query", 3, id=1, is_update=False, fields_count=1, fields_names=["a"],
                         fields_types=[4], fields_lengths=[4], precision=0),
                   reply("fetch", 8, id=1, completed=False, lengths=[4], rows=1)])
    for number, frames in enumerate(inputs):
        piece = (0, 1, 7, 100, 255)[number % 5]
        (out / ("conversation-%02d" % number)).write_bytes(bytes([piece]) + b"".join(frames))


main()
