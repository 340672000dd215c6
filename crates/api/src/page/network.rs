//! The network: everything that was heard so far, from the first packet on, and what is known of it.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use gridtap_model::Timestamp;
use gridtap_store::Store;

use super::frame::Frame;
use super::names::together;
use super::page;
use super::visitor::Visitor;
use super::words::{Moment, ago, clean, counted, length};
use crate::listing::{Given, query};
use crate::network::{ByClass, Command, Conversation, Device, Host, Level, Overview};
use crate::problem::Problem;
use crate::routes::Shared;

/// Rows of each list on one page; the rest is counted.
const ROWS_MAX: usize = 500;

/// One row of a list: its cells in the order of the columns.
pub(super) struct Row {
    pub(super) head: String,
    /// What stands under it.
    pub(super) also: String,
    pub(super) cells: Vec<Cell>,
}

/// One cell.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_number: bool,
    pub(super) is_abnormal: bool,
}

impl Cell {
    fn text(text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref()), is_number: false, is_abnormal: false }
    }

    fn number(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_number: true, is_abnormal: false }
    }
}

/// A list, with how many there are of which it shows some.
pub(super) struct List {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Row>,
    /// What is said where there are none.
    pub(super) empty: &'static str,
    /// How many more there are.
    pub(super) more: u64,
}

impl List {
    fn of<T>(
        (id, title, empty): (&'static str, &'static str, &'static str),
        columns: &'static [&'static str],
        all: &[T],
        cut: u64,
        row: impl Fn(&T) -> Row,
    ) -> Self {
        let rows: Vec<Row> = all.iter().take(ROWS_MAX).map(row).collect();
        let more = u64::try_from(all.len().saturating_sub(rows.len())).unwrap_or(u64::MAX);
        Self { id, title, columns, rows, empty, more: more.saturating_add(cut) }
    }
}

/// A level of the baseline, in words.
struct Learned {
    level: String,
    armed: bool,
    left: String,
    keys: u64,
    blocks: u64,
}

#[derive(Template)]
#[template(path = "network.html")]
struct Network<'a> {
    frame: Frame,
    since: Option<(Moment, String)>,
    sentence: String,
    totals: String,
    levels: Vec<Learned>,
    zones: Vec<(String, Vec<Learned>)>,
    lists: Vec<List>,
    draft: &'a str,
    declared: Option<String>,
}

pub(super) async fn show(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let visitor = Visitor::of(&desk, &request)?;
    query(given, &[])?;
    let queues = desk.readers.read(Store::queues).await?;
    let heard = desk.network.get();
    let now = desk.now();
    let learning = &heard.learning;
    let draft = clean(&heard.draft);
    let network = Network {
        frame: Frame::around(&desk, &visitor, "Network", "network", &queues),
        since: learning.since.map(|since| (Moment::of(since), length(learning.learned_for_s))),
        sentence: clean(&learning.sentence),
        totals: totals(&heard),
        levels: heard.levels.iter().map(Learned::of).collect(),
        zones: heard
            .zones
            .iter()
            .map(|zone| (clean(&zone.zone), zone.levels.iter().map(Learned::of).collect()))
            .collect(),
        lists: lists(&heard, now),
        draft: &draft,
        declared: learning.declared.as_deref().map(clean),
    };
    page(StatusCode::OK, &network)
}

/// The draft of the site file, as a file.
pub(super) async fn draft(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    Visitor::of(&desk, &request)?;
    query(given, &[])?;
    let headers = [
        (CONTENT_TYPE, "application/toml"),
        (CONTENT_DISPOSITION, "attachment; filename=\"site.toml\""),
    ];
    Ok((headers, desk.network.get().draft.clone()).into_response())
}

impl Learned {
    fn of(level: &Level) -> Self {
        let left = match (level.armed, level.armed_in_s, &level.waits_for) {
            (true, ..) => "judges".to_owned(),
            (false, Some(seconds), _) => format!("about {} left", length(seconds)),
            (false, None, Some(what)) => clean(what),
            (false, None, None) => "still learns".to_owned(),
        };
        let (keys, blocks) = (level.keys, level.blocks);
        Self { level: level.level.clone(), armed: level.armed, left, keys, blocks }
    }
}

/// How much was heard.
pub(super) fn totals(heard: &Overview) -> String {
    let count =
        |length: usize, cut: u64| u64::try_from(length).unwrap_or(u64::MAX).saturating_add(cut);
    format!(
        "{}, {}, {}, and {} so far.",
        counted(count(heard.hosts.len(), heard.cut.hosts), "host", "hosts"),
        counted(count(heard.devices.len(), heard.cut.devices), "device", "devices"),
        counted(
            count(heard.conversations.len(), heard.cut.conversations),
            "conversation",
            "conversations"
        ),
        counted(
            count(heard.commands.len(), heard.cut.commands),
            "command or dangerous function",
            "commands and dangerous functions"
        ),
    )
}

/// Commands that the list of anomalies shows below itself.
const LAST_MAX: usize = 8;

/// The commands that were heard last, the newest first; none where none was heard.
pub(super) fn commanded_last(heard: &Overview, now: Timestamp) -> Option<List> {
    // The baseline keeps the function and its point: of one request the point says more.
    let pointed: BTreeSet<_> =
        heard.commands.iter().filter(|command| command.point.is_some()).map(request).collect();
    let is_told =
        |command: &&Command| command.point.is_some() || !pointed.contains(&request(command));
    let mut last: Vec<&Command> = heard.commands.iter().filter(is_told).collect();
    last.sort_by_key(|command| core::cmp::Reverse(command.last));
    last.truncate(LAST_MAX);
    let names = ("last-commands", "Commanded last", "");
    let list = List::of(names, COMMANDS, &last, 0, |command| Row::command(command, now));
    (!list.rows.is_empty()).then_some(list)
}

/// What tells one request apart from others.
fn request(command: &Command) -> (&str, &str, Timestamp) {
    (&command.master, &command.device, command.last)
}

/// Devices that answer no more or never did, a sentence each.
pub(super) fn quiet(heard: &Overview, now: Timestamp) -> Vec<String> {
    let quiet = heard.devices.iter().filter_map(|device| {
        let name = together(device.name.as_deref(), &device.device);
        let since = device.last.map(|last| format!(" for {}", ago(now, last))).unwrap_or_default();
        match device.state {
            "silent" => Some(format!("{name} is silent{since}")),
            "unanswered" => Some(format!("{name} is asked and has never answered")),
            _ => None,
        }
    });
    quiet.take(LAST_MAX).collect()
}

const COMMANDS: &[&str] = &["Device", "By", "What", "Value", "Times", "Last heard", "Standing"];

fn lists(heard: &Overview, now: Timestamp) -> Vec<List> {
    vec![
        List::of(
            ("commands", "Commands and dangerous functions", "No command was heard so far."),
            COMMANDS,
            &heard.commands,
            heard.cut.commands,
            |command| Row::command(command, now),
        ),
        List::of(
            ("devices", "Devices", "No device was heard so far."),
            &["Device", "State", "Requests", "First heard", "Last heard", "Standing"],
            &heard.devices,
            heard.cut.devices,
            |device| Row::device(device, now),
        ),
        List::of(
            ("hosts", "Hosts", "No host was heard so far."),
            &["Host", "Role", "Zone", "Requests made", "First heard", "Last heard", "Standing"],
            &heard.hosts,
            heard.cut.hosts,
            |host| Row::host(host, now),
        ),
        List::of(
            ("conversations", "Conversations", "No conversation was heard so far."),
            &["From", "To", "Protocol", "Requests", "Times", "Last heard", "Standing"],
            &heard.conversations,
            heard.cut.conversations,
            |conversation| Row::conversation(conversation, now),
        ),
    ]
}

/// A name with what it is the name of; the latter alone where it has none.
fn named(name: Option<&str>, of: &str) -> (String, String) {
    match name.filter(|name| *name != of) {
        Some(name) => (clean(name), clean(of)),
        None => (clean(of), String::new()),
    }
}

/// `read 412, command 3`
fn classes(classes: &ByClass) -> String {
    let each: Vec<String> = classes
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(class, count)| format!("{class} {count}"))
        .collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

fn since(time: Option<Timestamp>, now: Timestamp) -> Cell {
    let text = time.map_or_else(|| "never".to_owned(), |time| format!("{} ago", ago(now, time)));
    Cell::number(text)
}

fn moment(time: Option<Timestamp>) -> Cell {
    Cell::number(time.map_or_else(|| "never".to_owned(), |time| Moment::of(time).text))
}

/// `signed off`
fn standing(standing: &str) -> Cell {
    Cell::text(standing.replace('_', " "))
}

impl Row {
    fn command(command: &Command, now: Timestamp) -> Self {
        let (head, also) = named(command.device_name.as_deref(), &command.device);
        let by = together(command.master_name.as_deref(), &command.master);
        let what = match (&command.function, &command.point) {
            (Some(function), None) => function.replace('_', " "),
            (function, Some(point)) => {
                let point = together(command.point_name.as_deref(), point);
                function.as_ref().map_or_else(
                    || point.clone(),
                    |function| format!("{}: {point}", function.replace('_', " ")),
                )
            }
            (None, None) => command.class.to_owned(),
        };
        let cells = vec![
            Cell::text(by),
            Cell::text(what),
            Cell::text(command.value.as_deref().unwrap_or("")),
            Cell::number(command.count.to_string()),
            since(Some(command.last), now),
            Cell::text(&command.standing_text),
        ];
        Self { head, also, cells }
    }

    fn device(device: &Device, now: Timestamp) -> Self {
        let (head, also) = named(device.name.as_deref(), &device.device);
        let mut state = Cell::text(device.state);
        state.is_abnormal = ["silent", "unanswered"].contains(&device.state);
        let cells = vec![
            state,
            Cell::text(classes(&device.classes)),
            moment(device.first),
            since(device.last, now),
            standing(device.standing),
        ];
        Self { head, also, cells }
    }

    fn host(host: &Host, now: Timestamp) -> Self {
        let (head, also) = named(host.name.as_deref(), &host.address);
        let cells = vec![
            Cell::text(host.role),
            Cell::text(&host.zone),
            Cell::text(classes(&host.classes)),
            moment(host.first),
            since(host.last, now),
            standing(host.standing),
        ];
        Self { head, also, cells }
    }

    fn conversation(conversation: &Conversation, now: Timestamp) -> Self {
        let (head, also) = named(conversation.master_name.as_deref(), &conversation.master);
        let device = conversation.device.as_deref().unwrap_or(&conversation.server);
        let to = together(conversation.device_name.as_deref(), device);
        let port = conversation.port.map_or_else(String::new, |port| format!(", port {port}"));
        let cells = vec![
            Cell::text(to),
            Cell::text(format!("{}{port}", conversation.protocol)),
            Cell::text(classes(&conversation.classes)),
            Cell::number(conversation.count.to_string()),
            since(Some(conversation.last), now),
            standing(conversation.standing),
        ];
        Self { head, also, cells }
    }
}
