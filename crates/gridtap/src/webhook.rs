//! Who is told by web hooks: trying an endpoint, seeing what waits, sending again.
//!
//! Where a service has the state it does all of this, by its own settings; otherwise it is done here, by the settings of
//! this command line.

mod told;

use std::path::PathBuf;

use gridtap_model::Timestamp;
use gridtap_notify::{Courier, Couriers, EndpointStatus, Tested};
use gridtap_store::{Audit, Replay, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arguments::{Called, Webhook};
use crate::failure::{Exit, Failure};
use crate::output::Voice;
use crate::service::{Keeper, LONG_PATIENCE, Service};
use crate::settings::Settings;
use crate::{person, serve, state};

/// How long a short answer of the service may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// How an endpoint stands after it was switched.
#[derive(Debug, Serialize, Deserialize)]
struct Switched {
    endpoint: String,
    enabled: bool,
    changed: bool,
}

/// How many deliveries of an endpoint are owed anew.
#[derive(Debug, Serialize, Deserialize)]
struct Replayed {
    endpoint: String,
    deliveries: u64,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Webhook, settings: &Settings, voice: Voice) -> Result<Exit, Failure> {
    match command {
        Webhook::List { json, state } => {
            let endpoints = list(state.directory.as_ref(), settings)?;
            told::endpoints(&endpoints, *json, voice)?;
        }
        Webhook::Deliveries { endpoint, only, limit, json, state } => {
            let store = state::read(&directory(state.directory.as_ref(), settings)?)?;
            let only = only.map(super::arguments::Only::name);
            let found = store.deliveries(endpoint.as_deref(), only, *limit)?;
            told::deliveries(&found, *json, voice)?;
        }
        Webhook::Test(called) => {
            let tested = test(called, settings)?;
            told::tested(&tested, called.json, voice)?;
            return Ok(if tested.accepted { Exit::Done } else { Exit::Failure });
        }
        Webhook::Enable(called) => {
            let switched = switch(called, "", true, settings)?;
            told::switched(&switched, called.json, voice)?;
        }
        Webhook::Disable { called, comment } => {
            let comment = comment.as_deref().unwrap_or_default();
            let switched = switch(called, comment, false, settings)?;
            told::switched(&switched, called.json, voice)?;
        }
        Webhook::Replay { id, failed: _, since, endpoint, by, json, state } => {
            let which = match (id, since) {
                (Some(id), _) => Replay::One(id.trim().to_ascii_lowercase()),
                (None, Some(since)) => Replay::Since(person::since(since, person::now())?),
                (None, None) => Replay::Failed,
            };
            let directory = directory(state.directory.as_ref(), settings)?;
            let who = person::named(by.as_deref())?;
            let replayed = replay(&directory, &which, endpoint.as_deref(), &who, settings)?;
            told::replayed(&replayed, *json, voice)?;
        }
    }
    Ok(Exit::Done)
}

/// The directory with the state.
fn directory(named: Option<&PathBuf>, settings: &Settings) -> Result<PathBuf, Failure> {
    named.or(settings.service.state.as_ref()).cloned().ok_or_else(|| {
        Failure::usage(
            "whose web hooks? Name the settings of the service with --config, or its state with --state",
        )
    })
}

/// The endpoints of the settings, their files read.
fn couriers(settings: &Settings) -> Result<Couriers, Failure> {
    Courier::all(&settings.notify).map(Couriers::new).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::configuration(lines.join("\n"))
    })
}

fn list(named: Option<&PathBuf>, settings: &Settings) -> Result<Vec<EndpointStatus>, Failure> {
    #[derive(Deserialize)]
    struct Endpoints {
        endpoints: Vec<EndpointStatus>,
    }
    let directory = directory(named, settings)?;
    if !directory.join("gridtap.db").exists() {
        // Nothing was ever owed to anybody.
        return Ok(couriers(settings)?.statuses(None)?);
    }
    match Keeper::of(&directory)? {
        Keeper::Service(service) => {
            let Endpoints { endpoints } = service.get("/api/v1/webhooks")?.map_err(refused)?;
            Ok(endpoints)
        }
        Keeper::Us(store) => Ok(couriers(settings)?.statuses(Some(&store))?),
    }
}

fn refused(sentence: String) -> Failure {
    Failure { exit: Exit::Failure, error: anyhow::anyhow!(sentence) }
}

/// That there is such an endpoint, so that its name can be part of a path.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet))
}

fn unknown(name: &str) -> Failure {
    refused(format!(
        "there is no endpoint {name} in notify.endpoint: `gridtap webhook list` shows those that there are, and --config names the settings"
    ))
}

fn path_of(name: &str, action: &str) -> Result<String, Failure> {
    if is_name(name) { Ok(format!("/api/v1/webhooks/{name}/{action}")) } else { Err(unknown(name)) }
}

fn row(who: &str, action: &str, endpoint: &str, detail: &str) -> Audit {
    person::audited(who, &format!("webhook {action}"), &format!("endpoint {endpoint}"), detail)
}

fn test(called: &Called, settings: &Settings) -> Result<Tested, Failure> {
    let who = person::named(called.by.as_deref())?;
    let name = &called.name;
    let directory = directory(called.state.directory.as_ref(), settings)?;
    let store = match Keeper::of(&directory)? {
        Keeper::Service(service) => {
            let path = path_of(name, "test")?;
            return service.post(&path, &json!({ "actor": who }), LONG_PATIENCE)?.map_err(refused);
        }
        Keeper::Us(store) => *store,
    };
    let courier = couriers(settings)?.named(name).ok_or_else(|| unknown(name))?;
    let mut store: Store = store;
    store.announce(serve::announcement(settings), Vec::new());
    let data = json!({
        "endpoint": name,
        "message": format!("This is a test that {who} asked for: nothing has happened."),
    });
    let (id, body) = store.batch(person::now())?.message("webhook.test", &data);
    let tested =
        courier.test(&id, &body, &person::now).map_err(|error| refused(error.to_string()))?;
    let outcome = if tested.accepted { "done".to_owned() } else { tested.message.clone() };
    let mut batch = store.batch(person::now())?;
    batch.audit(&Audit { outcome, ..row(&who, "test", name, &format!("webhook-id {id}")) })?;
    batch.commit()?;
    Ok(tested)
}

fn switch(
    called: &Called,
    comment: &str,
    enabled: bool,
    settings: &Settings,
) -> Result<Switched, Failure> {
    let who = person::named(called.by.as_deref())?;
    let name = &called.name;
    let action = if enabled { "enable" } else { "disable" };
    let directory = directory(called.state.directory.as_ref(), settings)?;
    let mut store = match Keeper::of(&directory)? {
        Keeper::Service(service) => {
            let path = path_of(name, action)?;
            let body = json!({ "actor": who, "comment": comment });
            return service.post(&path, &body, PATIENCE)?.map_err(refused);
        }
        Keeper::Us(store) => *store,
    };
    known(&store, name, settings)?;
    let mut batch = store.batch(person::now())?;
    let changed = if enabled {
        batch.enable_endpoint(name)?
    } else {
        let why = if comment.is_empty() { String::new() } else { format!(": {comment}") };
        batch.disable_endpoint(name, &format!("disabled by {who}{why}"))?
    };
    batch.audit(&row(&who, action, name, comment))?;
    batch.commit()?;
    Ok(Switched { endpoint: name.clone(), enabled, changed })
}

/// That there is such an endpoint: in the settings, or because something is owed to it.
fn known(store: &Store, name: &str, settings: &Settings) -> Result<(), Failure> {
    let is_set = settings.notify.endpoint.iter().any(|endpoint| endpoint.name == name);
    let is_owed = || Ok::<_, Failure>(store.queues()?.iter().any(|queue| queue.endpoint == name));
    if is_set || is_owed()? { Ok(()) } else { Err(unknown(name)) }
}

/// Owes deliveries anew: of each endpoint that was meant, how many.
fn replay(
    directory: &std::path::Path,
    which: &Replay,
    endpoint: Option<&str>,
    who: &str,
    settings: &Settings,
) -> Result<Vec<Replayed>, Failure> {
    let reader = state::read(directory)?;
    let mut names: Vec<String> = match (which, endpoint) {
        (Replay::One(id), _) => {
            let name = reader.receiver_of(id)?.ok_or_else(|| {
                refused(format!(
                    "there is no delivery {id}: `gridtap webhook deliveries` shows those that there are"
                ))
            })?;
            vec![name]
        }
        (_, Some(name)) => vec![name.to_owned()],
        (_, None) => settings.notify.endpoint.iter().map(|each| each.name.clone()).collect(),
    };
    drop(reader);
    match Keeper::of(directory)? {
        Keeper::Service(service) => {
            if names.is_empty() {
                names = service_names(&service)?;
            }
            let body = match which {
                Replay::One(id) => json!({ "actor": who, "id": id }),
                Replay::Since(moment) => {
                    json!({ "actor": who, "since": Timestamp::to_string(moment) })
                }
                Replay::Failed => json!({ "actor": who, "failed": true }),
            };
            let each = |name: &String| {
                service.post(&path_of(name, "replay")?, &body, PATIENCE)?.map_err(refused)
            };
            names.iter().map(each).collect()
        }
        Keeper::Us(mut store) => {
            if names.is_empty() {
                return Err(Failure::usage(
                    "no endpoint is known: name the settings with --config, or one with --endpoint",
                ));
            }
            for name in &names {
                known(&store, name, settings).or_else(|failure| match which {
                    Replay::One(_) => Ok(()),
                    _ => Err(failure),
                })?;
            }
            let mut batch = store.batch(person::now())?;
            let mut replayed = Vec::new();
            for name in names {
                let deliveries = batch.replay(&name, which)?;
                let what = match which {
                    Replay::One(id) => format!("webhook-id {id}"),
                    Replay::Since(moment) => format!("since {moment}"),
                    Replay::Failed => "failed ones".to_owned(),
                };
                batch.audit(&row(
                    who,
                    "replay",
                    &name,
                    &format!("{what}: {deliveries} deliveries"),
                ))?;
                replayed.push(Replayed { endpoint: name, deliveries });
            }
            batch.commit()?;
            Ok(replayed)
        }
    }
}

fn service_names(service: &Service) -> Result<Vec<String>, Failure> {
    #[derive(Deserialize)]
    struct Endpoints {
        endpoints: Vec<EndpointStatus>,
    }
    let Endpoints { endpoints } = service.get("/api/v1/webhooks")?.map_err(refused)?;
    Ok(endpoints.into_iter().map(|endpoint| endpoint.name).collect())
}
