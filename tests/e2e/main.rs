//! End-to-end tests of gridtap: one test binary, one module for each matter.
#![cfg(test)]

mod command_line;
mod container;
mod counting;
mod damaged;
mod evasion;
mod fixtures;
mod floods;
mod followed;
mod fuzz;
mod grafana;
mod hearing;
mod igbe;
mod interrupted;
mod inventory;
mod lemay;
mod live;
mod machine;
mod mirrored;
mod news;
mod order;
mod package;
mod page;
mod prometheus;
mod qut;
mod readme;
mod scenarios;
mod scraped;
mod site_names;
mod stage;
mod tidy;
mod unblinded;
mod unit;
mod web_hooks;
