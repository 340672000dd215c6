//! End-to-end tests of gridtap: one test binary, one module for each matter.
#![cfg(test)]

mod fixtures;
mod fuzz;
#[allow(dead_code, reason = "the modules that call it come with the command line")]
mod machine;
mod scenarios;
mod tidy;
