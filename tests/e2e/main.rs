//! End-to-end tests of gridtap: one test binary, one module for each matter.
#![cfg(test)]

mod tidy;
