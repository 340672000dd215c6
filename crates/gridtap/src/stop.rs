//! Being asked to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Exit;

/// Whether a signal has asked the process to stop. The first lets the work at hand finish and be stored; a
/// second ends the process on the spot.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    pub(crate) fn on_signals() -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            let code = i32::from(Exit::Signal(u8::try_from(number).unwrap_or(0)).code());
            flag::register_conditional_shutdown(number, code, Arc::clone(&again))?;
            flag::register(number, Arc::clone(&again))?;
            flag::register_usize(
                number,
                Arc::clone(&signal),
                usize::try_from(number).unwrap_or(1),
            )?;
        }
        Ok(Self { signal })
    }

    /// The exit that a signal asks for.
    pub(crate) fn asked(&self) -> Option<Exit> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Exit::Signal(u8::try_from(number).unwrap_or(0))),
        }
    }
}
