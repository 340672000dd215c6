//! A coil and the input that shows it, spoken by the client and the server of tokio-modbus: what is heard of an input that
//! follows, stands still, and turns by itself.

use std::future::{Ready, ready};
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use gridtap_baseline::Baseline;
use gridtap_model::{Severity, Timestamp};
use gridtap_sensor::{Config, Pipeline};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_modbus::client::{Context as Modbus, Reader as _, Writer as _, tcp};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response};

use crate::sim::calendar::SECOND;
use crate::sim::wire::{Connection, End, Mark, Side};

/// The breaker, and whether its drive is dead.
#[derive(Default)]
struct Plant {
    closed: AtomicBool,
    dead: AtomicBool,
}

struct Controller(Arc<Plant>);

impl Service for Controller {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let closed = self.0.closed.load(Ordering::SeqCst);
        ready(match request {
            Request::ReadDiscreteInputs(8, 4) => {
                Ok(Response::ReadDiscreteInputs(vec![true, false, closed, false]))
            }
            Request::WriteSingleCoil(3, on) => {
                if !self.0.dead.load(Ordering::SeqCst) {
                    self.0.closed.store(on, Ordering::SeqCst);
                }
                Ok(Response::WriteSingleCoil(3, on))
            }
            _ => Err(ExceptionCode::IllegalDataAddress),
        })
    }
}

/// Who said what, in order.
type Said = Vec<(Side, Vec<u8>)>;

/// A stream that remembers what went through it.
#[derive(Debug)]
struct Tapped {
    stream: TcpStream,
    heard: Arc<Mutex<Said>>,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let octets = buffer.filled()[before..].to_vec();
        if !octets.is_empty() {
            self.heard.lock().unwrap().push((Side::Server, octets));
        }
        polled
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, octets);
        if let Poll::Ready(Ok(written)) = polled {
            self.heard.lock().unwrap().push((Side::Client, octets[..written].to_vec()));
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Both peers, what they said, and the monitor that hears it at the times that are given.
struct Stage {
    plant: Arc<Plant>,
    modbus: Modbus,
    heard: Arc<Mutex<Said>>,
    wire: Connection,
    pipeline: Pipeline,
    now: i64,
    frames: u64,
    told: Vec<String>,
}

impl Stage {
    async fn new() -> Self {
        let plant = Arc::new(Plant::default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&plant);
        tokio::spawn(async move {
            let service = move |_| Ok(Some(Controller(Arc::clone(&shared))));
            let accept = |stream, from| {
                let accepted = accept_tcp_connection(stream, from, &service);
                async move { accepted }
            };
            Server::new(listener).serve(&accept, |_| {}).await
        });
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stream = TcpStream::connect(address).await.unwrap();
        let modbus = tcp::attach(Tapped { stream, heard: Arc::clone(&heard) });
        let end = |last, port| End {
            mac: [2, 0, 0, 0, 0, last],
            address: Ipv4Addr::new(10, 1, 1, last),
            port,
        };
        let wire = Connection::new(end(7, 41_000), end(21, 502), [5, 9]);
        let mut config = Config::default();
        config.baseline.block = "10s".parse().unwrap();
        let site = gridtap_baseline::Site::default();
        let pipeline = Pipeline::new(&config, site, vec!["tokio-modbus".to_owned()]);
        let now = 1_760_000_000 * SECOND;
        let mut own =
            Self { plant, modbus, heard, wire, pipeline, now, frames: 0, told: Vec::new() };
        let mut out = Vec::new();
        own.wire.open(own.now, Mark::Normal, &mut out);
        own.feed(&out);
        own
    }

    fn feed(&mut self, frames: &[crate::sim::wire::Frame]) {
        for frame in frames {
            self.frames += 1;
            self.pipeline.frame(&gridtap_wire::Frame {
                time: Timestamp::from_nanos(frame.time),
                capture: 0,
                number: self.frames,
                link: gridtap_wire::LinkType::Ethernet,
                bytes: &frame.bytes,
                original_length: u32::try_from(frame.bytes.len()).unwrap(),
            });
        }
        for anomaly in self.pipeline.take_anomalies() {
            if anomaly.severity >= Severity::High {
                self.told.push(format!("{} {}", anomaly.detection, anomaly.observed));
            }
        }
    }

    /// What the two said meanwhile goes over the wire.
    fn hear(&mut self) {
        let mut out = Vec::new();
        let mut at = self.now;
        for (side, octets) in core::mem::take(&mut *self.heard.lock().unwrap()) {
            at = self.wire.send(side, &octets, at + SECOND / 100, Mark::Normal, &mut out);
        }
        self.feed(&out);
    }

    async fn write(&mut self, on: bool) {
        self.modbus.write_single_coil(3, on).await.unwrap().unwrap();
        self.hear();
    }

    async fn pass(&mut self, seconds: u32) {
        for second in 0..seconds {
            if second % 5 == 2 {
                self.modbus.read_discrete_inputs(8, 4).await.unwrap().unwrap();
                self.hear();
            }
            self.now += SECOND;
            self.pipeline.pass(Timestamp::from_nanos(self.now));
        }
        self.feed(&[]);
    }

    fn baseline(&mut self) -> &mut Baseline {
        self.pipeline.baseline_mut()
    }

    /// The breaker was closed and opened five times, minutes apart.
    async fn learned() -> Self {
        let mut own = Self::new().await;
        own.baseline().teach(true);
        own.pass(120).await;
        for nth in 0..10 {
            own.write(nth % 2 == 0).await;
            own.pass(180).await;
        }
        own.baseline().teach(false);
        own.pass(60).await;
        assert_eq!(own.told, [""; 0], "learning is quiet");
        own
    }
}

#[tokio::test]
async fn between_peers_that_are_not_ours_both_ways_are_heard() {
    let mut own = Stage::learned().await;
    own.write(true).await;
    own.pass(200).await;
    own.write(false).await;
    own.pass(200).await;
    assert_eq!(own.told, [""; 0]);
    let device = "modbus 10.1.1.21 unit 255";
    own.plant.closed.store(true, Ordering::SeqCst);
    own.pass(110).await;
    let wanted = format!(
        "MB-45 {device} shows that discrete input 10 turned on, and nobody was heard commanding coil 3"
    );
    assert_eq!(own.told, [wanted]);
    own.told.clear();
    own.plant.dead.store(true, Ordering::SeqCst);
    own.write(false).await;
    own.pass(30).await;
    assert_eq!(own.told.len(), 1, "{:?}", own.told);
    let wanted = format!(
        "MB-45 10.1.1.7 switched coil 3 of {device} off and it was accepted, but discrete input 10 is still on"
    );
    assert!(own.told[0].starts_with(&wanted), "{:?}", own.told);
}
