//! The same substation speaking DNP3: real peers (opendnp3, by its Python package, and a pure Python master) in
//! processes of their own, attacks by them or in the lab's own octets, and their truth.
//!
//! * A *site* is data drawn from a seed ([`site`]); the peers get it as JSON ([`peers`]).
//! * A *scenario* is data too ([`scenario`]); a *play* lets it happen on a network ([`play`]).
//! * What a peer can say, a peer says: an operator's hand on the running master, or a peer that a stranger starts.
//!   What none can say the lab says itself, on a connection of its own, by a small encoder ([`octets`]).
//!
//! The peers need Python with the packages of `peers/requirements.txt`; the environment variable
//! `GRIDTAP_LAB_PYTHON` names an interpreter that has them. The captures of the repository need neither.

mod actor;
mod cast;
mod draw;
pub mod fixtures;
pub mod octets;
mod peers;
pub mod play;
pub mod scenario;
pub mod site;
mod truth;
