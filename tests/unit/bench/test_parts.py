from bench.parts import LOOP, PARTS, shares

START = (
    "thread (7): MainThread;main (everloop/cli/__main__.py:5);run (uvicorn/server.py:70);run (asyncio/runners.py:118)"
)


def test_a_stack_counts_for_the_innermost_part_that_claims_it():
    called_by_api = (
        f"{START};run_asgi (uvicorn/protocols/http/h.py:1);handle (everloop/api/edge.py:1);dumps (json/a.py:2) 3"
    )
    sending = f"{START};handle (everloop/api/edge.py:1);send (uvicorn/protocols/http/h.py:9) 1"
    found = shares(f"{called_by_api}\n{sending}\n")
    assert found == {PARTS[1][0]: 0.75, PARTS[0][0]: 0.25}


def test_how_the_process_was_started_claims_nothing_and_other_threads_are_not_of_the_loop():
    assert shares(f"{START} 2\nthread (8): log-writer;keep (everloop/storage/log_writer.py:1) 9\n") == {LOOP: 1.0}


def test_no_stacks_no_shares():
    assert shares("") == {}
