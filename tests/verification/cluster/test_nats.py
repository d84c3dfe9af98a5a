"""One nats-server of ours: durable by default, the same after every death."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import nats
import pytest

from verification.cluster import nats as nats_module
from verification.cluster import ports
from verification.cluster.nats import NatsServer
from verification.cluster.ports import LOOPBACK
from verification.errors import FolderUnusable, PortTaken, ServerFailed

pytestmark = pytest.mark.stack


async def monitor(server: NatsServer, path: str) -> dict[str, object]:
    reader, writer = await asyncio.open_connection(LOOPBACK, server.monitor_port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    body: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return body


async def test_a_new_server_keeps_what_it_acknowledges(tmp_path: Path) -> None:
    async with NatsServer(tmp_path / "a b") as server:
        varz = await monitor(server, "/varz")
    jetstream = varz["jetstream"]
    assert isinstance(jetstream, dict)
    assert jetstream["config"]["sync_always"] is True
    assert jetstream["config"]["store_dir"] == "jetstream/jetstream"
    assert (varz["host"], varz["http_host"]) == (LOOPBACK, LOOPBACK)


async def test_it_comes_back_on_its_ports_with_its_streams(killable_nats: NatsServer) -> None:
    server = killable_nats
    before = (server.url, server.monitor_url)
    connection = await nats.connect(server.url)
    await connection.jetstream().add_stream(name="S", subjects=["s"])
    await connection.close()
    for death in (server.kill, server.stop, server.kill):
        await death()
        assert not server.alive
        await server.restart()
    assert (server.url, server.monitor_url) == before
    connection = await nats.connect(server.url)
    assert (await connection.jetstream().stream_info("S")).config.name == "S"
    await connection.close()


async def test_a_paused_server_answers_nobody_until_it_goes_on(killable_nats: NatsServer) -> None:
    connection = await nats.connect(killable_nats.url)
    await killable_nats.pause()
    asked = asyncio.ensure_future(connection.flush(10))
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    await killable_nats.resume()
    await asked
    await connection.close()


async def test_a_named_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"nats-server .*:{port}"):
            await NatsServer(tmp_path, port=port).start()


async def test_a_taken_monitor_port_is_drawn_again_beside_a_named_port(
    monkeypatch: pytest.MonkeyPatch, killable_nats: NatsServer, tmp_path: Path
) -> None:
    draws = iter([killable_nats.port, ports.draw_port()])
    monkeypatch.setattr(nats_module, "draw_port", lambda: next(draws))
    named = ports.draw_port()
    async with NatsServer(tmp_path / "n", port=named) as server:
        assert server.port == named
        assert server.monitor_port != killable_nats.port


async def test_a_stranger_on_the_port_is_not_taken_for_ours(
    killable_nats: NatsServer, tmp_path: Path
) -> None:
    mistaken = NatsServer(tmp_path / "m")
    mistaken.port, mistaken.monitor_port = killable_nats.port, killable_nats.monitor_port
    assert "another server" in str(await mistaken._unhealthy())


async def test_a_store_that_cannot_be_made_is_an_error_with_the_server_s_words(
    tmp_path: Path,
) -> None:
    (tmp_path / "jetstream").write_text("a file", encoding="utf-8")
    server = NatsServer(tmp_path)
    with pytest.raises(ServerFailed, match="while starting") as caught:
        await server.start()
    assert "not a directory" in " ".join(caught.value.tail)
    assert not server.alive


async def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable):
        await NatsServer(tmp_path / "file").start()
