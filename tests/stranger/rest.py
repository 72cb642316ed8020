"""Section 1 of protocol/PROTOCOL.md: signing in and asking for a seat."""

import base64
import json
import urllib.request

TIMEOUT_S = 20


def post(url: str, body: dict, bearer: str = "") -> dict:
    headers = {"content-type": "application/json"}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def get(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def seat(server: str, game: str, name: str, how: dict) -> dict:
    """A seat of a new guest."""
    token = post(f"{server}/v1/guests", {"name": name})["access_token"]
    return post(f"{server}/v1/games/{game}/play", how, token)


def hashes(joined: dict) -> list[bytes]:
    """Of the certificates to accept; the same in both forms."""
    pinned = [base64.b64decode(text) for text in joined["endpoints"]["certificate_hashes"]]
    assert pinned == [bytes.fromhex(text) for text in joined["certificate_hashes"]]
    return pinned
