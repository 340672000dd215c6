//! A plain loop that answers every well-framed message, as most devices do: what it cannot decode gets an exception.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_modbus::bytes::Bytes;
use tokio_modbus::{ExceptionCode, Request, Response};

use super::{Inner, Line, Power, Reply};

/// The shortest and longest length field: a unit and a function at the least.
const LENGTHS: std::ops::RangeInclusive<u16> = 2..=254;

/// Accepts connections until the future is dropped, and drops them with it.
pub(super) async fn listen(
    listener: TcpListener,
    inner: &Arc<Inner>,
    power: watch::Receiver<Power>,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                connections.spawn(converse(
                    Line { stream, power: power.clone() },
                    Arc::clone(inner),
                ));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut line: Line, inner: Arc<Inner>) -> io::Result<()> {
    loop {
        let mut header = [0_u8; 7];
        line.read_exact(&mut header).await?;
        let [t0, t1, p0, p1, l0, l1, unit] = header;
        let length = u16::from_be_bytes([l0, l1]);
        if (p0, p1) != (0, 0) || !LENGTHS.contains(&length) {
            return Ok(());
        }
        let mut pdu = vec![0_u8; usize::from(length.saturating_sub(1))];
        line.read_exact(&mut pdu).await?;
        let function = pdu.first().copied().unwrap_or(0);
        let reply = match Request::try_from(Bytes::from(pdu)) {
            Ok(request) => inner.reply(unit, &request).await,
            Err(_) if function & 0x80 != 0 => Reply::Refusal(ExceptionCode::IllegalFunction),
            Err(_) => Reply::Refusal(ExceptionCode::IllegalDataValue),
        };
        let answer = match reply {
            Reply::Answer(response) => encoded(&response),
            Reply::Refusal(code) => vec![function | 0x80, code.into()],
            Reply::Silence => continue,
        };
        let [l0, l1] = u16::try_from(answer.len().saturating_add(1)).unwrap_or(0).to_be_bytes();
        let mut message = vec![t0, t1, 0, 0, l0, l1, unit];
        message.extend(answer);
        line.write_all(&message).await?;
    }
}

fn packed(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8)
        .map(|eight| eight.iter().rev().fold(0_u8, |octet, bit| (octet << 1) | u8::from(*bit)))
        .collect()
}

fn counted(function: u8, octets: Vec<u8>) -> Vec<u8> {
    let mut pdu = vec![function, u8::try_from(octets.len()).unwrap_or(u8::MAX)];
    pdu.extend(octets);
    pdu
}

fn words(function: u8, words: &[u16]) -> Vec<u8> {
    [function].into_iter().chain(words.iter().flat_map(|word| word.to_be_bytes())).collect()
}

fn encoded(response: &Response) -> Vec<u8> {
    let function = response.function_code().value();
    match response {
        Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits) => {
            counted(function, packed(bits))
        }
        Response::ReadInputRegisters(read)
        | Response::ReadHoldingRegisters(read)
        | Response::ReadWriteMultipleRegisters(read) => {
            counted(function, read.iter().flat_map(|word| word.to_be_bytes()).collect())
        }
        Response::WriteSingleCoil(address, on) => {
            words(function, &[*address, if *on { 0xff00 } else { 0 }])
        }
        Response::WriteMultipleCoils(address, value)
        | Response::WriteMultipleRegisters(address, value)
        | Response::WriteSingleRegister(address, value) => words(function, &[*address, *value]),
        Response::MaskWriteRegister(address, and, or) => words(function, &[*address, *and, *or]),
        Response::ReportServerId(id, running, rest) => {
            let run = if *running { 0xff } else { 0 };
            counted(function, [&[*id, run], rest.as_slice()].concat())
        }
        Response::ReadDeviceIdentification(identity) => {
            let objects = &identity.device_id_objects;
            let count = u8::try_from(objects.len()).unwrap_or(0);
            let mut pdu = vec![
                function,
                14,
                identity.read_code.value(),
                identity.conformity_level.value(),
                if identity.more_follows { 0xff } else { 0 },
                identity.next_object_id,
                count,
            ];
            for object in objects {
                pdu.extend([object.id, u8::try_from(object.value.len()).unwrap_or(0)]);
                pdu.extend_from_slice(&object.value);
            }
            pdu
        }
        Response::Custom(_, data) => [&[function], data.as_ref()].concat(),
    }
}
