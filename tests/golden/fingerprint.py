#!/usr/bin/env python3
"""Checks the golden fingerprints with an encoder of its own: nothing here is shared with mnemo's C++.

usage: fingerprint.py [FILE = fingerprints.json beside this script]

Each case of the file has an event in protobuf's JSON form, its canonical encoding and its fingerprint, both in
hexadecimal. docs/formats.md defines the two. Exit status 1 when any differs. Python's standard library only.
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

CLASSES = ["UNSPECIFIED", "EPISODIC", "SEMANTIC", "PROCEDURAL", "WORKING"]
TIERS = ["UNSPECIFIED", "SHORT", "MID", "LONG"]
FIELDS = ["FIELD_UNSPECIFIED", "TAG", "SESSION", "SPEAKER", "CLASS", "KIND", "TIER", "METADATA", "OBSERVED_AT", "RECORDED_AT"]
OPERATORS = ["OPERATOR_UNSPECIFIED", "EQ", "NE", "ANY", "ALL", "STARTSWITH", "GT", "GTE", "LT", "LTE", "BETWEEN"]
ENUMS = {
    "MemoryClass": {f"MEMORY_CLASS_{name}": number for number, name in enumerate(CLASSES)},
    "Tier": {f"TIER_{name}": number for number, name in enumerate(TIERS)},
    "Field": {name: number for number, name in enumerate(FIELDS)},
    "Operator": {name: number for number, name in enumerate(OPERATORS)},
}

# message -> field -> (number, type). "?" after a type: present also when zero or empty (proto3 `optional`, or a member
# of a oneof). "[]" before it: repeated. Messages are always written when present.
MESSAGES = {
    "Text": {"plain": (1, "string?"), "sealed": (2, "Sealed")},
    "Sealed": {"key_id": (1, "string"), "nonce": (2, "bytes"), "ciphertext": (3, "bytes")},
    "MetadataEntry": {"key": (1, "string"), "text": (2, "Text"), "number": (3, "double?"), "flag": (4, "bool?")},
    "Tags": {"values": (1, "[]string")},
    "Metadata": {"entries": (1, "[]MetadataEntry")},
    "Embedding": {"model": (1, "string"), "values_f32_le": (2, "bytes")},
    "Remembered": {
        "memory_id": (1, "string"), "text": (2, "Text"), "session_id": (3, "string"), "speaker": (4, "string"),
        "class": (5, "MemoryClass"), "kind": (6, "string"), "tags": (7, "[]string"),
        "metadata": (8, "[]MetadataEntry"), "content": (9, "Text"), "source": (10, "string"),
        "observed_at_ms": (11, "signed?"), "expires_at_ms": (12, "signed?"), "importance": (13, "signed?"),
        "pinned": (14, "bool"), "embedding": (15, "Embedding"), "tier": (16, "Tier"),
    },
    "Updated": {
        "memory_id": (1, "string"), "expected_version": (2, "unsigned"), "text": (3, "Text"),
        "session_id": (4, "string?"), "speaker": (5, "string?"), "class": (6, "MemoryClass"), "kind": (7, "string?"),
        "tags": (8, "Tags"), "metadata": (9, "Metadata"), "content": (10, "Text"), "source": (11, "string?"),
        "observed_at_ms": (12, "signed?"), "expires_at_ms": (13, "signed?"), "importance": (14, "signed?"),
        "pinned": (15, "bool?"), "tier": (16, "Tier"),
    },
    "Forgotten": {"memory_id": (1, "string"), "expected_version": (2, "unsigned")},
    "ForgottenByFilter": {"filter": (1, "Filter")},
    "Filter": {"and": (1, "FilterGroup"), "or": (2, "FilterGroup"), "not": (3, "Filter"), "condition": (4, "Condition")},
    "FilterGroup": {"filters": (1, "[]Filter")},
    "Condition": {"field": (1, "Field"), "op": (2, "Operator"), "metadata_key": (3, "string"), "values": (4, "[]FilterValue")},
    "FilterValue": {"text": (1, "string?"), "time_ms": (2, "signed?"), "number": (3, "double?"), "flag": (4, "bool?")},
    "Accessed": {"entries": (1, "[]Entry")},
    "Entry": {"memory_id": (1, "string"), "count": (2, "unsigned")},
    "EmbeddingAttached": {"memory_id": (1, "string"), "version": (2, "unsigned"), "embedding": (3, "Embedding")},
    "Linked": {"from_memory_id": (1, "string"), "type": (2, "string"), "to_memory_id": (3, "string")},
    "Unlinked": {"from_memory_id": (1, "string"), "type": (2, "string"), "to_memory_id": (3, "string")},
    "ConsolidateRequested": {}, "PruneRequested": {}, "SummaryAttached": {}, "Imported": {},
}
KINDS = {
    "remembered": (32, "Remembered"), "updated": (33, "Updated"), "forgotten": (34, "Forgotten"),
    "forgotten_by_filter": (35, "ForgottenByFilter"), "accessed": (36, "Accessed"),
    "consolidate_requested": (37, "ConsolidateRequested"), "prune_requested": (38, "PruneRequested"),
    "embedding_attached": (39, "EmbeddingAttached"), "summary_attached": (40, "SummaryAttached"),
    "linked": (41, "Linked"), "unlinked": (42, "Unlinked"), "imported": (43, "Imported"),
}


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def prefixed(data):
    return varint(len(data)) + data


def value(kind, given):
    """The type byte and the value's bytes."""
    if kind == "string":
        return b"s", prefixed(given.encode())
    if kind == "bytes":
        return b"s", prefixed(base64.b64decode(given))
    if kind == "bool":
        return b"b", bytes([given])
    if kind == "double":
        return b"d", struct.pack(">d", given)
    if kind == "unsigned":
        return b"u", varint(int(given))
    if kind == "signed":
        number = int(given)
        return b"i", varint(2 * number if number >= 0 else -2 * number - 1)
    if kind in ENUMS:
        return b"u", varint(ENUMS[kind][given])
    return b"m", prefixed(message(kind, given))


def repeated(kind, items):
    if kind == "MetadataEntry":
        items = sorted(items, key=lambda entry: entry["key"].encode())
    type_byte = value(kind, items[0])[0]
    return b"l" + type_byte + varint(len(items)) + b"".join(value(kind, item)[1] for item in items)


def is_zero(kind, given):
    if kind in ("string", "bytes"):
        return given == ""
    if kind in ENUMS:
        return ENUMS[kind][given] == 0
    return kind not in MESSAGES and int(given) == 0


def message(name, fields):
    out = b""
    unknown = set(fields) - set(MESSAGES[name])
    if unknown:
        raise ValueError(f"{name} has no {unknown}")
    for field, (number, kind) in MESSAGES[name].items():
        if field not in fields:
            continue
        given = fields[field]
        if kind.startswith("[]"):
            out += varint(number) + repeated(kind[2:], given) if given else b""
        elif kind.endswith("?") or not is_zero(kind, given):
            out += varint(number) + b"".join(value(kind.rstrip("?"), given))
    return out


def canonical(envelope):
    [(number, name, event)] = [(*KINDS[field], envelope[field]) for field in envelope if field in KINDS]
    scope = prefixed(envelope["namespace"].encode()) + prefixed(envelope["agent_id"].encode())
    return b"\x01" + varint(number) + scope + message(name, event)


def keyed_hash(key, data):
    return hashlib.blake2b(data, digest_size=16, key=key).hexdigest()


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("fingerprints.json")
    golden = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    key = bytes.fromhex(golden["key"])
    failed = 0
    for case in golden["cases"]:
        encoding = canonical(case["event"])
        good = encoding.hex() == case["canonical"] and keyed_hash(key, encoding) == case["fingerprint"]
        if not good:
            print(f"{case['name']}: canonical {encoding.hex()} fingerprint {keyed_hash(key, encoding)}")
            failed += 1
    if keyed_hash(key, b"mnemo fingerprint check 1") != golden["check_value"]:
        print("check_value:", keyed_hash(key, b"mnemo fingerprint check 1"))
        failed += 1
    print(f"{len(golden['cases'])} fingerprints, {failed} differ")
    return 1 if failed or not golden["cases"] else 0


if __name__ == "__main__":
    sys.exit(main())
