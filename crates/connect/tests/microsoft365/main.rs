//! Microsoft 365 as a directory, against the simulated Graph.

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod cloud;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod prism;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod tenant;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod writing;
