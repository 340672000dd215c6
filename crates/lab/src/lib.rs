//! A virtual substation: real servers and clients on a network of their own, captured as a SPAN port would
//! hear them, with attacks and benign look-alikes whose truth is known.
//!
//! * A *site* is data drawn from a seed: who is there, what they hold, who polls what and how often ([`site`]).
//! * A *scenario* is data too: steps with parameters, and what must be said of them ([`scenario`]).
//! * A *play* puts a site on a network of namespaces ([`network`]), lets it run, lets an actor take the steps and
//!   captures it; reading the capture back with tshark tells which frames were the attack ([`truth`]).
//! * [`judge`] holds what a monitor said against that truth; [`score`] does the same for captures that others labelled.
//!   [`methods`] are those of the literature, on the same traffic.
//!
//! Everything that could tell a capture of the lab from any other stands in [`marks`]. Nothing here is ever part
//! of the shipped binary: the lab speaks, the monitor only listens.

pub mod actor;
pub mod client;
pub mod device;
pub mod dnp3;
pub mod evaluate;
pub mod fixtures;
pub mod judge;
pub mod layers;
pub mod marks;
pub mod master;
pub mod methods;
pub mod network;
pub mod outstation;
pub mod play;
pub mod scenario;
pub mod score;
pub mod sim;
pub mod site;
pub mod truth;
