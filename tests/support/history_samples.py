"""A small sound history of each format, with something of everything that the format has."""

from __future__ import annotations

__all__ = ["SAMPLES"]

SAMPLES = {
    "jsonl": b'{"format": "trueorder.history/1", "model": "register"}\n'
    b'{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": [1], "time": 5}\n'
    b'{"type": "ok", "process": 0, "f": "write", "value": {"a": "\xc3\xa9"}, "time": 9}\n',
    "ops": b'{"client": 1, "call": 10, "return": 20, "f": "cas", "value": [1, 2], "out": false}\n'
    b'{"client": 1, "call": 20, "return": null, "f": "read", "key": null, "out": null}\n',
    "edn": b'[#op{:process 0, :type :invoke, :f :write, :value [1 "a\\n" #{2} 1.5M]} ; hm\n'
    b"#_{:a 1} {:process 0 :type :info :f :write :error (:x nil) :time 7}]\n",
    "json": b'[{"type": "invoke", "process": 0, "f": "read"},\n'
    b' {"type": "ok", "process": 0, "f": "read", "value": 5, "time": 3}]\n',
    "porcupine": b"INFO  jepsen.util - 0\t:invoke\t:cas\t[1 0]\n"
    b"INFO  jepsen.util - 0\t:fail\t:cas\t[1 0]\nINFO  jepsen.core - x\n",
    "plume": b"w 0 1\nr 1 -2\n-----\nr 0 1\n=====\nw 1 3\n",
}
