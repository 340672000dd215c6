//! Serves an outstation on its port, and cuts its power.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_modbus::prelude::{ExceptionCode, SlaveRequest};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::Server;
use tokio_modbus::{Request, Response};

use crate::device::{Device, Outcome};
use crate::site::{Rtu, Stack};

mod plain;

/// The registered port of the protocol.
pub const PORT: u16 = 502;

/// How often the process takes a step.
const STEP: Duration = Duration::from_millis(250);

/// Whether an outstation is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Serving.
    On,
    /// Without power, or not yet serving: its network stack refuses connections.
    Off,
}

/// A running outstation, from outside.
#[derive(Debug, Clone)]
pub struct Outstation {
    inner: Arc<Inner>,
    power: Arc<watch::Sender<Power>>,
}

#[derive(Debug)]
struct Inner {
    rtu: Rtu,
    devices: Mutex<Vec<Device>>,
    restart: Notify,
    bus: tokio::sync::Mutex<fastrand::Rng>,
}

impl Outstation {
    /// An outstation that does not serve yet.
    #[must_use]
    pub fn new(rtu: &Rtu, seed: u64) -> Self {
        let inner = Inner {
            devices: Mutex::new(Device::all(rtu, seed)),
            rtu: rtu.clone(),
            restart: Notify::new(),
            bus: tokio::sync::Mutex::new(fastrand::Rng::with_seed(seed)),
        };
        Self { inner: Arc::new(inner), power: Arc::new(watch::channel(Power::On).0) }
    }

    /// Cuts the power: connections vanish without a word. Unplug the cable first.
    pub fn cut(&self) {
        self.power.send_replace(Power::Off);
    }

    /// Serves again, with what the devices remember.
    pub fn boot(&self) {
        let volatile = self.inner.rtu.volatile;
        self.inner.with(|devices| devices.iter_mut().for_each(|device| device.power_up(volatile)));
        self.power.send_replace(Power::On);
    }

    /// Takes a unit off the bus behind a gateway, or puts it back.
    pub fn set_absent(&self, unit: u8, absent: bool) {
        let volatile = self.inner.rtu.volatile;
        self.inner.with(|devices| {
            for device in devices.iter_mut().filter(|device| device.id() == unit) {
                device.set_absent(absent);
                device.power_up(volatile && !absent);
            }
        });
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub async fn serve(self) -> io::Result<()> {
        let mut power = self.power.subscribe();
        let clock = async {
            loop {
                tokio::time::sleep(STEP).await;
                self.inner.with(|devices| devices.iter_mut().for_each(Device::step));
            }
        };
        let serving = async {
            loop {
                if power.wait_for(|power| *power == Power::On).await.is_err() {
                    return Ok(());
                }
                let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
                let mut off = power.clone();
                tokio::select! {
                    _ = off.wait_for(|power| *power == Power::Off) => {}
                    () = self.inner.restart.notified() => {}
                    result = self.listen(listener) => result?,
                }
            }
        };
        tokio::select! {
            result = serving => result,
            () = clock => Ok(()),
        }
    }

    async fn listen(&self, listener: TcpListener) -> io::Result<()> {
        let power = self.power.subscribe();
        match self.inner.rtu.stack {
            Stack::Plain => plain::listen(listener, &self.inner, power).await,
            Stack::TokioModbus => {
                let accept = |stream: TcpStream, _: SocketAddr| {
                    let inner = Arc::clone(&self.inner);
                    let power = power.clone();
                    async move {
                        stream.set_nodelay(true)?;
                        Ok(Some((Front(inner), Line { stream, power })))
                    }
                };
                Server::new(listener).serve(&accept, |_| {}).await
            }
        }
    }
}

/// What a request comes to, after the time it takes.
enum Reply {
    Answer(Response),
    Refusal(ExceptionCode),
    Silence,
}

impl Inner {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Device>) -> T) -> T {
        work(&mut self.devices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn reply(self: &Arc<Self>, unit: u8, request: &Request<'_>) -> Reply {
        // One bus behind a gateway: a request waits for the one before.
        let mut bus = self.bus.lock().await;
        let (least, most) = self.rtu.latency_us;
        let think = Duration::from_micros(bus.u64(least..=most));
        let gateway = self.rtu.gateway.as_ref();
        if gateway.is_none() {
            drop(bus);
        }
        let any = gateway.is_none() && self.rtu.any_unit;
        let outcome = self.with(|devices| {
            let device = devices.iter_mut().find(|device| any || device.id() == unit);
            device.filter(|device| !device.absent()).map(|device| device.serve(request))
        });
        let Some(outcome) = outcome else {
            let Some(gateway) = gateway else { return Reply::Silence };
            if gateway.absent == 11 {
                tokio::time::sleep(Duration::from_millis(gateway.patience_ms)).await;
                return Reply::Refusal(ExceptionCode::GatewayTargetDevice);
            }
            tokio::time::sleep(think).await;
            return Reply::Refusal(ExceptionCode::GatewayPathUnavailable);
        };
        tokio::time::sleep(think).await;
        match outcome {
            Outcome::Answer(response) => Reply::Answer(response),
            Outcome::Refusal(code) => Reply::Refusal(code),
            Outcome::Silence => Reply::Silence,
            Outcome::Restart(response) => {
                self.restart_soon();
                Reply::Answer(response)
            }
            Outcome::SilentRestart => {
                self.restart_soon();
                Reply::Silence
            }
        }
    }

    fn restart_soon(self: &Arc<Self>) {
        if self.rtu.restart_closes && self.rtu.gateway.is_none() {
            let inner = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(30)).await;
                inner.restart.notify_one();
            });
        }
    }
}

/// The outstation as tokio-modbus sees it.
struct Front(Arc<Inner>);

impl Service for Front {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Pin<Box<dyn Future<Output = Result<Option<Response>, ExceptionCode>> + Send>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            match inner.reply(request.slave, &request.request).await {
                Reply::Answer(response) => Ok(Some(response)),
                Reply::Refusal(code) => Err(code),
                Reply::Silence => Ok(None),
            }
        })
    }
}

/// A connection that ends with a reset when the power is cut, and with a proper close otherwise.
struct Line {
    stream: TcpStream,
    power: watch::Receiver<Power>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if *self.power.borrow() == Power::Off {
            let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
