"""A failover under load doubles no mail, and nobody goes without whom it does not name."""

import re

from tests.failover.__main__ import main

PAGE = "# Before\n<!-- failover: begin -->old<!-- failover: end -->\nafter\n"
ROW = re.compile(
    r"^\| \**(.*?)\**(?: \(.*\))? \| \**(\d+)\** \| \**(\d+)\** \|$", re.MULTILINE
)


async def test_three_failovers_lose_nobody_and_double_nothing(tmp_path):
    page = tmp_path / "reliability.md"
    page.write_text(PAGE)

    faults = await main(
        [
            *("--seed", "short", "--synchronous", "2", "--lagging", "1"),
            *("--careless", "--page", str(page)),
        ]
    )

    assert faults == 0
    before, table, after = re.split(
        r"<!-- failover: begin -->|<!-- failover: end -->", page.read_text()
    )
    assert (before, after) == ("# Before\n", "\nafter\n")
    figures = {what: (int(one), int(two)) for what, one, two in ROW.findall(table)}
    assert figures["failovers"] == (2, 1)
    assert figures["lost"] == figures["doubled"] == (0, 0)
    # There was something to double: some were held back that had been mailed.
    held = figures["held back and named by `eventide adopt`"]
    unmailed = figures["of these not mailed"]
    assert held[0] == 0
    assert unmailed[1] < held[1] < figures["people whose reminder was due"][1]
