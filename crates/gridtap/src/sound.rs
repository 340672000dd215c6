//! What settings name and mean, looked at as a whole: everything that a start would refuse, at once.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gridtap_baseline::Site;
use gridtap_detect::Planned;
use gridtap_notify::Courier;
use toml::Value;

use crate::configuration::{Fault, Layered, Step};
use crate::planned;
use crate::settings::Settings;

/// Settings that can be worked with, and what was read of the files that they name.
pub(crate) struct Sound {
    /// What a person declared.
    pub site: Site,
    /// One for each receiver.
    pub couriers: Vec<Courier>,
    /// What is declared beforehand.
    pub planned: Planned,
}

impl Sound {
    /// Reads what the settings name, and touches nothing else.
    ///
    /// # Errors
    /// Everything that is wrong, that of the layers first.
    pub(crate) fn of(layered: &Layered<Settings>) -> Result<Self, Vec<Fault>> {
        let settings = &layered.settings;
        let mut faults = layered.faults.clone();
        let site = settings.declared().map_err(|fault| faults.push(fault));
        let planned = match &site {
            Ok(site) => planned::resolve(layered, site).map_err(|found| faults.extend(found)),
            // Names of a site file that cannot be read are nobody's fault.
            Err(()) => Err(()),
        };
        let couriers = Courier::all(&settings.notify).map_err(|found| {
            faults.extend(found.iter().map(|fault| {
                let name = fault.endpoint.as_deref().unwrap_or_default();
                Fault::new(&place_of(layered, "notify", "endpoint", name), fault.to_string())
            }));
        });
        faults.extend(gridtap_api::faults(&settings.api).iter().map(|fault| {
            let (list, name) = match &fault.of {
                Some((list, name)) => (*list, format!("{name:?}")),
                None => ("", String::new()),
            };
            Fault::new(&place_of(layered, "api", list, &name), fault.to_string())
        }));
        faults.extend(service(layered));
        match (site, couriers, planned) {
            (Ok(site), Ok(couriers), Ok(planned)) if faults.is_empty() => {
                Ok(Self { site, couriers, planned })
            }
            _ => Err(faults),
        }
    }
}

/// What is wrong with the settings of the service.
fn service(layered: &Layered<Settings>) -> Vec<Fault> {
    let service = &layered.settings.service;
    let mut faults = Vec::new();
    let mut wrong = |key: &str, sentence: String| {
        faults.push(Fault::new(&place(layered, &format!("service.{key}")), sentence));
    };
    if let Some(pace) = service.pace.filter(|pace| !(pace.is_finite() && *pace > 0.0)) {
        let right = "a pace is a number above 0: 1 as it happened, 10 ten times as fast";
        wrong("pace", format!("service.pace {pace}: {right}"));
    }
    if let Some(links) = &service.links
        && !(links.starts_with("https://") || links.starts_with("http://"))
    {
        let right = "write where operators reach the page, such as https://gridtap.plant.example";
        wrong("links", format!("service.links {links:?}: {right}"));
    }
    if let Some(state) = service.state.as_deref().filter(|state| state.is_file()) {
        let sentence =
            format!("service.state {}: a file, where a directory is wanted", state.display());
        wrong("state", sentence);
    }
    faults
}

/// What is not wrong, and probably not meant.
pub(crate) fn warnings(layered: &Layered<Settings>) -> Vec<String> {
    let mut warnings = layered.warnings.clone();
    for (key, path) in private_files(&layered.settings) {
        let mode = std::fs::metadata(&path).map_or(0, |found| found.permissions().mode());
        if mode & 0o004 != 0 {
            warnings.push(format!(
                "{key}: everyone on this machine may read {}: take that away with chmod o= {0}",
                path.display()
            ));
        }
    }
    warnings
}

/// Files whose content is nobody else's affair, each with the key that names it.
fn private_files(settings: &Settings) -> Vec<(String, PathBuf)> {
    const PRIVATE: [&str; 6] = [
        "secret_files",
        "token_file",
        "bearer_token_file",
        "url_file",
        "key_file",
        "client_key_file",
    ];
    let mut files = Vec::new();
    each_value(settings, &mut |_, key, name, value| {
        if !PRIVATE.contains(&name) {
            return;
        }
        let paths = match value {
            Value::Array(paths) => paths.as_slice(),
            one => std::slice::from_ref(one),
        };
        let paths = paths.iter().filter_map(Value::as_str);
        files.extend(paths.map(|path| (key.to_owned(), PathBuf::from(path))));
    });
    files
}

/// Every setting in its effect: the way to it, its key (`api.token[0].role`), its last name, its value.
pub(crate) fn each_value(settings: &Settings, each: &mut impl FnMut(&[Step], &str, &str, &Value)) {
    fn walk(
        path: &mut Vec<Step>,
        key: &str,
        value: &Value,
        each: &mut impl FnMut(&[Step], &str, &str, &Value),
    ) {
        match value {
            Value::Table(table) => {
                for (name, value) in table {
                    let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    path.push(Step::Name(name.clone()));
                    walk(path, &key, value, each);
                    path.pop();
                }
            }
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_table) => {
                for (nth, item) in items.iter().enumerate() {
                    path.push(Step::Item(nth));
                    walk(path, &format!("{key}[{nth}]"), item, each);
                    path.pop();
                }
            }
            value => {
                let name = key.rsplit('.').next().unwrap_or_default();
                each(path, key, name, value);
            }
        }
    }
    if let Ok(value) = Value::try_from(settings) {
        walk(&mut Vec::new(), "", &value, each);
    }
}

/// Where the table of this name in a list was written, or else the section.
fn place_of(layered: &Layered<Settings>, section: &str, list: &str, quoted: &str) -> String {
    let is_it = |nth: usize, name: Option<&str>| match name {
        Some(name) => format!("{name:?}") == quoted,
        None => format!("number {}", nth.saturating_add(1)) == quoted || quoted == "\"\"",
    };
    let path = Step::path(&format!("{section}.{list}"));
    let tables = layered.written.tables(&path).enumerate();
    match tables.filter(|(nth, (_, name))| is_it(*nth, *name)).last() {
        Some((_, (place, _))) => place.to_owned(),
        None => place(layered, section),
    }
}

/// Where a setting was written.
pub(crate) fn place(layered: &Layered<Settings>, key: &str) -> String {
    let place = layered.written.place(&Step::path(key));
    place.filter(|place| !place.is_empty()).unwrap_or("settings").to_owned()
}

/// Whether a start would find what is to be heard.
pub(crate) fn inputs(layered: &Layered<Settings>) -> Vec<Fault> {
    let service = &layered.settings.service;
    let absent = |path: &&PathBuf| path.as_path() != Path::new("-") && !path.exists();
    let read = service
        .read
        .iter()
        .filter(absent)
        .map(|path| ("service.read", format!("service.read: there is no {}", path.display())));
    let follow = service.follow.iter().filter(|path| !path.is_dir()).map(|path| {
        let what = if path.exists() { "is no directory" } else { "there is no such directory" };
        ("service.follow", format!("service.follow: {}: {what}", path.display()))
    });
    let fault = |(key, sentence)| Fault::new(&place(layered, key), sentence);
    read.chain(follow).map(fault).collect()
}
