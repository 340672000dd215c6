//! Decisions about keys at the command line: made here where nobody has the state, and by the service that has it.

use std::io::Write;
use std::path::Path;

use gridtap_api::{Decided, Decision, Undecided};
use gridtap_model::Timestamp;
use gridtap_store::{Decision as Action, Store, StoreError};

use super::restored;
use crate::decision::{self, Known, Planned, Refusal};
use crate::failure::{Exit, Failure};
use crate::output::Voice;
use crate::person;
use crate::service::Keeper;
use crate::settings::Settings;

/// What a person decided, as it was typed.
pub(super) struct Typed<'a> {
    pub key: &'a str,
    pub reason: &'a str,
    pub by: Option<&'a str>,
}

/// Accepts one exact key. A key that commands or diagnoses is accepted once two people have
/// said so.
pub(super) fn accept(
    directory: &Path,
    settings: &Settings,
    typed: &Typed<'_>,
    until: &str,
    voice: Voice,
) -> Result<(), Failure> {
    let until = person::until(until, person::now())?;
    let decided = decided(directory, settings, &of(typed, Action::Accept, Some(until))?)?;
    let mut out = voice.prose();
    let (by, key) = (&decided.by, &decided.key);
    if !decided.in_force {
        writeln!(
            out,
            "Recorded for {by}. It commands or diagnoses a device: it holds once a second person accepts it too (the same command line, another user or --by)."
        )?;
        return Ok(());
    }
    writeln!(out, "Accepted until {} by {by}: {key}", decided.until.unwrap_or(until))?;
    for key in &decided.also {
        writeln!(out, "  and what alarmed above it, of the same parties: {key}")?;
    }
    Ok(())
}

/// Confirms that a key was learned rightly.
pub(super) fn sign_off(
    directory: &Path,
    settings: &Settings,
    typed: &Typed<'_>,
    voice: Voice,
) -> Result<(), Failure> {
    let decided = decided(directory, settings, &of(typed, Action::SignOff, None)?)?;
    writeln!(voice.prose(), "Signed off by {}: {}", decided.by, decided.key)?;
    Ok(())
}

fn of(typed: &Typed<'_>, action: Action, until: Option<Timestamp>) -> Result<Decision, Failure> {
    Ok(Decision {
        action,
        key: typed.key.to_owned(),
        reason: typed.reason.to_owned(),
        until,
        who: person::named(typed.by)?,
        role: person::ROLE.to_owned(),
        via: person::VIA.to_owned(),
    })
}

fn decided(directory: &Path, settings: &Settings, decision: &Decision) -> Result<Decided, Failure> {
    match Keeper::of(directory).map_err(|failure| unreachable_service(directory, failure))? {
        Keeper::Us(store) => locally(*store, settings, decision),
        Keeper::Service(service) => service.decide(decision)?.map_err(|(is_wrong, sentence)| {
            let exit = if is_wrong { Exit::Usage } else { Exit::Failure };
            Failure { exit, error: anyhow::anyhow!(sentence) }
        }),
    }
}

fn locally(mut store: Store, settings: &Settings, decision: &Decision) -> Result<Decided, Failure> {
    let now = person::now();
    let mut baseline = restored(&store, settings)?;
    let known = Known::of(&store, decision, now)?;
    let planned = match Planned::of(decision, &known, &baseline, now) {
        Err(Refusal::Unheard) => decision::told(&store, &decision.key).and_then(|()| {
            let known = Known { is_told: true, ..known };
            Planned::of(decision, &known, &baseline, now).map_err(because)
        }),
        planned => planned.map_err(because),
    };
    let mut batch = store.batch(now)?;
    match &planned {
        Ok(planned) => planned.store(&mut batch)?,
        Err(undecided) => {
            batch.audit(&decision::audited(decision, &undecided.to_string(), &decision.reason))?
        }
    }
    batch.commit()?;
    planned
        .and_then(|planned| planned.apply(&mut baseline))
        .map_err(|undecided| Failure { exit: Exit::Usage, error: undecided.into() })
}

fn because(refusal: Refusal) -> Undecided {
    match refusal {
        Refusal::Because(undecided) => undecided,
        Refusal::Unheard => Undecided::Unknown("it was never heard".to_owned()),
    }
}

/// What a running service knows is in its memory, and it would write over what is decided beside it.
fn unreachable_service(directory: &Path, failure: Failure) -> Failure {
    let Some(StoreError::InUse { process, .. }) = failure.error.downcast_ref() else {
        return failure;
    };
    Failure {
        exit: Exit::Store,
        error: anyhow::anyhow!(
            "a running gridtap (process {process}) has the state in {} and can't be asked: give it an address to answer on (api.listen), or stop it (`systemctl stop gridtap`), run this again, and start it",
            directory.display()
        ),
    }
}
