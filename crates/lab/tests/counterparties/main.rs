//! Really starts each counterparty, talks to it, stops it, and looks whether anything is left.
#![cfg(target_os = "linux")]

mod leftovers;
mod postgres;
mod remains;
mod samba;
mod slapd;
