//! A receiver of web hooks, as plain as they come: it answers what it is told to and keeps what it got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// One delivery, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
    /// What it was answered.
    pub(crate) status: u16,
    /// When its first octet was there.
    pub(crate) at: jiff::Timestamp,
}

/// A receiver on a port of its own, until the test ends.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// Answers the nth delivery with what `status` says; 0 closes the connection without a word.
    pub(crate) fn start(status: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = Arc::clone(&got);
        let status = Arc::new(status);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, status) = (Arc::clone(&kept), Arc::clone(&status));
                std::thread::spawn(move || serve(stream, &kept, &*status));
            }
        });
        Self { address, got }
    }

    /// Everything that came, in its order.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Got>>, status: &dyn Fn(usize) -> u16) {
    let mut reader = BufReader::new(stream);
    while let Some((at, id, body)) = request(&mut reader) {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let answer = {
            let mut kept = kept.lock().unwrap();
            let answer = status(kept.len());
            let kind = body["type"].as_str().unwrap().to_owned();
            kept.push(Got { id, kind, data: body["data"].clone(), status: answer, at });
            answer
        };
        if answer == 0 {
            return;
        }
        let text = format!("HTTP/1.1 {answer} As Told\r\ncontent-length: 0\r\n\r\n");
        if reader.get_mut().write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

/// When a request began, its id and its body; none where the connection ended before it was whole.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(jiff::Timestamp, String, Vec<u8>)> {
    let (mut id, mut length) = (String::new(), 0);
    reader.fill_buf().ok()?;
    let at = jiff::Timestamp::now();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "webhook-id" => id = value.to_owned(),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((at, id, body))
}
