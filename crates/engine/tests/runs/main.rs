//! Whole runs: a simulated JumpCloud on one side, the built-in directory on the other, and both databases between.
#![cfg(unix)]

#[cfg(test)]
mod active_directory;
#[cfg(test)]
mod authorization;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod calls_guard;
#[cfg(test)]
mod cloud_following;
#[cfg(test)]
mod company;
#[cfg(test)]
mod domain;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod following;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod half_made;
#[cfg(test)]
mod home_folders;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod microsoft365;
#[cfg(test)]
mod names;
#[cfg(test)]
mod overlap;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod performing;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod watching;
#[cfg(test)]
mod webhooks;
