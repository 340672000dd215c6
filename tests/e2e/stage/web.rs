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
    let mut answer = String::new();
    // An answer that breaks off is judged by what came of it.
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), body.to_owned())
}

/// Text as part of a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02X}")).collect()
}
