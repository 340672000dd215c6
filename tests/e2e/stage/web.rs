//! One request over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;

/// The status and the body of an answer.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    request(address, &format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n"))
}

/// Sends a request as it is; the status and the body of the answer.
pub(crate) fn request(address: &str, text: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(text.as_bytes()).expect("it reads");
    let answer = whole(&mut stream);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), body.to_owned())
}

/// An answer to its end: as many octets as it says, else until the other side closes. One that breaks off is judged by
/// what came of it.
fn whole(stream: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    let mut some = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut some) {
        octets.extend_from_slice(some.get(..count).unwrap_or_default());
        if length(&octets).is_some_and(|length| octets.len() >= length) {
            break;
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// How long an answer is with its head, where it says so.
fn length(octets: &[u8]) -> Option<usize> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(octets.get(..end)?).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    length.trim().parse::<usize>().ok()?.checked_add(end + 4)
}

/// Text as part of a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02X}")).collect()
}
