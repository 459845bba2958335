//! The simulated vendors, seen from outside over HTTP, and the people they are made of.

#[cfg(test)]
mod api;
#[cfg(test)]
mod atera;
#[cfg(test)]
mod caller;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod graph_changes;
#[cfg(test)]
mod graph_groups;
#[cfg(test)]
mod graph_invitations;
#[cfg(test)]
mod haloitsm;
#[cfg(test)]
mod jumpcloud_groups;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod people;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod remote_webhooks;
#[cfg(test)]
mod same_people;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod writes;
