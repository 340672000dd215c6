//! Outbound deliveries: what happened, told to other people's machines.
//!
//! Two ideas. A delivery has one identifier for its whole life, and is signed by the Standard Webhooks scheme, so that
//! a receiver can tell a repetition from news and ours from anybody's. What is sent is a function of the stored row: a
//! retry says the same.
//!
//! It decides nothing about anomalies and stores nothing itself.

pub mod signature;
