//! What the tasks of the house make out of the source, so that a test can hold that it is current.

pub mod documents;
