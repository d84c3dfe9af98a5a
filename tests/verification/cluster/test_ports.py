"""Drawn ports are free, loopback, and not the kernel's to give away."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from verification.cluster import ports
from verification.cluster.ports import LOOPBACK, draw_port, is_free
from verification.errors import ConfigError


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        taken.bind((LOOPBACK, 0))
        taken.listen()
        yield taken


def test_a_port_with_a_listener_is_not_free(listener: socket.socket) -> None:
    assert not is_free(listener.getsockname()[1])


def test_a_port_is_free_at_once_after_its_connections_were_cut(listener: socket.socket) -> None:
    address = listener.getsockname()
    with socket.create_connection(address):
        listener.accept()[0].close()
    listener.close()
    assert is_free(address[1])


def test_ports_are_below_the_ephemeral_range(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "range"
    file.write_text("20000\t60999\n", encoding="ascii")
    monkeypatch.setattr(ports, "_RANGE_FILE", file)
    drawn = {draw_port(random.Random(seed)) for seed in range(100)}  # noqa: S311
    assert len(drawn) > 50
    assert all(15_000 <= port < 20_000 for port in drawn)


@pytest.mark.parametrize("content", ["1024\t65535\n", "nonsense", None])
def test_without_room_below_it_a_fixed_range_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "range"
    if content is not None:
        file.write_text(content, encoding="ascii")
    monkeypatch.setattr(ports, "_RANGE_FILE", file)
    assert 15_000 <= draw_port() <= 32_767


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw_port(random.Random(7))  # noqa: S311
    with socket.socket() as taken:
        taken.bind((LOOPBACK, first))
        taken.listen()
        assert draw_port(random.Random(7)) != first  # noqa: S311
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    with pytest.raises(ConfigError, match="no free port"):
        draw_port()
