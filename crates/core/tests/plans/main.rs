//! Plans as people read them, and what has to hold of every plan.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod company;
#[cfg(test)]
mod names;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod story;
#[cfg(test)]
mod templates;
