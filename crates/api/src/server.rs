//! Connections: so many at once, so many of one source, none of them slow, all of them ended in order.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::config::source_of;
use crate::desk::{Desk, Peer};
use crate::tls::Tls;

/// What is being answered when the end comes has so long.
const END: Duration = Duration::from_secs(5);
/// Where the system gives no descriptor for a connection, it may soon.
const BREATH: Duration = Duration::from_millis(100);
/// Octets of a request's head.
const HEAD_OCTETS_MAX: usize = 16 * 1024;

/// That a request came by TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encrypted;

/// The certificate that a caller has shown, if any, and whose authority was checked with the connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presented(Option<Arc<CertificateDer<'static>>>);

impl Presented {
    pub(crate) fn of(request: &axum::extract::Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Whether it is of one of these names.
    pub(crate) fn is_any_of(&self, names: &[ServerName<'_>]) -> bool {
        let Some(der) = &self.0 else { return false };
        webpki::EndEntityCert::try_from(der.as_ref()).is_ok_and(|certificate| {
            names.iter().any(|name| certificate.verify_is_valid_for_subject_name(name).is_ok())
        })
    }
}

/// What answers by the settings of now.
pub(crate) struct Answering {
    pub(crate) desk: Arc<Desk>,
    pub(crate) router: Router,
    pub(crate) tls: Option<Tls>,
    pub(crate) header_timeout: Duration,
}

/// The one that answers now. Each request takes it anew, so that a reload cuts nobody off.
pub(crate) struct Current(RwLock<Arc<Answering>>);

impl Current {
    pub(crate) fn new(answering: Answering) -> Self {
        Self(RwLock::new(Arc::new(answering)))
    }

    pub(crate) fn get(&self) -> Arc<Answering> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, answering: Answering) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(answering);
    }
}

/// What is listened with.
pub(crate) struct Server {
    pub(crate) current: Arc<Current>,
    pub(crate) connections_max: usize,
}

/// How many connections, or requests, each source has.
pub(crate) type Counts = Arc<Mutex<BTreeMap<IpAddr, usize>>>;

/// A source's place among the connections or the requests, given back when it is dropped.
pub(crate) struct Place {
    counts: Counts,
    source: IpAddr,
}

impl Place {
    /// One more of this source; none where it has as many as it may.
    pub(crate) fn of(counts: &Counts, source: IpAddr, most: usize) -> Option<Self> {
        let mut table = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = table.entry(source).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Self { counts: Arc::clone(counts), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = table.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                table.remove(&self.source);
            }
        }
    }
}

impl Server {
    /// Answers until it is told to stop, and then what it is at.
    pub(crate) async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let server = Arc::new(self);
        let places = Arc::new(Semaphore::new(server.connections_max));
        let of_one = server.connections_max.div_ceil(4);
        let counts = Counts::default();
        let (ending, ended) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
                Some(_) = connections.join_next() => continue,
            };
            let Ok((stream, address)) = accepted else {
                tokio::time::sleep(BREATH).await;
                continue;
            };
            // Whoever is one too many is hung up on: waiting would be a way to keep the others out.
            let Ok(turn) = Arc::clone(&places).try_acquire_owned() else { continue };
            let Some(place) = Place::of(&counts, source_of(address.ip()), of_one) else {
                continue;
            };
            let (server, ended) = (Arc::clone(&server), ended.clone());
            connections.spawn(async move {
                let _held = (turn, place);
                server.connection(stream, Peer(address.ip()), ended).await;
            });
        }
        drop(listener);
        drop(ending);
        let rest = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(END, rest).await.is_err() {
            connections.shutdown().await;
        }
    }

    async fn connection(&self, stream: TcpStream, peer: Peer, ended: watch::Receiver<()>) {
        // An answer is one write: waiting for more to send would only delay it.
        let _ = stream.set_nodelay(true);
        let Answering { tls, header_timeout, .. } = &*self.current.get();
        match tls {
            None => self.serve(stream, peer, None, ended).await,
            Some(Tls { acceptor, .. }) => {
                let shaken = tokio::time::timeout(*header_timeout, acceptor.accept(stream));
                if let Ok(Ok(stream)) = shaken.await {
                    let (_, session) = stream.get_ref();
                    let shown = session.peer_certificates().and_then(|chain| chain.first());
                    let shown = shown.map(|der| Arc::new(der.clone().into_owned()));
                    self.serve(stream, peer, Some(Presented(shown)), ended).await;
                }
            }
        }
    }

    async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
        peer: Peer,
        encrypted: Option<Presented>,
        mut ended: watch::Receiver<()>,
    ) {
        let service = hyper::service::service_fn(|mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            if let Some(presented) = &encrypted {
                request.extensions_mut().insert(Encrypted);
                request.extensions_mut().insert(presented.clone());
            }
            let router = self.current.get().router.clone();
            async move {
                let answered: Result<_, Infallible> = router.oneshot(request).await;
                answered
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Whoever has said all of it may still want to hear the answer.
            .half_close(true)
            .header_read_timeout(self.current.get().header_timeout)
            .max_buf_size(HEAD_OCTETS_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        // How a connection ended is its peer's affair.
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = ended.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}
