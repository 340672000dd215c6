//! A conversation with an outstation, as a master or an intruder holds it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_modbus::client::{Client as _, Context as Modbus, tcp};
use tokio_modbus::prelude::{Slave, SlaveContext as _};
use tokio_modbus::{Error, ExceptionCode, ProtocolError, Request, Response};

use crate::outstation::PORT;
use crate::site::{Read, Table};

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_millis(1_500);

/// One TCP connection with a Modbus client on it.
pub struct Connection {
    modbus: Modbus,
    local: SocketAddr,
    patience: Duration,
}

/// What came of a request that got through.
pub type Reply = std::result::Result<Response, ExceptionCode>;

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// It was refused, or did not open in time.
    pub async fn open(to: Ipv4Addr, patience: Duration) -> Result<Self> {
        let stream = timeout(OPENING, TcpStream::connect((to, PORT)))
            .await
            .with_context(|| format!("{to} does not accept a connection in time"))??;
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok(Self { modbus: tcp::attach(stream), local, patience })
    }

    /// Its own end.
    #[must_use]
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// No answer came in time, or the connection is gone: open another one.
    pub async fn ask(&mut self, unit: u8, request: Request<'_>) -> Result<Reply> {
        self.modbus.set_slave(Slave(unit));
        match timeout(self.patience, self.modbus.call(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            // The client calls an answer to a custom request odd when the function has a name of its own.
            Ok(Err(Error::Protocol(ProtocolError::FunctionCodeMismatch { result, .. }))) => {
                Ok(result.map_err(|refusal| refusal.exception))
            }
            Ok(Err(error)) => bail!(error),
            Err(_) => bail!("timeout"),
        }
    }

    /// Closes it.
    pub async fn close(mut self) {
        let _ = timeout(self.patience, self.modbus.disconnect()).await;
    }
}

/// The request of a read.
#[must_use]
pub const fn request(read: &Read) -> Request<'static> {
    match read.table {
        Table::Coil => Request::ReadCoils(read.first, read.count),
        Table::DiscreteInput => Request::ReadDiscreteInputs(read.first, read.count),
        Table::InputRegister => Request::ReadInputRegisters(read.first, read.count),
        Table::HoldingRegister => Request::ReadHoldingRegisters(read.first, read.count),
    }
}

/// The request that writes words (a coil: on where the word is not 0) with a function.
///
/// # Errors
/// The function does not write, or there is nothing to write.
pub fn write(function: u8, first: u16, words: &[u16]) -> Result<Request<'static>> {
    let one = words.first().copied().context("nothing to write")?;
    Ok(match function {
        5 => Request::WriteSingleCoil(first, one != 0),
        6 => Request::WriteSingleRegister(first, one),
        15 => Request::WriteMultipleCoils(
            first,
            words.iter().map(|word| *word != 0).collect::<Vec<_>>().into(),
        ),
        16 => Request::WriteMultipleRegisters(first, words.to_vec().into()),
        other => bail!("function {other} does not write"),
    })
}
