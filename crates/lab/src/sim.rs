//! Simulated time: days of a site's traffic, made in memory as frames, in seconds.
//!
//! The virtual substation of [`crate::play`] lives as long as the wall clock lets it. This one lives on a clock of its
//! own: state machines of masters, outstations, operators and a process make the octets that such peers put on a network,
//! seeded and in the order of time. What it says is held against tshark and against the captures of real peers; it shares
//! no code with what decodes.
//!
//! * [`spec`] says what a site is, [`sites`] draws three of them from a seed.
//! * [`process`] is what flows through the plant: breakers, loads, measurements, counters, setpoints.
//! * [`wire`] is Ethernet, IP and TCP; [`modbus`] and [`dnp3`] are what stations answer.
//! * [`world`] joins them: who does what when. [`week`] is what happens in a week besides.
//! * [`script`] are scenarios as data, [`cast`] finds who plays them, [`act`] is what they do; [`run`] lets the monitor hear
//!   all of it and holds what it says against the truth, [`measure`] does that for every scenario, site and seed.

pub mod act;
pub mod calendar;
pub mod cast;
pub mod dnp3;
pub mod exchange;
pub mod link;
pub mod measure;
pub mod modbus;
pub mod operator;
pub mod pcap;
pub mod process;
pub mod run;
pub mod script;
pub mod sites;
pub mod spec;
pub mod week;
pub mod wire;
pub mod world;

#[cfg(test)]
mod tests;
