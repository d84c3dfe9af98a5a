"""The generated module is what the contract says; `make proto` makes it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.server import SERVICE
from tests.support.source import ROOT

PROTO = "eventstore/grpc/eventstore.proto"


def test_the_generated_module_is_up_to_date(tmp_path: Path) -> None:
    compiled = tmp_path / "set"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            "-I.",
            f"--descriptor_set_out={compiled}",
            PROTO,
        ],
        cwd=ROOT,
        check=True,
    )
    (written,) = FileDescriptorSet.FromString(compiled.read_bytes()).file
    generated = FileDescriptorProto.FromString(pb.DESCRIPTOR.serialized_pb)
    for file in (written, generated):
        file.ClearField("source_code_info")
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
    assert generated == written


def test_the_service_has_the_name_of_the_contract() -> None:
    (service,) = pb.DESCRIPTOR.services_by_name.values()
    assert service.full_name == SERVICE
