//! What tests share: a body as the store writes it, and a receiver.

pub(crate) mod receiver;

use serde_json::{Value, json};

/// The data of an anomaly that was opened.
pub(crate) fn anomaly() -> Value {
    json!({
        "id": "6f0c0102-0304-8506-8708-090a0b0c0d0e",
        "incident": "a41e0102-0304-8506-8708-090a0b0c0d0e",
        "revision": 1,
        "state": "unacknowledged-active",
        "time": "2024-05-01T10:00:00.000123456Z",
        "last_time": "2024-05-01T10:00:02.000000000Z",
        "count": 2,
        "capture": "eth1",
        "frames": [4711, 4712],
        "detection": "MB-29",
        "name": "Unauthorised write",
        "also": ["OT-03"],
        "severity": "critical",
        "score": 3.1,
        "protocol": "modbus",
        "zone": "substation-17",
        "source": "10.0.0.99:50211",
        "destination": "10.0.0.21:502",
        "device": "modbus 10.0.0.21 unit 3",
        "points": ["coil 2"],
        "technique": ["T0855"],
        "observed": "write single coil 2 := on",
        "expected": "in 212 h no host but 10.0.0.7 wrote to this device",
        "advice": "Ask the control room whether someone is at work there.",
        "baseline": "armed",
        "attack_version": "ics-attack-v17",
        "site": "substation-17",
        "sensor": "gridtap",
        "links": {
            "ui": "https://gridtap.example.org/anomalies/6f0c",
            "acknowledge": "https://gridtap.example.org/anomalies/6f0c#acknowledge",
            "runbook": "https://gridtap.example.org/runbooks/MB-29",
        },
    })
}

/// A body.
pub(crate) fn body(kind: &str, data: Value) -> String {
    json!({ "type": kind, "timestamp": "2024-05-01T10:00:03.000000000Z", "data": data }).to_string()
}
