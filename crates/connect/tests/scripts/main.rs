//! Scripts, run for real.
#![cfg(unix)]

#[cfg(test)]
mod running;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod yard;
