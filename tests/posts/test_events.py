"""Events for a page that reads them too slowly."""

import importlib.util
from pathlib import Path

from own_loop import run

# By its path: the backend's packages are called as folders here are.
spec = importlib.util.spec_from_file_location(
    "post_events", Path(__file__).parents[2] / "backend" / "posts" / "events.py"
)
assert spec is not None and spec.loader is not None
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def test_who_is_too_slow_is_told_that_some_were_missed() -> None:
    async def trial() -> None:
        events = module.Events()
        listening = events.listen(b"first")
        assert await anext(listening) == b"first"
        for number in range(module.MOST_WAITING + 3):
            events.send("post", {"post": number})
        assert await anext(listening) == module.MISSED
        assert b'"post": 501' in await anext(listening)
        await listening.aclose()

    run(trial())
