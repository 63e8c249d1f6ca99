"""Events for a page that reads them too slowly."""

import backend_module
from own_loop import run

module = backend_module.load("posts.events")


def test_a_page_that_is_too_slow_learns_that_events_were_missed() -> None:
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
