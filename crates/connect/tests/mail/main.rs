//! Mail, handed to a real server.
#![cfg(unix)]

#[cfg(test)]
mod channels;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod office;
#[cfg(test)]
mod writing;
