//! What the service tells the one that started it (systemd's `Type=notify`): that it is ready, alive, or about to end.

use sd_notify::NotifyState;

/// Whoever started the service and wants to know how it is; nobody, where nothing says so in the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Supervisor {
    /// Whether it wants to hear, again and again, that the service is alive.
    is_watching: bool,
}

impl Supervisor {
    pub(crate) fn of_environment() -> Self {
        Self { is_watching: sd_notify::watchdog_enabled().is_some() }
    }

    pub(crate) fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Other settings are being read; [`Self::ready`] says that it is over.
    pub(crate) fn reloading(self) {
        let mut states = vec![NotifyState::Reloading];
        // By it systemd tells this reload from an earlier one.
        states.extend(NotifyState::monotonic_usec_now().ok());
        tell(&states);
    }

    pub(crate) fn stopping(self) {
        tell(&[NotifyState::Stopping]);
    }

    /// The thread that hears is alive.
    pub(crate) fn alive(self) {
        if self.is_watching {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("the service manager could not be told: {error}");
    }
}
