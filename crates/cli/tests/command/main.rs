//! The command as it is used: the real binary, real servers, real signals.

#[cfg(test)]
mod applications;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod corp;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod home;
#[cfg(test)]
mod people;
#[cfg(test)]
mod samba;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod trials;
