//! How much memory answers take that are larger than allowed: a process of its own, whose peak nobody else raises.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod peak;
