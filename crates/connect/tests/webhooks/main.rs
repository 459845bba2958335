//! Webhooks over real HTTP: against a sink that remembers what came, and against the simulated vendors.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod vendors;
