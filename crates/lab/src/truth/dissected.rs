//! A capture as tshark reads it: an independent dissector that tells the frames.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use gridtap_model::Timestamp;

/// A frame as tshark reads it.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) number: u64,
    pub(crate) time: String,
    pub(crate) macs: [String; 2],
    /// From and to, for TCP.
    pub(crate) ends: Option<[SocketAddr; 2]>,
    /// It holds new octets.
    pub(crate) carries: bool,
    /// The DNP3 application functions in it.
    pub(crate) functions: Vec<u8>,
    /// The numbers of these messages.
    pub(crate) sequences: Vec<u8>,
    /// The DNP3 link addresses that it goes to.
    pub(crate) links: Vec<u16>,
    /// What TCP carries, in hexadecimal.
    pub(crate) octets: String,
}

impl Frame {
    /// Whether it goes from one host to another.
    pub(crate) fn is_between(&self, from: Ipv4Addr, to: Ipv4Addr) -> bool {
        self.ends.is_some_and(|[own, far]| own.ip() == from && far.ip() == to)
    }
}

const FIELDS: [&str; 15] = [
    "frame.number",
    "frame.time_epoch",
    "eth.src",
    "eth.dst",
    "ip.src",
    "tcp.srcport",
    "ip.dst",
    "tcp.dstport",
    "tcp.len",
    "tcp.analysis.retransmission",
    "tcp.analysis.keep_alive",
    "dnp3.al.func",
    "dnp3.al.seq",
    "dnp3.dst",
    "tcp.payload",
];

/// All frames of a capture, read by tshark.
pub(crate) fn dissected(file: &Path) -> Result<Vec<Frame>> {
    let output = Command::new("tshark")
        .arg("-n")
        .arg("-r")
        .arg(file)
        .args(["-T", "fields"])
        .args(FIELDS.iter().flat_map(|field| ["-e", field]))
        .output()
        .context("the lab reads its captures back with tshark, which is missing")?;
    if !output.status.success() {
        bail!("tshark: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout)?.lines().map(frame).collect()
}

fn frame(line: &str) -> Result<Frame> {
    let fields: Vec<&str> = line.split('\t').collect();
    let field = |nth: usize| fields.get(nth).copied().unwrap_or_default();
    let (seconds, rest) = field(1).split_once('.').context("a time without a fraction")?;
    let end = |address: &str, port: &str| -> Option<SocketAddr> {
        Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?))
    };
    let ends = end(field(4), field(5)).zip(end(field(6), field(7)));
    let octets: u32 = field(8).parse().unwrap_or(0);
    Ok(Frame {
        number: field(0).parse()?,
        time: Timestamp::from_parts(seconds.parse()?, rest.parse()?).to_string(),
        macs: [field(2).to_owned(), field(3).to_owned()],
        ends: ends.map(|(from, to)| [from, to]),
        carries: octets > 0 && field(9).is_empty() && field(10).is_empty(),
        functions: numbers(field(11)),
        sequences: numbers(field(12)),
        links: numbers(field(13)),
        octets: field(14).to_owned(),
    })
}

/// The numbers of a field that may occur several times in a frame.
fn numbers<T: FromStr>(field: &str) -> Vec<T> {
    field.split(',').filter_map(|number| number.parse().ok()).collect()
}
