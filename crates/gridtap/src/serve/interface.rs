//! The interface by which people and programs reach a running service, and the note that lets the command line of the
//! same machine find it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridtap_api::{Api, Decide, Guide, Health, Network, Parts, Role, Running, Token};
use gridtap_detect::catalogue;
use gridtap_notify::Couriers;
use gridtap_store::Handle;
use gridtap_telemetry::Metrics;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::person;
use crate::settings::Settings;

/// Beside the database: where the service listens, and the token of whoever may read this directory.
pub(crate) const NOTE: &str = "gridtap.api";

/// The name of the token in it. Those of the settings have no spaces.
pub(crate) const LOCAL: &str = "command line";

/// What the interface reads off.
pub(crate) struct Boards {
    /// How the sensor is.
    pub health: Health,
    /// What it hears.
    pub network: Network,
    /// Who makes decisions about the baseline.
    pub decide: Decide,
    /// Who is told.
    pub couriers: Couriers,
}

/// A running interface. Dropped, its note is taken away.
#[derive(Debug)]
pub(crate) struct Interface {
    running: Running,
    note: PathBuf,
}

impl Interface {
    /// Starts it, where the settings want one. It listens when this returns.
    pub(crate) fn start(
        settings: &Settings,
        directory: &Path,
        handle: Handle,
        metrics: Metrics,
        boards: Boards,
    ) -> Result<Option<Self>, Failure> {
        let Some(listen) = settings.api.listen else { return Ok(None) };
        let token = random()?;
        let parts = Parts {
            config: settings.api.clone(),
            state_directory: directory.to_owned(),
            handle,
            clock: Arc::new(person::now),
            metrics,
            health: boards.health,
            network: boards.network,
            decide: boards.decide,
            couriers: boards.couriers,
            guides: guides(),
            local_token: Some(Token::of_text(LOCAL, Role::Admin, &token)),
        };
        let api = Api::new(parts).map_err(refused)?;
        let mut running = api.start().map_err(|error| {
            let text = format!("api.listen {listen}: cannot listen there: {error}");
            Failure { exit: Exit::Failure, error: anyhow::anyhow!(text) }
        })?;
        let note = directory.join(NOTE);
        let address = running.address();
        leave(&note, address, &token, running.certificate().as_deref()).map_err(|error| {
            let text = format!("{}: cannot be written: {error}", note.display());
            Failure { exit: Exit::Store, error: anyhow::anyhow!(text) }
        })?;
        let again = note.clone();
        running.tell_certificate(move |certificate| {
            if let Err(error) = leave(&again, address, &token, certificate) {
                tracing::error!(note = %again.display(), %error, "the note for the command line cannot be written");
            }
        });
        Ok(Some(Self { running, note }))
    }

    /// Answers by other settings from now on.
    pub(crate) fn reload(
        &self,
        config: &gridtap_api::Config,
    ) -> Result<(), Vec<gridtap_api::Fault>> {
        self.running.reload(config)
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Answers what it is at, and is not found any more.
    pub(crate) fn stop(self) {
        // Whoever finds a note of a service that is gone is told so.
        let _ = fs::remove_file(&self.note);
        self.running.stop();
    }
}

/// What the catalogue says of each detection.
fn guides() -> Vec<Guide> {
    let technique = |id: &str| {
        let name = catalogue::technique_name(id).unwrap_or_default();
        (id.to_owned(), name.to_owned())
    };
    let guide = |detection: &catalogue::Detection| Guide {
        id: detection.id.to_owned(),
        name: detection.name.to_owned(),
        advice: detection.advice.to_owned(),
        techniques: detection.techniques().map(technique).collect(),
        attack_version: catalogue::ATTACK_VERSION.to_owned(),
        is_of_sensor: detection.kind == catalogue::Kind::Health,
    };
    catalogue::all().map(guide).collect()
}

/// What is wrong with the settings of the interface, a line each.
fn refused(faults: Vec<gridtap_api::Fault>) -> Failure {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Failure::configuration(lines.join("\n"))
}

/// A token that nobody guesses.
fn random() -> Result<String, Failure> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets)
        .map_err(|error| anyhow::anyhow!("the system gives no random octets: {error}"))
        .map_err(|error| Failure { exit: Exit::Failure, error })?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

/// Writes the note aside and puts it in its place, readable by its owner alone from the first octet on. Whoever reads
/// it trusts the certificate with this digest, and no other.
fn leave(
    note: &Path,
    address: SocketAddr,
    token: &str,
    certificate: Option<&str>,
) -> io::Result<()> {
    let aside = note.with_extension("api.tmp");
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
    let text = json!({
        "address": address.to_string(),
        "token": token,
        "certificate_sha256": certificate,
    });
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&aside, note)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_note_is_for_its_owner_alone_and_every_token_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let note = directory.path().join(NOTE);
        let tokens = [random().unwrap(), random().unwrap()];
        assert_ne!(tokens[0], tokens[1]);
        for token in &tokens {
            leave(&note, "127.0.0.1:9417".parse().unwrap(), token, None).unwrap();
        }
        assert_eq!(fs::metadata(&note).unwrap().permissions().mode() & 0o777, 0o600);
        let text: serde_json::Value = serde_json::from_slice(&fs::read(&note).unwrap()).unwrap();
        assert_eq!(text["token"], tokens[1].as_str());
        assert_eq!(text["address"], "127.0.0.1:9417");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_detection_that_a_message_links_to_has_a_runbook_with_techniques_by_their_names() {
        let guides = guides();
        assert_eq!(guides.len(), catalogue::all().count());
        for (guide, detection) in guides.iter().zip(catalogue::all()) {
            assert_eq!(guide.id, detection.id);
            assert!(guide.advice.contains('.') && !guide.name.is_empty(), "{guide:?}");
            assert!(guide.techniques.iter().all(|(_, name)| !name.is_empty()), "{guide:?}");
        }
    }
}
