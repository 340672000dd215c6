//! A receiver on the loopback that answers as it is told, connection by connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Inbox, Sender, channel};
use std::thread;
use std::time::Duration;

/// What to answer to one connection.
pub(crate) struct Reply {
    text: String,
    /// Whether the connection is kept open without a further word until the receiver goes away.
    is_hanging: bool,
}

impl Reply {
    pub(crate) fn text(text: &str) -> Self {
        Self { text: text.to_owned(), is_hanging: false }
    }

    pub(crate) fn hanging(text: &str) -> Self {
        Self { text: text.to_owned(), is_hanging: true }
    }
}

/// What was heard of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(each, _)| each == name).map_or("", |(_, value)| value)
    }
}

/// Goes away when it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    heard: Inbox<Heard>,
    /// A word, or dropping it, lets a hanging connection go.
    release: Sender<()>,
}

impl Receiver {
    /// Answers one connection after the other; after the last reply nobody listens any more.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = channel();
        let (release, released) = channel();
        if !replies.is_empty() {
            thread::spawn(move || serve(&listener, &replies, &tell, &released));
        }
        Self { address, heard, release }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was heard and not yet asked for.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.try_iter().collect()
    }

    /// Lets a hanging connection go.
    pub(crate) fn release(&self) {
        let _ = self.release.send(());
    }

    /// What is heard next; waits for it.
    pub(crate) fn next(&self) -> Heard {
        self.heard.recv_timeout(Duration::from_secs(60)).unwrap()
    }
}

fn serve(listener: &TcpListener, replies: &[Reply], tell: &Sender<Heard>, released: &Inbox<()>) {
    for reply in replies {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let Some(request) = request(&stream) else { continue };
        // A test that has heard enough has gone.
        let _ = tell.send(request);
        let _ = stream.write_all(reply.text.as_bytes());
        if reply.is_hanging {
            // Returns at a word, or when the receiver is dropped.
            let _ = released.recv();
        }
    }
}

fn request(stream: &TcpStream) -> Option<Heard> {
    read(&mut BufReader::new(stream))
}

/// One request.
pub(crate) fn read(reader: &mut impl BufRead) -> Option<Heard> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, text)| text.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Heard { line: lines.first()?.clone(), headers, body })
}
