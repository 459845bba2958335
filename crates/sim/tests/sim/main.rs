//! The simulated JumpCloud, seen from outside over HTTP, and the people it is made of.

#[cfg(test)]
mod caller;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod people;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod writes;
