"""Putting a streamed answer together again."""

import json
from typing import Any

from everloop.providers.google.assembly import Assembly


def whole(*pieces: dict[str, Any]) -> Any:
    made = Assembly()
    for each in pieces:
        made.add(each)
    return json.loads(made.body())


def piece(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **more}]}


def parts(*pieces: dict[str, Any]) -> Any:
    return whole(*pieces)["candidates"][0]["content"]["parts"]


def test_texts_grow_and_the_last_word_stands():
    first = {**piece({"text": "Hel"}, index=0), "usageMetadata": {"promptTokenCount": 4}, "modelVersion": "m"}
    last = {**piece({"text": "lo"}, finishReason="STOP", index=0), "usageMetadata": {"promptTokenCount": 4, "x": 2}}
    assert whole(first, last) == {
        "candidates": [
            {"content": {"parts": [{"text": "Hello"}], "role": "model"}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {"promptTokenCount": 4, "x": 2},
        "modelVersion": "m",
    }


def test_thoughts_and_calls_stand_between_texts():
    call = {"functionCall": {"name": "add", "args": {}}, "thoughtSignature": "s"}
    pieces = [
        piece({"text": "Hm", "thought": True}),
        piece({"text": ".", "thought": True}, {"text": "A"}),
        piece({"text": "b"}, call, {"text": "c"}),
    ]
    assert parts(*pieces) == [{"text": "Hm.", "thought": True}, {"text": "Ab"}, call, {"text": "c"}]


def test_a_signature_ends_a_text():
    pieces = [piece({"text": "A"}), piece({"text": "", "thoughtSignature": "s"}), piece({"text": "b"})]
    assert parts(*pieces) == [{"text": "A", "thoughtSignature": "s"}, {"text": "b"}]


def test_parts_of_other_kinds_are_kept():
    odd = {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}
    assert parts(piece(odd), piece({"text": None, **odd})) == [odd, odd]


def test_logprobs_grow():
    def scored(*tokens: str) -> dict[str, Any]:
        return piece(logprobsResult={"chosenCandidates": [{"token": each} for each in tokens], "logProbabilitySum": 1})

    found = whole(scored("a", "b"), scored("c"))["candidates"][0]["logprobsResult"]
    assert found == {"chosenCandidates": [{"token": "a"}, {"token": "b"}, {"token": "c"}], "logProbabilitySum": 1}


def test_an_answer_without_candidates():
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    assert whole(blocked, {"candidates": []}, {"candidates": None}) == blocked


def test_a_candidate_without_content():
    ended = {"candidates": [{"content": None, "finishReason": "SAFETY"}]}
    assert whole(ended) == {"candidates": [{"content": {"parts": []}, "finishReason": "SAFETY"}]}
