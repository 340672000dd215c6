//! What people decide about keys: to accept one that alarmed, or to sign one off that was learned.

use gridtap_model::Timestamp;

use crate::baseline::Baseline;
use crate::key::{Flags, Key, Kind};
use crate::message::ends_of;
use crate::path::{self, Code, KeyError, Parsed, Path, Role};
use crate::rows::{Acceptance, Row};
use crate::site::{Site, nearest};
use crate::tables::{detail_range, slot};
use crate::verdict::Declared;

impl Baseline {
    /// A person accepts exactly this key: it is normal until the acceptance expires. It need not have been heard.
    ///
    /// # Errors
    /// Where the text is not a key, or the site file forbids what it stands for.
    pub fn accept(&mut self, key: &str, acceptance: Acceptance) -> Result<(), AcceptError> {
        let parsed = path::parse(key).map_err(AcceptError::Key)?;
        if let Some(by) = self.forbidden_by(&parsed) {
            return Err(AcceptError::Forbidden(by));
        }
        if let Some((index, name)) = parsed.file {
            self.tables.names.add_file(index, name.as_bytes());
        }
        if let Some((protocol, code, name)) = parsed.name.filter(|(_, _, name)| !name.is_empty()) {
            self.tables.names.add(protocol, code, name);
        }
        let heard = self.tables.find_path(&parsed.path).is_some();
        let id = self.tables.insert_path(&parsed.path, Timestamp::from_nanos(acceptance.at_ns));
        let expires = acceptance.until_ns.is_some();
        self.tables.acceptances.insert(parsed.path, acceptance);
        let held = self.tables.key(id).is_some_and(|key| key.flags.has(Flags::HELD));
        if let Some(key) = self.tables.key_mut(id) {
            key.flags = key.flags.with(Flags::ACCEPTED).without(Flags::SETTLED);
        }
        if !expires {
            self.tables.release(id);
        } else if !heard {
            self.tables.hold(id);
        }
        if let Some(pair) = self.tables.pair_above(id) {
            self.tables.meet(pair);
        }
        if !expires && (held || !heard) {
            self.tables.count_known(&parsed.path);
            self.tables.cover_known(&parsed.path);
        }
        self.mark_fresh(id);
        Ok(())
    }

    /// The row of a key as this acceptance would leave it, to be stored before [`Baseline::accept`] makes it hold.
    /// Nothing is changed.
    ///
    /// # Errors
    /// Those of [`Baseline::accept`].
    pub fn row_accepted(&self, key: &str, acceptance: &Acceptance) -> Result<Row, AcceptError> {
        let parsed = path::parse(key).map_err(AcceptError::Key)?;
        if let Some(by) = self.forbidden_by(&parsed) {
            return Err(AcceptError::Forbidden(by));
        }
        let known = self.tables.find_path(&parsed.path).and_then(|id| self.row(id));
        let expires = acceptance.until_ns.is_some();
        let unheard = Flags::default().with(if expires { Flags::HELD } else { Flags::default() });
        let mut row = known.unwrap_or_else(|| Row {
            first_ns: acceptance.at_ns,
            last_ns: acceptance.at_ns,
            block: u32::MAX,
            flags: unheard.kept(),
            ..Row::named(key)
        });
        let mut flags = Flags::from_kept(row.flags).with(Flags::ACCEPTED).without(Flags::SETTLED);
        if !expires {
            flags = flags.without(Flags::HELD);
        }
        row.flags = flags.kept();
        row.acceptance = Some(acceptance.clone());
        Ok(row)
    }

    /// The key as exports and anomalies spell it: names of functions and files are for people, and leading zeros for
    /// nobody, so one key can be typed in several ways.
    ///
    /// # Errors
    /// Where the text is not a key.
    pub fn spelling(&self, key: &str) -> Result<String, KeyError> {
        let parsed = path::parse(key)?;
        let names = &self.tables.names;
        let is_known = parsed.name.is_none_or(|(protocol, code, name)| {
            name.is_empty() || !names.of(protocol, code).is_empty()
        }) && parsed.file.is_none_or(|(index, _)| !names.file(index).is_empty());
        Ok(if is_known { parsed.path.text(names) } else { key.to_owned() })
    }

    /// What of the site file forbids the access that a key stands for.
    fn forbidden_by(&self, parsed: &Parsed<'_>) -> Option<String> {
        let named = |role: &Role, code: Code| {
            let known = self.tables.names.of(role.device.protocol, code);
            let name =
                if known.is_empty() { parsed.name.map_or("", |(_, _, name)| name) } else { known };
            self.site.forbids(role, Some((code, name)))
        };
        match parsed.path {
            Path::Host { .. } | Path::Device(_) | Path::Conversation { .. } => None,
            Path::Access(role) => self.site.forbids(&role, None),
            Path::Function { role, code } | Path::Address { role, code, .. } => named(&role, code),
            // A point hangs under no function: it is forbidden with all, or with each that it was commanded with.
            Path::Point { role, table, index } => self.site.forbids(&role, None).or_else(|| {
                let mut by = None;
                for path in self.functions_of_point(&role, table, index) {
                    let Path::Function { role, code } = path else { continue };
                    by = Some(named(&role, code)?);
                }
                by
            }),
        }
    }

    /// A person signs off a key that was learned: it is no longer provisional.
    ///
    /// # Errors
    /// Where the text is not a key, or nothing like it was learned.
    pub fn sign_off(&mut self, key: &str) -> Result<(), SignOffError> {
        let id = self.id_learned(key)?;
        if let Some(key) = self.tables.key_mut(id) {
            key.flags = key.flags.with(Flags::SIGNED);
        }
        self.mark_fresh(id);
        Ok(())
    }

    /// The row of a key as signing it off would leave it, to be stored before [`Baseline::sign_off`] makes it hold.
    /// Nothing is changed.
    ///
    /// # Errors
    /// Those of [`Baseline::sign_off`].
    pub fn row_signed_off(&self, key: &str) -> Result<Row, SignOffError> {
        let row = self.row(self.id_learned(key)?);
        let mut row = row.ok_or_else(|| SignOffError::NotLearned(key.to_owned()))?;
        row.flags = Flags::from_kept(row.flags).with(Flags::SIGNED).kept();
        Ok(row)
    }

    /// A key that was learned and is not held back.
    fn id_learned(&self, key: &str) -> Result<u32, SignOffError> {
        let parsed = path::parse(key).map_err(SignOffError::Key)?;
        let unknown = || SignOffError::NotLearned(key.to_owned());
        let id = self.tables.find_path(&parsed.path).ok_or_else(unknown)?;
        let key = self.tables.key(id).ok_or_else(unknown)?;
        if key.flags.has(Flags::HELD) {
            return Err(SignOffError::Held);
        }
        Ok(id)
    }

    /// What a site file would declare of the access that a key stands for. Of a point, whose key names no function, of
    /// the functions with which it was commanded: allowed where all of them are.
    ///
    /// # Errors
    /// Where the text is not a key.
    pub fn declared_by(&self, site: &Site, key: &str) -> Result<Declared, KeyError> {
        let parsed = path::parse(key)?;
        let of = |role: &Role, code: Code| {
            let known = self.tables.names.of(role.device.protocol, code);
            let typed = parsed.name.map_or("", |(_, _, name)| name);
            site.declared(role, code, if known.is_empty() { typed } else { known })
        };
        Ok(match parsed.path {
            Path::Function { role, code } | Path::Address { role, code, .. } => of(&role, code),
            Path::Point { role, table, index } => {
                let functions = self.functions_of_point(&role, table, index);
                let mut declared = functions.iter().filter_map(|path| match path {
                    Path::Function { role, code } => Some(of(role, *code)),
                    _ => None,
                });
                match declared.next() {
                    Some(first) if declared.all(|next| next == first) => first,
                    _ => Declared::Open,
                }
            }
            Path::Host { .. } | Path::Device(_) | Path::Conversation { .. } | Path::Access(_) => {
                Declared::Open
            }
        })
    }

    /// Whether a key was ever heard, held back or not.
    ///
    /// # Errors
    /// Where the text is not a key.
    pub fn has_heard(&self, key: &str) -> Result<bool, KeyError> {
        Ok(self.tables.find_path(&path::parse(key)?.path).is_some())
    }

    /// The keys above this one that alarm as well: of the same parties, held back, and not accepted at this time.
    /// Who accepts the finest key has decided about them too, coarse to fine.
    ///
    /// # Errors
    /// Where the text is not a key.
    pub fn coarser_held(&self, key: &str, at: Timestamp) -> Result<Vec<String>, KeyError> {
        let path = path::parse(key)?.path;
        let held = |above: &Path| {
            *above != path
                && self.tables.find_path(above).is_some_and(|id| {
                    self.tables.key(id).is_some_and(|key| key.flags.has(Flags::HELD))
                        && !self.tables.is_accepted(id, at)
                })
        };
        let above = self.above(&path).into_iter().filter(held);
        Ok(above.map(|above| above.text(&self.tables.names)).collect())
    }

    /// What a key hangs under, coarse to fine.
    fn above(&self, path: &Path) -> Vec<Path> {
        match *path {
            Path::Host { .. } => Vec::new(),
            Path::Device(device) => {
                vec![Path::Host { zone: device.zone, address: device.address }]
            }
            Path::Conversation { zone, client, server, .. } => {
                [client, server].map(|address| Path::Host { zone, address }).to_vec()
            }
            Path::Access(role) => self.above_access(&role),
            Path::Function { role, .. } => self.with_access(&role),
            Path::Address { role, code, .. } => {
                let mut above = self.with_access(&role);
                above.push(Path::Function { role, code });
                above
            }
            Path::Point { role, table, index } => {
                let mut above = self.with_access(&role);
                above.extend(self.functions_of_point(&role, table, index));
                above
            }
        }
    }

    fn above_access(&self, role: &Role) -> Vec<Path> {
        let zone = role.device.zone;
        let host = |address| Path::Host { zone, address };
        vec![
            host(role.master),
            host(role.device.address),
            Path::Device(role.device),
            ends_of(role).path(),
        ]
    }

    fn with_access(&self, role: &Role) -> Vec<Path> {
        let mut above = self.above_access(role);
        above.push(Path::Access(*role));
        above
    }

    /// The functions with which a point was commanded. It hangs under the access, whichever they were.
    fn functions_of_point(&self, role: &Role, table: u16, index: u32) -> Vec<Path> {
        let access = self.tables.find_path(&Path::Access(*role));
        let under = |key: &&Key| {
            let function = self.tables.keys.get(slot(key.parent));
            key.kind == Kind::Written
                && access.is_some()
                && function.map(|key| key.parent) == access
        };
        let written = self.tables.keys.iter().filter(under);
        let mut functions: Vec<Path> = written
            .filter_map(|key| {
                let path = self.tables.path(key.parent)?;
                let range = detail_range(key.detail, true);
                let last = range.first.saturating_add(u32::from(range.count).saturating_sub(1));
                let holds = range.table == table && (range.first..=last).contains(&index);
                holds.then_some(path)
            })
            .collect();
        functions.sort_unstable();
        functions.dedup();
        functions
    }
}

/// Whether two texts are the same key.
#[must_use]
pub fn is_same_key(first: &str, second: &str) -> bool {
    match (path::parse(first), path::parse(second)) {
        (Ok(first), Ok(second)) => first.path == second.path,
        _ => false,
    }
}

/// The key of the same kind that is spelt most like this one.
#[must_use]
pub fn nearest_key<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let kind = key.split('|').next().unwrap_or_default();
    nearest(key, known.into_iter().filter(|known| known.split('|').next() == Some(kind)))
}

/// Why a key was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptError {
    /// The text is not a key.
    Key(KeyError),
    /// The site file forbids it, by this.
    Forbidden(String),
}

impl core::fmt::Display for AcceptError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Forbidden(by) => write!(f, "the site file forbids it ({by}): change the file"),
        }
    }
}

impl core::error::Error for AcceptError {}

/// Why a key was not signed off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignOffError {
    /// The text is not a key.
    Key(KeyError),
    /// It was never heard.
    NotLearned(String),
    /// It alarmed and is held back: it can be accepted, with a reason and an expiry.
    Held,
}

impl core::fmt::Display for SignOffError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::NotLearned(key) => {
                write!(f, "nothing was learned under {key}; `baseline ledger` lists what was")
            }
            Self::Held => f.write_str(
                "this key alarmed and is held back: accept it with a reason instead (`baseline accept`)",
            ),
        }
    }
}

impl core::error::Error for SignOffError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::{Play, hear, judged, key_told, routine, short};
    use crate::{Declared, Level};

    fn acceptance() -> Acceptance {
        let (reason, by) = ("switching plan 17".to_owned(), "meyer".to_owned());
        Acceptance { reason, by, second: None, at_ns: 0, until_ns: None }
    }

    #[test]
    fn a_finest_key_names_the_coarser_ones_of_its_parties_that_alarm_as_well() {
        let mut baseline = short();
        routine(&mut baseline, 0..61);
        let key = key_told(&mut baseline, 61, Play::coil(9, 21, 2));
        hear(&mut baseline, 61, Play::registers(9, 21, 5, 2));
        hear(&mut baseline, 61, Play::coil(8, 21, 2));
        let coarser = baseline.coarser_held(&key, Timestamp::MIN).unwrap();
        assert_eq!(
            coarser,
            [
                "host|zone0|10.0.0.9",
                "conversation|zone0|modbus|10.0.0.21|10.0.0.9",
                "access|zone0|modbus|10.0.0.21#1|10.0.0.9|command",
                "function|zone0|modbus|10.0.0.21#1|10.0.0.9|command|5:write_single_coil",
            ],
            "neither the device, which is known, nor the function of other points, nor another master"
        );
        for key in coarser.iter().chain([&key]) {
            baseline.accept(key, acceptance()).unwrap();
        }
        assert_eq!(baseline.coarser_held(&key, Timestamp::MIN).unwrap(), [""; 0]);
        assert_eq!(judged(&mut baseline, 62, Play::coil(9, 21, 2)).new_at, None);
        let other = judged(&mut baseline, 62, Play::coil(9, 21, 3));
        assert_eq!(
            other.new_at,
            Some(Level::Point),
            "another point of the same master alarms as that"
        );
    }

    #[test]
    fn a_mistyped_key_is_not_heard_and_the_nearest_that_was_is_named() {
        let mut baseline = short();
        routine(&mut baseline, 0..61);
        let key = "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|2";
        assert_eq!(baseline.has_heard(key), Ok(true));
        let typed = "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|3";
        assert_eq!(baseline.has_heard(typed), Ok(false));
        let rows = baseline.rows();
        let known = || rows.iter().map(|row| row.key.as_str());
        assert_eq!(nearest_key(typed, known()), Some(key));
        let alarmed = "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|33";
        let far = "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|333";
        assert_eq!(nearest_key(far, known().chain([alarmed])), Some(alarmed));
        assert_eq!(nearest_key("host|zone0|fe80::1:2:3:4:5:6", known()), None);
        assert!(baseline.has_heard("nonsense").is_err());
    }

    #[test]
    fn a_key_has_one_spelling_from_its_first_hearing_on() {
        let mut baseline = short();
        routine(&mut baseline, 0..61);
        let play = Play { code: 4, name: "read_input_registers", ..Play::read(9, 21, 0, 2) };
        let told = key_told(&mut baseline, 61, play);
        assert!(told.contains("|4:read_input_registers|"), "{told}");
        let rows = baseline.rows();
        assert!(rows.iter().any(|row| row.key == told), "{told} in {rows:?}");
        let typed = told.replace("read_input", "nonsense").replace("zone0", "zone00");
        assert_eq!(baseline.spelling(&typed), Ok(told.clone()));
        assert!(is_same_key(&typed, &told) && !is_same_key(&typed, "nonsense"));
        assert!(baseline.spelling("nonsense").is_err());
    }

    #[test]
    fn a_row_that_is_stored_before_a_decision_holds_is_what_the_decision_makes_of_it() {
        let mut baseline = short();
        routine(&mut baseline, 0..61);
        let alarmed = key_told(&mut baseline, 61, Play::coil(9, 21, 2));
        let known = "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|2".to_owned();
        let unheard = "point|zone0|modbus|10.0.0.21#1|10.0.0.8|command|coil|7".to_owned();
        let for_a_time = Acceptance { at_ns: 7, until_ns: Some(i64::MAX), ..acceptance() };
        for acceptance in [for_a_time, Acceptance { at_ns: 7, ..acceptance() }] {
            for key in [&alarmed, &known, &unheard] {
                let mut after = Baseline::new(baseline.config.clone(), Site::default());
                after.restore(Some(baseline.meta()), &baseline.rows()).unwrap();
                let before = after.rows();
                let row = after.row_accepted(key, &acceptance).unwrap();
                assert_eq!(after.rows(), before, "nothing is changed");
                after.accept(key, acceptance.clone()).unwrap();
                assert_eq!(after.rows().into_iter().find(|each| each.key == *key), Some(row));
            }
        }
        let row = baseline.row_signed_off(&known).unwrap();
        baseline.sign_off(&known).unwrap();
        assert_eq!(baseline.rows().into_iter().find(|each| each.key == known), Some(row));
        assert_eq!(baseline.row_signed_off(&alarmed), Err(SignOffError::Held));
        assert!(baseline.row_accepted("nonsense", &acceptance()).is_err());
    }

    const FORBIDS: &str = r#"
        [[hosts]]
        name = "gateway"
        addresses = ["10.0.0.7"]

        [[devices]]
        name = "rtu"
        protocol = "modbus"
        address = "10.0.0.21"

        [[access]]
        hosts = ["gateway"]
        devices = ["rtu"]

        [[access]]
        hosts = ["gateway"]
        devices = ["*"]
        functions = ["write_single_coil"]
        forbid = true
    "#;

    #[test]
    fn what_the_site_file_forbids_is_not_accepted_and_the_rule_is_named() {
        let (site, config) = (Site::parse(FORBIDS).unwrap(), crate::Config::default());
        let mut baseline = Baseline::new(config, site);
        let role = "zone0|modbus|10.0.0.21#1|10.0.0.7";
        let point = format!("point|{role}|command|coil|2");
        hear(&mut baseline, 1, Play::coil(7, 21, 2));
        let said = "the site file forbids it (rule 2: gateway → every device): change the file";
        for key in [point.clone(), format!("function|{role}|command|5:write_single_coil")] {
            assert_eq!(baseline.accept(&key, acceptance()).unwrap_err().to_string(), said);
        }
        let other = format!("point|{role}|command|holding register|2");
        for key in [other, format!("access|{role}|command"), "host|zone0|10.0.0.7".to_owned()] {
            assert_eq!(baseline.accept(&key, acceptance()), Ok(()), "{key}");
        }
        assert!(!judged(&mut baseline, 2, Play::coil(7, 21, 2)).accepted);
    }

    #[test]
    fn what_a_complete_list_leaves_out_is_not_accepted() {
        let site =
            FORBIDS.replace("address = \"10.0.0.21\"", "address = \"10.0.0.21\"\ncomplete = true");
        let site = Site::parse(&site).unwrap();
        let mut baseline = Baseline::new(crate::Config::default(), site);
        let said = "the site file forbids it (device \"rtu\" is complete and no rule allows this): change the file";
        let key = "point|zone0|modbus|10.0.0.21#1|10.0.0.9|command|coil|2";
        assert_eq!(baseline.accept(key, acceptance()).unwrap_err().to_string(), said);
    }

    #[test]
    fn a_rule_that_forbids_wins_over_what_was_accepted_before_it_was_written() {
        let mut before = short();
        let key = key_told(&mut before, 1, Play::coil(7, 21, 2));
        before.accept(&key, acceptance()).unwrap();
        assert!(judged(&mut before, 2, Play::coil(7, 21, 2)).accepted);
        before.site = Site::parse(FORBIDS).unwrap();
        let after = judged(&mut before, 2, Play::coil(7, 21, 2));
        assert_eq!((after.declared, after.accepted), (Declared::Forbidden, false));
    }
}
