"""How many pictures are at the AI service at once, where it is quick and where it is slow."""

import asyncio
from typing import Any

import backend_module
from own_loop import run

module = backend_module.load("posts.pace")
Pace, FIRST, MOST = module.Pace, module.FIRST, module.MOST

PATIENCE_S = 1.2  # so that 0.15 s is quick and 0.4 s slow


class OneByOne:
    """A service that works on one picture after the other."""

    def __init__(self, each_s: float) -> None:
        self.each_s = each_s
        self.one = asyncio.Lock()
        self.here = self.most = 0

    async def answer(self) -> None:
        self.here += 1
        self.most = max(self.most, self.here)
        async with self.one:
            await asyncio.sleep(self.each_s)
        self.here -= 1


async def work_through(pace: Any, service: OneByOne, count: int) -> None:
    async def one() -> None:
        async with pace.turn():
            await service.answer()

    await asyncio.gather(*(one() for _ in range(count)))


def test_a_quick_service_gets_two_batches_at_once() -> None:
    async def trial() -> None:
        pace, service = Pace(PATIENCE_S, TimeoutError), OneByOne(0.0005)
        await work_through(pace, service, 300)
        assert (pace.limit, service.most) == (MOST, MOST)

    run(trial())


def test_at_a_slow_service_none_waits_until_it_is_given_up() -> None:
    async def trial() -> None:
        pace, service = Pace(PATIENCE_S, TimeoutError), OneByOne(0.06)
        await work_through(pace, service, 8)  # the eighth takes 0.48 s, which is slow
        service.most = 0
        await work_through(pace, service, 40)
        assert pace.limit < FIRST
        # 0.06 s for each before it and its own: the longest took less than half of the patience
        assert service.most * service.each_s < PATIENCE_S / 2

    run(trial())


def test_a_round_of_slow_answers_halves_once_and_one_is_always_sent() -> None:
    async def trial() -> None:
        pace = Pace(PATIENCE_S, TimeoutError)

        async def away() -> None:
            async with pace.turn():
                await asyncio.sleep(0.01)
                raise TimeoutError

        await asyncio.gather(*(away() for _ in range(FIRST)), return_exceptions=True)
        assert pace.limit == FIRST // 2
        for _ in range(10):
            await asyncio.gather(away(), return_exceptions=True)
        assert pace.limit == 1
        service = OneByOne(0.0)
        await work_through(pace, service, 10)
        assert pace.limit == 11

    run(trial())


def test_a_halved_limit_holds_for_the_next_round_though_places_were_free() -> None:
    async def trial() -> None:
        pace, service = Pace(PATIENCE_S, TimeoutError), OneByOne(PATIENCE_S / 3 + 0.05)
        await work_through(pace, service, 1)
        assert pace.limit == FIRST // 2
        service.each_s, service.most = 60, 0
        tasks = [asyncio.create_task(work_through(pace, service, 1)) for _ in range(3 * FIRST)]
        await asyncio.sleep(0.05)
        assert service.most == FIRST // 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(trial())


def test_requests_that_are_called_off_say_nothing_about_the_service() -> None:
    async def trial() -> None:
        pace, service = Pace(PATIENCE_S, TimeoutError), OneByOne(60)
        tasks = [asyncio.create_task(work_through(pace, service, 1)) for _ in range(3 * FIRST)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert pace.limit == FIRST
        quick = OneByOne(0.0)  # and their places are free again
        await asyncio.wait_for(work_through(pace, quick, FIRST), 5)
        assert quick.most == FIRST

    run(trial())
