//! The program as a person runs it: what it prints, how it ends, what it leaves behind.
#![cfg(test)]

mod anomalies;
mod baseline;
mod commands;
mod decisions;
mod decode;
mod errors;
mod evidence;
mod full;
mod kill;
mod manual;
mod monitor;
mod password;
mod pressed;
mod receiver;
mod reload;
mod run;
mod service;
mod settings;
mod traffic;
mod webhook;
mod windows;
