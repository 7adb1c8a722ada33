from __future__ import annotations

import asyncio
import os
import threading

from gateline.functions.output import LONGEST_LINE, MOST, Output
from gateline.functions.speech import Said, Trouble


class Printer:
    """Stands for a child: holds the ends that a child would hold."""

    def __init__(self) -> None:
        self.heard: list[Said | Trouble] = []
        self.output = Output("f", self.heard.append)
        self.stdout, self.stderr = (os.dup(end) for end in self.output.writers)
        self.output.started()

    def lines(self) -> list[tuple[str, str, str]]:
        return [(it.request_id, it.stream, it.text) for it in self.heard if isinstance(it, Said)]

    def close(self) -> None:
        self.output.close()
        os.close(self.stdout)
        os.close(self.stderr)


async def heard(printer: Printer, text: str) -> None:
    """Wait until a line was told."""
    while text not in [line for _, _, line in printer.lines()]:  # noqa: ASYNC110 - the loop itself reads
        await asyncio.sleep(0)


def test_lines_belong_to_the_invocation_during_which_they_were_printed() -> None:
    async def scenario() -> None:
        printer = Printer()
        os.write(printer.stdout, b"importing\n")
        await heard(printer, "importing")
        printer.output.begin("r1")
        os.write(printer.stdout, b"one\r\n\ntw")
        os.write(printer.stderr, b"oh \xff\n")
        printer.output.end()
        os.write(printer.stdout, b"between\n")
        await heard(printer, "between")
        printer.output.begin("r2")
        os.write(printer.stdout, b"last")
        printer.close()
        assert printer.lines() == [
            ("", "stdout", "importing"),
            ("r1", "stdout", "one"),
            ("r1", "stdout", ""),
            ("r1", "stderr", "oh \N{REPLACEMENT CHARACTER}"),
            ("r1", "stdout", "tw"),
            ("", "stdout", "between"),
            ("r2", "stdout", "last"),
        ]

    asyncio.run(scenario())


def test_a_long_line_is_told_in_pieces() -> None:
    async def scenario() -> None:
        printer = Printer()
        os.write(printer.stdout, b"x" * (LONGEST_LINE + 1) + b"\ny" + b"z" * LONGEST_LINE)
        printer.close()
        assert [len(text) for _, _, text in printer.lines()] == [LONGEST_LINE, 1, LONGEST_LINE, 1]

    asyncio.run(scenario())


def test_a_flood_blocks_nobody_and_is_counted_once() -> None:
    size = 8 * 1024 * 1024

    async def scenario() -> None:
        printer = Printer()
        printer.output.begin("r1")

        writer = threading.Thread(target=flood_exactly, args=(printer.stdout, size))
        writer.start()
        await asyncio.to_thread(writer.join)
        printer.output.end()
        told = sum(len(text) + 1 for _, _, text in printer.lines())
        troubles = [it for it in printer.heard if isinstance(it, Trouble)]
        assert told <= MOST
        assert len(troubles) == 1
        assert troubles[0].request_id == "r1"
        assert f"printed {size - told} bytes beyond" in troubles[0].text
        printer.output.begin("r2")
        os.write(printer.stdout, b"heard again\n")
        printer.close()
        assert printer.lines()[-1] == ("r2", "stdout", "heard again")

    asyncio.run(scenario())


def flood_exactly(descriptor: int, size: int) -> None:
    """Write so many bytes in lines of a hundred."""
    line = b"x" * 99 + b"\n"
    data = memoryview(line * (size // 100) + b"\n" * (size % 100))
    while data:
        data = data[os.write(descriptor, data) :]


def test_the_end_of_a_child_ends_the_reading() -> None:
    async def scenario() -> None:
        printer = Printer()
        os.write(printer.stderr, b"bye\n")
        os.close(printer.stdout)
        os.close(printer.stderr)
        printer.stdout, printer.stderr = os.pipe()
        await heard(printer, "bye")
        assert printer.lines() == [("", "stderr", "bye")]
        printer.close()

    asyncio.run(scenario())
